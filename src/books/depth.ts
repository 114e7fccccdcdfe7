/**
 * Every live order of every instrument of an engine, in price-time priority: pooled order records in doubly linked
 * queues, pooled level records, and a sorted run of levels a side. An order keeps its level's handle, so that execute,
 * cancel, delete and replace never search the book. Owned by `FastBooks`, the only caller; what it passes in is already
 * known to be right.
 *
 *   orders      Int32Array, 32 bytes each   { shares, level, prev, next, reference high, low, mpid, - }
 *   levels      Int32Array, 32 bytes each   { price, count, oldest, newest, side, -, sum of shares }
 *
 * An order is one half of a cache line and never crosses one: its reference beside its queue costs no further miss when
 * it is added, which a column apart did. The sum is a double over the last two words, because it can pass 2^32. A
 * side's index is locate * 2, + 1 for asks.
 *
 * Always holds: handle 0 is nil; a level's sum and count are those of its queue; a level without orders goes at once.
 * Free orders are linked through `next`, free levels through `oldest`. Pools double when full, a side's run doubles
 * when full, and the tables of sides grow at directory messages: amortised, rare, the only moments it allocates.
 * Prices, shares and references are passed by their 32 bits, signed or not.
 */
import { closeGap, openGap, priceKey, upperBound } from "./levels.ts";

const ORDER_CAPACITY = 1 << 14;
const LEVEL_CAPACITY = 1 << 12;
const SIDE_CAPACITY = 8;
/** Stands for the sides of locates never announced. Never written. */
const EMPTY_SIDE = new Int32Array(0);

export class Depth {
  /** Live orders. */
  liveCount = 0;
  #orders: Int32Array;
  #orderCapacity: number;
  #orderTop = 1;
  #orderFree = 0;
  #levels = new Int32Array(LEVEL_CAPACITY * 8);
  /** The same memory as doubles: a level's sum is at handle * 4 + 3. */
  #sums = new Float64Array(this.#levels.buffer);
  #levelCapacity = LEVEL_CAPACITY;
  #levelTop = 1;
  #levelFree = 0;
  /** By side: the run, and how many levels are in it. */
  #sides: Int32Array[] = [];
  #sideCounts = new Int32Array(0);

  /** `orderCapacity`: orders to have room for at once; grows beyond. */
  constructor(orderCapacity = ORDER_CAPACITY) {
    this.#orderCapacity = Math.max(orderCapacity, 2);
    this.#orders = new Int32Array(this.#orderCapacity * 8);
  }

