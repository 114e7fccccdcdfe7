/** What is traded, crossed and broken, held against every engine. */
import { describe, expect, test } from "bun:test";
import { type BookEngine, TRADE_LOG_MAX } from "../../../src/books/contract.ts";
import { add, applyAll, directory, ENGINES, itch } from "../../support/books.ts";

function open(make: () => BookEngine, ...messages: Uint8Array[]): BookEngine {
  const engine = make();
  applyAll(engine, directory(1, "AAPL"), add(1, 1, "B", 1000, 5000), add(1, 2, "S", 1000, 6000), ...messages);
  return engine;
}

const executed = (orderReference: bigint, executedShares: number, matchNumber: bigint, timestampNs = 0) =>
  itch("E", 1, { orderReference, executedShares, matchNumber, timestampNs });
const executedAt = (priceE4: number, shares: number, matchNumber: bigint, printable = "Y") =>
  itch("C", 1, { orderReference: 1n, executedShares: shares, matchNumber, printable, executionPriceE4: priceE4 });
const trade = (priceE4: number, shares: number, matchNumber: bigint, timestampNs = 0) =>
  itch("P", 1, { side: "B", shares, priceE4, matchNumber, timestampNs });
const cross = (crossPriceE4: number, shares: bigint, matchNumber: bigint, crossType: string, timestampNs = 0) =>
  itch("Q", 1, { shares, crossPriceE4, matchNumber, crossType, timestampNs });
const broken = (matchNumber: bigint) => itch("B", 1, { matchNumber });

