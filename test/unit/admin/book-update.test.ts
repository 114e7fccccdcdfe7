/**
 * Promise: applying every update in turn to the first book gives the newest image exactly, by an obviously right
 * reading of the documented rules, and by the page's own.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BookUpdateJson, bookUpdate } from "../../../src/admin/book-update.ts";
import type { BookAnswer } from "../../../src/admin/contract.ts";
import { BookModel } from "../../../src/admin/page/book-model.ts";
import { type BookJson, bookAnswerToJson, type LevelJson } from "../../../src/admin/views/book.ts";
import { MemoryAppliance } from "../../support/admin-appliance.ts";
import { MarketFlow } from "../../support/market-flow.ts";

const TRADES = 12;

/** The documented rules, the long way round. */
function applied(book: BookJson, update: BookUpdateJson): BookJson {
  const { bids, asks, instrument, trades, trades_replaced, trades_broken, ...rest } = update;
  const side = (levels: LevelJson[], changes: LevelJson[], direction: number) => {
    const byPrice = new Map([...levels, ...changes].map((level) => [level.price, level]));
    return [...byPrice.values()].filter((level) => level.shares > 0).sort((a, b) => (a.price - b.price) * direction);
  };
  const kept = (trades_replaced ? [] : (book.trades ?? [])).map((trade) =>
    trades_broken.includes(trade.match_number) ? { ...trade, broken: true } : trade,
  );
  return {
    ...book,
    ...rest,
    instrument: Object.assign({ ...book.instrument }, instrument),
    bids: side(book.bids, bids, -1),
    asks: side(book.asks, asks, 1),
    trades: [...kept, ...trades].slice(-TRADES),
  };
}

async function image(appliance: MemoryAppliance, symbol: string, queue: boolean): Promise<BookAnswer> {
  const answer = await appliance.book({ symbol, levelMax: 8, queue, tradeMax: TRADES });
  return structuredClone(answer!);
}

describe("a stream of updates", () => {
  test("rebuilds every image exactly, whatever happened in between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.boolean(),
        fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 1, maxLength: 25 }),
        async (seed, queue, steps) => {
          const appliance = new MemoryAppliance("itch");
          const flow = new MarketFlow(1, seed);
          for (const message of flow.opening()) appliance.channel().apply(message);
          for (let i = 0; i < 150; i++) appliance.channel().apply(flow.next());
          let before = await image(appliance, "ZAAA", queue);
          let book = bookAnswerToJson(before);
          const model = new BookModel();
          model.load(structuredClone(book));
          for (const count of steps) {
            for (let i = 0; i < count; i++) appliance.channel().apply(flow.next());
            const after = await image(appliance, "ZAAA", queue);
            const update = JSON.parse(JSON.stringify(bookUpdate(before, after))) as BookUpdateJson;
            book = applied(book, update);
            model.update(update);
            before = after;
            const truth = bookAnswerToJson(after);
            expect(book).toEqual(truth);
            expect(levelsOf(model.bids)).toEqual(levelsOf(truth.bids));
            expect(levelsOf(model.asks)).toEqual(levelsOf(truth.asks));
            expect(model.trades.slice(-TRADES)).toEqual(truth.trades!);
            expect(model.facts).toMatchObject({ sequence: truth.sequence, instrument: truth.instrument });
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("says nothing where nothing has changed", async () => {
    const appliance = new MemoryAppliance("itch");
    const flow = new MarketFlow(2, 1);
    for (const message of flow.opening()) appliance.channel().apply(message);
    for (let i = 0; i < 100; i++) appliance.channel().apply(flow.next(0));
    const before = await image(appliance, "ZAAA", true);
    appliance.channel().apply(flow.next(1));
    const update = bookUpdate(before, await image(appliance, "ZAAA", true));
    expect(update).toMatchObject({ bids: [], asks: [], instrument: {}, trades: [], trades_broken: [] });
    expect(update.trades_replaced).toBeFalse();
    expect(update.sequence).toBe(before.sequence + 1);
  });
});

describe("trades", () => {
  async function traded(count: number): Promise<[MemoryAppliance, MarketFlow]> {
    const appliance = new MemoryAppliance("itch");
    const flow = new MarketFlow(1, 3);
    for (const message of flow.opening()) appliance.channel().apply(message);
    for (let found = 0; found < count; ) {
      const message = flow.next();
      appliance.channel().apply(message);
      if (message.type === "E" || message.type === "P") found++;
    }
    return [appliance, flow];
  }

  test("one broken since is named; a client marks it", async () => {
    const [appliance] = await traded(5);
    const before = await image(appliance, "ZAAA", false);
    const { matchNumber } = before.image.trades![1]!;
    const head = { stockLocate: 1, trackingNumber: 0, timestampNs: before.tsEventNs + 1 };
    appliance.channel().apply({ type: "B", ...head, matchNumber });
    const update = bookUpdate(before, await image(appliance, "ZAAA", false));
    expect(update.trades_broken).toEqual([matchNumber.toString()]);
    expect(update.trades).toEqual([]);
    expect(update.instrument.broken_count).toBe(1);
  });

  test("more than the window holds replace it", async () => {
    const [appliance, flow] = await traded(5);
    const before = await image(appliance, "ZAAA", false);
    for (let i = 0; i < 1_000; i++) appliance.channel().apply(flow.next());
    const after = await image(appliance, "ZAAA", false);
    const update = bookUpdate(before, after);
    expect(update.trades_replaced).toBeTrue();
    expect(update.trades).toEqual(bookAnswerToJson(after).trades!);
  });

  test("a reset that leaves none empties the client's", async () => {
    const [appliance] = await traded(5);
    const before = await image(appliance, "ZAAA", false);
    const after = { ...before, image: { ...before.image, trades: [] } };
    expect(bookUpdate(before, after)).toMatchObject({ trades: [], trades_replaced: true });
  });
});

function levelsOf(levels: readonly { price: number; shares: number; orders: number }[]) {
  return levels.map(({ price, shares, orders }) => [price, shares, orders]);
}
