/**
 * Calm and burst: a two-state process counted in events, so that a market's arrivals come in clusters. `intensity`
 * says how much faster than on average messages come just now; over a long run its harmonic mean is 1.
 */
import type { Prng } from "../core/prng.ts";

const BURST_EVENTS_MEAN = 400;
const CALM_EVENTS_MEAN = 1000;
const BURST_INTENSITY = 5;
const BURST_SHARE = BURST_EVENTS_MEAN / (BURST_EVENTS_MEAN + CALM_EVENTS_MEAN);
const CALM_INTENSITY = (1 - BURST_SHARE) / (1 - BURST_SHARE / BURST_INTENSITY);

export class BurstProcess {
  intensity = CALM_INTENSITY;
  readonly #prng: Prng;
  #left: number;

  constructor(prng: Prng) {
    this.#prng = prng;
    this.#left = 1 + Math.floor(prng.exponential(CALM_EVENTS_MEAN));
  }

  get isBurst(): boolean {
    return this.intensity === BURST_INTENSITY;
  }

  /** One event has passed. True when the state has changed. */
  advance(): boolean {
    if (--this.#left > 0) return false;
    const burst = !this.isBurst;
    this.intensity = burst ? BURST_INTENSITY : CALM_INTENSITY;
    this.#left = 1 + Math.floor(this.#prng.exponential(burst ? BURST_EVENTS_MEAN : CALM_EVENTS_MEAN));
    return true;
  }
}
