/** The thread of one shard: its books, fed by a ring. */

import type { BadMessage } from "../books/bad-messages.ts";
import type { BookShard } from "../books/book-shard.ts";
import type { FeedImage } from "../books/contract.ts";
import type { CutPart } from "../books/cut.ts";
import { ShardLoop } from "../books/shard-loop.ts";
import type { WatchImage } from "../books/watch.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { Counters } from "../core/counters.ts";
import { clock } from "../io/clock.ts";
import { makeShard, type ShardMemory, shardCounterSpecs } from "./book-plan.ts";
import { post, serveWorker } from "./worker-thread.ts";

export interface ShardInit {
  channel: string;
  shard: number;
  memory: ShardMemory;
  /** One word; 1 asks the worker to end when its ring is empty. */
  stop: SharedArrayBuffer;
}

/** What a thread with books says to the main thread. */
export type BookEvent =
  | { type: "part"; part: CutPart }
  | { type: "watch"; image: WatchImage }
  | { type: "shard-status"; status: ShardStatus };

/** What is not in counters. */
export interface ShardStatus {
  shard: number;
  offenders: readonly BadMessage[];
  feed: FeedImage;
}

export const STATUS_INTERVAL_NS = 250e6;
const WAIT_MS = 10;

/** Posts what a shard answers. */
export const bookListeners = {
  onPart: (part: CutPart) => post({ type: "part", part } satisfies BookEvent),
  onWatch: (image: WatchImage) => post({ type: "watch", image } satisfies BookEvent),
};

/** Counters and status of a shard, brought up to date a few times a second. */
export class ShardReporter {
  readonly #shard: BookShard;
  readonly #counters: Counters<"orders" | "instruments" | "ringDepthBytes" | "records">;
  #dueNs = 0;

  constructor(channel: string, shard: BookShard, memory: ShardMemory) {
    this.#shard = shard;
    this.#counters = new Counters(shardCounterSpecs(channel, shard.shard), memory.counters);
  }

  doWork(nowNs: number, ring?: MessageRing, recordCount = 0): void {
    if (nowNs < this.#dueNs) return;
    this.#dueNs = nowNs + STATUS_INTERVAL_NS;
    const { engine, bad, shard } = this.#shard;
    this.#counters.set("orders", engine.orderCount());
    this.#counters.set("instruments", engine.instrumentCount());
    this.#counters.set("ringDepthBytes", ring?.depthBytes ?? 0);
    this.#counters.set("records", recordCount);
    const status: ShardStatus = { shard, offenders: bad.offenders, feed: engine.feed() };
    post({ type: "shard-status", status } satisfies BookEvent);
  }
}

export function serveShard(): void {
  serveWorker<ShardInit>(({ channel, shard, memory, stop }) => {
    const ring = MessageRing.attach(memory.ring!);
    const books = makeShard(shard, memory, bookListeners);
    const loop = new ShardLoop(ring, books);
    const reporter = new ShardReporter(channel, books, memory);
    const stopWord = new Int32Array(stop);
    for (;;) {
      const nowNs = clock.monotonicNs();
      const work = loop.doWork(nowNs);
      reporter.doWork(nowNs, ring, loop.recordCount);
      if (work > 0) continue;
      if (Atomics.load(stopWord, 0) === 1) return;
      loop.wait(WAIT_MS);
    }
  });
}
