/**
 * Which instrument the next order is for: Zipf-like activity with the ranks dealt out by the seed, drawn in constant
 * time from an alias table (Walker's method); on top of it what just traded trades again (excitation that decays), and
 * in a burst a few instruments get most of the orders.
 */
import type { Prng } from "../core/prng.ts";

const ZIPF_EXPONENT = 0.75;
const FOCUS_COUNT = 4;
const FOCUS_SHARE = 0.6;
/** Chance that the order after a trade is for the same instrument, and how it fades with each order. */
const EXCITED_FIRST = 0.45;
const EXCITED_DECAY = 0.7;

export class SymbolActivity {
  /** Share of all orders by stock locate; sums to 1. */
  readonly weights: Float64Array;
  readonly #prng: Prng;
  readonly #count: number;
  readonly #cut: Float64Array;
  readonly #alias: Int32Array;
  readonly #byRank: Int32Array;
  readonly #focus = new Int32Array(FOCUS_COUNT);
  #focused = false;
  #excited = 0;
  #excitement = 0;

  constructor(count: number, prng: Prng) {
    this.#count = count;
    this.#prng = prng;
    this.#byRank = Int32Array.from({ length: count }, (_, i) => i + 1);
    for (let i = count - 1; i > 0; i--) {
      const j = prng.below(i + 1);
      const held = this.#byRank[i]!;
      this.#byRank[i] = this.#byRank[j]!;
      this.#byRank[j] = held;
    }
    this.weights = new Float64Array(count + 1);
    let total = 0;
    for (let rank = 0; rank < count; rank++) total += (rank + 1) ** -ZIPF_EXPONENT;
    for (let rank = 0; rank < count; rank++) this.weights[this.#byRank[rank]!] = (rank + 1) ** -ZIPF_EXPONENT / total;
    this.#cut = new Float64Array(count);
    this.#alias = new Int32Array(count);
    this.#makeTable();
  }

  /** The stock locate that is `rank`-th by activity, from 0. */
  byRank(rank: number): number {
    return this.#byRank[Math.min(rank, this.#count - 1)]!;
  }

  /** Draws a stock locate. */
  pick(): number {
    const prng = this.#prng;
    if (this.#excitement > 0.01) {
      const again = prng.chance(this.#excitement);
      this.#excitement *= EXCITED_DECAY;
      if (again) return this.#excited;
    }
    if (this.#focused && prng.chance(FOCUS_SHARE)) return this.#focus[prng.below(FOCUS_COUNT)]!;
    return this.#draw();
  }

  /** A trade makes more orders for its instrument likely. */
  excite(locate: number): void {
    this.#excited = locate;
    this.#excitement = EXCITED_FIRST;
  }

  /** A burst begins (a few instruments, drawn anew) or ends. */
  setFocus(focused: boolean): void {
    this.#focused = focused;
    if (focused) for (let i = 0; i < FOCUS_COUNT; i++) this.#focus[i] = this.#draw();
  }

  #draw(): number {
    const at = this.#prng.below(this.#count);
    return (this.#prng.float() < this.#cut[at]! ? at : this.#alias[at]!) + 1;
  }

  #makeTable(): void {
    const count = this.#count;
    const scaled = Float64Array.from({ length: count }, (_, i) => this.weights[i + 1]! * count);
    const small: number[] = [];
    const large: number[] = [];
    for (let i = 0; i < count; i++) (scaled[i]! < 1 ? small : large).push(i);
    while (small.length > 0 && large.length > 0) {
      const low = small.pop()!;
      const high = large[large.length - 1]!;
      this.#cut[low] = scaled[low]!;
      this.#alias[low] = high;
      scaled[high] = scaled[high]! - (1 - scaled[low]!);
      if (scaled[high]! < 1) small.push(large.pop()!);
    }
    for (const i of [...small, ...large]) {
      this.#cut[i] = 1;
      this.#alias[i] = i;
    }
  }
}
