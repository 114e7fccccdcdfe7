/**
 * Which live order the next cancel, delete or replace is of. Most orders die young, so half of the picks are of a
 * recent one; the others are uniform over all. Remembers slots with their references: a slot that has been given to
 * another order is not mistaken for the old one.
 */
import type { Prng } from "../core/prng.ts";
import { LEVEL_SIDE, LEVEL_WORDS, ORDER_LEVEL, ORDER_WORDS, type RestingOrders } from "./resting-orders.ts";

/** A power of two. */
const RECENT = 8192;
const RECENT_AGE_MEAN = 500;
const RECENT_SHARE = 0.5;
const PROBES = 64;

export class OrderPicker {
  readonly #resting: RestingOrders;
  readonly #prng: Prng;
  /** Pairs of slot and the low word of the reference. */
  readonly #recent = new Int32Array(RECENT * 2);
  #recorded = 0;

  constructor(resting: RestingOrders, prng: Prng) {
    this.#resting = resting;
    this.#prng = prng;
  }

  /** A displayed order has come to rest. */
  record(slot: number): void {
    const at = (this.#recorded++ % RECENT) * 2;
    this.#recent[at] = slot;
    this.#recent[at + 1] = this.#resting.reference(slot);
  }

  /** The slot of a live displayed order; 0 when there is none (or none was found in a nearly empty pool). */
  pick(): number {
    const slot = this.#prng.chance(RECENT_SHARE) ? this.#pickRecent() : 0;
    return slot !== 0 ? slot : this.#pickAny();
  }

  #pickRecent(): number {
    const age = Math.floor(this.#prng.exponential(RECENT_AGE_MEAN));
    if (age >= RECENT || age >= this.#recorded) return 0;
    const at = ((this.#recorded - 1 - age) % RECENT) * 2;
    const slot = this.#recent[at]!;
    return this.#isDisplayed(slot) && (this.#resting.reference(slot) | 0) === this.#recent[at + 1]! ? slot : 0;
  }

  #pickAny(): number {
    const { slotMax } = this.#resting;
    if (this.#resting.displayedCount === 0) return 0;
    for (let i = 0; i < PROBES; i++) {
      const slot = 1 + this.#prng.below(slotMax);
      if (this.#isDisplayed(slot)) return slot;
    }
    for (let slot = 1; slot <= slotMax; slot++) if (this.#isDisplayed(slot)) return slot;
    return 0;
  }

  #isDisplayed(slot: number): boolean {
    const level = this.#resting.orders[slot * ORDER_WORDS + ORDER_LEVEL]!;
    return level !== 0 && (this.#resting.levels[level * LEVEL_WORDS + LEVEL_SIDE]! & 2) === 0;
  }
}
