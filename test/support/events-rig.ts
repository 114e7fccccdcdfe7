/**
 * A dispatcher whose shards tell what they do: an event ring a shard, and one reader of each that rebuilds the books.
 */
import { BookEvents, EVENT_KINDS_ALL } from "../../src/books/book-events.ts";
import { BookShard } from "../../src/books/book-shard.ts";
import { FastBooks } from "../../src/books/builder.ts";
import type { BookEngine, BookImage } from "../../src/books/contract.ts";
import { BookDispatcher } from "../../src/books/dispatcher.ts";
import { ShardLoop } from "../../src/books/shard-loop.ts";
import { makeShardMap } from "../../src/books/shard-map.ts";
import { InlineShardSink, RingShardSink } from "../../src/books/shard-sink.ts";
import { EventReader } from "../../src/bus/event-reader.ts";
import { EventRing } from "../../src/bus/event-ring.ts";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { MessageRing } from "../../src/bus/message-ring.ts";
import { EventBooks } from "./event-books.ts";
import { ringOptions } from "./event-records.ts";

export interface EventsRigOptions {
  /** 0: inline. */
  shards: number;
  kinds?: number;
  makeEngine?: () => BookEngine;
}

export class EventsRig {
  readonly dispatcher: BookDispatcher;
  readonly shards: BookShard[] = [];
  readonly rebuilt: EventBooks[] = [];
  readonly readers: EventReader[] = [];
  readonly #loops: ShardLoop[] = [];
  sequence = 0;

  constructor({ shards, kinds = EVENT_KINDS_ALL, makeEngine = () => new FastBooks() }: EventsRigOptions) {
    const sinks = Array.from({ length: Math.max(1, shards) }, (_, shard) => {
      const ring = EventRing.createForThreads(ringOptions({ shard, capacityRecords: 8192 }));
      this.readers.push(new EventReader(ring, { name: "rebuilder", policy: "lossless-overrun", batchRecords: 64 }));
      this.rebuilt.push(new EventBooks());
      const events = new BookEvents(new EventWriter(ring), kinds);
      const books = new BookShard({ shard, engine: makeEngine(), events, onPart: () => {}, onWatch: () => {} });
      this.shards.push(books);
      if (shards === 0) return new InlineShardSink(books);
      const messages = MessageRing.create(1 << 18);
      this.#loops.push(new ShardLoop(MessageRing.attach(messages.buffer), books));
      return new RingShardSink(messages);
    });
    const shardOf = makeShardMap({ by: "hash", shards: sinks.length });
    this.dispatcher = new BookDispatcher({ shards: sinks, shardOf, isSubscribed: () => true });
  }

  /** One message, at an odd offset as in a packet. `sequence` 0: of a snapshot; absent: the next. */
  message(message: Uint8Array, sequence = ++this.sequence): void {
    const bytes = new Uint8Array(message.length + 5);
    bytes.set(message, 3);
    this.dispatcher.message(bytes, new DataView(bytes.buffer), 3, message.length, sequence, sequence * 10);
  }

  /** Lets the shards do what is at hand and the readers rebuild. */
  turn(): void {
    for (const loop of this.#loops) while (loop.doWork(0) > 0);
    for (const [i, reader] of this.readers.entries()) this.rebuilt[i]!.drain(reader);
  }

  batchEnd(): void {
    this.dispatcher.batchEnd();
    this.turn();
  }

  /** Both sides of every book with its queues: as the shards have them, and as rebuilt from the events. */
  compare(): [there: unknown, rebuilt: unknown] {
    const there = this.shards.map(({ engine }) =>
      engine.locates().map((locate) => sides(locate, engine.book(locate, { queue: true })!)),
    );
    const rebuilt = this.rebuilt.map(({ instruments }) =>
      [...instruments]
        .sort(([a], [b]) => a - b)
        .map(([locate, book]) => ({
          locate,
          symbol: book.symbol,
          state: book.tradingState,
          bids: book.levels("B"),
          asks: book.levels("S"),
        })),
    );
    return [there, rebuilt];
  }
}

function sides(locate: number, image: BookImage) {
  const { symbol, tradingState } = image.instrument;
  return { locate, symbol, state: tradingState, bids: image.bids, asks: image.asks };
}
