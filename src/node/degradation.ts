/**
 * What is put off when queues fill, and in which order. The ingest thread, which sees its sockets and every shard's
 * ring, decides; the others look. History first, then statistics, then watched books, then questions; the books
 * themselves are no measure, and go on whatever happens.
 *
 * What always holds: a measure is in force only if all that come before it are; each is taken when the fullest queue
 * reaches its share, and taken back when the queues have stayed below half of that for a while.
 */
import { type CounterSpec, Counters } from "../core/counters.ts";
import type { DegradationSettings } from "./settings.ts";

/** In the order in which they are taken. */
export const MEASURES = ["history", "statistics", "watches", "queries"] as const;
export type Measure = (typeof MEASURES)[number];

/** What each does, for people. */
export const MEASURE_MEANINGS: Readonly<Record<Measure, string>> = {
  history: "history queries are refused",
  statistics: "status and statistics come less often",
  watches: "watched books are conflated over longer intervals",
  queries: "questions about books are refused",
};

/** While `statistics` is in force, reports come so many times less often. */
export const STATISTICS_STRETCH = 8;
/** While `watches` is in force, a watched book is published at most so often. */
export const WATCH_INTERVAL_DEGRADED_NS = 250e6;

/** Shared by a channel's threads and the main thread. */
export interface DegradationMemory {
  /** One word: how many of the enabled measures are in force. */
  readonly level: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
}

export type DegradationCounter = "level" | "pressure" | "pressureMax" | `taken.${Measure}`;

export function degradationCounterSpecs(channel: string): Record<DegradationCounter, CounterSpec> {
  const gauge = (metric: string, help: string): CounterSpec => ({ metric, kind: "gauge", help, labels: { channel } });
  const specs: Partial<Record<DegradationCounter, CounterSpec>> = {
    level: gauge("degradation_level", "Measures in force: 0 none"),
    pressure: gauge("queue_pressure_ratio", "How full the fullest queue is"),
    pressureMax: gauge("queue_pressure_max_ratio", "How full it ever was"),
  };
  for (const measure of MEASURES) {
    const help = "Times that a measure of degradation was taken";
    specs[`taken.${measure}`] = { metric: "degradation_total", kind: "counter", help, labels: { channel, measure } };
  }
  return specs as Record<DegradationCounter, CounterSpec>;
}

export function makeDegradationMemory(): DegradationMemory {
  return { level: new SharedArrayBuffer(4), counters: new Counters(degradationCounterSpecs("")).buffer };
}

/** The measures that the settings enable, each with the share at which it is taken: never less than one before it. */
export function enabledMeasures(shares: DegradationSettings["shares"]): { measure: Measure; share: number }[] {
  let least = 0;
  return MEASURES.filter((measure) => Number.isFinite(shares[measure])).map((measure) => {
    least = Math.max(least, shares[measure]);
    return { measure, share: least };
  });
}

/** A change, for the log. */
export interface DegradationStep {
  readonly measure: Measure;
  readonly isTaken: boolean;
  /** How full the fullest queue was. */
  readonly pressure: number;
}

/** Of what the pressure falls short when a measure may be taken back. */
const RELEASE_PART = 0.5;

/** Decides. One a channel, on its ingest thread. */
export class DegradationGovernor {
  readonly #measures: { measure: Measure; share: number }[];
  readonly #holdNs: number;
  readonly #word: Int32Array;
  readonly #counters: Counters<DegradationCounter>;
  readonly #onStep: (step: DegradationStep) => void;
  #level = 0;
  /** Since when the pressure has been low enough to take the last measure back; -1: it is not. */
  #calmSinceNs = -1;

  constructor(settings: DegradationSettings, memory: DegradationMemory, onStep: (step: DegradationStep) => void) {
    this.#measures = enabledMeasures(settings.shares);
    this.#holdNs = settings.holdNs;
    this.#word = new Int32Array(memory.level);
    this.#counters = new Counters(degradationCounterSpecs(""), memory.counters);
    this.#onStep = onStep;
  }

  get level(): number {
    return this.#level;
  }

  /** `pressure`: how full the fullest queue is, 0 to 1. */
  update(pressure: number, nowNs: number): void {
    this.#counters.set("pressure", pressure);
    if (pressure > this.#counters.get("pressureMax")) this.#counters.set("pressureMax", pressure);
    const measures = this.#measures;
    while (this.#level < measures.length && pressure >= measures[this.#level]!.share) this.#take(pressure);
    if (this.#level === 0) return;
    if (pressure >= measures[this.#level - 1]!.share * RELEASE_PART) this.#calmSinceNs = -1;
    else if (this.#calmSinceNs < 0) this.#calmSinceNs = nowNs;
    else if (nowNs - this.#calmSinceNs >= this.#holdNs) this.#takeBack(pressure);
  }

  #take(pressure: number): void {
    const { measure } = this.#measures[this.#level]!;
    this.#set(this.#level + 1);
    this.#counters.add(`taken.${measure}`);
    this.#onStep({ measure, isTaken: true, pressure });
  }

  #takeBack(pressure: number): void {
    this.#set(this.#level - 1);
    this.#onStep({ measure: this.#measures[this.#level]!.measure, isTaken: false, pressure });
  }

  #set(level: number): void {
    this.#level = level;
    this.#calmSinceNs = -1;
    Atomics.store(this.#word, 0, level);
    this.#counters.set("level", level);
  }
}

/** Looks: any thread. */
export class DegradationView {
  readonly measures: readonly { measure: Measure; share: number }[];
  readonly #word: Int32Array;

  constructor(settings: DegradationSettings, memory: DegradationMemory) {
    this.measures = enabledMeasures(settings.shares);
    this.#word = new Int32Array(memory.level);
  }

  /** How many measures are in force. */
  get level(): number {
    return Atomics.load(this.#word, 0);
  }

  get active(): Measure[] {
    return this.measures.slice(0, this.level).map(({ measure }) => measure);
  }

  isActive(measure: Measure): boolean {
    const level = this.level;
    for (let i = 0; i < level; i++) if (this.measures[i]!.measure === measure) return true;
    return false;
  }
}
