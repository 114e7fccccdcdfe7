/**
 * What the fast book tells: reads an order from `Depth` around each change and hands it to `BookEvents`. Owned by
 * `FastBooks`; each call to a method in -ing must be followed, after the change itself, by `settle` or `replaced`.
 *
 * Always holds: between two messages `bestKeys` has the price key of each side's best level, which tells without a look
 * at the book that a change was behind the top, as most are. Hot.
 */
import { EventFlag, EventKind, FLAGS_SHIFT, SIDE_SHIFT } from "../bus/event-record.ts";
import type { BookEvents } from "./book-events.ts";
import type { Depth } from "./depth.ts";
import { priceKey } from "./levels.ts";

const SIDE_COUNT = 2 * 65536;
/** The lowest of all keys: of an empty side, or of the worst of all prices, which nothing is behind. */
const KEY_MIN = -2147483648;
/** The flag of an execution that is to be printed, where a head word has it. */
export const PRINTED = EventFlag.printable << FLAGS_SHIFT;

export class FastEvents {
  readonly out: BookEvents;
  readonly #depth: Depth;
  readonly #hasLevels: boolean;
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
    for (let side = 0; side < SIDE_COUNT; side++) this.#keepBest(side, depth.bestLevel(side));
  }

  /** An order that was just inserted. `mpid`: four ASCII bytes, 0 for none. */
  added(order: number, side: number, high: number, low: number, mpid: number, shares: number, priceE4: number): void {
    this.out.put(EventKind.add | sideBits(side), side >>> 1, high, low, mpid, 0, priceE4, shares, shares >>> 0);
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
    const head = EventKind.delete | sideBits(side);
    this.out.put(head, side >>> 1, high, low, 0, 0, priceE4, depth.shares(order), 0);
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
