/**
 * Promises: every route answers what its schema in the OpenAPI document says and what the books really hold, over the
 * unix socket and over TCP alike.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { z } from "@hono/zod-openapi";
import {
  BookSchema,
  bookAnswerToJson,
  InstrumentsSchema,
  OrderSchema,
  SnapshotSchema,
} from "../../src/admin/views/book.ts";
import { ChannelSchema, ChannelsSchema } from "../../src/admin/views/channel.ts";
import { ConfigSchema, LogLevelSchema, ReadySchema, StatusSchema } from "../../src/admin/views/node.ts";
import { FathomError } from "../../src/core/assert.ts";
import { Quality } from "../../src/core/quality.ts";
import { MemoryAppliance } from "../support/admin-appliance.ts";
import { startAdmin, type TestServer, TOKENS } from "../support/admin-server.ts";
import { flowSymbol, MarketFlow } from "../support/market-flow.ts";

const SYMBOLS = 1_000;
const appliance = new MemoryAppliance("east", "west");
let server: TestServer;

beforeAll(async () => {
  const flow = new MarketFlow(SYMBOLS, 42);
  for (const message of flow.opening()) appliance.channel("east").apply(message);
  for (let i = 0; i < 600; i++) appliance.channel("east").apply(flow.next(0));
  for (let i = 0; i < 4_000; i++) appliance.channel("east").apply(flow.next());
  const west = new MarketFlow(3, 43);
  for (const message of west.opening()) appliance.channel("west").apply(message);
  for (let i = 0; i < 300; i++) appliance.channel("west").apply(west.next());
  const head = { stockLocate: 1, trackingNumber: 0, timestampNs: 35_000e9 };
  const cross = { shares: 900n, stock: "ZAAA", crossPriceE4: 123_400, matchNumber: 77n, crossType: "O" };
  appliance.channel("west").apply({ type: "Q", ...head, ...cross });
  const prices = { farPriceE4: 0, nearPriceE4: 123_500, currentReferencePriceE4: 123_400 };
  const imbalance = { pairedShares: 10n, imbalanceShares: 20n, imbalanceDirection: "B", stock: "ZAAA", crossType: "C" };
  appliance.channel("west").apply({ type: "I", ...head, ...imbalance, ...prices, priceVariation: "L" });
  appliance.channel("west").apply({
    type: "V",
    ...head,
    stockLocate: 0,
    level1PriceE8: 412_312_345_678n,
    level2PriceE8: 400_000_000_000n,
    level3PriceE8: 380_000_000_000n,
  });
  server = await startAdmin(appliance);
});

afterAll(() => server.stop());

/** The same answer over both transports, held against its schema: nothing missing and nothing besides. */
async function answer<T extends z.ZodType>(path: string, schema: T, status = 200): Promise<z.output<T>> {
  const responses = [await server.unix(path), await server.tcp(path)];
  const bodies = await Promise.all(responses.map((response) => response.json()));
  for (const response of responses) {
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toStartWith("application/json");
  }
  expect(bodies[0]).toEqual(bodies[1]);
  const parsed = schema.parse(bodies[0]);
  expect(parsed).toEqual(bodies[0]);
  return parsed;
}

async function problem(path: string, status: number, code: string) {
  const response = await server.tcp(path);
  const body = (await response.json()) as Record<string, unknown>;
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({ type: `urn:fathom:problem:${code}`, status });
  expect(response.status).toBe(status);
  expect(String(body["title"]).length).toBeGreaterThan(5);
  return body as { detail: string; errors?: { in: string; name: string; detail: string }[] };
}

