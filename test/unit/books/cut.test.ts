/** Cuts: one sequence, one quality, one time, whatever is asked and however many shards answer. */
import { describe, expect, test } from "bun:test";
import { combineHashes } from "../../../src/books/state-hash.ts";
import { Quality } from "../../../src/core/quality.ts";
import { add, directory, itch } from "../../support/books.ts";
import { BooksRig } from "../../support/books-rig.ts";

const OPENING = [directory(1, "AAPL"), directory(2, "MSFT"), directory(3, "ZBAA")];
const TABLE = { AAPL: 0, MSFT: 1, ZBAA: 2 };

describe.each([0, 3])("a cut with %d shards", (shards) => {
  const open = (...messages: Uint8Array[]) => {
    const rig = new BooksRig({ shards, by: "table", table: TABLE });
    rig.play([...OPENING, ...messages]);
    return rig;
  };

  test("stands at one sequence: behind everything handed on, before everything after", () => {
    const rig = open(add(1, 1, "B", 10, 100));
    rig.message(add(2, 2, "S", 20, 200));
    rig.dispatcher.cut({ id: 50, locates: null, books: {} });
    rig.message(itch("D", 1, { orderReference: 1n }));
    rig.message(add(3, 3, "S", 20, 200));
    rig.turn();
    const answer = rig.collect(50)!;
    expect(answer.sequence).toBe(5);
    expect(answer.books.map(({ instrument, bids, asks }) => [instrument.symbol, bids.length, asks.length])).toEqual([
      ["AAPL", 1, 0],
      ["MSFT", 0, 1],
      ["ZBAA", 0, 0],
    ]);
    expect(answer.orderCount).toBe(2);
  });

  test("gives what was asked for, of the instruments that are here", () => {
    const rig = open(add(1, 1, "B", 10, 100), add(1, 2, "B", 10, 200), add(3, 9, "S", 5, 50));
    const answer = rig.cut({ locates: [3, 99, 1], books: { levelMax: 1, queue: true, tradeMax: 5 } });
    expect(answer.books.map((book) => book.instrument.locate)).toEqual([1, 3]);
    expect(answer.books[0]!.bids).toEqual([
      { priceE4: 200, shares: 10, orders: 1, queue: [{ orderReference: 2n, shares: 10 }] },
    ]);
    expect(answer.books[0]!.trades).toEqual([]);
    expect(answer.hashes).toEqual([]);
    expect(rig.cut({ locates: null }).books).toEqual([]);
    expect(rig.cut({ locates: [99], books: {}, hash: true })).toMatchObject({ books: [], hashes: [], sequence: 6 });
  });

  test("finds one order by its exact reference", () => {
    const reference = 2n ** 63n + 1n;
    const rig = open(add(2, reference, "S", 7, 123));
    const ask = (locate: number, of: bigint) =>
      rig.cut({ locates: [], order: { locate, reference: String(of) } }).order;
    expect(ask(2, reference)).toMatchObject({ orderReference: reference, locate: 2, side: "S", shares: 7 });
    expect(ask(2, reference + 1n)).toBeUndefined();
    expect(ask(1, reference)).toBeUndefined();
    expect(ask(99, reference)).toBeUndefined();
  });

  test("carries the channel's quality as the stream had it", () => {
    const rig = open();
    rig.dispatcher.quality(Quality.ok);
    rig.dispatcher.cut({ id: 70, locates: null });
    rig.dispatcher.quality(Quality.stale);
    rig.turn();
    expect(rig.collect(70)!.quality).toBe(Quality.ok);
    expect(rig.cut({ locates: null }).quality).toBe(Quality.stale);
  });

  test("is at the same place and time whichever shards answer", () => {
    const rig = open(add(1, 1, "B", 1, 1, 1000), itch("H", 3, { timestampNs: 2000 }), add(9, 1, "B", 1, 1, 3000));
    for (const locates of [null, [1], [2], [3], []])
      expect(rig.cut({ locates })).toMatchObject({ sequence: 6, feed: { tsEventNs: 3000 } });
  });

  test("the hash of everything is that of its instruments, ascending; of nothing it is a constant", () => {
    const rig = open(add(1, 1, "B", 10, 100));
    const answer = rig.cut({ locates: null, hash: true });
    expect(answer.hashes.map((hash) => hash.locate)).toEqual([1, 2, 3]);
    expect(answer.stateHash).toBe(combineHashes(answer.hashes.toReversed(), "state"));
    expect(answer.sessionHash).toBe(combineHashes(answer.hashes, "session"));
    const empty = new BooksRig({ shards }).cut({ locates: null, hash: true });
    expect(empty.stateHash).toBe(combineHashes([], "state"));
    expect(empty.stateHash).not.toBe(answer.stateHash);
  });
});

test("a cut of very many instruments fits through a small ring", () => {
  const rig = new BooksRig({ shards: 1, ringBytes: 4096 });
  rig.play(OPENING);
  const locates = Array.from({ length: 400 }, (_, i) => i + 2);
  // Longer than the longest record (1,000 bytes), and shorter than the ring, which nobody empties meanwhile.
  expect(JSON.stringify(locates).length).toBeGreaterThan(rig.rings[0]!.payloadBytesMax);
  expect(rig.cut({ locates, books: {} }).books.map((book) => book.instrument.symbol)).toEqual(["MSFT", "ZBAA"]);
  expect(rig.cut({ locates: [1], books: {} }).books).toHaveLength(1);
});
