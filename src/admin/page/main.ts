/**
 * The page: wires the polls and the stream of the chosen book to what shows them. Data comes in whenever it does; it is
 * drawn once a frame, from the newest state.
 */
import type { InstrumentRowJson } from "../views/book.ts";
import type { ChannelJson } from "../views/channel.ts";
import type { StatusJson } from "../views/node.ts";
import { Api, ApiError } from "./api.ts";
import { BookFeed } from "./book-feed.ts";
import { BookHead } from "./book-head.ts";
import { BookModel } from "./book-model.ts";
import { DepthChart } from "./depth-chart.ts";
import { byId } from "./dom.ts";
import { Facts } from "./facts.ts";
import { FrameLoop } from "./frame-loop.ts";
import { askForToken, storedToken } from "./gate.ts";
import { InstrumentList } from "./instrument-list.ts";
import { startKeys } from "./keys.ts";
import { Ladder } from "./ladder.ts";
import { LinesPanel } from "./lines-panel.ts";
import { Link } from "./link.ts";
import { PriceChart } from "./price-chart.ts";
import { Tape } from "./tape.ts";
import { startTheme } from "./theme.ts";
import { repeat } from "./timers.ts";
import { TopBar } from "./top-bar.ts";

const POLL_MS = 1_000;
const PAGE_ROWS = 1_000;
const UNAUTHORIZED = 401;
const NOT_FOUND = 404;

const api = new Api();
const model = new BookModel();
const frames = new FrameLoop();
const redraw = () => frames.request();
const head = new BookHead(model);
const facts = new Facts(model);
const ladder = new Ladder(byId("ladder"), model, redraw);
const tape = new Tape(byId("tape"), model, redraw);
const priceChart = new PriceChart(byId<HTMLCanvasElement>("price-chart"), model);
const depthChart = new DepthChart(byId<HTMLCanvasElement>("depth-chart"), model);
const lines = new LinesPanel(byId("lines"));
const topBar = new TopBar();
const link = new Link((reason) => {
  topBar.disconnected(reason);
  head.disconnected(reason);
  redraw();
});
const list = new InstrumentList(choose);
let chosenChannel: string | undefined;
let listedCount = -1;

const feed = new BookFeed(api, {
  book: (book) => {
    model.load(book);
    redraw();
  },
  update: (update) => {
    model.update(update);
    redraw();
  },
  up: () => link.up("stream"),
  down: (error) => {
    if (error.status === UNAUTHORIZED) return;
    if (error.status === NOT_FOUND) {
      link.up("stream");
      head.missing(error.message);
    } else link.down("stream", error.message);
    redraw();
  },
});

function choose(row: InstrumentRowJson): void {
  chosenChannel = row.channel;
  history.replaceState(null, "", `#${new URLSearchParams({ symbol: row.symbol })}`);
  model.clear();
  head.choose(row.symbol);
  feed.follow(row.symbol, row.channel);
  redraw();
}

/** All pages of the list; then the instrument that the address names, or the first, is chosen. */
async function loadInstruments(): Promise<void> {
  const rows: InstrumentRowJson[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: `${PAGE_ROWS}` });
    if (cursor !== null) query.set("cursor", cursor);
    const page: { instruments: InstrumentRowJson[]; next_cursor: string | null } = await api.get(
      `/v1/instruments?${query}`,
    );
    rows.push(...page.instruments);
    cursor = page.next_cursor;
  } while (cursor !== null);
  list.load(rows);
  if (chosenChannel !== undefined) return;
  const named = new URLSearchParams(location.hash.slice(1)).get("symbol");
  const row = rows.find(({ symbol }) => symbol === named) ?? rows[0];
  if (row) list.choose(row);
}

async function refreshInstruments(): Promise<void> {
  const symbols = [...new Set(list.inSight().map((row) => row.symbol))];
  if (symbols.length === 0) return;
  const query = new URLSearchParams({ symbols: symbols.join(","), limit: `${PAGE_ROWS}` });
  const page = await api.get<{ instruments: InstrumentRowJson[] }>(`/v1/instruments?${query}`);
  list.refresh(page.instruments);
}

async function poll(): Promise<void> {
  try {
    const [status, { channels }] = await Promise.all([
      api.get<StatusJson>("/v1/status"),
      api.get<{ channels: ChannelJson[] }>("/v1/channels"),
    ]);
    link.up("poll");
    const channel = channels.find(({ name }) => name === chosenChannel) ?? channels[0];
    if (link.reason === undefined) topBar.show(status, channel);
    if (channel) lines.show(channel);
    if (status.instruments !== listedCount) {
      await loadInstruments();
      listedCount = status.instruments;
    } else {
      await refreshInstruments();
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === UNAUTHORIZED) api.token = await askForToken(api.token === "" ? "" : error.message);
    else if (error.status === 0 || error.status >= 500) link.down("poll", error.message);
  }
}

for (const part of [head, facts, ladder, tape, priceChart, depthChart]) frames.add((ms) => part.draw(ms));
startTheme(() => {
  for (const chart of [lines, priceChart, depthChart]) chart.redraw();
  redraw();
});
startKeys(list);
api.token = storedToken();
void repeat(POLL_MS, poll);
redraw();
