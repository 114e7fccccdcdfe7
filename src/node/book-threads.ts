/**
 * A channel's shards as seen from the main thread: starts their workers, asks them things and joins what they answer.
 * The stream they are fed by is somebody else's: the ingest worker's, or a replay's on this thread.
 */
import type { BadMessage } from "../books/bad-messages.ts";
import type { BookShard } from "../books/book-shard.ts";
import type { FeedImage } from "../books/contract.ts";
import { type CutAnswer, CutCollector, type CutPart, type CutRequest } from "../books/cut.ts";
import type { WatchImage } from "../books/watch.ts";
import { FathomError } from "../core/assert.ts";
import { clock } from "../io/clock.ts";
import { type BookMemory, type BookPlan, makeBookMemory, makeShard } from "./book-plan.ts";
import type { BookEvent, ShardInit } from "./shard-worker.ts";
import { startWorker, type WorkerThread } from "./worker-thread.ts";

/** Cuts under way at once; more are refused. */
const CUTS_MAX = 256;
const CUT_TIMEOUT_NS = 10e9;
const NO_FEED: FeedImage = { systemEvent: "", mwcb: null, mwcbBreached: "", tsEventNs: 0 };

interface PendingCut {
  collector: CutCollector;
  resolve: (answer: CutAnswer) => void;
  reject: (error: FathomError) => void;
  dueNs: number;
}

export class BookThreads {
  readonly memory: BookMemory;
  readonly #workers: WorkerThread[] = [];
  readonly #stop = new SharedArrayBuffer(4);
  readonly #cuts = new Map<number, PendingCut>();
  readonly #watchers = new Map<number, (image: WatchImage) => void>();
  readonly #offenders = new Map<number, readonly BadMessage[]>();
  #feed = NO_FEED;
  #nextId = 1;

  /** With `shards = 0` there is nothing to start; whoever dispatches makes the books (`makeInline`). */
  constructor(channel: string, plan: BookPlan, onFailure: (error: FathomError) => void) {
    this.memory = makeBookMemory(plan);
    for (let shard = 0; shard < plan.shards; shard++) {
      const init: ShardInit = { channel, shard, memory: this.memory.shards[shard]!, stop: this.#stop };
      this.#workers.push(startWorker<ShardInit, BookEvent>("shard", init, (event) => this.take(event), onFailure));
    }
  }

  /** The books on this thread, for a dispatcher on this thread. */
  makeInline(): BookShard {
    return makeShard(0, this.memory.shards[0]!, {
      onPart: (part) => this.#takePart(part),
      onWatch: (image) => this.#watchers.get(image.id)?.(image),
    });
  }

  /** What a thread with books has said. */
  take(event: BookEvent): void {
    if (event.type === "part") this.#takePart(event.part);
    else if (event.type === "watch") this.#watchers.get(event.image.id)?.(event.image);
    else {
      this.#offenders.set(event.status.shard, event.status.offenders);
      if (event.status.feed.tsEventNs >= this.#feed.tsEventNs) this.#feed = event.status.feed;
    }
  }

  /**
   * Asks the shards by way of `send`, which puts the question into their stream. Rejects with `cut-timed-out` or
   * `too-busy`.
   */
  cut(request: Omit<CutRequest, "id">, send: (request: CutRequest) => void): Promise<CutAnswer> {
    this.expire();
    if (this.#cuts.size >= CUTS_MAX) {
      throw new FathomError("too-busy", `${CUTS_MAX} questions are being answered already`, { hint: "Ask again." });
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<CutAnswer>();
    const dueNs = clock.monotonicNs() + CUT_TIMEOUT_NS;
    this.#cuts.set(id, { collector: new CutCollector(), resolve, reject, dueNs });
    try {
      send({ ...request, id });
    } catch (error) {
      this.#cuts.delete(id);
      throw error;
    }
    return promise;
  }

  /** Registers a listener; returns the watch's id. */
  addWatcher(listener: (image: WatchImage) => void): number {
    const id = this.#nextId++;
    this.#watchers.set(id, listener);
    return id;
  }

  removeWatcher(id: number): void {
    this.#watchers.delete(id);
  }

  /** Rejects what has waited too long. Called a few times a second. */
  expire(nowNs = clock.monotonicNs()): void {
    for (const [id, cut] of this.#cuts) {
      if (nowNs < cut.dueNs) continue;
      this.#cuts.delete(id);
      cut.reject(
        new FathomError("cut-timed-out", `the shards did not answer within ${CUT_TIMEOUT_NS / 1e9} s`, {
          hint: "They are behind; ask for fewer instruments or levels, or give the books more shards.",
        }),
      );
    }
  }

  get offenders(): BadMessage[] {
    return [...this.#offenders.values()].flat();
  }

  get feed(): FeedImage {
    return this.#feed;
  }

  /** Ends the workers once their rings are empty. */
  async close(): Promise<void> {
    Atomics.store(new Int32Array(this.#stop), 0, 1);
    await Promise.all(this.#workers.map((worker) => worker.stopped));
  }

  #takePart(part: CutPart): void {
    const cut = this.#cuts.get(part.id);
    const answer = cut?.collector.add(part);
    if (!cut || !answer) return;
    this.#cuts.delete(part.id);
    cut.resolve(answer);
  }
}
