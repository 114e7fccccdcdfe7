/**
 * What the fast book tells: reads an order from `Depth` around each change and hands it to `BookEvents`. Owned by
 * `FastBooks`; each call to a method in -ing must be followed, after the change itself, by `settle` or `replaced`.
 *
 * Always holds: between two messages `best` has the handle of each side's best level, 0 for an empty side. Hot.
 */
import { CODE_SHIFT, EventFlag, EventKind, FLAGS_SHIFT } from "../bus/event-record.ts";
import type { BookEvents } from "./book-events.ts";
import type { Depth } from "./depth.ts";

const SIDE_COUNT = 2 * 65536;

export class FastEvents {
  readonly out: BookEvents;
  readonly #depth: Depth;
  readonly #hasLevels: boolean;
  readonly #best = new Int32Array(SIDE_COUNT);
  /**
   * What a change is about to touch: its side, its level and that level's price, and whether the level goes with it.
   */
  #side = 0;
  #level = 0;
  #priceE4 = 0;
  #isLevelGone = false;
  /** Before a replace: the best of the side. */
  #bestPriceE4 = 0;
  #bestShares = 0;

  constructor(out: BookEvents, depth: Depth) {
    this.out = out;
    this.#depth = depth;
    this.#hasLevels = out.hasLevels;
    for (let side = 0; side < SIDE_COUNT; side++) this.#best[side] = depth.bestLevel(side);
  }

  /** An order that was just inserted. `mpid`: four ASCII bytes, 0 for none. */
  added(order: number, side: number, high: number, low: number, mpid: number, shares: number, priceE4: number): void {
    this.out.order(EventKind.add, side, high, low, mpid, 0, priceE4, shares, shares >>> 0);
    const depth = this.#depth;
    const level = depth.levelOf(order);
    if (this.#hasLevels) this.#sayLevel(side, level);
    const best = depth.bestLevel(side);
    if (best !== level) return;
    this.#best[side] = best;
    this.#sayTop(side, best);
  }

  deleting(order: number, high: number, low: number): void {
    const shares = this.#depth.shares(order);
    this.#touch(order, true);
    this.out.order(EventKind.delete, this.#side, high, low, 0, 0, this.#priceE4, shares, 0);
  }

  reducing(order: number, high: number, low: number, shares: number): void {
    const left = this.#depth.shares(order) - (shares >>> 0);
    this.#touch(order, left === 0);
    this.out.order(EventKind.reduce, this.#side, high, low, 0, 0, this.#priceE4, shares, left);
  }

  /** `codes`: the message's type and the flags, where they stand in a head word. */
  executing(
    order: number,
    high: number,
    low: number,
    shares: number,
    codes: number,
    priceE4: number,
    matchHigh: number,
    matchLow: number,
  ): void {
    const left = this.#depth.shares(order) - (shares >>> 0);
    this.#touch(order, left === 0);
    const head = EventKind.execute | codes;
    this.out.order(head, this.#side, high, low, matchHigh, matchLow, priceE4, shares, left);
  }

  replacing(
    order: number,
    high: number,
    low: number,
    newHigh: number,
    newLow: number,
    shares: number,
    priceE4: number,
  ): void {
    const depth = this.#depth;
    const old = depth.shares(order);
    this.#touch(order, true);
    const best = this.#best[this.#side]!;
    this.#bestPriceE4 = depth.levelPrice(best);
    this.#bestShares = depth.levelShares(best);
    this.out.order(EventKind.replace, this.#side, high, low, newHigh, newLow, priceE4, shares, old);
  }

  #touch(order: number, isOrderGone: boolean): void {
    const depth = this.#depth;
    const level = depth.levelOf(order);
    this.#level = level;
    this.#side = depth.levelSide(level);
    this.#priceE4 = depth.levelPrice(level);
    this.#isLevelGone = isOrderGone && depth.levelOrders(level) === 1;
  }

  /** After a delete, reduction or execution. */
  settle(): void {
    const side = this.#side;
    const level = this.#level;
    if (this.#hasLevels) this.#sayTouched();
    if (level !== this.#best[side]) return;
    const best = this.#isLevelGone ? this.#depth.bestLevel(side) : level;
    this.#best[side] = best;
    this.#sayTop(side, best);
  }

  /** After a replace, with the order's new handle. A level's handle may have been given out anew: only values count. */
  replaced(order: number): void {
    const depth = this.#depth;
    const side = this.#side;
    if (this.#hasLevels) {
      const level = depth.levelOf(order);
      if (depth.levelPrice(level) !== this.#priceE4) this.#sayTouched();
      this.#sayLevel(side, level);
    }
    const best = depth.bestLevel(side);
    this.#best[side] = best;
    const isSame = depth.levelPrice(best) === this.#bestPriceE4 && depth.levelShares(best) === this.#bestShares;
    if (!isSame) this.#sayTop(side, best);
  }

  reset(): void {
    this.#best.fill(0);
    this.out.reset();
  }

  #sayTop(side: number, best: number): void {
    const depth = this.#depth;
    if (best === 0) this.out.topOfBook(side, 0, 0, 0);
    else this.out.topOfBook(side, depth.levelPrice(best), depth.levelShares(best), depth.levelOrders(best));
  }

  #sayTouched(): void {
    if (this.#isLevelGone) this.out.level(this.#side, this.#priceE4, 0, 0);
    else this.#sayLevel(this.#side, this.#level);
  }

  #sayLevel(side: number, level: number): void {
    const depth = this.#depth;
    this.out.level(side, depth.levelPrice(level), depth.levelShares(level), depth.levelOrders(level));
  }
}

/** The flag of an execution that is to be printed, where a head word has it. */
export const PRINTED = EventFlag.printable << FLAGS_SHIFT;

/** A message's type where a head word has its code. */
export function codeBits(type: number): number {
  return type << CODE_SHIFT;
}
