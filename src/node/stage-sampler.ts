/**
 * What each stage of the ingest thread costs. Most batches go straight through: a message costs one branch here. One
 * batch in 31 is timed: its messages are held back after arbitration and then taken through the stages one after
 * another, all through the dispatcher, then all through the books, so that a whole stage lies between two looks at the
 * clock. (31 is odd: with two lines an even step would only ever see one of them.) A stage during which the thread was
 * plainly off its CPU is not counted.
 *
 *     receive ──> arbitrate ──> held ──> dispatch ──> held ──> books ──> publish
 *            clock         clock             clock           clock       clock
 *
 * What always holds: the dispatcher gets every call that the channel makes, in the channel's order. Whatever comes in
 * the middle of a timed batch and is no message of it lets go of what is held first, and that sample is not counted.
 */
import type { BookDispatcher } from "../books/dispatcher.ts";
import type { ShardSink } from "../books/shard-sink.ts";
import type { Quality } from "../core/quality.ts";
import type { MessageSink } from "../ingest/contract.ts";
import type { BatchMeter } from "../ingest/transport.ts";
import { clock } from "../io/clock.ts";
import { StageTimes } from "../observe/stage-times.ts";
import { HeldMessages } from "./held-messages.ts";

/** In the order of a message's way. `books` and `answer` only where the books are on this thread. */
export const INGEST_STAGES = ["receive", "arbitrate", "dispatch", "publish", "books", "answer"] as const;
export type IngestStage = (typeof INGEST_STAGES)[number];
const RECEIVE = 0;
const ARBITRATE = 1;
const DISPATCH = 2;
const PUBLISH = 3;
const BOOKS = 4;
export const ANSWER = 5;

/** Those that the thread has. */
export function ingestStages(isInline: boolean): readonly IngestStage[] {
  return isInline ? INGEST_STAGES : INGEST_STAGES.slice(0, BOOKS);
}

export const SAMPLE_EVERY = 31;
/** Less than the shortest slice of CPU that a scheduler gives to others; and more than any packet or message needs. */
const INTERRUPTION_NS = 500_000;
const SLOWEST_NS = 2000;

export class StageSampler implements MessageSink, BatchMeter {
  readonly times: StageTimes<IngestStage>;
  packetCount = 0;
  batchCount = 0;
  publishCount = 0;
  /** False: nothing is timed until it is true again. */
  isEnabled = true;
  readonly #dispatcher: BookDispatcher;
  /** The dispatcher's own array: while a batch is timed, the books in it are replaced by what holds messages. */
  readonly #shards: ShardSink[];
  readonly #books: ShardSink | undefined;
  readonly #holder: ShardSink | undefined;
  readonly #fromChannel = new HeldMessages();
  readonly #fromDispatcher = new HeldMessages();
  readonly #clockCostNs = clockCostNs();
  #untilSample = SAMPLE_EVERY - 1;
  #isTimed = false;
  #isHolding = false;
  #isPublishTimed = false;
  #timedPackets = 0;
  #markNs = 0;

  /** `shards`: the array that `dispatcher` was made with. `isInline`: its only element is the books themselves. */
  constructor(dispatcher: BookDispatcher, shards: ShardSink[], isInline: boolean) {
    this.#dispatcher = dispatcher;
    this.#shards = shards;
    this.times = new StageTimes(ingestStages(isInline));
    this.#books = isInline ? shards[0] : undefined;
    this.#holder = this.#books && new HoldingShardSink(this.#books, this.#fromDispatcher);
  }

