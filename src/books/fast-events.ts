/**
 * What the fast book tells: reads an order from `Depth` around each change and hands it to `BookEvents`. Owned by
 * `FastBooks`; each call to a method in -ing must be followed, after the change itself, by `settle` or `replaced`.
 *
 * Always holds: between two messages `bestKeys` has the price key of each side's best level, which tells without a look
 * at the book that a change was behind the top, as most are. Hot.
 */
import { EventDouble, EventFlag, EventKind, EventWord, FLAGS_SHIFT, SIDE_SHIFT } from "../bus/event-record.ts";
import type { EventWriter } from "../bus/event-writer.ts";
import { type BookEvents, kindMask } from "./book-events.ts";
import type { Depth } from "./depth.ts";
import { priceKey } from "./levels.ts";

const SIDE_COUNT = 2 * 65536;
/** The lowest of all keys: of an empty side, or of the worst of all prices, which nothing is behind. */
const KEY_MIN = -2147483648;
const ADDS = kindMask(EventKind.add);
const DELETES = kindMask(EventKind.delete);
/** The flag of an execution that is to be printed, where a head word has it. */
export const PRINTED = EventFlag.printable << FLAGS_SHIFT;

export class FastEvents {
  readonly out: BookEvents;
  readonly #depth: Depth;
  readonly #hasLevels: boolean;
  /** Of `out`. Adds and deletes are four of five messages: they are written here, without a call. */
  readonly #writer: EventWriter;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #stamps: Float64Array;
  readonly #flags: Uint8Array;
  readonly #kinds: number;
  readonly #channelBits: number;
  readonly #bestKeys = new Int32Array(SIDE_COUNT);
  /** Of the change under way: whether anything is to be said after it, and if so what it is about to touch. */
  #isSettling = false;
  #isTop = false;
  #side = 0;
  #level = 0;
  #priceE4 = 0;
  #isLevelGone = false;
  /** The top before a replace that may change it. */
  #topPriceE4 = 0;
  #topShares = 0;

  constructor(out: BookEvents, depth: Depth) {
    this.out = out;
    this.#depth = depth;
    this.#hasLevels = out.hasLevels;
    this.#writer = out.writer;
    this.#words = out.words;
    this.#doubles = out.doubles;
    this.#stamps = out.stamps;
    this.#flags = out.flags;
    this.#kinds = out.kinds;
    this.#channelBits = out.channelBits;
    for (let side = 0; side < SIDE_COUNT; side++) this.#keepBest(side, depth.bestLevel(side));
  }

