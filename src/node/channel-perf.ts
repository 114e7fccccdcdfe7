/**
 * A channel's hot threads as the main thread sees them: what each was told, what it tells of itself, and what is put
 * off while its queues are full. Cold.
 */
import { Counters } from "../core/counters.ts";
import { clock } from "../io/clock.ts";
import { openPerfCounters, type PerfCounter, type PerfLayout } from "../observe/perf-counters.ts";
import { Rates } from "../observe/rate.ts";
import { type BookMemory, shardPerfLayout } from "./book-plan.ts";
import {
  type DegradationCounter,
  DegradationView,
  degradationCounterSpecs,
  makeDegradationMemory,
} from "./degradation.ts";
import { ingestPerfLayout } from "./ingest-perf.ts";
import type { ThreadPlan } from "./runtime-plan.ts";
import type { ChannelSettings, DegradationSettings } from "./settings.ts";
import type { DegradationLink } from "./shard-worker.ts";
import type { ThreadReady } from "./thread-start.ts";

/** What a channel's threads are told. */
export interface ChannelRuntime {
  readonly ingest: ThreadPlan;
  /** By shard. */
  readonly shards: readonly ThreadPlan[];
  readonly degradation: DegradationSettings;
}

/** One thread. */
export class ThreadPerf {
  readonly layout: PerfLayout;
  readonly plan: ThreadPlan;
  readonly counters: Counters<PerfCounter>;
  readonly rates = new Rates();
  /** Once it has warmed up and taken its CPU. */
  ready: ThreadReady | undefined;

  constructor(layout: PerfLayout, plan: ThreadPlan, buffer?: SharedArrayBuffer) {
    this.layout = layout;
    this.plan = plan;
    this.counters = openPerfCounters(layout, buffer);
  }

  /** Its counters have just been brought up to date. */
  sample(): void {
    this.rates.sample(clock.monotonicNs(), this.counters.toObject());
  }
}

export class ChannelPerf {
  readonly ingest: ThreadPerf;
  /** By shard; none when the books are on the ingest thread. */
  shards: readonly ThreadPerf[] = [];
  readonly degradation: DegradationView;
  readonly degradationCounters: Counters<DegradationCounter>;
  readonly link: DegradationLink;
  readonly #channel: string;
  readonly #runtime: ChannelRuntime;

  constructor(settings: ChannelSettings, shards: number, runtime: ChannelRuntime) {
    this.#channel = settings.name;
    this.#runtime = runtime;
    this.link = { settings: runtime.degradation, memory: makeDegradationMemory() };
    this.degradation = new DegradationView(this.link.settings, this.link.memory);
    const { counters } = this.link.memory;
    this.degradationCounters = new Counters(degradationCounterSpecs(settings.name), counters);
    const lineNames = settings.lines.map((line) => line.name);
    this.ingest = new ThreadPerf(ingestPerfLayout(settings.name, lineNames, shards), runtime.ingest);
  }

  /** The shards' blocks, which come with their books' memory. */
  attachShards(memory: BookMemory): void {
    this.shards = this.#runtime.shards.map(
      (plan, shard) => new ThreadPerf(shardPerfLayout(this.#channel, shard), plan, memory.shards[shard]!.perf),
    );
  }

  get threads(): ThreadPerf[] {
    return [this.ingest, ...this.shards];
  }

  takeReady(ready: ThreadReady): void {
    for (const thread of this.threads) if (thread.layout.thread === ready.thread) thread.ready = ready;
  }
}
