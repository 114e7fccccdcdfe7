/** The thread of one shard: its books, fed by a ring. */

import type { BadMessage } from "../books/bad-messages.ts";
import type { FeedImage } from "../books/contract.ts";
import type { CutPart } from "../books/cut.ts";
import { ShardLoop } from "../books/shard-loop.ts";
import type { WatchImage } from "../books/watch.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { Counters } from "../core/counters.ts";
import { clock } from "../io/clock.ts";
import { BurstMeter } from "../observe/burst-meter.ts";
import { openPerfCounters, publishLoop, publishQueue, publishStages } from "../observe/perf-counters.ts";
import { StageTimes } from "../observe/stage-times.ts";
import { makeShard, SHARD_STAGES, type ShardMemory, shardCounterSpecs, shardPerfLayout } from "./book-plan.ts";
import {
  type DegradationMemory,
  DegradationView,
  STATISTICS_STRETCH,
  WATCH_INTERVAL_DEGRADED_NS,
} from "./degradation.ts";
import { DutyCycle } from "./duty-cycle.ts";
import type { ThreadPlan } from "./runtime-plan.ts";
import type { DegradationSettings } from "./settings.ts";
import { SAMPLE_EVERY, wasInterrupted } from "./stage-sampler.ts";
import { startThread, type ThreadReady } from "./thread-start.ts";
import type { TimedBookShard } from "./timed-shard.ts";
import { warmUpShard } from "./warm-up.ts";
import type { WarmUpTape } from "./warm-up-tape.ts";
import { post, serveWorker } from "./worker-thread.ts";

/** What is put off when queues fill, as a channel's threads share it. */
export interface DegradationLink {
  settings: DegradationSettings;
  memory: DegradationMemory;
}

export interface ShardInit {
  channel: string;
  shard: number;
  memory: ShardMemory;
  thread: ThreadPlan;
  /** What it warms up on; undefined: not at all. */
  tape: WarmUpTape | undefined;
  degradation: DegradationLink;
  /** One word; 1 asks the worker to end when its ring is empty. */
  stop: SharedArrayBuffer;
}

/** What a thread with books says to the main thread. */
export type BookEvent =
  | { type: "part"; part: CutPart }
  | { type: "watch"; image: WatchImage }
  | { type: "thread-ready"; ready: ThreadReady }
  | { type: "shard-status"; status: ShardStatus };

/** What is not in counters. */
export interface ShardStatus {
  shard: number;
  offenders: readonly BadMessage[];
  feed: FeedImage;
}

export const STATUS_INTERVAL_NS = 250e6;
const WAIT_MS = 10;
const APPLY = SHARD_STAGES.indexOf("apply");
const ANSWER = SHARD_STAGES.indexOf("answer");

/** Posts what a shard answers. */
export const bookListeners = {
  onPart: (part: CutPart) => post({ type: "part", part } satisfies BookEvent),
  onWatch: (image: WatchImage) => post({ type: "watch", image } satisfies BookEvent),
};

/** Counters and status of a shard, and what is put off on it while queues are full. */
export class ShardReporter {
  readonly #shard: TimedBookShard;
  readonly #counters: Counters<"orders" | "instruments" | "ringDepthBytes" | "records">;
  readonly #degradation: DegradationView;
  #level = 0;
  #dueNs = 0;

  constructor(channel: string, shard: TimedBookShard, memory: ShardMemory, degradation: DegradationLink) {
    this.#shard = shard;
    this.#counters = new Counters(shardCounterSpecs(channel, shard.shard), memory.counters);
    this.#degradation = new DegradationView(degradation.settings, degradation.memory);
  }

  /** Once a turn: brings counters and status up to date when that is due. True when it was. */
  doWork(nowNs: number, ring?: MessageRing, recordCount = 0): boolean {
    const { level } = this.#degradation;
    if (level !== this.#level) {
      this.#level = level;
      this.#shard.watchIntervalMinNs = this.#degradation.isActive("watches") ? WATCH_INTERVAL_DEGRADED_NS : 0;
    }
    if (nowNs < this.#dueNs) return false;
    this.#dueNs = nowNs + STATUS_INTERVAL_NS * (this.#degradation.isActive("statistics") ? STATISTICS_STRETCH : 1);
    const { engine, bad, shard } = this.#shard;
    this.#counters.set("orders", engine.orderCount());
    this.#counters.set("instruments", engine.instrumentCount());
    this.#counters.set("ringDepthBytes", ring?.depthBytes ?? 0);
    this.#counters.set("records", recordCount);
    const status: ShardStatus = { shard, offenders: bad.offenders, feed: engine.feed() };
    post({ type: "shard-status", status } satisfies BookEvent);
    return true;
  }
}

class ShardThread {
  readonly #ring: MessageRing;
  readonly #books: TimedBookShard;
  readonly #loop: ShardLoop;
  readonly #duty: DutyCycle;
  readonly #bursts = new BurstMeter();
  readonly #reporter: ShardReporter;
  readonly #perf: ReturnType<typeof openPerfCounters>;
  readonly #stopWord: Int32Array;
  readonly #times = new StageTimes(SHARD_STAGES);
  #depthBytesMax = 0;
  #untilSample = SAMPLE_EVERY;

