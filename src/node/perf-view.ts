/** The hot threads as the admin API shows them: counters and rates put together. Cold. */
import type {
  BurstPerfView,
  DegradationPerfView,
  PerfView,
  StagePerfView,
  StageUnit,
  ThreadPerfView,
} from "../admin/perf-contract.ts";
import { clock } from "../io/clock.ts";
import { listCpus } from "../io/pin.ts";
import type { ChannelHost } from "./channel-host.ts";
import type { ThreadPerf } from "./channel-perf.ts";
import { epochNs } from "./channel-view.ts";
import { MEASURE_MEANINGS, MEASURES } from "./degradation.ts";

const UNITS: Readonly<Record<string, StageUnit>> = {
  receive: "packet",
  arbitrate: "packet",
  publish: "batch",
  answer: "answer",
};
/** The stage that sees each of a thread's messages once. */
const MESSAGE_STAGES = ["dispatch", "apply"];
const NS_PER_S = 1e9;

export function perfView(hosts: readonly ChannelHost[]): PerfView {
  return {
    nowNs: epochNs(clock.realtimeNs()),
    rssBytes: process.memoryUsage.rss(),
    cpus: listCpus(),
    threads: hosts.flatMap((host) => host.perf.threads.map((thread) => threadView(host.name, thread))),
    degradation: hosts.map(degradationView),
  };
}

function threadView(channel: string, perf: ThreadPerf): ThreadPerfView {
  const { counters, rates, layout, plan, ready } = perf;
  const busyPerSecond = rates.perSecond("busySeconds");
  const spentPerSecond = busyPerSecond + rates.perSecond("idleSeconds");
  const messageStage = layout.stages.find((stage) => MESSAGE_STAGES.includes(stage))!;
  return {
    channel,
    thread: layout.thread,
    idle: plan.idle,
    pinnedCpu: ready && ready.cpu >= 0 ? ready.cpu : undefined,
    warmUp: ready && {
      durationNs: ready.warmUp.durationNs,
      messageCount: ready.warmUp.messageCount,
      skipped: ready.warmUp.skipped,
    },
    busyShare: spentPerSecond > 0 ? busyPerSecond / spentPerSecond : 0,
    turnsPerSecond: rates.perSecond("turns"),
    messagesPerSecond: rates.perSecond(`stage.${messageStage}.count`),
    pauseMaxNs: counters.get("pauseMaxSeconds") * NS_PER_S,
    pauseRecentNs: counters.get("pauseRecentSeconds") * NS_PER_S,
    stages: layout.stages.map((stage) => stageView(perf, stage, messageStage)),
    queues: layout.queues.map((queue) => ({
      queue,
      depthBytes: counters.get(`queue.${queue}.bytes`),
      depthBytesMax: counters.get(`queue.${queue}.bytesMax`),
      capacityBytes: counters.get(`queue.${queue}.capacityBytes`),
    })),
    bursts: burstView(perf),
  };
}

function stageView({ counters, rates }: ThreadPerf, stage: string, messageStage: string): StagePerfView {
  const count = counters.get(`stage.${stage}.count`);
  const perSecond = rates.perSecond(`stage.${stage}.count`);
  const nsPerUnit = nsPerSampled(counters, rates, stage);
  const messageCount = counters.get(`stage.${messageStage}.count`);
  return {
    stage,
    unit: UNITS[stage] ?? "message",
    count,
    perSecond,
    nsPerUnit,
    nsPerMessage: messageCount > 0 ? (nsPerUnit * count) / messageCount : 0,
    busyShare: (nsPerUnit * perSecond) / NS_PER_S,
  };
}

/** Of the last second's samples; where there were none, of all. */
function nsPerSampled(counters: ThreadPerf["counters"], rates: ThreadPerf["rates"], stage: string): number {
  const recentCount = rates.perSecond(`stage.${stage}.sampled`);
  if (recentCount > 0) return (rates.perSecond(`stage.${stage}.sampledSeconds`) / recentCount) * NS_PER_S;
  const sampledCount = counters.get(`stage.${stage}.sampled`);
  return sampledCount > 0 ? (counters.get(`stage.${stage}.sampledSeconds`) / sampledCount) * NS_PER_S : 0;
}

function burstView({ counters }: ThreadPerf): BurstPerfView {
  const count = counters.get("bursts");
  const last = {
    depthShare: counters.get("burstLastRatio"),
    durationNs: counters.get("burstLastSeconds") * NS_PER_S,
    drainNs: counters.get("burstDrainSeconds") * NS_PER_S,
  };
  return {
    count,
    depthShareMax: counters.get("burstDepthMaxRatio"),
    openShare: counters.get("burstOpenRatio"),
    last: count > 0 ? last : undefined,
    drainNsMax: counters.get("burstDrainMaxSeconds") * NS_PER_S,
  };
}

function degradationView({ name, perf }: ChannelHost): DegradationPerfView {
  const { degradation, degradationCounters } = perf;
  const shares = new Map(degradation.measures.map(({ measure, share }) => [measure, share]));
  const { active } = degradation;
  return {
    channel: name,
    pressure: degradationCounters.get("pressure"),
    pressureMax: degradationCounters.get("pressureMax"),
    measures: MEASURES.map((measure) => ({
      measure,
      meaning: MEASURE_MEANINGS[measure],
      share: shares.get(measure),
      isActive: active.includes(measure),
      takenCount: degradationCounters.get(`taken.${measure}`),
    })),
  };
}
