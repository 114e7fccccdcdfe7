/**
 * Counters in shared memory: one block of doubles a stage, written by that stage alone and read by anyone (metrics,
 * API, the dashboard) without asking it. The specs are the one place where a counter has its name, help and kind.
 */
export interface CounterSpec {
  /** Prometheus name without the `fathom_` prefix; counters end in `_total`, units are base units. */
  readonly metric: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  /** Labels that tell this counter from others of the same metric name (`{line: "a"}`). */
  readonly labels?: Readonly<Record<string, string>>;
}

export class Counters<K extends string = string> {
  readonly specs: Readonly<Record<K, CounterSpec>>;
  readonly keys: readonly K[];
  /** One double a counter, in the order of `keys`. Hot code keeps this array and the index of its counters. */
  readonly values: Float64Array;
  readonly #index: Map<string, number>;

  /** `buffer`: the block of another thread's `Counters` with the same specs, to read it from here. */
  constructor(specs: Readonly<Record<K, CounterSpec>>, buffer?: SharedArrayBuffer) {
    this.specs = specs;
    this.keys = Object.keys(specs) as K[];
    this.values = new Float64Array(buffer ?? new SharedArrayBuffer(this.keys.length * 8));
    this.#index = new Map(this.keys.map((key, i) => [key, i]));
  }

  get buffer(): SharedArrayBuffer {
    return this.values.buffer as SharedArrayBuffer;
  }

  index(key: K): number {
    return this.#index.get(key)!;
  }

  get(key: K): number {
    return this.values[this.#index.get(key)!]!;
  }

  set(key: K, value: number): void {
    this.values[this.#index.get(key)!] = value;
  }

  add(key: K, amount = 1): void {
    const i = this.#index.get(key)!;
    this.values[i] = this.values[i]! + amount;
  }

  /** All values by key, for a status answer or a test. */
  toObject(): Record<K, number> {
    const result = {} as Record<K, number>;
    for (const [i, key] of this.keys.entries()) result[key] = this.values[i]!;
    return result;
  }
}