describe("the node", () => {
  test("status adds up its channels", async () => {
    const status = await answer("/v1/status", StatusSchema);
    const orders = appliance.channelList.reduce((sum, { books }) => sum + books.orderCount(), 0);
    expect(status).toMatchObject({ node: "test-node", quality: "ok", instruments: SYMBOLS + 3, orders, ready: true });
    expect(status.uptime_ns).toBe(90e9);
  });

  test("channels, all and one", async () => {
    const { channels } = await answer("/v1/channels", ChannelsSchema);
    expect(channels.map((channel) => channel.name)).toEqual(["east", "west"]);
    const west = await answer("/v1/channels/west", ChannelSchema);
    expect(west).toEqual(channels[1]!);
    expect(west.lines.map((line) => line.name)).toEqual(["a", "b"]);
    expect(west.lines[0]!.won + west.lines[1]!.won).toBeGreaterThan(0);
    expect(west.feed_state.mwcb).toEqual({ level_1: 4123.12345678, level_2: 4000, level_3: 3800 });
    await problem("/v1/channels/north", 404, "channel-not-found");
  });

  test("configuration with where each value came from", async () => {
    const { config } = await answer("/v1/config", ConfigSchema);
    expect(config).toContainEqual({ key: "node.name", value: "test-node", source: "flag", origin: "--name" });
  });

  test("log level is read, set, and refused when it is none", async () => {
    expect(await answer("/v1/log-level", LogLevelSchema)).toEqual({ level: "info" });
    const put = (body: string, type = "application/json") =>
      server.tcp("/v1/log-level", { method: "PUT", body, headers: { "content-type": type }, token: TOKENS.admin });
    expect(await (await put('{"level":"debug"}')).json()).toEqual({ level: "debug" });
    expect(appliance.logLevel()).toBe("debug");
    for (const [body, code, type] of [
      ['{"level":"loud"}', "invalid-parameters", undefined],
      ['{"level":"info","x":1}', "invalid-parameters", undefined],
      ["{", "malformed-body", undefined],
      ["", "malformed-body", undefined],
      ['{"level":"info"}', "malformed-body", "text/plain"],
    ] as const) {
      const response = await put(body, type);
      expect(await response.json()).toMatchObject({ type: `urn:fathom:problem:${code}`, status: 400 });
    }
    expect(appliance.logLevel()).toBe("debug");
  });

  test("health is true to the feeds, metrics are text", async () => {
    expect(await (await server.tcp("/livez", { token: null })).json()).toEqual({ live: true });
    expect(await answer("/readyz", ReadySchema)).toEqual({ ready: true, reasons: [] });
    appliance.channel("west").setQuality(Quality.recovering, "a gap of 3");
    appliance.alive = false;
    expect(await answer("/readyz", ReadySchema, 503)).toEqual({ ready: false, reasons: ["west: a gap of 3"] });
    expect((await server.unix("/livez")).status).toBe(503);
    appliance.channel("west").setQuality(Quality.ok, "");
    appliance.alive = true;
    const metrics = await server.tcp("/metrics");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await metrics.text()).toContain("fathom_messages_total{");
  });
});

