/** Where messages go, what is skipped, what is bad, and how a snapshot is spun in. */
import { describe, expect, test } from "bun:test";
import { badCountsByKind } from "../../../src/books/bad-messages.ts";
import { Quality } from "../../../src/core/quality.ts";
import { add, directory, itch } from "../../support/books.ts";
import { BooksRig } from "../../support/books-rig.ts";

const BY_TABLE = { shards: 3, by: "table", table: { AAPL: 0, MSFT: 1, ZBAA: 2 } } as const;
const OPENING = [directory(1, "AAPL"), directory(2, "MSFT"), directory(3, "ZBAA")];
const orderCounts = (rig: BooksRig) => rig.shards.map((shard) => shard.engine.orderCount());

describe("routing", () => {
  test("each instrument's messages go to its shard, what is about the feed to all", () => {
    const rig = new BooksRig(BY_TABLE);
    rig.play([
      ...OPENING,
      add(1, 1, "B", 1, 1),
      add(2, 1, "B", 1, 1),
      add(2, 2, "B", 1, 1),
      itch("S", 0, { eventCode: "Q" }),
    ]);
    expect(orderCounts(rig)).toEqual([1, 2, 0]);
    expect(rig.shards.map((shard) => shard.engine.locates())).toEqual([[1], [2], [3]]);
    expect(rig.shards.map((shard) => shard.engine.feed().systemEvent)).toEqual(["Q", "Q", "Q"]);
    expect(rig.dispatcher.directory()).toEqual([
      { locate: 1, symbol: "AAPL", shard: 0 },
      { locate: 2, symbol: "MSFT", shard: 1 },
      { locate: 3, symbol: "ZBAA", shard: 2 },
    ]);
  });

  test.each([0, 2])("what nobody subscribed to is skipped and counted, not bad (shards %d)", (shards) => {
    const rig = new BooksRig({ shards, isSubscribed: (symbol) => symbol !== "MSFT" });
    rig.play([...OPENING, add(2, 1, "B", 1, 1), itch("D", 2, { orderReference: 9n }), add(3, 1, "B", 1, 1)]);
    expect(rig.dispatcher.skippedCount).toBe(3);
    expect(rig.dispatcher.messageCount).toBe(6);
    expect(rig.badCounts().every((count) => count === 0)).toBe(true);
    expect(rig.cut({ locates: null, books: {} }).books.map((book) => book.instrument.symbol)).toEqual(["AAPL", "ZBAA"]);
    expect(rig.dispatcher.directory().map((entry) => entry.symbol)).toEqual(["AAPL", "ZBAA"]);
    // A bad message stays a bad message, whoever it is about.
    rig.play([itch("A", 2).slice(0, 10), directory(2, "IBM")]);
    expect(badCountsByKind([rig.dispatcher.bad.counts])).toMatchObject({ wrong_length: 1, locate_conflict: 1 });
  });

  test("a symbol is in one place, across shards too", () => {
    const rig = new BooksRig(BY_TABLE);
    rig.play([...OPENING, directory(9, "AAPL"), directory(1, "MSFT"), directory(2, "NEW"), directory(1, "AAPL")]);
    expect(badCountsByKind([rig.dispatcher.bad.counts]).locate_conflict).toBe(3);
    expect(rig.dispatcher.directory()).toHaveLength(3);
  });

  test("a new session may give the locates anew", () => {
    const rig = new BooksRig(BY_TABLE);
    rig.play([...OPENING, add(1, 1, "B", 1, 1)]);
    const version = rig.dispatcher.directoryVersion;
    rig.dispatcher.reset();
    expect(rig.dispatcher.directory()).toEqual([]);
    rig.play([add(1, 2, "B", 1, 1), directory(1, "MSFT"), add(1, 3, "B", 1, 1)]);
    expect(orderCounts(rig)).toEqual([0, 1, 0]);
    expect(rig.badCounts().reduce((sum, count) => sum + count)).toBe(1);
    expect(rig.dispatcher.directoryVersion).toBeGreaterThan(version);
  });
});

test("the first offenders of each kind are kept, and no more than that", () => {
  const rig = new BooksRig({ shards: 0 });
  rig.play(OPENING);
  for (let i = 0; i < 100; i++) rig.message(add(77, i, "B", 1, 1));
  rig.message(new Uint8Array(0));
  rig.message(new Uint8Array([0x7a, 1, 2, 3]));
  rig.message(itch("D", 1, { orderReference: 5n }));
  const { dispatcher, shards } = rig;
  expect(dispatcher.bad.total).toBe(102);
  expect(dispatcher.bad.offenders.map((bad) => bad.sequence)).toEqual([4, 5, 6, 7, 104, 105]);
  expect(dispatcher.bad.offenders[0]).toMatchObject({ kind: "unknown_locate", type: "A", locate: 77 });
  expect(dispatcher.bad.offenders.slice(4)).toEqual([
    { kind: "unknown_type", sequence: 104, type: "", locate: 0, hex: "" },
    { kind: "unknown_type", sequence: 105, type: "z", locate: 0x0102, hex: "7a010203" },
  ]);
  expect(shards[0]!.bad.offenders.map((bad) => [bad.kind, bad.sequence, bad.locate])).toEqual([
    ["unknown_order_reference", 106, 1],
  ]);
});

describe.each([0, 1, 3])("a late join with %d shards", (shards) => {
  test("a snapshot is spun in between two sequences, and the cut says where it stands", () => {
    const rig = new BooksRig({ shards });
    const { dispatcher } = rig;
    dispatcher.quality(Quality.recovering);
    dispatcher.reset();
    dispatcher.snapshotBegin();
    for (const message of [...OPENING, add(1, 5, "B", 10, 100), add(3, 6, "S", 20, 200)]) rig.message(message, 0);
    const during = rig.cut({ locates: null });
    expect([during.sequence, during.quality]).toEqual([0, Quality.recovering]);
    dispatcher.snapshotEnd(1001);
    dispatcher.quality(Quality.ok);
    const after = rig.cut({ locates: null });
    expect([after.sequence, after.quality, after.orderCount]).toEqual([1000, Quality.ok, 2]);
    rig.sequence = 1000;
    rig.play([itch("D", 1, { orderReference: 5n })]);
    const live = rig.cut({ locates: null });
    expect([live.sequence, live.orderCount, dispatcher.messageCount]).toEqual([1001, 1, 6]);
    expect(rig.badCounts().every((count) => count === 0)).toBe(true);
  });
});