  constructor({ channel, shard, memory, thread, degradation, stop }: ShardInit) {
    this.#ring = MessageRing.attach(memory.ring!);
    this.#books = makeShard(shard, memory, bookListeners);
    this.#loop = new ShardLoop(this.#ring, this.#books);
    this.#duty = new DutyCycle(thread);
    this.#reporter = new ShardReporter(channel, this.#books, memory, degradation);
    this.#perf = openPerfCounters(shardPerfLayout(channel, shard), memory.perf);
    this.#stopWord = new Int32Array(stop);
  }

  run(): void {
    for (;;) {
      const nowNs = this.#duty.begin();
      const isWaiting = this.#look(nowNs);
      const work = isWaiting && --this.#untilSample === 0 ? this.#timedWork(nowNs) : this.#loop.doWork(nowNs);
      if (work === 0) this.#bursts.empty(nowNs);
      if (this.#reporter.doWork(nowNs, this.#ring, this.#loop.recordCount)) this.#publish();
      if (work === 0 && Atomics.load(this.#stopWord, 0) === 1) return;
      if (this.#duty.end(work, WAIT_MS)) this.#loop.wait(WAIT_MS);
    }
  }

  /** How full the ring is, before anything is taken from it. False: it is empty. */
  #look(nowNs: number): boolean {
    const depthBytes = this.#ring.depthBytes;
    if (depthBytes > this.#depthBytesMax) this.#depthBytesMax = depthBytes;
    this.#bursts.sample(depthBytes / this.#ring.capacityBytes, nowNs);
    return depthBytes > 0;
  }

  /** A turn of which is known what applying its records cost, without what was answered in between. */
  #timedWork(nowNs: number): number {
    this.#untilSample = SAMPLE_EVERY;
    const { answerNs } = this.#books;
    const records = this.#loop.recordCount;
    const work = this.#loop.doWork(nowNs);
    const spentNs = clock.monotonicNs() - nowNs - (this.#books.answerNs - answerNs);
    const count = this.#loop.recordCount - records;
    if (!wasInterrupted(spentNs, count)) this.#times.add(APPLY, count, spentNs);
    return work;
  }

  #publish(): void {
    const perf = this.#perf;
    const { answerCount, answerNs } = this.#books;
    publishLoop(perf, this.#duty.meter, this.#bursts);
    publishQueue(perf, "ring", this.#depthBytesMax, this.#ring.capacityBytes);
    this.#depthBytesMax = 0;
    perf.set("stage.apply.count", this.#loop.recordCount);
    perf.set("stage.answer.count", answerCount);
    this.#times.counts[ANSWER] = answerCount;
    this.#times.timesNs[ANSWER] = answerNs;
    publishStages(perf, this.#times);
  }
}

export function serveShard(): void {
  serveWorker<ShardInit>((init) => {
    const { shard, thread, memory, channel } = init;
    const warmUp = warmUpShard({ budgetNs: thread.warmUpNs, tape: init.tape });
    const books = new ShardThread(init);
    const ready = startThread(`shard${shard}`, thread, warmUp);
    tellReady(openPerfCounters(shardPerfLayout(channel, shard), memory.perf), ready);
    post({ type: "thread-ready", ready } satisfies BookEvent);
    books.run();
  });
}

/** What is known of a thread from the start, in its counters. */
export function tellReady(perf: ReturnType<typeof openPerfCounters>, { warmUp, cpu }: ThreadReady): void {
  perf.set("warmUpSeconds", warmUp.durationNs / 1e9);
  perf.set("warmUpMessages", warmUp.messageCount);
  perf.set("pinnedCpu", cpu);
}