describe("instruments", () => {
  test("pages by cursor give every one exactly once, in order", async () => {
    const seen: string[] = [];
    let cursor: string | null = "";
    let pages = 0;
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const page = await answer(`/v1/instruments?channel=east&limit=77${query}`, InstrumentsSchema);
      expect(page.total).toBe(SYMBOLS);
      seen.push(...page.instruments.map((row) => row.symbol));
      cursor = page.next_cursor;
      pages++;
    }
    expect(seen).toEqual(Array.from({ length: SYMBOLS }, (_, i) => flowSymbol(i)));
    expect(pages).toBe(Math.ceil(SYMBOLS / 77));
  });

  test("pages neither skip nor repeat when instruments appear between them", async () => {
    const growing = new MemoryAppliance("itch");
    const announce = (symbols: MarketFlow["symbols"], from: MarketFlow) => {
      const locates = new Set(symbols.map((symbol) => symbol.locate));
      for (const message of from.opening()) if (locates.has(message.stockLocate)) growing.channel().apply(message);
    };
    const flow = new MarketFlow(20, 1);
    announce(flow.symbols.slice(5, 15), flow);
    const own = await startAdmin(growing);
    const page = async (query: string) =>
      InstrumentsSchema.parse(await (await own.unix(`/v1/instruments?limit=3${query}`)).json());
    const first = await page("");
    announce([...flow.symbols.slice(0, 5), ...flow.symbols.slice(15)], flow);
    let [seen, cursor] = [first.instruments, first.next_cursor];
    while (cursor !== null) {
      const next = await page(`&cursor=${cursor}`);
      [seen, cursor] = [[...seen, ...next.instruments], next.next_cursor];
    }
    expect(seen.map((row) => row.symbol)).toEqual(flow.symbols.slice(5).map((symbol) => symbol.symbol));
    await own.stop();
  });

  test("a symbol on two channels is two rows, and a page may end between them", async () => {
    const first = await answer("/v1/instruments?limit=1", InstrumentsSchema);
    const second = await answer(`/v1/instruments?limit=1&cursor=${first.next_cursor}`, InstrumentsSchema);
    expect([first, second].map((page) => page.instruments.map((row) => `${row.symbol} ${row.channel}`))).toEqual([
      ["ZAAA east"],
      ["ZAAA west"],
    ]);
  });

  test("search, list, and what a row says", async () => {
    const found = await answer("/v1/instruments?search=ab&channel=east&limit=1000", InstrumentsSchema);
    expect(found.total).toBeGreaterThan(20);
    for (const row of found.instruments) expect(row.symbol).toContain("AB");
    const listed = await answer("/v1/instruments?symbols=ZAAC,ZAAA,NONE&channel=west", InstrumentsSchema);
    expect(listed.instruments.map((row) => row.symbol)).toEqual(["ZAAA", "ZAAC"]);
    const book = appliance.channel("west").books.book(1, { levelMax: 1 })!;
    expect(listed.instruments[0]).toMatchObject({
      bid: book.bids[0]!.priceE4 / 1e4,
      ask: book.asks[0]!.priceE4 / 1e4,
      last_price: 12.34,
      volume: book.instrument.volumeShares,
    });
    const none = await answer("/v1/instruments?search=QQQQ", InstrumentsSchema);
    expect(none).toEqual({ instruments: [], total: 0, next_cursor: null });
  });

  test("parameters that cannot be read are named, each with what was expected", async () => {
    const { errors } = await problem("/v1/instruments?limit=1001&cursor=junk&colour=red", 400, "invalid-parameters");
    expect(errors!.map((error) => `${error.in} ${error.name}`).sort()).toEqual([
      "query colour",
      "query cursor",
      "query limit",
    ]);
    expect(errors!.find((error) => error.name === "limit")!.detail).toBe(
      'expected a whole number from 1 to 1000, found "1001"',
    );
  });
});

