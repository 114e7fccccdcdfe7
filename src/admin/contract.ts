/**
 * What the admin API needs to read of a running appliance, and nothing about how it is kept. `node/` implements it and
 * hands it in; admin turns it into snake_case JSON, dollars and epoch-nanosecond strings at the edge.
 *
 * Everything that returns a plain value is read from counters in shared memory and may be called at any time, often.
 * Everything that returns a promise asks the shards by a cut, and is answered at one sequence.
 * What the world can do wrong (an unknown channel, a shard that does not answer) is thrown as a `FathomError` with a
 * code of `READER_PROBLEMS`; anything else that is thrown is a bug and becomes a 500.
 *
 * Units: `…E4` 1/10000 dollar; `…Ns: bigint` ns since the epoch; `tsEventNs: number` the feed's ns since midnight;
 * durations `…Ns: number`; rates per second. Counts are since the start of the process unless said otherwise.
 */
import type { BookImage, FeedImage, OrderImage } from "../books/contract.ts";
import type { HybridStamp } from "../core/hybrid-clock.ts";
import type { Quality } from "../core/quality.ts";
import type { BusView, PerfView } from "./perf-contract.ts";

/** Codes of `FathomError` that a reader may throw, and the HTTP status each becomes. */
export const READER_PROBLEMS = {
  "channel-not-found": 404,
  /** More than one channel, and the question can only be put to one. */
  "channel-required": 400,
  /** Nothing to read yet: no session has begun on the channel. */
  "not-ready": 503,
  /** A shard did not answer the cut in time. */
  "cut-timed-out": 503,
  /** No more watches or cuts at once than the appliance is sized for, or none just now: queues are filling. */
  "too-busy": 503,
  /** A channel's thread has not read what it was asked for so long that nothing more can be asked. */
  "worker-not-answering": 503,
} as const satisfies Record<string, number>;

export interface ApplianceReader {
  version(): VersionView;
  status(): StatusView;
  /** In the order of the configuration. */
  channels(): ChannelView[];
  /** Ascending by symbol, then by channel name. */
  instruments(request: InstrumentsRequest): Promise<InstrumentsPage>;
  /** Undefined: no such instrument, here or on that channel. Without a channel the first that has the symbol. */
  book(request: BookRequest): Promise<BookAnswer | undefined>;
  /** Undefined: no such instrument. An answer without `order`: no such order. */
  order(request: OrderRequest): Promise<OrderAnswer | undefined>;
  /** Many books at one sequence, across shards. */
  snapshot(request: SnapshotRequest): Promise<SnapshotAnswer>;
  /**
   * Conflated images of one book: one soon after the call, then whenever it or its quality has changed and
   * `intervalNs` has passed. Resolves to undefined when there is no such instrument. The listener is called on the
   * main thread and must not keep the appliance waiting. `stop()` is final and may be called twice.
   */
  watch(request: WatchRequest, listener: (image: BookAnswer) => void): Promise<Watch | undefined>;
  /** What the hot threads cost, and what is put off for want of time. */
  perf(): PerfView;
  /** The rings between threads and to other processes. */
  bus(): BusView;
  /** In force, and where each value came from. Secrets are already out. */
  config(): ConfigEntry[];
  logLevel(): LogLevel;
  setLogLevel(level: LogLevel): void;
  /** Prometheus text exposition format 0.0.4. */
  metrics(): string;
  /** The process can still do its work; false asks for a restart. */
  live(): boolean;
  /** Books current, clock in bound: may be traded on. `reasons` is empty exactly when ready. */
  ready(): { ready: boolean; reasons: string[] };
}

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface VersionView {
  version: string;
  commit: string;
  bun: string;
  /** What the binary was built for: "linux-x64", "linux-arm64", "linux-x64-baseline"; "source" when run from source. */
  target: string;
  startedAtNs: bigint;
  pid: number;
}

