/**
 * One channel as the main thread has it: starts its ingest worker and its shards, keeps the last they said of
 * themselves, and puts questions into its stream.
 */
import type { BadMessage } from "../books/bad-messages.ts";
import type { CutAnswer, CutRequest } from "../books/cut.ts";
import type { DirectoryEntry } from "../books/dispatcher.ts";
import type { WatchImage, WatchRequest } from "../books/watch.ts";
import { MessageRing } from "../bus/message-ring.ts";
import type { FathomError } from "../core/assert.ts";
import { Counters } from "../core/counters.ts";
import type { ChannelStatus } from "../ingest/channel-status.ts";
import { openChannelCounters } from "../ingest/counters.ts";
import { clock } from "../io/clock.ts";
import { Rates } from "../observe/rate.ts";
import {
  type BookPlan,
  type DispatcherCounter,
  dispatcherCounterSpecs,
  type ShardCounter,
  shardCounterSpecs,
} from "./book-plan.ts";
import { BookThreads } from "./book-threads.ts";
import { ChannelPerf, type ChannelRuntime } from "./channel-perf.ts";
import { CONTROL_RING_BYTES, ControlWriter } from "./control.ts";
import type { DegradationStep } from "./degradation.ts";
import type { JoinedLine } from "./feed-lines.ts";
import type { IngestEvent, IngestInit } from "./ingest-worker.ts";
import type { ChannelSettings } from "./settings.ts";
import type { ThreadReady } from "./thread-start.ts";
import { warmUpTape } from "./warm-up-tape.ts";
import { startWorker, type WorkerThread } from "./worker-thread.ts";

export interface ChannelHostListeners {
  onFailure: (error: FathomError) => void;
  /** After each report of the ingest worker, a few times a second. */
  onStatus: (host: ChannelHost) => void;
  /** A thread has warmed up and taken its place. */
  onReady: (host: ChannelHost, ready: ThreadReady) => void;
  /** A measure was taken because queues fill, or taken back. */
  onDegradation: (host: ChannelHost, step: DegradationStep) => void;
}

export class ChannelHost {
  readonly settings: ChannelSettings;
  readonly plan: BookPlan;
  readonly counters: Counters;
  readonly dispatcherCounters: Counters<DispatcherCounter>;
  readonly shardCounters: readonly Counters<ShardCounter>[];
  readonly books: BookThreads;
  readonly perf: ChannelPerf;
  readonly rates = new Rates();
  /** Resolves when the lines are joined; rejects with what kept them from it. */
  readonly joined: Promise<void>;
  status: ChannelStatus | undefined;
  lines: readonly JoinedLine[] = [];
  /** Ascending by symbol. */
  directory: readonly DirectoryEntry[] = [];
  readonly #bySymbol = new Map<string, DirectoryEntry>();
  /** What the ingest worker is asked by. */
  readonly controlRing: MessageRing;
  readonly #control: ControlWriter;
  readonly #ingest: WorkerThread;
  readonly #listeners: ChannelHostListeners;
  readonly #join = Promise.withResolvers<void>();
  #dispatcherOffenders: readonly BadMessage[] = [];
  #watchIds = new Set<number>();

  constructor(settings: ChannelSettings, plan: BookPlan, runtime: ChannelRuntime, listeners: ChannelHostListeners) {
    this.settings = settings;
    this.plan = plan;
    this.#listeners = listeners;
    const lineNames = settings.lines.map((line) => line.name);
    this.counters = openChannelCounters(settings.name, lineNames);
    this.joined = this.#join.promise;
    this.joined.catch(() => {});
    const fail = (error: FathomError) => {
      this.#join.reject(error);
      listeners.onFailure(error);
    };
    this.perf = new ChannelPerf(settings, plan.shards, runtime);
    this.books = new BookThreads(settings.name, plan, fail, {
      threads: runtime.shards,
      degradation: this.perf.link,
      onReady: (ready) => this.#takeReady(ready),
      onStatus: (shard) => this.perf.shards[shard]?.sample(),
    });
    const { memory } = this.books;
    this.perf.attachShards(memory);
    this.dispatcherCounters = new Counters(dispatcherCounterSpecs(settings.name), memory.dispatcherCounters);
    this.shardCounters = memory.shards.map(
      (shard, i) => new Counters(shardCounterSpecs(settings.name, i), shard.counters),
    );
    this.controlRing = MessageRing.create(CONTROL_RING_BYTES);
    this.#control = new ControlWriter(this.controlRing);
    const init: IngestInit = {
      channel: settings,
      plan,
      memory,
      thread: runtime.ingest,
      tape: runtime.ingest.warmUpNs > 0 ? warmUpTape() : undefined,
      degradation: this.perf.link,
      perf: this.perf.ingest.counters.buffer,
      channelCounters: this.counters.buffer,
      control: this.controlRing.buffer,
    };
    this.#ingest = startWorker<IngestInit, IngestEvent>("ingest", init, (event) => this.#take(event), fail);
  }

  get name(): string {
    return this.settings.name;
  }

  /** Records written to the control ring. */
  get controlCount(): number {
    return this.#control.sentCount;
  }

  get offenders(): BadMessage[] {
    return [...this.#dispatcherOffenders, ...this.books.offenders];
  }

  /** The dispatcher's and each shard's bad messages, by `ApplyStatus`. */
  get badCounts(): Float64Array[] {
    const { memory } = this.books;
    return [memory.dispatcherBad, ...memory.shards.map((shard) => shard.bad)].map((block) => new Float64Array(block));
  }

  entry(symbol: string): DirectoryEntry | undefined {
    return this.#bySymbol.get(symbol);
  }

  /** Asks the shards at the stream's present sequence. Rejects with `cut-timed-out`, `too-busy`, … */
  cut(request: Omit<CutRequest, "id">): Promise<CutAnswer> {
    return this.books.cut(request, (cut) => this.#control.send({ type: "cut", request: cut }));
  }

  /** Conflated images of one book, until the returned function is called. */
  watch(request: Omit<WatchRequest, "id">, listener: (image: WatchImage) => void): () => void {
    const id = this.books.addWatcher(listener);
    this.#control.send({ type: "watch", request: { ...request, id } });
    this.#watchIds.add(id);
    return () => {
      if (!this.#watchIds.delete(id)) return;
      this.books.removeWatcher(id);
      this.#control.send({ type: "unwatch", id });
    };
  }

  /** Ends the ingest worker, then the shards once they have applied what it gave them. */
  async close(): Promise<void> {
    this.#control.send({ type: "stop" });
    await this.#ingest.stopped;
    await this.books.close();
  }

  #take(event: IngestEvent): void {
    switch (event.type) {
      case "joined":
        this.lines = event.lines;
        this.#join.resolve();
        break;
      case "directory":
        this.#takeDirectory(event.entries);
        break;
      case "channel-status":
        this.status = event.status;
        this.#dispatcherOffenders = event.offenders;
        this.rates.sample(clock.monotonicNs(), this.counters.toObject());
        this.perf.ingest.sample();
        this.books.expire();
        this.#listeners.onStatus(this);
        break;
      case "degradation":
        this.#listeners.onDegradation(this, event.step);
        break;
      default:
        this.books.take(event);
    }
  }

  #takeReady(ready: ThreadReady): void {
    this.perf.takeReady(ready);
    this.#listeners.onReady(this, ready);
  }

  #takeDirectory(entries: readonly DirectoryEntry[]): void {
    this.directory = entries.toSorted((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0));
    this.#bySymbol.clear();
    for (const entry of entries) this.#bySymbol.set(entry.symbol, entry);
  }
}
