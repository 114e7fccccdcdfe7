/**
 * The engine's own store of resting orders: a pool of orders linked into levels, levels sorted into sides. Typed
 * arrays and indices; slot 0 and level 0 mean "none". Owned by one `MatchingEngine`; the flow that drives it reads.
 *
 * What always holds: an order is in exactly one level's queue, oldest at the head; a level exists only while it has an
 * order; a side's levels ascend by key (bids by price, asks by price negated), so the best is the last.
 *
 *   orders, 8 words a slot:  shares | level | prev | next | reference low | high | attribution | spare
 *   levels, 8 words a level: price  | count | head | tail | side | spare …      + the level's shares as a double
 *   sides,  2 words an entry: key | level
 *
 * Four sides an instrument: displayed bids and asks, and the orders that take part in the next cross only, which the
 * feed never shows. Capacity doubles at rare moments; otherwise nothing is allocated.
 */
export const SIDES_PER_LOCATE = 4;
/** `locate * SIDES_PER_LOCATE +` one of these; odd ones sell. */
export const SideOf = { bid: 0, ask: 1, crossBid: 2, crossAsk: 3 } as const;

export const ORDER_WORDS = 8;
export const ORDER_SHARES = 0;
export const ORDER_LEVEL = 1;
const ORDER_PREV = 2;
export const ORDER_NEXT = 3;
const ORDER_REF_LOW = 4;
const ORDER_REF_HIGH = 5;
const ORDER_ATTRIBUTION = 6;

export const LEVEL_WORDS = 8;
export const LEVEL_PRICE = 0;
export const LEVEL_COUNT = 1;
export const LEVEL_HEAD = 2;
const LEVEL_TAIL = 3;
export const LEVEL_SIDE = 4;

const TWO_32 = 4294967296;
const SIDE_ENTRIES_FIRST = 16;
/** Up to here shifting by hand beats `copyWithin`. */
const SHIFT_BY_HAND_MAX = 24;
const NO_ENTRIES = new Int32Array(0);

export class RestingOrders {
  orders: Int32Array<ArrayBuffer>;
  levels = new Int32Array(256 * LEVEL_WORDS);
  levelShares = new Float64Array(256);
  readonly sides: Int32Array<ArrayBuffer>[] = [];
  readonly sideLevels: Int32Array;
  /** Displayed orders resting now. */
  displayedCount = 0;
  /** Slots ever used; a live order's slot is in 1…slotMax. */
  slotMax = 0;
  /** The most orders a level has ever had. */
  levelOrdersMax = 0;
  /** Levels that were better than the last order inserted, on its own side. */
  lastDepth = 0;
  #orderFree = 0;
  #levelFree = 0;
  #levelMax = 0;

  /** `ordersExpected`: room made at the start for so many; more only means growing on the way. */
  constructor(locateMax: number, ordersExpected: number) {
    this.orders = new Int32Array((Math.ceil(ordersExpected) + 1024) * ORDER_WORDS);
    this.sideLevels = new Int32Array((locateMax + 1) * SIDES_PER_LOCATE);
    for (let side = 0; side < this.sideLevels.length; side++) this.sides.push(NO_ENTRIES);
  }

  /** The best level of a side, 0 when it is empty. */
  bestLevel(side: number): number {
    const count = this.sideLevels[side]!;
    return count === 0 ? 0 : this.sides[side]![count * 2 - 1]!;
  }

  /** The best price of a side in 1/10000 dollar, 0 when it is empty. */
  bestPrice(side: number): number {
    const count = this.sideLevels[side]!;
    return count === 0 ? 0 : this.levels[this.sides[side]![count * 2 - 1]! * LEVEL_WORDS + LEVEL_PRICE]!;
  }

  /** The level `rank` places behind the best, 0 when there is none. */
  levelAt(side: number, rank: number): number {
    const at = this.sideLevels[side]! - 1 - rank;
    return at < 0 ? 0 : this.sides[side]![at * 2 + 1]!;
  }

  isLive(slot: number): boolean {
    return slot > 0 && slot <= this.slotMax && this.orders[slot * ORDER_WORDS + ORDER_LEVEL] !== 0;
  }

  shares(slot: number): number {
    return this.orders[slot * ORDER_WORDS + ORDER_SHARES]!;
  }

  reference(slot: number): number {
    const at = slot * ORDER_WORDS;
    return this.orders[at + ORDER_REF_HIGH]! * TWO_32 + (this.orders[at + ORDER_REF_LOW]! >>> 0);
  }

  /** The engine's number for the order's attribution, 0 = none. */
  attribution(slot: number): number {
    return this.orders[slot * ORDER_WORDS + ORDER_ATTRIBUTION]!;
  }

  side(slot: number): number {
    return this.levels[this.orders[slot * ORDER_WORDS + ORDER_LEVEL]! * LEVEL_WORDS + LEVEL_SIDE]!;
  }

  locate(slot: number): number {
    return Math.floor(this.side(slot) / SIDES_PER_LOCATE);
  }

  priceE4(slot: number): number {
    return this.levels[this.orders[slot * ORDER_WORDS + ORDER_LEVEL]! * LEVEL_WORDS + LEVEL_PRICE]!;
  }

