/**
 * A dispatcher with its shards on one thread: books inline (`shards = 0`), or behind rings whose loops are turned by
 * hand, as a full ring would have it or when an answer is wanted.
 */
import { BookShard } from "../../src/books/book-shard.ts";
import { FastBooks } from "../../src/books/builder.ts";
import { type CutAnswer, CutCollector, type CutPart, type CutRequest } from "../../src/books/cut.ts";
import { BookDispatcher } from "../../src/books/dispatcher.ts";
import { ShardLoop } from "../../src/books/shard-loop.ts";
import { makeShardMap, type ShardMapOptions } from "../../src/books/shard-map.ts";
import { InlineShardSink, RingShardSink, type ShardSink } from "../../src/books/shard-sink.ts";
import type { WatchImage } from "../../src/books/watch.ts";
import { MessageRing } from "../../src/bus/message-ring.ts";

export interface RigOptions extends Partial<Omit<ShardMapOptions, "shards">> {
  /** 0: inline. */
  shards: number;
  isSubscribed?: (symbol: string) => boolean;
  ringBytes?: number;
}

export class BooksRig {
  readonly dispatcher: BookDispatcher;
  readonly shards: BookShard[] = [];
  readonly loops: ShardLoop[] = [];
  readonly rings: MessageRing[] = [];
  readonly watched: WatchImage[] = [];
  readonly parts: CutPart[] = [];
  sequence = 0;
  #cutId = 0;

  constructor(options: RigOptions) {
    const { shards: shardCount, by = "hash", isSubscribed = () => true, ringBytes = 1 << 20, ...map } = options;
    const sinks = Array.from({ length: Math.max(1, shardCount) }, (_, shard) =>
      this.#makeShard(shard, options, ringBytes),
    );
    const shardOf = makeShardMap({ ...map, by, shards: sinks.length });
    this.dispatcher = new BookDispatcher({ shards: sinks, shardOf, isSubscribed });
  }

  #makeShard(shard: number, { shards }: RigOptions, ringBytes: number): ShardSink {
    const onPart = (part: CutPart) => this.parts.push(part);
    const onWatch = (image: WatchImage) => this.watched.push(image);
    const books = new BookShard({ shard, engine: new FastBooks(), onPart, onWatch });
    this.shards.push(books);
    if (shards === 0) return new InlineShardSink(books);
    const ring = MessageRing.create(ringBytes);
    this.rings.push(ring);
    this.loops.push(new ShardLoop(MessageRing.attach(ring.buffer), books));
    return new RingShardSink(ring);
  }

  /** Hands on one message, at an odd offset as in a packet. `sequence` 0: of a snapshot; absent: the next. */
  message(message: Uint8Array, sequence = ++this.sequence): void {
    const bytes = new Uint8Array(message.length + 5);
    bytes.set(message, 3);
    this.dispatcher.message(bytes, new DataView(bytes.buffer), 3, message.length, sequence, sequence * 10);
  }

  play(messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      this.message(message);
      // One thread: the ring must never be full.
      if (this.sequence % 100 === 0) this.turn();
    }
    this.turn();
  }

  /** Ends the batch and lets every shard do what it can. */
  turn(nowNs = 0): void {
    this.dispatcher.batchEnd();
    if (this.loops.length === 0) for (const shard of this.shards) shard.doWork(nowNs);
    for (const loop of this.loops) while (loop.doWork(nowNs) > 0);
  }

  /** Asks and gets the joined answer. */
  cut(request: Omit<CutRequest, "id">): CutAnswer {
    const id = ++this.#cutId;
    this.dispatcher.cut({ ...request, id });
    for (const loop of this.loops) while (loop.doWork(0) > 0);
    return this.collect(id)!;
  }

  /** Joins what has been answered to a cut; undefined while parts are missing. */
  collect(id: number): CutAnswer | undefined {
    const collector = new CutCollector();
    let answer: CutAnswer | undefined;
    for (const part of this.parts) if (part.id === id) answer = collector.add(part);
    return answer;
  }

  /** Bad messages by status, of dispatcher and shards together. */
  badCounts(): number[] {
    const blocks = [this.dispatcher.bad, ...this.shards.map((shard) => shard.bad)].map((bad) => bad.counts);
    return Array.from(blocks[0]!, (_, status) => blocks.reduce((sum, counts) => sum + counts[status]!, 0));
  }
}