  /** Makes room for an instrument, once. */
  announce(locate: number): void {
    const need = locate * 2 + 2;
    if (need > this.#sideCounts.length) {
      const counts = new Int32Array(Math.max(need, this.#sideCounts.length * 2));
      counts.set(this.#sideCounts);
      this.#sideCounts = counts;
    }
    while (this.#sides.length < need) this.#sides.push(EMPTY_SIDE);
    this.#sides[need - 2] = new Int32Array(SIDE_CAPACITY * 2);
    this.#sides[need - 1] = new Int32Array(SIDE_CAPACITY * 2);
  }

  shares(order: number): number {
    return this.#orders[order << 3]! >>> 0;
  }

  side(order: number): number {
    return this.#levels[(this.#orders[(order << 3) + 1]! << 3) + 4]!;
  }

  price(order: number): number {
    return this.#levels[this.#orders[(order << 3) + 1]! << 3]! >>> 0;
  }

  referenceHigh(order: number): number {
    return this.#orders[(order << 3) + 4]! >>> 0;
  }

  referenceLow(order: number): number {
    return this.#orders[(order << 3) + 5]! >>> 0;
  }

  /** The next younger order of its level, or 0. */
  next(order: number): number {
    return this.#orders[(order << 3) + 3]!;
  }

  /** Attribution as four ASCII bytes, 0 when it has none. */
  mpid(order: number): number {
    return this.#orders[(order << 3) + 6]!;
  }

  /** Levels of a side. */
  levelCount(side: number): number {
    return this.#sideCounts[side] ?? 0;
  }

  /** The level that an order is in. */
  levelOf(order: number): number {
    return this.#orders[(order << 3) + 1]!;
  }

  /** The handle of a side's best level, 0 when the side is empty. */
  bestLevel(side: number): number {
    const count = this.#sideCounts[side] ?? 0;
    return count === 0 ? 0 : this.#sides[side]![count * 2 - 1]!;
  }

  /** The handle of a side's level by rank, 0 = best. */
  levelAt(side: number, rank: number): number {
    return this.#sides[side]![(this.#sideCounts[side]! - 1 - rank) * 2 + 1]!;
  }

  levelPrice(level: number): number {
    return this.#levels[level << 3]! >>> 0;
  }

  levelSide(level: number): number {
    return this.#levels[(level << 3) + 4]!;
  }

  levelOrders(level: number): number {
    return this.#levels[(level << 3) + 1]!;
  }

  levelShares(level: number): number {
    return this.#sums[(level << 2) + 3]!;
  }

  /** The first of a level's queue. */
  levelOldest(level: number): number {
    return this.#levels[(level << 3) + 2]!;
  }

  /** Makes it the youngest order of its level. Returns its handle. */
  insert(side: number, high: number, low: number, shares: number, price: number): number {
    const level = this.#levelFor(side, price);
    const order = this.#takeOrder();
    const orders = this.#orders;
    const levels = this.#levels;
    const at = order << 3;
    const levelAt = level << 3;
    const newest = levels[levelAt + 3]!;
    orders[at] = shares;
    orders[at + 1] = level;
    orders[at + 2] = newest;
    orders[at + 3] = 0;
    orders[at + 4] = high;
    orders[at + 5] = low;
    orders[at + 6] = 0;
    if (newest !== 0) orders[(newest << 3) + 3] = order;
    else levels[levelAt + 2] = order;
    levels[levelAt + 3] = order;
    levels[levelAt + 1] = levels[levelAt + 1]! + 1;
    const sumAt = (level << 2) + 3;
    this.#sums[sumAt] = this.#sums[sumAt]! + (shares >>> 0);
    this.liveCount++;
    return order;
  }

  /** Takes fewer shares than it has off an order. */
  reduce(order: number, shares: number): void {
    const orders = this.#orders;
    const at = order << 3;
    const sumAt = (orders[at + 1]! << 2) + 3;
    orders[at] = (orders[at]! - shares) | 0;
    this.#sums[sumAt] = this.#sums[sumAt]! - (shares >>> 0);
  }

  /** Takes an order off the book; its handle is free afterwards. */
  remove(order: number): void {
    const orders = this.#orders;
    const levels = this.#levels;
    const at = order << 3;
    const level = orders[at + 1]!;
    const levelAt = level << 3;
    const prev = orders[at + 2]!;
    const next = orders[at + 3]!;
    if (prev !== 0) orders[(prev << 3) + 3] = next;
    else levels[levelAt + 2] = next;
    if (next !== 0) orders[(next << 3) + 2] = prev;
    else levels[levelAt + 3] = prev;
    const count = levels[levelAt + 1]! - 1;
    levels[levelAt + 1] = count;
    const sumAt = (level << 2) + 3;
    this.#sums[sumAt] = this.#sums[sumAt]! - (orders[at]! >>> 0);
    orders[at + 3] = this.#orderFree;
    this.#orderFree = order;
    this.liveCount--;
    if (count === 0) this.#removeLevel(level);
  }

  /** Gives an order its attribution: four ASCII bytes. */
  attribute(order: number, mpid: number): void {
    this.#orders[(order << 3) + 6] = mpid;
  }

  /** Forgets all orders and instruments; keeps the memory of the pools. */
  clear(): void {
    this.liveCount = 0;
    this.#orderTop = 1;
    this.#orderFree = 0;
    this.#levelTop = 1;
    this.#levelFree = 0;
    this.#sides = [];
    this.#sideCounts = new Int32Array(0);
  }

  /** The level at this price, made when there is none. */
  #levelFor(side: number, price: number): number {
    const key = priceKey(side, price);
    const entries = this.#sides[side]!;
    const i = upperBound(entries, this.#sideCounts[side]!, key);
    if (i > 0 && entries[i * 2 - 2] === key) return entries[i * 2 - 1]!;
    return this.#addLevel(side, price, key, i);
  }

  #addLevel(side: number, price: number, key: number, i: number): number {
    const level = this.#takeLevel();
    const levels = this.#levels;
    const at = level << 3;
    levels[at] = price;
    levels[at + 1] = 0;
    levels[at + 2] = 0;
    levels[at + 3] = 0;
    levels[at + 4] = side;
    this.#sums[(level << 2) + 3] = 0;
    const count = this.#sideCounts[side]!;
    let entries = this.#sides[side]!;
    if (count * 2 === entries.length) entries = this.#growSide(side);
    openGap(entries, i, count);
    entries[i * 2] = key;
    entries[i * 2 + 1] = level;
    this.#sideCounts[side] = count + 1;
    return level;
  }

  #removeLevel(level: number): void {
    const levels = this.#levels;
    const at = level << 3;
    const side = levels[at + 4]!;
    const entries = this.#sides[side]!;
    const count = this.#sideCounts[side]!;
    closeGap(entries, upperBound(entries, count, priceKey(side, levels[at]!)) - 1, count);
    this.#sideCounts[side] = count - 1;
    levels[at + 2] = this.#levelFree;
    this.#levelFree = level;
  }

  #takeOrder(): number {
    const order = this.#orderFree;
    if (order !== 0) {
      this.#orderFree = this.#orders[(order << 3) + 3]!;
      return order;
    }
    if (this.#orderTop === this.#orderCapacity) this.#growOrders();
    return this.#orderTop++;
  }

  #takeLevel(): number {
    const level = this.#levelFree;
    if (level !== 0) {
      this.#levelFree = this.#levels[(level << 3) + 2]!;
      return level;
    }
    if (this.#levelTop === this.#levelCapacity) this.#growLevels();
    return this.#levelTop++;
  }

  #growOrders(): void {
    this.#orderCapacity *= 2;
    const orders = new Int32Array(this.#orderCapacity * 8);
    orders.set(this.#orders);
    this.#orders = orders;
  }

  #growLevels(): void {
    this.#levelCapacity *= 2;
    const levels = new Int32Array(this.#levelCapacity * 8);
    levels.set(this.#levels);
    this.#levels = levels;
    this.#sums = new Float64Array(levels.buffer);
  }

  #growSide(side: number): Int32Array {
    const entries = new Int32Array(this.#sides[side]!.length * 2);
    entries.set(this.#sides[side]!);
    this.#sides[side] = entries;
    return entries;
  }
}