  receiving(): void {
    if (this.#untilSample > 0 || !this.isEnabled) return;
    this.#isTimed = true;
    this.#markNs = clock.monotonicNs();
  }

  received(packetCount: number, bytes: Uint8Array): void {
    if (packetCount === 0) return;
    this.packetCount += packetCount;
    this.batchCount++;
    if (!this.#isTimed) {
      this.#untilSample--;
      return;
    }
    this.#untilSample = SAMPLE_EVERY - 1;
    this.#lap(RECEIVE, packetCount);
    this.#timedPackets = packetCount;
    this.#fromChannel.begin(bytes);
    this.#fromDispatcher.begin(bytes);
    this.#isHolding = true;
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    if (this.#isHolding && this.#hold(bytes, view, offset, length, sequence, tsRecvNs)) return;
    this.#dispatcher.message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  #hold(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    tsRecvNs: number,
  ): boolean {
    if (this.#fromChannel.take(bytes, view, offset, length, sequence, tsRecvNs)) return true;
    this.#letGo();
    return false;
  }

  /** The batch turned out to be no plain run of messages: it goes on untimed. */
  #letGo(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    this.#fromChannel.passTo(this.#dispatcher);
  }

  arbitrated(): void {
    if (!this.#isTimed) return;
    this.#isTimed = false;
    if (!this.#isHolding) return;
    this.#isHolding = false;
    const messages = this.#fromChannel.count;
    this.#lap(ARBITRATE, this.#timedPackets);
    if (messages === 0) return;
    if (this.#holder) this.#shards[0] = this.#holder;
    this.#fromChannel.passTo(this.#dispatcher);
    this.#lap(DISPATCH, messages);
    if (this.#books) {
      this.#shards[0] = this.#books;
      const applied = this.#fromDispatcher.count;
      this.#fromDispatcher.passTo(this.#books);
      this.#lap(BOOKS, applied);
    }
    this.#isPublishTimed = true;
  }

  /** What lies behind the last mark was `stage` doing `count` things; and a new mark. */
  #lap(stage: number, count: number): void {
    const nowNs = clock.monotonicNs();
    const spentNs = nowNs - this.#markNs - this.#clockCostNs;
    this.#markNs = nowNs;
    if (!wasInterrupted(spentNs, count)) this.times.add(stage, count, spentNs);
  }

  batchEnd(): void {
    this.#letGo();
    this.publishCount++;
    if (this.#isPublishTimed) this.#markNs = clock.monotonicNs();
    this.#dispatcher.batchEnd();
    if (this.#isPublishTimed) this.#lap(PUBLISH, 1);
    this.#isPublishTimed = false;
  }

  reset(): void {
    this.#letGo();
    this.#dispatcher.reset();
  }

  snapshotBegin(): void {
    this.#letGo();
    this.#dispatcher.snapshotBegin();
  }

  snapshotEnd(nextSequence: number): void {
    this.#letGo();
    this.#dispatcher.snapshotEnd(nextSequence);
  }

  quality(quality: Quality): void {
    this.#letGo();
    this.#dispatcher.quality(quality);
  }
}

/** Stands in for the books while a batch is timed. What is no message passes the held ones on first. */
class HoldingShardSink implements ShardSink {
  readonly #books: ShardSink;
  readonly #held: HeldMessages;

  constructor(books: ShardSink, held: HeldMessages) {
    this.#books = books;
    this.#held = held;
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    if (this.#held.take(bytes, view, offset, length, sequence, tsRecvNs)) return;
    this.#settled().message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  #settled(): ShardSink {
    this.#held.passTo(this.#books);
    return this.#books;
  }

  batchEnd(sequence: number): void {
    this.#settled().batchEnd(sequence);
  }

  reset(): void {
    this.#settled().reset();
  }

  snapshotBegin(): void {
    this.#settled().snapshotBegin();
  }

  snapshotEnd(sequence: number): void {
    this.#settled().snapshotEnd(sequence);
  }

  quality(quality: Quality): void {
    this.#settled().quality(quality);
  }

  cut(...given: Parameters<ShardSink["cut"]>): void {
    this.#settled().cut(...given);
  }

  watch(...given: Parameters<ShardSink["watch"]>): void {
    this.#settled().watch(...given);
  }

  unwatch(id: number): void {
    this.#settled().unwatch(id);
  }
}

/** Whether something took so long that somebody else must have had the CPU: no stage is that slow. */
export function wasInterrupted(spentNs: number, count: number): boolean {
  return spentNs > INTERRUPTION_NS + count * SLOWEST_NS;
}

/** What a look at the clock costs by itself: the least of many. */
function clockCostNs(): number {
  let leastNs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 1000; i++) {
    const startNs = clock.monotonicNs();
    leastNs = Math.min(leastNs, clock.monotonicNs() - startNs);
  }
  return leastNs;
}