describe.each(ENGINES)("trades: %s", (_name, make) => {
  test("before the first trade there is nothing", () => {
    expect(open(make).book(1, { tradeMax: 10 })).toMatchObject({
      trades: [],
      instrument: { volumeShares: 0, notionalE4: 0, tradeCount: 0, openPriceE4: 0, lowPriceE4: 0, lastTradeNs: 0 },
    });
  });

  test("an execution trades at the resting price, with the resting side", () => {
    const engine = open(make, executed(1n, 100, 11n, 5), executed(2n, 10, 2n ** 64n - 1n, 6));
    const { instrument, trades } = engine.book(1, { tradeMax: 10 })!;
    expect(trades).toEqual([
      { matchNumber: 11n, tsEventNs: 5, priceE4: 5000, shares: 100, type: "E", side: "B", broken: false },
      { matchNumber: 2n ** 64n - 1n, tsEventNs: 6, priceE4: 6000, shares: 10, type: "E", side: "S", broken: false },
    ]);
    expect(instrument).toMatchObject({
      volumeShares: 110,
      notionalE4: 560_000,
      tradeCount: 2,
      openPriceE4: 5000,
      highPriceE4: 6000,
      lowPriceE4: 5000,
      lastPriceE4: 6000,
      lastShares: 10,
      lastTradeNs: 6,
    });
  });

  test("an execution with price trades at its own; a non-printable one is not in the tape at all", () => {
    const engine = open(make, executedAt(4900, 100, 1n), executedAt(9999, 50, 2n, "N"));
    const { instrument, trades } = engine.book(1, { tradeMax: 10 })!;
    expect(trades!.map((t) => [t.type, t.priceE4, t.side])).toEqual([["C", 4900, "B"]]);
    expect(instrument).toMatchObject({ volumeShares: 100, tradeCount: 1, highPriceE4: 4900, lastPriceE4: 4900 });
    expect(engine.order(1, 1n)!.shares).toBe(850);
  });

  test("non-displayed trades and crosses trade, and never touch the book", () => {
    const engine = open(make, trade(5500, 70, 1n, 9), cross(5600, 5_000_000_000n, 2n, "O", 10));
    const { instrument, trades } = engine.book(1, { tradeMax: 10 })!;
    expect(trades!.map((t) => [t.type, t.side, t.shares])).toEqual([
      ["P", "", 70],
      ["Q", "", 5_000_000_000],
    ]);
    expect(instrument.volumeShares).toBe(5_000_000_070);
    expect(instrument.crosses).toEqual([
      { tsEventNs: 10, priceE4: 5600, shares: 5_000_000_000, matchNumber: 2n, crossType: "O" },
    ]);
    expect(engine.orderCount()).toBe(2);
  });

  test("a cross of 0 shares is remembered but sets no price", () => {
    const { instrument, trades } = open(make, cross(0, 0n, 5n, "C")).book(1, { tradeMax: 10 })!;
    expect(trades).toEqual([]);
    expect(instrument).toMatchObject({ tradeCount: 0, lastPriceE4: 0, openPriceE4: 0 });
    expect(instrument.crosses.map((c) => c.crossType)).toEqual(["C"]);
  });

  test("the last cross of each type is kept, by type letter, unknown letters too", () => {
    const engine = open(
      make,
      cross(1, 1n, 1n, "O"),
      cross(2, 1n, 2n, "C"),
      cross(3, 1n, 3n, "O"),
      cross(4, 1n, 4n, "?"),
    );
    expect(engine.book(1)!.instrument.crosses.map((c) => [c.crossType, c.priceE4])).toEqual([
      ["?", 4],
      ["C", 2],
      ["O", 3],
    ]);
  });

  test("a price of 0 is a price", () => {
    const engine = open(make, trade(0, 1, 1n), trade(10, 1, 2n), trade(5, 1, 3n));
    expect(engine.book(1)!.instrument).toMatchObject({
      openPriceE4: 0,
      lowPriceE4: 0,
      highPriceE4: 10,
      lastPriceE4: 5,
    });
  });

  test("a broken trade is taken out of volume, notional and count, once; prices stay as printed", () => {
    const engine = open(make, trade(100, 10, 1n), trade(300, 20, 2n), broken(2n), broken(2n));
    const { instrument, trades } = engine.book(1, { tradeMax: 10 })!;
    expect(trades!.map((t) => t.broken)).toEqual([false, true]);
    expect(instrument).toMatchObject({
      volumeShares: 10,
      notionalE4: 1000,
      tradeCount: 1,
      brokenCount: 2,
      highPriceE4: 300,
      lastPriceE4: 300,
    });
  });

  test("the newest unbroken trade of a number is the one that is broken", () => {
    const engine = open(make, trade(1, 1, 7n), trade(2, 1, 7n), broken(7n));
    expect(engine.book(1, { tradeMax: 9 })!.trades!.map((t) => t.broken)).toEqual([false, true]);
    applyAll(engine, broken(7n));
    expect(engine.book(1, { tradeMax: 9 })!.trades!.map((t) => t.broken)).toEqual([true, true]);
  });

  test("match numbers are told apart over the whole u64 range", () => {
    const engine = open(
      make,
      trade(1, 1, 2n ** 53n),
      trade(1, 2, 2n ** 53n + 1n),
      trade(1, 4, 1n),
      broken(2n ** 32n + 1n),
    );
    expect(engine.book(1)!.instrument.volumeShares).toBe(7);
    applyAll(engine, broken(2n ** 53n));
    expect(engine.book(1)!.instrument.volumeShares).toBe(6);
  });

  test("only the last trades are remembered; what is older can be broken no more, and is counted", () => {
    const engine = open(make);
    for (let i = 1; i <= TRADE_LOG_MAX + 10; i++) applyAll(engine, trade(i, 1, BigInt(i)));
    const { trades } = engine.book(1, { tradeMax: 10_000 })!;
    expect(trades).toHaveLength(TRADE_LOG_MAX);
    expect(trades![0]!.matchNumber).toBe(11n);
    expect(trades!.at(-1)!.matchNumber).toBe(BigInt(TRADE_LOG_MAX + 10));
    expect(engine.book(1, { tradeMax: 2 })!.trades!.map((t) => t.priceE4)).toEqual([
      TRADE_LOG_MAX + 9,
      TRADE_LOG_MAX + 10,
    ]);
    applyAll(engine, broken(10n));
    expect(engine.book(1)!.instrument).toMatchObject({ volumeShares: TRADE_LOG_MAX + 10, brokenCount: 1 });
    applyAll(engine, broken(11n));
    expect(engine.book(1)!.instrument).toMatchObject({ volumeShares: TRADE_LOG_MAX + 9, brokenCount: 2 });
  });
});
