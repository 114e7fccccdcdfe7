/**
 * Where each instrument is worth trading just now, in ticks: a random walk that trades push and that is drawn back
 * towards the day's first price. Orders are placed around it.
 */
import type { Prng } from "../core/prng.ts";

const MOVE_CHANCE = 0.25;
/** How strongly a trade's side decides the way of the move. */
const IMPACT = 0.12;
/** Chance a tick of distance adds to the way back, and its limit. */
const REVERSION = 0.0015;
const REVERSION_MAX = 0.35;
/** Lowest price: leaves room for bids below it. */
const TICKS_MIN = 300;

export class FairPrices {
  readonly ticks: Int32Array;
  readonly #anchors: Int32Array;
  readonly #prng: Prng;

  constructor(locateMax: number, prng: Prng) {
    this.ticks = new Int32Array(locateMax + 1);
    this.#anchors = new Int32Array(locateMax + 1);
    this.#prng = prng;
  }

  set(locate: number, ticks: number): void {
    this.ticks[locate] = Math.max(ticks, TICKS_MIN);
    this.#anchors[locate] = this.ticks[locate]!;
  }

  /** Something traded: the price may move a tick. */
  traded(locate: number, isBuy: boolean): void {
    if (!this.#prng.chance(MOVE_CHANCE)) return;
    const away = this.ticks[locate]! - this.#anchors[locate]!;
    const pull = Math.max(-REVERSION_MAX, Math.min(REVERSION_MAX, away * REVERSION));
    const up = 0.5 + (isBuy ? IMPACT : -IMPACT) - pull;
    const moved = this.ticks[locate]! + (this.#prng.chance(up) ? 1 : -1);
    this.ticks[locate] = Math.max(moved, TICKS_MIN);
  }

  /** News: the price jumps, and this is where it is at home now. */
  jump(locate: number, ratio: number): void {
    this.set(locate, Math.round(this.ticks[locate]! * ratio));
  }
}