describe("books", () => {
  test("a book is what the engine holds, with its queue and trades when asked for", async () => {
    const book = await answer("/v1/books/ZAAA?levels=all&queue=true&trades=50", BookSchema);
    const truth = await appliance.book({ symbol: "ZAAA", channel: "east", queue: true, tradeMax: 50 });
    expect(book).toEqual(bookAnswerToJson(truth!));
    expect(book.bids.length).toBeGreaterThan(5);
    expect(book.bids[0]!.queue!.reduce((sum, order) => sum + order.shares, 0)).toBe(book.bids[0]!.shares);
    expect(book.instrument.vwap).toBeCloseTo(
      truth!.image.instrument.notionalE4 / truth!.image.instrument.volumeShares / 1e4,
      6,
    );
    const short = await answer("/v1/books/ZAAA?levels=3", BookSchema);
    expect(short.bids).toEqual(book.bids.slice(0, 3).map(({ queue: _, ...level }) => level));
    expect(short.trades).toBeUndefined();
  });

  test("cross, imbalance and bands are dollars, prices that do not exist are null", async () => {
    const { instrument } = await answer("/v1/books/ZAAA?channel=west", BookSchema);
    expect(instrument.crosses).toMatchObject([{ cross_type: "O", price: 12.34, shares: 900, match_number: "77" }]);
    expect(instrument.imbalance).toMatchObject({
      direction: "B",
      imbalance_shares: 20,
      far_price: null,
      near_price: 12.35,
    });
    expect(instrument.luld!.upper_price).toBeGreaterThan(instrument.luld!.reference_price);
  });

  test("an order is found by its reference, and not after it has gone", async () => {
    const book = await answer("/v1/books/ZAAA?levels=1&queue", BookSchema);
    const queued = book.bids[0]!.queue![0]!;
    const order = await answer(`/v1/books/ZAAA/orders/${queued.order_ref}`, OrderSchema);
    expect(order).toMatchObject({ order_ref: queued.order_ref, shares: queued.shares, side: "B", symbol: "ZAAA" });
    expect(order.price).toBe(book.bids[0]!.price);
    await problem("/v1/books/ZAAA/orders/18446744073709551615", 404, "order-not-found");
    await problem("/v1/books/ZAAA/orders/18446744073709551616", 400, "invalid-parameters");
    await problem("/v1/books/NONE/orders/1", 404, "instrument-not-found");
  });

  test("a snapshot is many books at one sequence", async () => {
    const snapshot = await answer("/v1/snapshot?channel=east&pattern=ZAA*,&symbols=ZABA,NONE&levels=2", SnapshotSchema);
    expect(snapshot.sequence).toBe(appliance.channel("east").sequence);
    expect(snapshot.books.map((book) => book.symbol)).toEqual([...Array(27).keys()].map(flowSymbol));
    expect(snapshot.missing).toEqual(["NONE"]);
    expect(snapshot.state_hash).toMatch(/^[0-9a-f]{16}$/);
    const book = await answer("/v1/books/ZAAA?channel=east&levels=2", BookSchema);
    expect(snapshot.books[0]!.bids).toEqual(book.bids);
    const all = await answer("/v1/snapshot?channel=east&levels=1", SnapshotSchema);
    expect(all.books.length).toBe(SYMBOLS);
    expect(all.state_hash).not.toBe(snapshot.state_hash);
  });

  test("quality goes with every answer that rests on a book", async () => {
    appliance.channel("east").setQuality(Quality.stale, "no packet for 2 s");
    const wanted = { quality: "stale", quality_reason: "no packet for 2 s" };
    expect(await answer("/v1/books/ZAAA", BookSchema)).toMatchObject(wanted);
    expect(await answer("/v1/snapshot?channel=east&symbols=ZAAA", SnapshotSchema)).toMatchObject({
      ...wanted,
      books: [{ quality: "stale" }],
    });
    const rows = await answer("/v1/instruments?limit=1", InstrumentsSchema);
    expect(rows.instruments[0]!.quality).toBe("stale");
    appliance.channel("east").setQuality(Quality.ok, "");
  });

  test("what does not exist is said to, and by its right name", async () => {
    expect((await problem("/v1/books/NONE", 404, "instrument-not-found")).detail).toContain('"NONE"');
    await problem("/v1/books/ZAAD?channel=west", 404, "instrument-not-found");
    await problem("/v1/books/ZAAA?channel=north", 404, "channel-not-found");
    await problem("/v1/books/ZAAA/stream?channel=north", 404, "channel-not-found");
    await problem("/v1/books/NONE/stream", 404, "instrument-not-found");
    await problem("/v1/snapshot", 400, "channel-required");
    await problem("/v1/books/ZAAA?levels=0&queue=perhaps&trades=-1", 400, "invalid-parameters");
    await problem("/v1/books/ZA%2FAA", 404, "instrument-not-found");
  });

  test("a shard that does not answer is a 503, a bug is a bare 500 that the node hears of", async () => {
    appliance.failure = new FathomError("cut-timed-out", "shard 1 did not answer within 2 s");
    await problem("/v1/books/ZAAA", 503, "cut-timed-out");
    await problem("/v1/books/ZAAA/stream", 503, "cut-timed-out");
    const bug = new TypeError("secret detail");
    appliance.failure = bug;
    const { detail } = await problem("/v1/books/ZAAA", 500, "internal-error");
    expect(detail).not.toContain("secret");
    expect(server.bugs).toEqual([bug]);
    appliance.failure = undefined;
  });
});
