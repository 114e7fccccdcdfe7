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
import { makeDegradationMemory } from "./degradation.ts";
import { PLAIN_THREAD, type ThreadPlan } from "./runtime-plan.ts";
import type { BookEvent, DegradationLink, ShardInit } from "./shard-worker.ts";
import type { ThreadReady } from "./thread-start.ts";
import { warmUpTape } from "./warm-up-tape.ts";
import { startWorker, type WorkerThread } from "./worker-thread.ts";

/** Cuts under way at once; more are refused. */
const CUTS_MAX = 256;
const CUT_TIMEOUT_NS = 10e9;
const NEVER = Number.POSITIVE_INFINITY;
/** Nothing is ever put off: for a replay, which waits for nobody. */
const NO_DEGRADATION: DegradationLink = {
  settings: { shares: { history: NEVER, statistics: NEVER, watches: NEVER, queries: NEVER }, holdNs: NEVER },
  memory: makeDegradationMemory(),
};
const NO_FEED: FeedImage = { systemEvent: "", mwcb: null, mwcbBreached: "", tsEventNs: 0 };

/** What the shards' threads are told besides their books. */
export interface BookThreadsRuntime {
  /** By shard. */
  threads: readonly ThreadPlan[];
  degradation: DegradationLink;
  onReady: (ready: ThreadReady) => void;
  /** A shard has brought its counters up to date. */
  onStatus: (shard: number) => void;
}

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
  readonly #runtime: BookThreadsRuntime | undefined;
  #feed = NO_FEED;
  #nextId = 1;

  /** With `shards = 0` there is nothing to start; whoever dispatches makes the books (`makeInline`). */
  constructor(channel: string, plan: BookPlan, onFailure: (error: FathomError) => void, runtime?: BookThreadsRuntime) {
    this.memory = makeBookMemory(plan);
    this.#runtime = runtime;
    const degradation = runtime?.degradation ?? NO_DEGRADATION;
    for (let shard = 0; shard < plan.shards; shard++) {
      const thread = runtime?.threads[shard] ?? PLAIN_THREAD;
      const memory = this.memory.shards[shard]!;
      const tape = thread.warmUpNs > 0 ? warmUpTape() : undefined;
      const init: ShardInit = { channel, shard, memory, thread, tape, degradation, stop: this.#stop };
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
    else if (event.type === "thread-ready") this.#runtime?.onReady(event.ready);
    else {
      this.#offenders.set(event.status.shard, event.status.offenders);
      this.#runtime?.onStatus(event.status.shard);
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