export interface StatusView {
  /** This node's name. */
  node: string;
  nowNs: bigint;
  /** The worst of all channels. */
  quality: Quality;
  /** Why it is not ok, in one sentence; "" when it is. */
  qualityReason: string;
  instrumentCount: number;
  orderCount: number;
  messageCount: number;
  messagesPerSecond: number;
  badMessageCount: number;
  /** 0: books on the ingest thread. */
  shardCount: number;
  rssBytes: number;
  /** What is put off because queues fill, by channel; none when all is well. */
  degradation: { channel: string; measures: string[] }[];
  clock: ClockView;
}

/** How well the machine's clock is kept. */
export interface ClockView {
  /** Who says so. */
  source: "ptp" | "chrony" | "kernel" | "none";
  /** It is kept to a reference outside this machine. */
  disciplined: boolean;
  /** System clock minus UTC; null: not known. */
  offsetNs: number | null;
  /** How far from UTC it can be, now; also the bound of stamps that the kernel takes. Null: nothing bounds it. */
  errorBoundNs: number | null;
  /** The same of stamps that the network card takes. */
  hardwareStampErrorBoundNs: number | null;
  /** The most that the settings allow. */
  errorBoundMaxNs: number;
  /** It is kept, and was within that when it was looked at. */
  inBound: boolean;
  /** What it is kept to; "" when that is not known. */
  reference: string;
  /** How this was found, or why there is no bound. */
  how: string;
  /** Null before the first look. */
  checkedAtNs: bigint | null;
  /** Of this answer, on the node's hybrid clock (`core/hybrid-clock.ts`). */
  hybridStamp: HybridStamp;
}

export type ChannelState = "joining" | "live" | "ended" | "waiting";

export interface ChannelView {
  name: string;
  /** The feed's protocol and version: "itch50". */
  feed: string;
  /** "" before the first. */
  session: string;
  state: ChannelState;
  quality: Quality;
  /** Why it is not ok, in one sentence; "" when it is. */
  qualityReason: string;
  /** The next sequence that the books expect. */
  nextSequence: number;
  messageCount: number;
  messagesPerSecond: number;
  bytesPerSecond: number;
  instrumentCount: number;
  orderCount: number;
  gaps: GapCounts;
  /** Newest last, bounded. */
  recentGaps: GapRecord[];
  /** Messages held out of order now, how many may be, and the most there ever were. */
  reorder: { depth: number; capacity: number; depthMax: number };
  requests: { sent: number; answered: number; timedOut: number; messagesAsked: number };
  snapshots: { started: number; completed: number; failed: number };
  lines: LineView[];
  badMessages: BadMessageView;
  feedState: FeedImage;
}

export interface GapCounts {
  opened: number;
  repaired: number;
  /** Given up: these messages are lost, and a snapshot or the end of session was the way out. */
  abandoned: number;
  lostMessages: number;
  /** Open now. */
  open: number;
}

export interface GapRecord {
  openedAtNs: bigint;
  firstSequence: number;
  messageCount: number;
  state: "open" | "repaired" | "abandoned";
  /** What closed it; "" while open. */
  repairedBy: "line" | "re-request" | "snapshot" | "";
  /** How long it was open; so far, while it is. */
  durationNs: number;
}

export interface LineView {
  /** "a", "b". */
  name: string;
  group: string;
  port: number;
  interface: string;
  /** Source address of a source-specific join; "" for any. */
  source: string;
  quality: Quality;
  packetCount: number;
  messageCount: number;
  byteCount: number;
  heartbeatCount: number;
  packetsPerSecond: number;
  messagesPerSecond: number;
  /** Messages that this line delivered first. */
  wonCount: number;
  /** Messages that came after the other line's copy. */
  duplicateCount: number;
  /** Messages that this line never delivered though the channel has passed them. */
  lostCount: number;
  /** Packets that arrived behind a later one of the same line. */
  reorderedCount: number;
  /** By kind, snake_case; only kinds that may occur. */
  badPackets: Record<string, number>;
  kernelDropCount: number;
  /** What the kernel granted. */
  receiveBufferBytes: number;
  /** How datagrams are received, and why so; "" before the line is joined. */
  receivePath: string;
  receiveReason: string;
  /** Datagrams that the receive path itself refused, and those of them that came in fragments. */
  refusedCount: number;
  fragmentedCount: number;
  /** How far ahead of the other line this one was when it won: over the last second or so, and the last time. */
  leadMeanNs: number;
  leadLastNs: number;
  lastPacketAtNs: bigint | undefined;
}

