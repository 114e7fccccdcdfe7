/**
 * Where a channel's ordered stream meets its shards: checks type and length, decides subscription and shard when an
 * instrument is announced, and sends every message to the shard of its stock locate. The same code for books on the
 * ingest thread and for any number of shards, which is why the result cannot depend on it. Has the shape of ingest's
 * `MessageSink`. One thread only; `message` is hot.
 */
import { readAscii, readU48 } from "../core/bytes.ts";
import { Quality } from "../core/quality.ts";
import { ITCH_BYTES, ITCH50, Itch } from "../wire/itch50.ts";
import { BadMessages } from "./bad-messages.ts";
import { ApplyStatus } from "./contract.ts";
import type { CutRequest } from "./cut.ts";
import type { ShardSink } from "./shard-sink.ts";
import type { WatchRequest } from "./watch.ts";

const STOCK = ITCH50.R.fields.stock;
/** Values of the route table that are no shard. */
const UNKNOWN = 255;
const SKIPPED = 254;
/** How a type finds its way. */
const BY_LOCATE = 1;
const DIRECTORY = 2;
const FEED_WIDE = 3;
const ROUTES = new Uint8Array(256);
for (let type = 0; type < 256; type++) if (ITCH_BYTES[type] !== 0) ROUTES[type] = BY_LOCATE;
ROUTES[Itch.stockDirectory] = DIRECTORY;
ROUTES[Itch.systemEvent] = ROUTES[Itch.mwcbLevels] = ROUTES[Itch.mwcbStatus] = FEED_WIDE;

export interface DispatcherOptions {
  shards: readonly ShardSink[];
  shardOf: (symbol: string) => number;
  isSubscribed: (symbol: string) => boolean;
  bad?: BadMessages;
}

/** One announced instrument that is subscribed to. */
export interface DirectoryEntry {
  locate: number;
  symbol: string;
  shard: number;
}

export class BookDispatcher {
  readonly bad: BadMessages;
  /** Messages seen, of snapshots too. */
  messageCount = 0;
  /** Of instruments that nobody subscribed to. */
  skippedCount = 0;
  /** The last sequence handed on. */
  sequence = 0;
  /** Exchange time of the newest message that was well formed, ns since midnight. */
  tsEventNs = 0;
  /** Rises whenever `directory` changes. */
  directoryVersion = 0;
  readonly #shards: readonly ShardSink[];
  readonly #shardOf: (symbol: string) => number;
  readonly #isSubscribed: (symbol: string) => boolean;
  /** By stock locate: a shard, SKIPPED or UNKNOWN. */
  readonly #route = new Uint8Array(65536).fill(UNKNOWN);
  readonly #symbols = new Map<number, string>();
  readonly #locates = new Map<string, number>();
  #quality: Quality = Quality.stale;

  constructor(options: DispatcherOptions) {
    this.#shards = options.shards;
    this.#shardOf = options.shardOf;
    this.#isSubscribed = options.isSubscribed;
    this.bad = options.bad ?? new BadMessages();
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    this.messageCount++;
    if (sequence !== 0) this.sequence = sequence;
    const type = length > 0 ? bytes[offset]! : 0;
    if (ITCH_BYTES[type] !== length || length === 0) {
      const status = ROUTES[type] === 0 ? ApplyStatus.unknownType : ApplyStatus.wrongLength;
      this.bad.report(status, bytes, offset, length, sequence);
      return;
    }
    this.tsEventNs = readU48(view, offset + 5);
    if (ROUTES[type] === BY_LOCATE) {
      const shard = this.#route[view.getUint16(offset + 1)]!;
      if (shard < SKIPPED) this.#shards[shard]!.message(bytes, view, offset, length, sequence, tsRecvNs);
      else if (shard === SKIPPED) this.skippedCount++;
      else this.bad.report(ApplyStatus.unknownLocate, bytes, offset, length, sequence);
    } else if (ROUTES[type] === FEED_WIDE) {
      for (let i = 0; i < this.#shards.length; i++) {
        this.#shards[i]!.message(bytes, view, offset, length, sequence, tsRecvNs);
      }
    } else this.#announce(bytes, view, offset, length, sequence, tsRecvNs);
  }

  #announce(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    tsRecvNs: number,
  ): void {
    const locate = view.getUint16(offset + 1);
    const symbol = readAscii(bytes, offset + STOCK[0], STOCK[2]);
    const isNew = this.#route[locate] === UNKNOWN && !this.#locates.has(symbol);
    if (!isNew && this.#symbols.get(locate) !== symbol) {
      this.bad.report(ApplyStatus.locateConflict, bytes, offset, length, sequence);
      return;
    }
    if (isNew) {
      this.#symbols.set(locate, symbol);
      this.#locates.set(symbol, locate);
      this.#route[locate] = this.#isSubscribed(symbol) ? this.#shardOf(symbol) : SKIPPED;
      this.directoryVersion++;
    }
    const shard = this.#route[locate]!;
    if (shard === SKIPPED) this.skippedCount++;
    else this.#shards[shard]!.message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  batchEnd(): void {
    for (let i = 0; i < this.#shards.length; i++) this.#shards[i]!.batchEnd(this.sequence);
  }

  /** A new session or a snapshot: forgets every instrument, here and in the shards. */
  reset(): void {
    this.#route.fill(UNKNOWN);
    this.#symbols.clear();
    this.#locates.clear();
    this.sequence = 0;
    this.tsEventNs = 0;
    this.directoryVersion++;
    for (const shard of this.#shards) shard.reset();
  }

  snapshotBegin(): void {
    for (const shard of this.#shards) shard.snapshotBegin();
  }

  /** The books are now as of `nextSequence - 1`. */
  snapshotEnd(nextSequence: number): void {
    this.sequence = nextSequence - 1;
    for (const shard of this.#shards) shard.snapshotEnd(this.sequence);
  }

  quality(quality: Quality): void {
    this.#quality = quality;
    for (const shard of this.#shards) shard.quality(quality);
  }

  /** As last said by the channel. */
  get channelQuality(): Quality {
    return this.#quality;
  }

  /**
   * Puts a question into the stream, behind everything handed on so far. Each shard concerned answers with one part;
   * instruments that are not here are left out of the answer.
   */
  cut(request: CutRequest): void {
    const concerned = new Set<number>();
    const wanted = request.order ? [request.order.locate] : request.locates;
    if (wanted === null) for (let shard = 0; shard < this.#shards.length; shard++) concerned.add(shard);
    else for (const locate of wanted) if (this.#route[locate]! < SKIPPED) concerned.add(this.#route[locate]!);
    if (concerned.size === 0) concerned.add(0);
    for (const shard of concerned) this.#shards[shard]!.cut(request, concerned.size, this.sequence, this.tsEventNs);
  }

  watch(request: WatchRequest): void {
    const shard = this.#route[request.locate]!;
    if (shard < SKIPPED) this.#shards[shard]!.watch(request);
  }

  unwatch(id: number): void {
    for (const shard of this.#shards) shard.unwatch(id);
  }

  /** Announced and subscribed to, ascending by locate. Cold. */
  directory(): DirectoryEntry[] {
    const entries: DirectoryEntry[] = [];
    for (const [locate, symbol] of this.#symbols) {
      const shard = this.#route[locate]!;
      if (shard < SKIPPED) entries.push({ locate, symbol, shard });
    }
    return entries.sort((a, b) => a.locate - b.locate);
  }
}