  /** Puts an order behind all others at its price. Returns its slot. */
  insert(side: number, reference: number, shares: number, priceE4: number, attribution: number): number {
    const level = this.#levelFor(side, priceE4);
    const slot = this.#takeSlot();
    const { orders, levels } = this;
    const at = slot * ORDER_WORDS;
    const levelAt = level * LEVEL_WORDS;
    const tail = levels[levelAt + LEVEL_TAIL]!;
    orders[at + ORDER_SHARES] = shares;
    orders[at + ORDER_LEVEL] = level;
    orders[at + ORDER_PREV] = tail;
    orders[at + ORDER_NEXT] = 0;
    orders[at + ORDER_REF_LOW] = reference;
    orders[at + ORDER_REF_HIGH] = reference / TWO_32;
    orders[at + ORDER_ATTRIBUTION] = attribution;
    if (tail === 0) levels[levelAt + LEVEL_HEAD] = slot;
    else orders[tail * ORDER_WORDS + ORDER_NEXT] = slot;
    levels[levelAt + LEVEL_TAIL] = slot;
    const count = levels[levelAt + LEVEL_COUNT]! + 1;
    levels[levelAt + LEVEL_COUNT] = count;
    if (count > this.levelOrdersMax) this.levelOrdersMax = count;
    this.levelShares[level] = this.levelShares[level]! + shares;
    if ((side & 2) === 0) this.displayedCount++;
    return slot;
  }

  /** Takes shares off an order; it must keep at least one. Its priority stays. */
  reduce(slot: number, shares: number): void {
    const at = slot * ORDER_WORDS;
    const level = this.orders[at + ORDER_LEVEL]!;
    this.orders[at + ORDER_SHARES] = this.orders[at + ORDER_SHARES]! - shares;
    this.levelShares[level] = this.levelShares[level]! - shares;
  }

  /** Takes an order out, and its level with it when it was the last there. */
  remove(slot: number): void {
    const { orders, levels } = this;
    const at = slot * ORDER_WORDS;
    const level = orders[at + ORDER_LEVEL]!;
    const levelAt = level * LEVEL_WORDS;
    const prev = orders[at + ORDER_PREV]!;
    const next = orders[at + ORDER_NEXT]!;
    if (prev === 0) levels[levelAt + LEVEL_HEAD] = next;
    else orders[prev * ORDER_WORDS + ORDER_NEXT] = next;
    if (next === 0) levels[levelAt + LEVEL_TAIL] = prev;
    else orders[next * ORDER_WORDS + ORDER_PREV] = prev;
    this.levelShares[level] = this.levelShares[level]! - orders[at + ORDER_SHARES]!;
    const count = levels[levelAt + LEVEL_COUNT]! - 1;
    levels[levelAt + LEVEL_COUNT] = count;
    if ((levels[levelAt + LEVEL_SIDE]! & 2) === 0) this.displayedCount--;
    if (count === 0) this.#eraseLevel(level);
    orders[at + ORDER_LEVEL] = 0;
    orders[at + ORDER_NEXT] = this.#orderFree;
    this.#orderFree = slot;
  }

  #takeSlot(): number {
    const free = this.#orderFree;
    if (free !== 0) {
      this.#orderFree = this.orders[free * ORDER_WORDS + ORDER_NEXT]!;
      return free;
    }
    const slot = ++this.slotMax;
    if ((slot + 1) * ORDER_WORDS > this.orders.length) this.orders = doubled(this.orders);
    return slot;
  }

  #levelFor(side: number, priceE4: number): number {
    const key = (side & 1) === 0 ? priceE4 : -priceE4;
    const entries = this.sides[side]!;
    const count = this.sideLevels[side]!;
    let at = count;
    while (at > 0 && entries[at * 2 - 2]! > key) at--;
    this.lastDepth = count - at;
    if (at > 0 && entries[at * 2 - 2] === key) {
      return entries[at * 2 - 1]!;
    }
    return this.#newLevel(side, at, count, key, priceE4);
  }

  #newLevel(side: number, at: number, count: number, key: number, priceE4: number): number {
    let level = this.#levelFree;
    if (level !== 0) this.#levelFree = this.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
    else {
      level = ++this.#levelMax;
      if (level >= this.levelShares.length) {
        this.levels = doubled(this.levels);
        const shares = new Float64Array(this.levelShares.length * 2);
        shares.set(this.levelShares);
        this.levelShares = shares;
      }
    }
    const levelAt = level * LEVEL_WORDS;
    this.levels[levelAt + LEVEL_PRICE] = priceE4;
    this.levels[levelAt + LEVEL_COUNT] = 0;
    this.levels[levelAt + LEVEL_HEAD] = 0;
    this.levels[levelAt + LEVEL_TAIL] = 0;
    this.levels[levelAt + LEVEL_SIDE] = side;
    this.levelShares[level] = 0;
    const entries = this.#entriesFor(side, count + 1);
    const from = at * 2;
    if (count - at > SHIFT_BY_HAND_MAX) entries.copyWithin(from + 2, from, count * 2);
    else for (let i = count * 2 - 1; i >= from; i--) entries[i + 2] = entries[i]!;
    entries[from] = key;
    entries[from + 1] = level;
    this.sideLevels[side] = count + 1;
    return level;
  }

  #entriesFor(side: number, count: number): Int32Array {
    const entries = this.sides[side]!;
    if (count * 2 <= entries.length) return entries;
    const larger = entries.length === 0 ? new Int32Array(SIDE_ENTRIES_FIRST * 2) : doubled(entries);
    this.sides[side] = larger;
    return larger;
  }

  #eraseLevel(level: number): void {
    const side = this.levels[level * LEVEL_WORDS + LEVEL_SIDE]!;
    const entries = this.sides[side]!;
    const count = this.sideLevels[side]!;
    let at = count - 1;
    while (entries[at * 2 + 1] !== level) at--;
    const from = at * 2;
    if (count - at > SHIFT_BY_HAND_MAX) entries.copyWithin(from, from + 2, count * 2);
    else for (let i = from; i < count * 2 - 2; i++) entries[i] = entries[i + 2]!;
    this.sideLevels[side] = count - 1;
    this.levels[level * LEVEL_WORDS + LEVEL_HEAD] = this.#levelFree;
    this.#levelFree = level;
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
