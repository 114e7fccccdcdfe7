/**
 * What the admin API reads of a running appliance's costs: hot threads, stages, queues, bursts, rings, and what is put
 * off while queues are full. Part of `contract.ts`, and under its rules: shares are 0 to 1, durations ns, rates per
 * second.
 */
import type { RingReport } from "../bus/event-ring.ts";

export interface PerfView {
  nowNs: bigint;
  rssBytes: number;
  /** By number: running, those that this process may use, those that a thread is pinned to. */
  cpus: { online: readonly number[]; allowed: readonly number[]; pinned: readonly number[] };
  /** Channel by channel, ingest before its shards. */
  threads: ThreadPerfView[];
  /** A channel each. */
  degradation: DegradationPerfView[];
}

export interface ThreadPerfView {
  channel: string;
  /** "ingest", "shard0". */
  thread: string;
  /** What it does with nothing to do. */
  idle: "park" | "spin" | "adaptive";
  pinnedCpu: number | undefined;
  /** Undefined: it is still at it. `skipped`: why there was none. */
  warmUp: { durationNs: number; messageCount: number; skipped: string } | undefined;
  /** Of the time, in turns that found something to do. */
  busyShare: number;
  turnsPerSecond: number;
  messagesPerSecond: number;
  /** Longest time away from its queues, beyond the sleep that it meant: ever, and in the last second or two. */
  pauseMaxNs: number;
  pauseRecentNs: number;
  stages: StagePerfView[];
  queues: QueuePerfView[];
  bursts: BurstPerfView;
}

export type StageUnit = "packet" | "message" | "batch" | "answer";

export interface StagePerfView {
  stage: string;
  /** What it is counted in. */
  unit: StageUnit;
  count: number;
  perSecond: number;
  nsPerUnit: number;
  /** Its cost spread over the thread's messages. */
  nsPerMessage: number;
  /** Of one core. */
  busyShare: number;
}

export interface QueuePerfView {
  queue: string;
  /** The deepest of the last moment, and ever. */
  depthBytes: number;
  depthBytesMax: number;
  capacityBytes: number;
}

export interface BurstPerfView {
  /** Those that are over. */
  count: number;
  /** How full the fullest queue ever was, and has been in the burst that is going on. */
  depthShareMax: number;
  openShare: number;
  /** The last that is over: its deepest, how long it took, how long from its deepest to empty. */
  last: { depthShare: number; durationNs: number; drainNs: number } | undefined;
  drainNsMax: number;
}

export interface DegradationPerfView {
  channel: string;
  /** How full the fullest queue is, and ever was. */
  pressure: number;
  pressureMax: number;
  /** In the order in which they are taken. */
  measures: {
    measure: string;
    meaning: string;
    /** How full a queue may be before it is taken; undefined: never. */
    share: number | undefined;
    isActive: boolean;
    takenCount: number;
  }[];
}

export interface BusView {
  nowNs: bigint;
  messageRings: MessageRingView[];
  /** Rings of events that other processes read. */
  eventRings: RingReport[];
}

/** A ring with one writer and one reader that loses nothing: full, it holds the writer back. */
export interface MessageRingView {
  /** "demo/shard0". */
  name: string;
  channel: string;
  writer: string;
  reader: string;
  capacityBytes: number;
  depthBytes: number;
  /** Undefined, as the rates: nobody keeps them of this ring. */
  depthBytesMax: number | undefined;
  /** Records read; how often the writer showed what it had, and how often it had to wait for room. */
  recordCount: number;
  recordsPerSecond: number | undefined;
  publishCount: number;
  publishesPerSecond: number | undefined;
  writerWaitCount: number;
}
