/** What the ingest thread tells of itself in its shared block. */
import type { Counters } from "../core/counters.ts";
import type { BurstMeter } from "../observe/burst-meter.ts";
import type { LoopMeter } from "../observe/loop-meter.ts";
import {
  openPerfCounters,
  type PerfCounter,
  type PerfLayout,
  publishLoop,
  publishStages,
} from "../observe/perf-counters.ts";
import type { IngestPipeline } from "./ingest-pipeline.ts";
import { lineQueue, type QueueProbe } from "./queue-probe.ts";
import { ANSWER, ingestStages } from "./stage-sampler.ts";

/** `shards` 0: the books are on the ingest thread. */
export function ingestPerfLayout(channel: string, lines: readonly string[], shards: number): PerfLayout {
  return {
    channel,
    thread: "ingest",
    stages: ingestStages(shards === 0),
    queues: lines.map(lineQueue),
    rings: Array.from({ length: shards }, (_, shard) => `shard${shard}`),
    lines,
  };
}

export class IngestPerf {
  readonly counters: Counters<PerfCounter>;
  readonly #pipeline: IngestPipeline;

  constructor(layout: PerfLayout, buffer: SharedArrayBuffer, pipeline: IngestPipeline) {
    this.counters = openPerfCounters(layout, buffer);
    this.#pipeline = pipeline;
  }

  publish(loop: LoopMeter, bursts: BurstMeter, probe: QueueProbe): void {
    const { counters } = this;
    const { sampler, dispatcher, inline, rings } = this.#pipeline;
    publishLoop(counters, loop, bursts);
    probe.publish(counters);
    counters.set("stage.receive.count", sampler.packetCount);
    counters.set("stage.arbitrate.count", sampler.packetCount);
    counters.set("stage.dispatch.count", dispatcher.messageCount);
    counters.set("stage.publish.count", sampler.publishCount);
    if (inline) {
      counters.set("stage.books.count", dispatcher.messageCount - dispatcher.skippedCount);
      counters.set("stage.answer.count", inline.answerCount);
      sampler.times.counts[ANSWER] = inline.answerCount;
      sampler.times.timesNs[ANSWER] = inline.answerNs;
    }
    publishStages(counters, sampler.times);
    for (const [shard, ring] of rings.entries()) {
      counters.set(`ring.shard${shard}.publishes`, ring.publishCount);
      counters.set(`ring.shard${shard}.waits`, ring.waitCount);
    }
  }
}
