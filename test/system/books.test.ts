/**
 * What people and programs see of the books of a running binary: `fathom books` and the admin API, held against the
 * tape's own books at the end of the same day.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { BookUpdateJson } from "../../src/admin/book-update.ts";
import { BookModel } from "../../src/admin/page/book-model.ts";
import { EventParser } from "../../src/admin/page/event-parser.ts";
import type { BookJson, InstrumentRowJson, LevelJson, OrderJson } from "../../src/admin/views/book.ts";
import { formatCount } from "../../src/core/units.ts";
import type { StartedFathom } from "../support/binary.ts";
import { Market, type RunningNode } from "../support/market.ts";
import { type DayOptions, dayFlags, type ReplayJson, readDump, replayJson, writeDay } from "../support/tapes.ts";

const DAY: DayOptions = { messages: 60_000, symbols: 30, seed: 77, live: 3000 };

interface TapeBook {
  stock_locate: number;
  symbol: string;
  state: string;
  bids: LevelJson[];
  asks: LevelJson[];
}

let market: Market;
let tape: ReplayJson;
let tapeBooks: TapeBook[];
let node: RunningNode;
/** Followed from the first quotes to the end of the day. */
let followed: BookModel;
let updateCount = 0;
let watched: StartedFathom;

/** The book with the most orders. */
const busiest = () => tapeBooks.toSorted((a, b) => orderCount(b) - orderCount(a))[0]!;
const orderCount = ({ bids, asks }: TapeBook) => [...bids, ...asks].reduce((total, level) => total + level.orders, 0);

async function follow(symbol: string, model: BookModel, until: () => boolean): Promise<void> {
  const response = await node.request(`/v1/books/${symbol}/stream?levels=1000&trades=256&interval_ms=5`);
  const decoder = new TextDecoder();
  const parser = new EventParser();
  for await (const chunk of response.body!) {
    for (const { event, data } of parser.push(decoder.decode(chunk, { stream: true }))) {
      if (event === "book") model.load(JSON.parse(data) as BookJson);
      else model.update(JSON.parse(data) as BookUpdateJson);
      updateCount++;
    }
    if (until()) return;
  }
}

beforeAll(async () => {
  market = new Market();
  const path = await writeDay(market.path("day.itch"), DAY);
  tape = await replayJson([path, "--dump", market.path("books.ndjson"), "--queue"]);
  tapeBooks = readDump(market.path("books.ndjson")) as TapeBook[];
  node = await market.node("node", { shards: 2 });
  market.exchange(...dayFlags(DAY), "--synthetic-time", "--rate", "30000", "--loss", "3%");
  await node.untilChannel("all instruments", ({ instruments }) => instruments === DAY.symbols);
  const model = new BookModel();
  followed = model;
  watched = market.start(["books", busiest().symbol, "--socket", node.socket, "--watch", "--json"]);
  await follow(
    busiest().symbol,
    model,
    () => model.facts?.sequence === DAY.messages && model.facts.quality === "closed",
  );
  // Counters of orders follow within a quarter of a second.
  await node.untilChannel("the end", ({ state, orders }) => state === "ended" && orders === tape.orders);
});
afterAll(() => market.close());

