/**
 * One shard's books and everything that its stream can ask of them. The same object sits on the ingest thread
 * (`shards = 0`) or behind a ring on a thread of its own; it cannot tell which. One thread only.
 */
import { readU48 } from "../core/bytes.ts";
import { Quality as Q, type Quality, worseQuality } from "../core/quality.ts";
import { BadMessages } from "./bad-messages.ts";
import type { BookEvents } from "./book-events.ts";
import { ApplyStatus, type BookEngine, type BookImage } from "./contract.ts";
import type { CutPart, CutRequest } from "./cut.ts";
import { hashInstruments } from "./state-hash.ts";
import { type WatchImage, WatchList, type WatchRequest } from "./watch.ts";

/** Where every message has its exchange time. */
const TIMESTAMP = 5;

export interface BookShardOptions {
  /** 0-based. */
  shard: number;
  engine: BookEngine;
  onPart: (part: CutPart) => void;
  onWatch: (image: WatchImage) => void;
  bad?: BadMessages;
  /** Where to tell of every message applied, of cuts, resets and quality; absent: nowhere. */
  events?: BookEvents | undefined;
}

export class BookShard {
  readonly shard: number;
  readonly engine: BookEngine;
  readonly bad: BadMessages;
  readonly #watches: WatchList;
  readonly #touched: Uint8Array;
  readonly #onPart: (part: CutPart) => void;
  readonly #events: BookEvents | undefined;
  #quality: Quality = Q.stale;
  #sequence = 0;

  constructor(options: BookShardOptions) {
    this.shard = options.shard;
    this.engine = options.engine;
    this.bad = options.bad ?? new BadMessages();
    this.#watches = new WatchList(options.onWatch);
    this.#touched = this.#watches.touched;
    this.#onPart = options.onPart;
    this.#events = options.events;
    if (options.events !== undefined) this.engine.tell(options.events);
  }

  /** One message whose type and length have been checked. `sequence` 0: of a snapshot. */
  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    if (this.#events !== undefined) this.#events.begin(sequence, readU48(view, offset + TIMESTAMP), tsRecvNs);
    const status = this.engine.applyChecked(bytes, view, offset);
    if (status > ApplyStatus.skipped) this.bad.report(status, bytes, offset, length, sequence);
    this.#touched[view.getUint16(offset + 1)] = 1;
    if (sequence !== 0) this.#sequence = sequence;
  }

  /** Watchers see a last image that says it cannot be trusted any more, so that none is left with a good one. */
  reset(): void {
    this.#watches.flush(this.engine, this.#sequence, worseQuality(this.#quality, Q.recovering));
    this.engine.reset();
    this.#sequence = 0;
    this.#watches.touchAll();
    this.#events?.publish();
  }

  quality(quality: Quality): void {
    this.#quality = quality;
    this.#watches.touchAll();
    this.#events?.quality(quality);
    this.#events?.publish();
  }

  /** The messages that follow are a snapshot's, until `snapshotEnd`. */
  snapshotBegin(): void {
    this.#events?.snapshotBegin();
  }

  /** The books are as of this sequence. */
  snapshotEnd(sequence: number): void {
    this.#events?.snapshotEnd(sequence);
    this.position(sequence);
  }

  /** The stream has come to this sequence, whichever shards its messages went to. Never goes back but by `reset`. */
  position(sequence: number): void {
    if (sequence > this.#sequence) this.#sequence = sequence;
    if (this.#events !== undefined) this.#events.publish();
  }

  watch(request: WatchRequest): void {
    this.#watches.add(request);
  }

  unwatch(id: number): void {
    this.#watches.remove(id);
  }

  /** Watched books are published no more often than this, whatever was asked for; 0: as asked. */
  set watchIntervalMinNs(intervalNs: number) {
    this.#watches.intervalMinNs = intervalNs;
  }

  /** Publishes watched books that are due. */
  doWork(nowNs: number): number {
    return this.#watches.doWork(nowNs, this.engine, this.#sequence, this.#quality);
  }

  /** Answers at the position that was last set. `tsEventNs`: exchange time of the channel there. */
  cut(request: CutRequest, partCount: number, tsEventNs: number): void {
    const { engine } = this;
    this.#events?.barrier(request.id, this.#sequence);
    this.#events?.publish();
    const locates = request.locates?.filter((locate) => engine.symbolOf(locate) !== "") ?? engine.locates();
    const books: BookImage[] = [];
    if (request.books) {
      for (const locate of locates) books.push(engine.book(locate, request.books)!);
    }
    this.#onPart({
      id: request.id,
      shard: this.shard,
      partCount,
      sequence: this.#sequence,
      quality: this.#quality,
      feed: { ...engine.feed(), tsEventNs },
      orderCount: engine.orderCount(),
      instrumentCount: engine.instrumentCount(),
      books,
      hashes: request.hash ? hashInstruments(engine, locates) : [],
      order: request.order && engine.order(request.order.locate, BigInt(request.order.reference)),
      offenders: this.bad.offenders,
    });
  }
}

/** A book's own quality joined with its channel's. */
export function bookQuality(channelQuality: Quality, image: BookImage): Quality {
  return worseQuality(channelQuality, image.instrument.doubtCount > 0 ? Q.recovering : Q.ok);
}
