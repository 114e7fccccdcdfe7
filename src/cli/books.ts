/**
 * `fathom books`: the instruments of a running appliance, or one book as a ladder. A client of the admin API like any
 * other; the API's JSON goes to stdout as it came with `--json`.
 */
import type { Command } from "commander";
import type { BookJson, InstrumentRowJson, LevelJson } from "../admin/views/book.ts";
import { formatCount, formatTimeOfDay } from "../core/units.ts";
import { AdminClient } from "./admin-client.ts";
import { positiveInteger } from "./options.ts";
import { printJson, printLine, sayLine, styled } from "./output.ts";

interface BooksOptions {
  config?: string;
  socket?: string;
  channel?: string;
  levels: number;
  queue?: boolean;
  watch?: boolean;
  search?: string;
  limit: number;
  json?: boolean;
}

const WATCH_INTERVAL_MS = 200;
const PAGE_ROWS_MAX = 1000;

export function registerBooks(program: Command): void {
  program
    .command("books")
    .summary("show the books of a running appliance")
    .description("Without a symbol lists the instruments; with one shows its book, best price in the middle.")
    .argument("[symbol]", "the instrument, such as AAPL")
    .option("--levels <n>", "levels a side", positiveInteger, 10)
    .option("--queue", "the orders of each level, oldest first")
    .option("--watch", "go on showing the book as it changes, until Ctrl-C")
    .option("--search <text>", "with no symbol: only instruments whose symbol has this in it")
    .option("--limit <n>", "with no symbol: how many instruments", positiveInteger, 50)
    .option("--channel <name>", "which channel, where more than one has the symbol")
    .option("--socket <path>", "the appliance's admin socket; by default the configuration's")
    .option("-c, --config <file>", "the appliance's configuration file, for where its socket is")
    .option("--json", "the admin API's JSON")
    .action((symbol: string | undefined, options: BooksOptions) =>
      symbol === undefined ? listInstruments(options) : showBook(symbol, options),
    );
}

async function listInstruments(options: BooksOptions): Promise<void> {
  const client = new AdminClient(options.socket, options.config);
  const rows: InstrumentRowJson[] = [];
  let cursor: string | null = null;
  let total = 0;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(options.limit - rows.length, PAGE_ROWS_MAX)) });
    if (options.search) query.set("search", options.search);
    if (options.channel) query.set("channel", options.channel);
    if (cursor) query.set("cursor", cursor);
    const page: { instruments: InstrumentRowJson[]; total: number; next_cursor: string | null } = await client.get(
      `/v1/instruments?${query}`,
    );
    rows.push(...page.instruments);
    cursor = page.next_cursor;
    total = page.total;
  } while (cursor !== null && rows.length < options.limit);
  if (options.json) return printJson({ instruments: rows, total });
  printLine(styled("symbol    st  quality          bid        ask       last       volume   orders", "bold"));
  for (const row of rows) printLine(instrumentLine(row));
  if (rows.length < total) sayLine(`${rows.length} of ${formatCount(total)} instruments; --limit shows more`);
}

function instrumentLine(row: InstrumentRowJson): string {
  const price = (value: number | null) => (value === null ? "—" : value.toFixed(2)).padStart(11);
  const quality = styled(row.quality.padEnd(10), row.quality === "ok" ? "green" : "yellow");
  const counts = `${formatCount(row.volume).padStart(13)}${formatCount(row.orders).padStart(9)}`;
  const prices = `${price(row.bid)}${price(row.ask)}${price(row.last_price)}`;
  return `${row.symbol.padEnd(10)}${row.state.padEnd(4)}${quality}${prices}${counts}`;
}

async function showBook(symbol: string, options: BooksOptions): Promise<void> {
  const client = new AdminClient(options.socket, options.config);
  const query = new URLSearchParams({ levels: String(options.levels) });
  if (options.queue) query.set("queue", "true");
  if (options.channel) query.set("channel", options.channel);
  const path = `/v1/books/${encodeURIComponent(symbol)}`;
  if (!options.watch) {
    const book = await client.get<BookJson>(`${path}?${query}`);
    return options.json ? printJson(book) : printLine(ladder(book));
  }
  query.set("interval_ms", String(WATCH_INTERVAL_MS));
  for await (const { event, data } of client.events<BookJson>(`${path}/stream?${query}`)) {
    if (options.json) printJson({ event, ...data });
    else {
      // The stream's updates are deltas; a terminal wants the whole ladder, so each is a reason to fetch it.
      const book = event === "book" ? data : await client.get<BookJson>(`${path}?${withoutInterval(query)}`);
      process.stdout.write(`${process.stdout.isTTY ? "\x1b[H\x1b[2J" : ""}${ladder(book)}\n`);
    }
  }
}

function withoutInterval(query: URLSearchParams): URLSearchParams {
  const copy = new URLSearchParams(query);
  copy.delete("interval_ms");
  return copy;
}

/** Asks from the worst shown down to the best, then bids from the best down: the way a trader reads a ladder. */
function ladder(book: BookJson): string {
  const { instrument } = book;
  const quality = styled(book.quality, book.quality === "ok" ? "green" : "yellow");
  const reason = book.quality_reason === "" ? "" : ` (${book.quality_reason})`;
  const position = `sequence ${formatCount(book.sequence)}, ${formatTimeOfDay(book.ts_event_ns)}, ${book.channel}`;
  const last = instrument.last_price === null ? "no trade" : `last ${instrument.last_price.toFixed(4)}`;
  const lines = [
    `${styled(book.symbol, "bold")}  state ${book.state || "?"}  ${quality}${reason}  ${position}`,
    `${last}, volume ${formatCount(instrument.volume)}, orders ${formatCount(instrument.order_count)}`,
    styled(
      `${"orders".padStart(7)}${"bid shares".padStart(13)}${"price".padStart(13)}${"ask shares".padStart(13)}`,
      "dim",
    ),
    ...book.asks.toReversed().flatMap((level) => levelLines(level, "ask")),
    ...book.bids.flatMap((level) => levelLines(level, "bid")),
  ];
  return lines.join("\n");
}

function levelLines(level: LevelJson, side: "bid" | "ask"): string[] {
  const orders = String(level.orders).padStart(7);
  const shares = formatCount(level.shares).padStart(13);
  const price = styled(level.price.toFixed(4).padStart(13), side === "bid" ? "green" : "red");
  const line = side === "bid" ? `${orders}${shares}${price}` : `${orders}${" ".repeat(13)}${price}${shares}`;
  const queue = (level.queue ?? []).map((order) => `${" ".repeat(9)}#${order.order_ref} ${formatCount(order.shares)}`);
  return [line, ...queue];
}
