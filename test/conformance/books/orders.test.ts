/** Adds, executions, cancels, deletes and replaces, held against every engine. */
import { describe, expect, test } from "bun:test";
import type { BookEngine } from "../../../src/books/contract.ts";
import { add, applyAll, directory, ENGINES, itch, ladder, queueAt } from "../../support/books.ts";

const U32_MAX = 0xffffffff;

function open(make: () => BookEngine, ...messages: Uint8Array[]): BookEngine {
  const engine = make();
  applyAll(engine, directory(1, "AAPL"), directory(2, "MSFT"), ...messages);
  return engine;
}

describe.each(ENGINES)("orders: %s", (_name, make) => {
  test("levels are sorted best first and sum their orders", () => {
    const engine = open(
      make,
      add(1, 1, "B", 100, 9900),
      add(1, 2, "B", 50, 10_000),
      add(1, 3, "B", 25, 9900),
      add(1, 4, "S", 10, 10_200),
      add(1, 5, "S", 20, 10_100),
    );
    expect(ladder(engine, 1, "bids")).toEqual(["10000 50 1", "9900 125 2"]);
    expect(ladder(engine, 1, "asks")).toEqual(["10100 20 1", "10200 10 1"]);
    expect(ladder(engine, 2, "bids")).toEqual([]);
    expect(engine.orderCount()).toBe(5);
    expect(engine.book(1)!.instrument.orderCount).toBe(5);
  });

  test("prices and shares use the whole u32 range and keep their order", () => {
    const prices = [0, 1, 0x7fffffff, 0x80000000, U32_MAX - 1, U32_MAX];
    const engine = open(make);
    for (const [i, price] of prices.entries()) {
      applyAll(engine, add(1, i + 1, "B", U32_MAX, price), add(1, i + 100, "S", U32_MAX, price));
    }
    expect(engine.book(1)!.asks.map((level) => level.priceE4)).toEqual(prices);
    expect(engine.book(1)!.bids.map((level) => level.priceE4)).toEqual(prices.toReversed());
    applyAll(engine, add(1, 200, "B", U32_MAX, 0));
    expect(engine.book(1)!.bids.at(-1)!.shares).toBe(2 * U32_MAX);
    expect(engine.order(1, 6n)!.shares).toBe(U32_MAX);
  });

  test("a level queues its orders in time priority", () => {
    const engine = open(make, ...[7, 3, 9, 1].map((reference) => add(1, reference, "B", 10, 5000)));
    expect(queueAt(engine, 1, "bids", 5000)).toEqual([7n, 3n, 9n, 1n]);
    applyAll(engine, itch("D", 1, { orderReference: 3n }), add(1, 3, "B", 10, 5000));
    expect(queueAt(engine, 1, "bids", 5000)).toEqual([7n, 9n, 1n, 3n]);
  });

  test("removing from the front, the middle and the back keeps the rest in order", () => {
    for (const victim of [1n, 2n, 3n]) {
      const engine = open(make, ...[1, 2, 3].map((reference) => add(1, reference, "S", 10, 5000)));
      applyAll(engine, itch("D", 1, { orderReference: victim }));
      expect(queueAt(engine, 1, "asks", 5000)).toEqual([1n, 2n, 3n].filter((reference) => reference !== victim));
      expect(ladder(engine, 1, "asks")).toEqual(["5000 20 2"]);
    }
  });

  test("an execution or cancel of a part leaves the rest in its place", () => {
    const engine = open(make, add(1, 1, "B", 100, 5000), add(1, 2, "B", 100, 5000));
    applyAll(
      engine,
      itch("E", 1, { orderReference: 1n, executedShares: 30, matchNumber: 1n }),
      itch("X", 1, { orderReference: 1n, canceledShares: 20 }),
      itch("C", 1, { orderReference: 1n, executedShares: 5, matchNumber: 2n, printable: "Y", executionPriceE4: 4000 }),
    );
    expect(queueAt(engine, 1, "bids", 5000)).toEqual([1n, 2n]);
    expect(engine.order(1, 1n)!.shares).toBe(45);
    expect(ladder(engine, 1, "bids")).toEqual(["5000 145 2"]);
  });

  test.each(["E", "C", "X"] as const)("%s of exactly what is left takes the order off the book", (type) => {
    const engine = open(make, add(1, 1, "B", 100, 5000));
    const shares = type === "X" ? { canceledShares: 100 } : { executedShares: 100 };
    applyAll(engine, itch(type, 1, { orderReference: 1n, ...shares }));
    expect(engine.order(1, 1n)).toBeUndefined();
    expect(ladder(engine, 1, "bids")).toEqual([]);
    expect(engine.orderCount()).toBe(0);
  });

  test("a replace keeps the side, takes the new price and shares, and loses priority", () => {
    const engine = open(make, add(1, 1, "S", 100, 5000), add(1, 2, "S", 100, 5000));
    applyAll(engine, itch("U", 1, { originalOrderReference: 1n, newOrderReference: 10n, shares: 40, priceE4: 5000 }));
    expect(queueAt(engine, 1, "asks", 5000)).toEqual([2n, 10n]);
    expect(engine.order(1, 1n)).toBeUndefined();
    applyAll(engine, itch("U", 1, { originalOrderReference: 2n, newOrderReference: 11n, shares: 7, priceE4: 4000 }));
    expect(ladder(engine, 1, "asks")).toEqual(["4000 7 1", "5000 40 1"]);
  });

  test("an order is looked up whole; its attribution survives replaces and goes when it goes", () => {
    const f = { orderReference: 5n, side: "B", shares: 300, priceE4: 1_822_500, attribution: "NSDQ" };
    const engine = open(make, itch("F", 2, f));
    const image = { orderReference: 5n, locate: 2, side: "B" as const, priceE4: 1_822_500, shares: 300, mpid: "NSDQ" };
    expect(engine.order(2, 5n)).toEqual(image);
    expect(engine.order(1, 5n)).toBeUndefined();
    expect(engine.order(9, 5n)).toBeUndefined();
    applyAll(engine, itch("U", 2, { originalOrderReference: 5n, newOrderReference: 6n, shares: 1, priceE4: 2 }));
    expect(engine.order(2, 6n)).toEqual({ ...image, orderReference: 6n, shares: 1, priceE4: 2 });
    applyAll(engine, itch("D", 2, { orderReference: 6n }), add(2, 7, "B", 1, 2));
    expect(engine.order(2, 7n)!.mpid).toBe("");
  });

  test("references are exact over the whole u64 range, and only the instrument's own", () => {
    const references = [0n, 1n, 2n ** 32n, 2n ** 34n - 1n, 2n ** 34n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n];
    const engine = open(make);
    for (const [i, reference] of references.entries()) {
      applyAll(engine, add(1, reference, "B", i + 1, 5000), add(2, reference, "S", i + 101, 6000));
    }
    expect(queueAt(engine, 1, "bids", 5000)).toEqual(references);
    expect(queueAt(engine, 2, "asks", 6000)).toEqual(references);
    for (const [i, reference] of references.entries()) {
      expect(engine.order(1, reference)!.shares).toBe(i + 1);
      expect(engine.order(2, reference)!.shares).toBe(i + 101);
      applyAll(engine, itch("D", 1, { orderReference: reference }));
      expect(engine.order(1, reference)).toBeUndefined();
      expect(engine.order(2, reference)!.shares).toBe(i + 101);
    }
    // The first instrument's come back where the second's still are, and the second's leave first.
    for (const reference of references) {
      applyAll(engine, add(1, reference, "B", 1, 5000), itch("D", 2, { orderReference: reference }));
      expect(engine.order(1, reference)!.side).toBe("B");
    }
    expect(engine.orderCount()).toBe(references.length);
  });

  test("a deep side stays sorted when levels come and go anywhere in it", () => {
    const engine = open(make);
    const prices = Array.from({ length: 500 }, (_, i) => ((i * 7919) % 500) * 10 + 10);
    for (const [i, price] of prices.entries())
      applyAll(engine, add(1, i, "B", 1, price), add(1, i + 1000, "S", 1, price));
    for (let i = 0; i < 500; i += 3)
      applyAll(engine, itch("D", 1, { orderReference: BigInt(i) }), itch("D", 1, { orderReference: BigInt(i + 1000) }));
    const left = prices.filter((_, i) => i % 3 !== 0).sort((a, b) => a - b);
    expect(engine.book(1)!.asks.map((level) => level.priceE4)).toEqual(left);
    expect(engine.book(1)!.bids.map((level) => level.priceE4)).toEqual(left.toReversed());
  });

  test("an image shows what was asked for, and is nobody's to change", () => {
    const engine = open(make, ...[1, 2, 3].map((i) => add(1, i, "B", 10, i * 100)));
    expect(engine.book(1)!.bids).toHaveLength(3);
    expect(engine.book(1)!.bids[0]).toEqual({ priceE4: 300, shares: 10, orders: 1 });
    expect(engine.book(1)!.trades).toBeUndefined();
    const top = engine.book(1, { levelMax: 1, queue: true })!;
    expect(top.bids).toEqual([{ priceE4: 300, shares: 10, orders: 1, queue: [{ orderReference: 3n, shares: 10 }] }]);
    top.bids[0]!.queue![0]!.shares = 99;
    expect(engine.order(1, 3n)!.shares).toBe(10);
    expect(engine.book(1, { levelMax: 0 })!.bids).toEqual([]);
    expect(engine.book(3)).toBeUndefined();
  });

  test("reset forgets everything, and the engine can be used again", () => {
    const engine = open(make, add(1, 1, "B", 10, 100), add(2, 2n ** 60n, "S", 10, 100));
    engine.reset();
    expect(engine.locates()).toEqual([]);
    expect(engine.orderCount()).toBe(0);
    expect(engine.instrumentCount()).toBe(0);
    expect(engine.book(1)).toBeUndefined();
    expect(engine.feed()).toEqual({ systemEvent: "", mwcb: null, mwcbBreached: "", tsEventNs: 0 });
    // Another symbol on the same locate, and the same reference, as a new session may have it.
    applyAll(engine, directory(1, "ZZZT"), add(1, 1, "S", 5, 200), add(1, 2n ** 60n, "S", 5, 200));
    expect(engine.symbolOf(1)).toBe("ZZZT");
    expect(queueAt(engine, 1, "asks", 200)).toEqual([1n, 2n ** 60n]);
    expect(ladder(engine, 1, "bids")).toEqual([]);
  });
});
