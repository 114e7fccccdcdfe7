/**
 * Rates from counters that only go up: the difference over the last second or so, taken whenever somebody asks. Cold.
 */
const WINDOW_NS = 1e9;
const SAMPLE_INTERVAL_NS = 100e6;

/** Rates of a fixed set of counters by name. */
export class Rates {
  readonly #samples: { atNs: number; values: Readonly<Record<string, number>> }[] = [];

  /** Takes the counters' values now; more often than ten times a second is ignored. `nowNs`: monotonic. */
  sample(nowNs: number, values: Readonly<Record<string, number>>): void {
    const last = this.#samples.at(-1);
    if (last && nowNs - last.atNs < SAMPLE_INTERVAL_NS) return;
    this.#samples.push({ atNs: nowNs, values });
    while (this.#samples.length > 2 && nowNs - this.#samples[1]!.atNs >= WINDOW_NS) this.#samples.shift();
  }

  /** Per second, over the last second; 0 before there are two samples. */
  perSecond(name: string): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atNs <= first.atNs) return 0;
    const change = (last.values[name] ?? 0) - (first.values[name] ?? 0);
    return Math.max(0, (change / (last.atNs - first.atNs)) * 1e9);
  }
}
