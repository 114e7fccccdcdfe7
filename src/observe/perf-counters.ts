/**
 * The shared block in which a hot thread tells what it costs: its loop, its stages, its queues, its bursts, its
 * warm-up. Written by that thread a few times a second, read by the main thread for `/v1/perf`, `fathom top` and the
 * metrics.
 */
import { type CounterSpec, Counters } from "../core/counters.ts";
import type { BurstMeter } from "./burst-meter.ts";
import type { LoopMeter } from "./loop-meter.ts";
import type { StageTimes } from "./stage-times.ts";

/** What a thread's block is made for; both sides must say the same. */
export interface PerfLayout {
  readonly channel: string;
  /** "ingest", "shard0". */
  readonly thread: string;
  readonly stages: readonly string[];
  /** What it reads from: "line.a", or a shard's "ring". */
  readonly queues: readonly string[];
  /** The rings that it writes: "shard0". */
  readonly rings: readonly string[];
  /** The lines that it receives: "a". */
  readonly lines: readonly string[];
}

type Kinds = Readonly<Record<string, readonly ["counter" | "gauge", string, string]>>;

const LOOP = {
  turns: ["counter", "loop_turns_total", "Turns of the thread's duty cycle"],
  busyTurns: ["counter", "loop_busy_turns_total", "Turns that found something to do"],
  busySeconds: ["counter", "loop_busy_seconds_total", "Time in turns that found something to do"],
  idleSeconds: ["counter", "loop_idle_seconds_total", "Time in turns that found nothing, and asleep"],
  pauseMaxSeconds: ["gauge", "loop_pause_max_seconds", "Longest time away from the queues beyond sleep, ever"],
  pauseRecentSeconds: ["gauge", "loop_pause_recent_seconds", "The same, in the last second or two"],
  bursts: ["counter", "bursts_total", "Times that a queue began to fill and was emptied again"],
  burstDepthMaxRatio: ["gauge", "burst_depth_max_ratio", "How full the fullest queue ever was"],
  burstOpenRatio: ["gauge", "burst_open_ratio", "How full it has been in the burst that is going on"],
  burstLastRatio: ["gauge", "burst_last_depth_ratio", "How full it was in the last burst that is over"],
  burstLastSeconds: ["gauge", "burst_last_seconds", "How long the last burst took"],
  burstDrainSeconds: ["gauge", "burst_drain_last_seconds", "From the deepest of the last burst to empty"],
  burstDrainMaxSeconds: ["gauge", "burst_drain_max_seconds", "The longest that a burst took to drain"],
  warmUpSeconds: ["gauge", "warm_up_seconds", "How long the warm-up took"],
  warmUpMessages: ["gauge", "warm_up_messages", "Synthetic messages that the warm-up ran"],
  pinnedCpu: ["gauge", "thread_pinned_cpu", "The CPU that the thread is pinned to; -1 for none"],
} as const satisfies Kinds;

const STAGE = {
  count: ["counter", "stage_total", "Packets, messages or batches that went through the stage"],
  sampled: ["counter", "stage_sampled_total", "Those of them that were timed"],
  sampledSeconds: ["counter", "stage_sampled_seconds_total", "How long the timed ones took"],
} as const satisfies Kinds;

const QUEUE = {
  bytes: ["gauge", "queue_bytes", "Bytes that wait in the queue"],
  bytesMax: ["gauge", "queue_max_bytes", "The most that ever waited"],
  capacityBytes: ["gauge", "queue_capacity_bytes", "Room in the queue"],
} as const satisfies Kinds;

const RING = {
  publishes: ["counter", "ring_publishes_total", "Times that the ring's writer showed its reader what it had"],
  waits: ["counter", "ring_writer_waits_total", "Times that the ring was full and held its writer back"],
} as const satisfies Kinds;

const LINE = {
  refused: ["counter", "line_receive_refused_total", "Datagrams that the receive path's own checks refused"],
  fragmented: ["counter", "line_receive_fragmented_total", "Those of them that came in fragments"],
} as const satisfies Kinds;

export type PerfCounter =
  | keyof typeof LOOP
  | `stage.${string}.${keyof typeof STAGE}`
  | `queue.${string}.${keyof typeof QUEUE}`
  | `ring.${string}.${keyof typeof RING}`
  | `line.${string}.${keyof typeof LINE}`;

export function perfCounterSpecs({
  channel,
  thread,
  stages,
  queues,
  rings,
  lines,
}: PerfLayout): Record<PerfCounter, CounterSpec> {
  const specs: Record<string, CounterSpec> = {};
  const add = (prefix: string, kinds: Kinds, labels: Record<string, string>) => {
    for (const [key, [kind, metric, help]] of Object.entries(kinds))
      specs[prefix + key] = { metric, kind, help, labels: { channel, thread, ...labels } };
  };
  add("", LOOP, {});
  for (const stage of stages) add(`stage.${stage}.`, STAGE, { stage });
  for (const queue of queues) add(`queue.${queue}.`, QUEUE, { queue });
  for (const ring of rings) add(`ring.${ring}.`, RING, { ring });
  for (const line of lines) add(`line.${line}.`, LINE, { line });
  return specs as Record<PerfCounter, CounterSpec>;
}

/** The block; with `buffer`, that of a thread with the same layout. */
export function openPerfCounters(layout: PerfLayout, buffer?: SharedArrayBuffer): Counters<PerfCounter> {
  return new Counters(perfCounterSpecs(layout), buffer);
}

/** Tells the loop's and the bursts' figures. */
export function publishLoop(counters: Counters<PerfCounter>, loop: LoopMeter, bursts: BurstMeter): void {
  counters.set("turns", loop.turnCount);
  counters.set("busyTurns", loop.busyTurnCount);
  counters.set("busySeconds", loop.busyNs / 1e9);
  counters.set("idleSeconds", loop.idleNs / 1e9);
  counters.set("pauseMaxSeconds", loop.pauseMaxNs / 1e9);
  counters.set("pauseRecentSeconds", loop.pauseRecentNs / 1e9);
  counters.set("bursts", bursts.count);
  counters.set("burstDepthMaxRatio", bursts.depthShareMax);
  counters.set("burstOpenRatio", bursts.openShare);
  counters.set("burstLastRatio", bursts.lastDepthShare);
  counters.set("burstLastSeconds", bursts.lastDurationNs / 1e9);
  counters.set("burstDrainSeconds", bursts.lastDrainNs / 1e9);
  counters.set("burstDrainMaxSeconds", bursts.drainNsMax / 1e9);
}

/** Tells the stages' samples; their whole counts are told by whoever has them. */
export function publishStages<S extends string>(counters: Counters<PerfCounter>, times: StageTimes<S>): void {
  for (const [i, stage] of times.stages.entries()) {
    counters.set(`stage.${stage}.sampled`, times.counts[i]!);
    counters.set(`stage.${stage}.sampledSeconds`, times.timesNs[i]! / 1e9);
  }
}

/** Tells a queue's depth now, and keeps the most there ever was. */
export function publishQueue(
  counters: Counters<PerfCounter>,
  queue: string,
  bytes: number,
  capacityBytes: number,
): void {
  counters.set(`queue.${queue}.bytes`, bytes);
  counters.set(`queue.${queue}.capacityBytes`, capacityBytes);
  if (bytes > counters.get(`queue.${queue}.bytesMax`)) counters.set(`queue.${queue}.bytesMax`, bytes);
}