export interface BadMessageView {
  total: number;
  /** By name of `APPLY_STATUS_NAMES`, from the first bad one on. */
  byKind: Record<string, number>;
  /** The first of each kind, bounded. */
  firstOffenders: BadMessageRecord[];
}

export interface BadMessageRecord {
  kind: string;
  sequence: number;
  /** The message's type letter; "" when it had no bytes. */
  type: string;
  locate: number;
  hex: string;
}

/** Where in which stream an answer stands. */
export interface CutPosition {
  channel: string;
  session: string;
  /** The last sequence that is in the answer. */
  sequence: number;
  /** Worse of the channel's and, for a single book, its own. */
  quality: Quality;
  /** Why it is not ok, in one sentence; "" when it is. */
  qualityReason: string;
  /** Exchange time of the last message in the answer, ns since midnight. */
  tsEventNs: number;
}

export interface InstrumentsRequest {
  channel?: string | undefined;
  /** Part of a symbol, upper or lower case. */
  search?: string | undefined;
  /** Just these, where they exist. */
  symbols?: string[] | undefined;
  /** The last row of the page before. */
  after?: { symbol: string; channel: string } | undefined;
  limit: number;
}

export interface InstrumentsPage {
  rows: InstrumentRow[];
  /** There are rows after the last one. */
  more: boolean;
  /** Rows on all pages together. */
  total: number;
}

export interface InstrumentRow {
  channel: string;
  quality: Quality;
  /** Best level a side, no queue, no trades. */
  image: BookImage;
}

export interface BookRequest {
  symbol: string;
  channel?: string | undefined;
  /** A side; all when absent. */
  levelMax?: number | undefined;
  queue?: boolean | undefined;
  tradeMax?: number | undefined;
}

export interface BookAnswer extends CutPosition {
  image: BookImage;
}

export interface OrderRequest {
  symbol: string;
  channel?: string | undefined;
  orderReference: bigint;
}

export interface OrderAnswer extends CutPosition {
  symbol: string;
  order: OrderImage | undefined;
}

export interface SnapshotRequest {
  /** May be left out where there is one channel only. */
  channel?: string | undefined;
  /** Neither symbols nor pattern: all. Both: what either names. */
  symbols?: string[] | undefined;
  /** Globs, as in the configuration's subscriptions. */
  pattern?: string[] | undefined;
  levelMax?: number | undefined;
  queue?: boolean | undefined;
}

export interface SnapshotAnswer extends CutPosition {
  shardCount: number;
  /** Over the instruments in the answer, all levels, whatever `levelMax` was. 16 hexadecimal digits. */
  stateHash: string;
  /** Ascending by stock locate. */
  books: { quality: Quality; image: BookImage }[];
  /** Of `symbols`, those that the channel does not have. */
  missing: string[];
}

export interface WatchRequest {
  symbol: string;
  channel?: string | undefined;
  levelMax: number;
  tradeMax: number;
  queue?: boolean | undefined;
  intervalNs: number;
}

export interface Watch {
  stop(): void;
}

export interface ConfigEntry {
  /** "section.key". */
  key: string;
  value: string | number | boolean | null | readonly (string | number | boolean)[];
  source: "flag" | "environment" | "file" | "default";
  /** Which flag, variable or file; "" for a default. */
  origin: string;
}
