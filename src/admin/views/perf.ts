/** What the hot threads cost, and what is put off for want of time, as the API shows it. */
import { z } from "@hono/zod-openapi";
import type {
  BurstPerfView,
  DegradationPerfView,
  PerfView,
  QueuePerfView,
  StagePerfView,
  ThreadPerfView,
} from "../perf-contract.ts";
import { CountSchema, EpochNsSchema, RateSchema } from "./common.ts";

const ShareSchema = z.number().min(0);
const NsSchema = z.number().min(0);
const CpusSchema = z.array(CountSchema);

const StagePerfSchema = z
  .object({
    stage: z.string(),
    unit: z.enum(["packet", "message", "batch", "answer"]),
    total: CountSchema,
    per_second: RateSchema,
    ns_per_unit: NsSchema,
    ns_per_message: NsSchema.openapi({ description: "The stage's cost spread over the thread's messages." }),
    busy_share: ShareSchema.openapi({ description: "Of one core." }),
  })
  .openapi("StagePerf");
export type StagePerfJson = z.infer<typeof StagePerfSchema>;

const QueuePerfSchema = z
  .object({
    queue: z.string(),
    depth_bytes: CountSchema.openapi({ description: "The deepest of the last moment." }),
    depth_max_bytes: CountSchema.openapi({ description: "The deepest ever." }),
    capacity_bytes: CountSchema,
  })
  .openapi("QueuePerf");
export type QueuePerfJson = z.infer<typeof QueuePerfSchema>;

const BurstPerfSchema = z
  .object({
    total: CountSchema,
    burst_depth_max: ShareSchema.openapi({ description: "How full the fullest queue ever was, 0 to 1." }),
    burst_depth_now: ShareSchema.openapi({ description: "How full it has been in the burst going on; 0 for none." }),
    last_depth: ShareSchema.nullable(),
    last_duration_ns: NsSchema.nullable(),
    last_drain_ns: NsSchema.nullable().openapi({ description: "From the deepest of the last burst to empty." }),
    drain_max_ns: NsSchema,
  })
  .openapi("BurstPerf");
export type BurstPerfJson = z.infer<typeof BurstPerfSchema>;

const ThreadPerfSchema = z
  .object({
    channel: z.string(),
    thread: z.string().openapi({ description: "`ingest`, `shard0`, …" }),
    idle: z.enum(["park", "spin", "adaptive"]),
    pinned_cpu: CountSchema.nullable(),
    warm_up: z
      .object({ duration_ns: NsSchema, messages: CountSchema, skipped: z.string() })
      .nullable()
      .openapi({ description: "null while it is going on; `skipped` says why there was none." }),
    busy_share: ShareSchema,
    turns_per_second: RateSchema,
    messages_per_second: RateSchema,
    pause_max_ns: NsSchema.openapi({ description: "Longest time away from the queues beyond the sleep it meant." }),
    pause_recent_ns: NsSchema.openapi({ description: "The same, in the last second or two." }),
    stages: z.array(StagePerfSchema),
    queues: z.array(QueuePerfSchema),
    bursts: BurstPerfSchema,
  })
  .openapi("ThreadPerf");
export type ThreadPerfJson = z.infer<typeof ThreadPerfSchema>;

const DegradationSchema = z
  .object({
    channel: z.string(),
    pressure: ShareSchema.openapi({ description: "How full the fullest queue is, 0 to 1." }),
    pressure_max: ShareSchema,
    measures: z
      .array(
        z.object({
          measure: z.string(),
          meaning: z.string(),
          threshold: ShareSchema.nullable().openapi({ description: "Taken when a queue is so full; null: never." }),
          active: z.boolean(),
          taken: CountSchema,
        }),
      )
      .openapi({ description: "In the order in which they are taken." }),
  })
  .openapi("Degradation");
export type DegradationJson = z.infer<typeof DegradationSchema>;

export const PerfSchema = z
  .object({
    now: EpochNsSchema,
    rss_bytes: CountSchema,
    cpus: z.object({ online: CpusSchema, allowed: CpusSchema, pinned: CpusSchema }),
    threads: z.array(ThreadPerfSchema),
    degradation: z.array(DegradationSchema),
  })
  .openapi("Perf");
export type PerfJson = z.infer<typeof PerfSchema>;

export function perfToJson(view: PerfView): PerfJson {
  const { online, allowed, pinned } = view.cpus;
  return {
    now: view.nowNs.toString(),
    rss_bytes: view.rssBytes,
    cpus: { online: [...online], allowed: [...allowed], pinned: [...pinned] },
    threads: view.threads.map(threadToJson),
    degradation: view.degradation.map(degradationToJson),
  };
}

function threadToJson(thread: ThreadPerfView): ThreadPerfJson {
  const { warmUp } = thread;
  return {
    channel: thread.channel,
    thread: thread.thread,
    idle: thread.idle,
    pinned_cpu: thread.pinnedCpu ?? null,
    warm_up: warmUp ? { duration_ns: warmUp.durationNs, messages: warmUp.messageCount, skipped: warmUp.skipped } : null,
    busy_share: thread.busyShare,
    turns_per_second: thread.turnsPerSecond,
    messages_per_second: thread.messagesPerSecond,
    pause_max_ns: thread.pauseMaxNs,
    pause_recent_ns: thread.pauseRecentNs,
    stages: thread.stages.map(stageToJson),
    queues: thread.queues.map(queueToJson),
    bursts: burstsToJson(thread.bursts),
  };
}

function stageToJson(stage: StagePerfView): StagePerfJson {
  return {
    stage: stage.stage,
    unit: stage.unit,
    total: stage.count,
    per_second: stage.perSecond,
    ns_per_unit: stage.nsPerUnit,
    ns_per_message: stage.nsPerMessage,
    busy_share: stage.busyShare,
  };
}

function queueToJson(queue: QueuePerfView): QueuePerfJson {
  return {
    queue: queue.queue,
    depth_bytes: queue.depthBytes,
    depth_max_bytes: queue.depthBytesMax,
    capacity_bytes: queue.capacityBytes,
  };
}

function burstsToJson(bursts: BurstPerfView): BurstPerfJson {
  return {
    total: bursts.count,
    burst_depth_max: bursts.depthShareMax,
    burst_depth_now: bursts.openShare,
    last_depth: bursts.last?.depthShare ?? null,
    last_duration_ns: bursts.last?.durationNs ?? null,
    last_drain_ns: bursts.last?.drainNs ?? null,
    drain_max_ns: bursts.drainNsMax,
  };
}

function degradationToJson(view: DegradationPerfView): DegradationJson {
  return {
    channel: view.channel,
    pressure: view.pressure,
    pressure_max: view.pressureMax,
    measures: view.measures.map(({ measure, meaning, share, isActive, takenCount }) => ({
      measure,
      meaning,
      threshold: share ?? null,
      active: isActive,
      taken: takenCount,
    })),
  };
}