describe("status and channels", () => {
  test("add up to what the tape holds", async () => {
    const { messages, orders, instruments } = tape;
    expect(await node.get("/v1/status")).toMatchObject({
      node: "node",
      messages,
      orders,
      instruments,
      shards: 2,
      bad_messages: 0,
      quality: "closed",
      quality_reason: "main: the session has ended",
      ready: false,
    });
    const { lines, ...channel } = await node.channel();
    expect(channel).toMatchObject({ messages, orders, instruments, next_sequence: messages + 1 });
    expect(channel.recent_gaps.length).toBeGreaterThan(0);
    for (const gap of channel.recent_gaps) expect(gap).toMatchObject({ state: "repaired", repaired_by: "re-request" });
    expect(lines.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(lines[0]!.lead_mean_ns).toBeCloseTo(-lines[1]!.lead_mean_ns, -3);
    for (const line of lines) {
      expect(line.won + line.duplicates).toBe(line.messages);
      expect(line.packets).toBeGreaterThan(100);
      expect(line.receive_buffer_bytes).toBeGreaterThan(0);
      expect(Math.abs(Number(BigInt(line.last_packet_at!) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    }
  });
});

describe("instruments", () => {
  test("page by page, each once, ascending by symbol, with the best prices", async () => {
    const rows: InstrumentRowJson[] = [];
    let query = "limit=7";
    for (let pages = 0; query !== "" && pages < 10; pages++) {
      type Page = { instruments: InstrumentRowJson[]; total: number; next_cursor: string | null };
      const page = await node.get<Page>(`/v1/instruments?${query}`);
      expect(page.total).toBe(DAY.symbols);
      rows.push(...page.instruments);
      query = page.next_cursor === null ? "" : `limit=7&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    const expected = tapeBooks.map(({ symbol, stock_locate, state, bids, asks }) => ({
      symbol,
      stock_locate,
      state,
      bid: bids[0]?.price ?? null,
      ask: asks[0]?.price ?? null,
      orders: orderCount({ symbol, stock_locate, state, bids, asks }),
    }));
    const shown = rows.map(({ symbol, stock_locate, state, bid, ask, orders }) => ({
      symbol,
      stock_locate,
      state,
      bid,
      ask,
      orders,
    }));
    expect(shown).toEqual(expected.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1)));
  });

  test("found by a part of the symbol, upper or lower case", async () => {
    const { instruments } = await node.get<{ instruments: InstrumentRowJson[] }>("/v1/instruments?search=zbb");
    expect(instruments.map(({ symbol }) => symbol)).toEqual(["ZBBA", "ZBBB", "ZBBC", "ZBBD"]);
  });
});

describe("a book", () => {
  test("in full depth is the tape's, and so is any order of it", async () => {
    const { symbol, state, bids, asks } = busiest();
    const book = await node.get<BookJson>(`/v1/books/${symbol}?levels=all&queue=true`);
    expect(book).toMatchObject({ symbol, state, sequence: tape.messages, quality: "closed" });
    expect({ bids: book.bids, asks: book.asks }).toEqual({ bids, asks });
    const [level] = bids.toReversed();
    const { order_ref, shares } = level!.queue!.at(-1)!;
    const order = await node.get<OrderJson>(`/v1/books/${symbol}/orders/${order_ref}`);
    expect(order).toMatchObject({ symbol, order_ref, shares, side: "B", price: level!.price });
  });

  test("or an order that is not there is a 404 that says so", async () => {
    for (const [path, type] of [
      ["/v1/books/NOPE", "instrument-not-found"],
      [`/v1/books/${busiest().symbol}/orders/999999999999`, "order-not-found"],
    ] as const) {
      const response = await node.request(path);
      expect(response.status).toBe(404);
      expect(((await response.json()) as { type: string }).type).toEndWith(type);
    }
  });

  test("followed by its event stream all day is the same book", async () => {
    const book = await node.get<BookJson>(`/v1/books/${busiest().symbol}?levels=1000&trades=256`);
    const levels = (side: typeof followed.bids) => side.map(({ heat: _, ...level }) => level);
    expect(updateCount).toBeGreaterThan(50);
    expect(levels(followed.bids)).toEqual(book.bids);
    expect(levels(followed.asks)).toEqual(book.asks);
    expect(followed.facts!.instrument).toEqual(book.instrument);
    expect(followed.trades.slice(-256)).toEqual(book.trades!);
  });
});

describe("fathom books", () => {
  const books = async (...args: string[]) => {
    const started = market.start(["books", "--socket", node.socket, ...args]);
    return { exitCode: await started.ended, stdout: started.stdout(), stderr: started.stderr() };
  };

  test("lists the instruments, as a table and as JSON", async () => {
    const json = await books("--json", "--limit", "1000");
    const { instruments, total } = JSON.parse(json.stdout) as { instruments: InstrumentRowJson[]; total: number };
    expect([instruments.length, total]).toEqual([DAY.symbols, DAY.symbols]);
    const table = await books("--limit", "3");
    expect(table.stdout.trimEnd().split("\n").length).toBe(4);
    expect(table.stdout).toContain(instruments[2]!.symbol);
    expect(table.stderr).toContain(`3 of ${DAY.symbols} instruments`);
  });

  test("shows a book as a ladder, the best ask just above the best bid", async () => {
    const { symbol, bids, asks } = busiest();
    const { exitCode, stdout } = await books(symbol, "--levels", "3");
    expect(exitCode).toBe(0);
    const prices = stdout.split("\n").flatMap((line) => /^ {2,}\S.* (\d+\.\d{4})\b/.exec(line)?.[1] ?? []);
    const expected = [...asks.slice(0, 3).toReversed(), ...bids.slice(0, 3)].map(({ price }) => price.toFixed(4));
    expect(prices).toEqual(expected);
    expect(stdout).toContain(formatCount(bids[0]!.shares));
    expect(stdout).toContain("the session has ended");
  });

  test("with --queue shows the orders, with --json what the API said", async () => {
    const { symbol, asks } = busiest();
    expect((await books(symbol, "--queue")).stdout).toContain(`#${asks[0]!.queue![0]!.order_ref} `);
    const json = JSON.parse((await books(symbol, "--levels", "3", "--json")).stdout) as BookJson;
    expect(json).toEqual(await node.get(`/v1/books/${symbol}?levels=3`));
  });

  test("--watch goes on until Ctrl-C", async () => {
    await watched.until(/"quality":"closed"/);
    watched.process.kill("SIGINT");
    expect(await watched.ended).toBe(130);
    const events = watched.stdout().trimEnd().split("\n");
    expect(events[0]).toStartWith('{"event":"book",');
    expect(events.length).toBeGreaterThan(2);
  });

  test("an instrument that is not there, or a node that is not, is said and is status 1", async () => {
    const nope = await books("NOPE");
    expect(nope.exitCode).toBe(1);
    expect(nope.stderr).toContain('instrument-not-found: there is no instrument "NOPE"');
    const started = market.start(["books", "--socket", market.path("none.sock")]);
    expect(await started.ended).toBe(1);
    expect(started.stderr()).toContain(`not-running: no fathom answers on ${market.path("none.sock")}`);
  });
});
