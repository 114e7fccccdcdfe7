/** The gate before the books of a replay: what passes, where it closes, and that nothing gets through behind that. */
import { describe, expect, test } from "bun:test";
import { BookShard } from "../../../src/books/book-shard.ts";
import { BookDispatcher } from "../../../src/books/dispatcher.ts";
import { NaiveBooks } from "../../../src/books/naive.ts";
import { InlineShardSink } from "../../../src/books/shard-sink.ts";
import { Quality } from "../../../src/core/quality.ts";
import { ReplayGate } from "../../../src/node/replay-gate.ts";
import { add, directory } from "../../support/books.ts";

function setUp(untilSequence = Number.POSITIVE_INFINITY, untilTimeNs = Number.POSITIVE_INFINITY) {
  const engine = new NaiveBooks();
  const shard = new BookShard({ shard: 0, engine, onPart: () => {}, onWatch: () => {} });
  const books = new BookDispatcher({
    shards: [new InlineShardSink(shard)],
    shardOf: () => 0,
    isSubscribed: () => true,
  });
  const gate = new ReplayGate(books, untilSequence, untilTimeNs);
  let sequence = 0;
  const give = (...messages: Uint8Array[]) => {
    for (const bytes of messages) gate.message(bytes, new DataView(bytes.buffer), 0, bytes.length, ++sequence, 0);
  };
  give(directory(1, "AAPL"));
  return { engine, books, gate, give };
}

const at = (reference: number, tsNs: number) => add(1, reference, "B", 100, 10_000, tsNs);

describe("without limits", () => {
  test("all passes and is counted, by type too; what has no bytes or no type as well", () => {
    const { engine, gate, give, books } = setUp();
    give(at(1, 5), at(2, 5), new Uint8Array(0), Uint8Array.of(0x7a, 1, 2));
    expect([gate.isClosed, gate.count, engine.orderCount()]).toEqual([false, 5, 2]);
    const types = [...gate.countByType.entries()].filter(([, count]) => count > 0);
    expect(types).toEqual([
      [0, 1],
      [0x41, 2],
      [0x52, 1],
      [0x7a, 1],
    ]);
    expect(books.bad.total).toBe(2);
  });
});

describe("a limit is inclusive", () => {
  test("by sequence", () => {
    const { engine, gate, give } = setUp(3);
    give(at(1, 5), at(2, 6));
    expect([gate.isClosed, engine.orderCount()]).toEqual([false, 2]);
    give(at(3, 7), at(4, 8));
    expect([gate.isClosed, gate.count, engine.orderCount()]).toEqual([true, 3, 2]);
  });

  test("by time, to the nanosecond, beyond 32 bits", () => {
    const ns = 72_000_000_000_000;
    const { engine, gate, give } = setUp(undefined, ns);
    give(at(1, ns - 1), at(2, ns), at(3, ns));
    expect([gate.isClosed, engine.orderCount()]).toEqual([false, 3]);
    give(at(4, ns + 1), at(5, ns));
    expect([gate.isClosed, engine.orderCount()]).toEqual([true, 3]);
  });

  test("a message too short to have a time does not close it", () => {
    const { gate, give } = setUp(undefined, 5);
    give(at(1, 5), Uint8Array.of(0x41), at(2, 9).slice(0, 20), new Uint8Array(0));
    expect([gate.isClosed, gate.count]).toEqual([false, 5]);
  });
});

test("behind a closed gate neither a reset nor a quality reaches the books", () => {
  const { engine, books, gate, give } = setUp(2);
  gate.quality(Quality.ok);
  give(at(1, 5), at(2, 6));
  gate.quality(Quality.stale);
  gate.reset();
  expect([engine.orderCount(), books.channelQuality, books.sequence]).toEqual([1, Quality.ok, 2]);
});