  /** An order that was just inserted. `mpid`: four ASCII bytes, 0 for none. */
  added(order: number, side: number, high: number, low: number, mpid: number, shares: number, priceE4: number): void {
    if ((this.#kinds & ADDS) !== 0) {
      const at = this.#writer.append();
      const words = this.#words;
      const doubles = this.#doubles;
      const stamps = this.#stamps;
      const double = at >>> 1;
      doubles[double + EventDouble.sequence] = stamps[EventDouble.sequence]!;
      doubles[double + EventDouble.tsEventNs] = stamps[EventDouble.tsEventNs]!;
      doubles[double + EventDouble.tsRecvNs] = stamps[EventDouble.tsRecvNs]!;
      words[at + EventWord.head] = EventKind.add | sideBits(side) | (this.#flags[side >>> 1]! << FLAGS_SHIFT);
      words[at + EventWord.instrument] = (side >>> 1) | this.#channelBits;
      words[at + EventWord.referenceLow] = low;
      words[at + EventWord.referenceHigh] = high;
      words[at + EventWord.secondLow] = 0;
      words[at + EventWord.secondHigh] = mpid;
      words[at + EventWord.priceE4] = priceE4;
      words[at + EventWord.shares] = shares;
      doubles[double + EventDouble.amount] = shares >>> 0;
    }
    const key = priceKey(side, priceE4);
    const isTop = key >= this.#bestKeys[side]!;
    if (!isTop && !this.#hasLevels) return;
    const level = this.#depth.levelOf(order);
    if (this.#hasLevels) this.#say(EventKind.level, side, level);
    if (!isTop) return;
    this.#bestKeys[side] = key;
    this.#say(EventKind.topOfBook, side, level);
  }

  deleting(order: number, high: number, low: number): void {
    const depth = this.#depth;
    const level = depth.levelOf(order);
    const side = depth.levelSide(level);
    const priceE4 = depth.levelPrice(level);
    const shares = depth.shares(order);
    if ((this.#kinds & DELETES) !== 0) {
      const at = this.#writer.append();
      const words = this.#words;
      const doubles = this.#doubles;
      const stamps = this.#stamps;
      const double = at >>> 1;
      doubles[double + EventDouble.sequence] = stamps[EventDouble.sequence]!;
      doubles[double + EventDouble.tsEventNs] = stamps[EventDouble.tsEventNs]!;
      doubles[double + EventDouble.tsRecvNs] = stamps[EventDouble.tsRecvNs]!;
      words[at + EventWord.head] = EventKind.delete | sideBits(side) | (this.#flags[side >>> 1]! << FLAGS_SHIFT);
      words[at + EventWord.instrument] = (side >>> 1) | this.#channelBits;
      words[at + EventWord.referenceLow] = low;
      words[at + EventWord.referenceHigh] = high;
      words[at + EventWord.secondLow] = 0;
      words[at + EventWord.secondHigh] = 0;
      words[at + EventWord.priceE4] = priceE4;
      words[at + EventWord.shares] = shares;
      doubles[double + EventDouble.amount] = 0;
    }
    this.#touch(side, level, priceE4, true);
  }

  reducing(order: number, high: number, low: number, shares: number): void {
    const depth = this.#depth;
    const level = depth.levelOf(order);
    const side = depth.levelSide(level);
    const priceE4 = depth.levelPrice(level);
    const left = depth.shares(order) - (shares >>> 0);
    this.out.put(EventKind.reduce | sideBits(side), side >>> 1, high, low, 0, 0, priceE4, shares, left);
    this.#touch(side, level, priceE4, left === 0);
  }

  /** `codes`: the message's type and the flags, where they stand in a head word. `tradeE4`: the execution's price. */
  executing(
    order: number,
    high: number,
    low: number,
    shares: number,
    codes: number,
    tradeE4: number,
    matchHigh: number,
    matchLow: number,
  ): void {
    const depth = this.#depth;
    const level = depth.levelOf(order);
    const side = depth.levelSide(level);
    const left = depth.shares(order) - (shares >>> 0);
    const head = EventKind.execute | sideBits(side) | codes;
    this.out.put(head, side >>> 1, high, low, matchHigh, matchLow, tradeE4, shares, left);
    this.#touch(side, level, depth.levelPrice(level), left === 0);
  }

  replacing(
    order: number,
    high: number,
    low: number,
    newHigh: number,
    newLow: number,
    shares: number,
    newE4: number,
  ): void {
    const depth = this.#depth;
    const level = depth.levelOf(order);
    const side = depth.levelSide(level);
    const head = EventKind.replace | sideBits(side);
    this.out.put(head, side >>> 1, high, low, newHigh, newLow, newE4, shares, depth.shares(order));
    this.#touch(side, level, depth.levelPrice(level), true);
    if (!this.#isTop && priceKey(side, newE4) < this.#bestKeys[side]!) return;
    this.#isSettling = true;
    this.#isTop = true;
    this.#side = side;
    const best = depth.bestLevel(side);
    this.#topPriceE4 = depth.levelPrice(best);
    this.#topShares = depth.levelShares(best);
  }

  /** What a change is about to touch: kept only if something will have to be said of it. */
  #touch(side: number, level: number, priceE4: number, isOrderGone: boolean): void {
    const isTop = priceKey(side, priceE4) === this.#bestKeys[side];
    const isSettling = isTop || this.#hasLevels;
    this.#isTop = isTop;
    this.#isSettling = isSettling;
    if (!isSettling) return;
    this.#side = side;
    this.#level = level;
    this.#priceE4 = priceE4;
    this.#isLevelGone = isOrderGone && this.#depth.levelOrders(level) === 1;
  }

  /** After a delete, reduction or execution. */
  settle(): void {
    if (this.#isSettling) this.#settle();
  }

  #settle(): void {
    const side = this.#side;
    if (this.#hasLevels) this.#sayTouched();
    if (!this.#isTop) return;
    let best = this.#level;
    if (this.#isLevelGone) {
      best = this.#depth.bestLevel(side);
      this.#keepBest(side, best);
    }
    this.#say(EventKind.topOfBook, side, best);
  }

  /** After a replace, with the order's new handle. */
  replaced(order: number): void {
    if (this.#isSettling) this.#settleReplaced(order);
  }

  #settleReplaced(order: number): void {
    const depth = this.#depth;
    const side = this.#side;
    if (this.#hasLevels) {
      const level = depth.levelOf(order);
      if (depth.levelPrice(level) !== this.#priceE4) this.#sayTouched();
      this.#say(EventKind.level, side, level);
    }
    if (!this.#isTop) return;
    const best = depth.bestLevel(side);
    this.#keepBest(side, best);
    const isSame = depth.levelPrice(best) === this.#topPriceE4 && depth.levelShares(best) === this.#topShares;
    if (!isSame) this.#say(EventKind.topOfBook, side, best);
  }

  reset(): void {
    this.#bestKeys.fill(KEY_MIN);
    this.out.reset();
  }

  #keepBest(side: number, best: number): void {
    this.#bestKeys[side] = best === 0 ? KEY_MIN : priceKey(side, this.#depth.levelPrice(best));
  }

  #sayTouched(): void {
    if (this.#isLevelGone) this.out.price(EventKind.level, this.#side, this.#priceE4, 0, 0);
    else this.#say(EventKind.level, this.#side, this.#level);
  }

  /** Level 0: the side is empty. */
  #say(kind: number, side: number, level: number): void {
    const depth = this.#depth;
    if (level === 0) this.out.price(kind, side, 0, 0, 0);
    else this.out.price(kind, side, depth.levelPrice(level), depth.levelShares(level), depth.levelOrders(level));
  }
}

function sideBits(side: number): number {
  return ((side & 1) + 1) << SIDE_SHIFT;
}
