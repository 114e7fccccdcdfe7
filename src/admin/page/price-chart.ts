/** The last minute of the chosen book: best bid and offer as steps, trades as dots. By the exchange's clock. */
import type { TradeJson } from "../views/book.ts";
import type { BookModel } from "./book-model.ts";
import { Pace, type Pen, penOf } from "./chart.ts";
import { price } from "./format.ts";

const WINDOW_NS = 60e9;
const INTERVAL_MS = 100;
const SAMPLES_MAX = 1_200;
const AXIS_PX = 44;
const PAD_PX = 8;
const TIME_PX = 14;
/** A trade this large has the largest dot. */
const TRADE_SHARES_MAX = 2_000;

interface Sample {
  ns: number;
  bid: number;
  ask: number;
}

export class PriceChart {
  readonly #canvas: HTMLCanvasElement;
  readonly #model: BookModel;
  readonly #pace = new Pace(INTERVAL_MS);
  readonly #samples: Sample[] = [];
  #symbol = "";
  #drawn = -1;

  constructor(canvas: HTMLCanvasElement, model: BookModel) {
    this.#canvas = canvas;
    this.#model = model;
  }

  redraw(): void {
    this.#drawn = -1;
  }

  draw(elapsedMs: number): boolean {
    const pending = this.#drawn !== this.#model.version;
    if (!pending) return false;
    if (!this.#pace.due(elapsedMs)) return true;
    this.#drawn = this.#model.version;
    this.#sample();
    const pen = penOf(this.#canvas);
    if (pen && this.#samples.length > 0) this.#paint(pen);
    return false;
  }

  #sample(): void {
    const { facts, bids, asks } = this.#model;
    if (facts?.symbol !== this.#symbol || facts.ts_event_ns < (this.#samples.at(-1)?.ns ?? 0)) {
      this.#symbol = facts?.symbol ?? "";
      this.#samples.length = 0;
    }
    const [bid, ask] = [bids[0], asks[0]];
    if (!facts || !bid || !ask) return;
    this.#samples.push({ ns: facts.ts_event_ns, bid: bid.price, ask: ask.price });
    const from = facts.ts_event_ns - WINDOW_NS;
    const old = this.#samples.findIndex((sample) => sample.ns >= from);
    this.#samples.splice(0, Math.max(old - 1, this.#samples.length - SAMPLES_MAX, 0));
  }

  #paint(pen: Pen): void {
    const now = this.#samples.at(-1)!.ns;
    const trades = this.#model.trades.filter((trade) => trade.ts_event_ns > now - WINDOW_NS && !trade.broken);
    const prices = [...this.#samples.flatMap(({ bid, ask }) => [bid, ask]), ...trades.map((trade) => trade.price)];
    const [low, high] = [Math.min(...prices), Math.max(...prices)];
    const span = Math.max(high - low, 0.02);
    const middle = (high + low) / 2;
    const x = (ns: number) => (pen.width - AXIS_PX) * (1 - (now - ns) / WINDOW_NS);
    const y = (value: number) =>
      (pen.height - TIME_PX) / 2 - ((value - middle) / span) * (pen.height - TIME_PX - 2 * PAD_PX);
    paintAxis(pen, [low, high], y);
    this.#paintSteps(pen, x, y);
    paintTrades(pen, trades, x, y);
  }

  #paintSteps({ context, color, width }: Pen, x: (ns: number) => number, y: (value: number) => number): void {
    for (const [side, name] of [["bid", "up"] as const, ["ask", "down"] as const]) {
      context.beginPath();
      let last: number | undefined;
      for (const sample of this.#samples) {
        const at = x(sample.ns);
        if (last !== undefined) context.lineTo(at, last);
        last = y(sample[side]);
        context.lineTo(at, last);
      }
      context.lineTo(width - AXIS_PX, last!);
      context.strokeStyle = color(name);
      context.globalAlpha = 0.75;
      context.lineWidth = 1.25;
      context.stroke();
      context.globalAlpha = 1;
    }
  }
}

/** A larger trade has a larger dot; green where the buyer began it. */
function paintTrades(
  { context, color }: Pen,
  trades: readonly TradeJson[],
  x: (ns: number) => number,
  y: (value: number) => number,
): void {
  const colors = { B: color("down"), S: color("up"), "": color("dim") };
  context.globalAlpha = 0.55;
  for (const trade of trades) {
    const radius = 1.2 + 2.2 * Math.sqrt(Math.min(1, trade.shares / TRADE_SHARES_MAX));
    context.fillStyle = colors[trade.type === "P" ? "" : trade.side];
    context.beginPath();
    context.arc(x(trade.ts_event_ns), y(trade.price), radius, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

function paintAxis(
  { context, width, height, color }: Pen,
  values: readonly number[],
  y: (value: number) => number,
): void {
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of new Set(values)) {
    context.fillStyle = color("line-soft");
    context.fillRect(0, Math.round(y(value)), width - AXIS_PX, 1);
    context.fillStyle = color("dim");
    context.fillText(price(value), width, y(value));
  }
  context.textBaseline = "bottom";
  context.fillText("now", width - AXIS_PX, height);
  context.textAlign = "left";
  context.fillText("−60 s", 0, height);
}
