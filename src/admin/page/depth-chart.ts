/** The cumulated depth of the chosen book: how many shares stand between the middle and each price. */
import type { BookModel, Level } from "./book-model.ts";
import { Pace, type Pen, penOf } from "./chart.ts";
import { compact, price } from "./format.ts";

const INTERVAL_MS = 100;
const AXIS_PX = 16;
const PAD_PX = 4;
const LEVELS_MAX = 40;

export class DepthChart {
  readonly #canvas: HTMLCanvasElement;
  readonly #model: BookModel;
  readonly #pace = new Pace(INTERVAL_MS);
  #drawn = -1;

  constructor(canvas: HTMLCanvasElement, model: BookModel) {
    this.#canvas = canvas;
    this.#model = model;
  }

  redraw(): void {
    this.#drawn = -1;
  }

  draw(elapsedMs: number): boolean {
    if (this.#drawn === this.#model.version) return false;
    if (!this.#pace.due(elapsedMs)) return true;
    this.#drawn = this.#model.version;
    const pen = penOf(this.#canvas);
    const { bids, asks } = this.#model;
    if (pen && bids[0] && asks[0]) paint(pen, bids.slice(0, LEVELS_MAX), asks.slice(0, LEVELS_MAX));
    return false;
  }
}

/** The same distance to both sides, so that the two slopes can be compared: as far as the nearer side reaches. */
function paint(pen: Pen, bids: readonly Level[], asks: readonly Level[]): void {
  const middle = (bids[0]!.price + asks[0]!.price) / 2;
  const reach = Math.max(0.01, Math.min(middle - bids.at(-1)!.price, asks.at(-1)!.price - middle));
  const inReach = (level: Level) => Math.abs(level.price - middle) <= reach + 1e-9;
  const sides = [bids.filter(inReach), asks.filter(inReach)] as const;
  const top = Math.max(1, ...sides.map((levels) => levels.reduce((sum, level) => sum + level.shares, 0)));
  const bottom = pen.height - AXIS_PX;
  const x = (value: number) => pen.width / 2 + ((value - middle) / reach) * (pen.width / 2);
  const y = (shares: number) => bottom - (shares / top) * (bottom - PAD_PX);
  paintSide(pen, sides[0], "up", x, y);
  paintSide(pen, sides[1], "down", x, y);
  const { context, width, color } = pen;
  context.fillStyle = color("line");
  context.fillRect(0, bottom, width, 1);
  context.fillStyle = color("dim");
  context.textBaseline = "bottom";
  const label = (text: string, align: CanvasTextAlign, at: number) => {
    context.textAlign = align;
    context.fillText(text, at, pen.height);
  };
  label(price(middle - reach, 2), "left", 0);
  label(price(middle, 4), "center", width / 2);
  label(price(middle + reach, 2), "right", width);
  context.textBaseline = "top";
  context.textAlign = "center";
  context.fillText(compact(top), width / 2, 0);
}

function paintSide(
  { context, color, height }: Pen,
  levels: readonly Level[],
  name: "up" | "down",
  x: (value: number) => number,
  y: (shares: number) => number,
): void {
  let total = 0;
  context.beginPath();
  for (const level of levels) {
    context.lineTo(x(level.price), y(total));
    total += level.shares;
    context.lineTo(x(level.price), y(total));
  }
  const edge = name === "up" ? 0 : context.canvas.clientWidth;
  context.lineTo(edge, y(total));
  context.strokeStyle = color(name);
  context.lineWidth = 1.25;
  context.stroke();
  context.lineTo(edge, height - AXIS_PX);
  context.lineTo(x(levels[0]?.price ?? 0), height - AXIS_PX);
  context.globalAlpha = 0.14;
  context.fillStyle = color(name);
  context.fill();
  context.globalAlpha = 1;
}
