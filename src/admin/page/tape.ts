/** The trades, newest on top. A fixed pool of rows; each frame writes only what differs. */
import type { TradeJson } from "../views/book.ts";
import type { BookModel } from "./book-model.ts";
import { Cell, make } from "./dom.ts";
import { pricePadded, timeOfDay, whole } from "./format.ts";

const ROW_PX = 20;
const MARKS: Record<TradeJson["type"], string> = { E: "", C: "c", P: "hidden", Q: "cross" };

class TapeRow {
  readonly #time = Cell.make("span", "time");
  readonly #price = Cell.make("span", "price");
  readonly #shares = Cell.make("span", "shares");
  readonly #mark = Cell.make("span", "mark");
  readonly #row = new Cell(make("div", "tape-row"));

  get node(): HTMLElement {
    return this.#row.node;
  }

  constructor() {
    this.node.replaceChildren(this.#time.node, this.#price.node, this.#shares.node, this.#mark.node);
  }

  show(trade: TradeJson | undefined): void {
    this.#time.text(trade ? timeOfDay(trade.ts_event_ns) : "");
    this.#price.text(trade ? pricePadded(trade.price) : "");
    this.#shares.text(trade ? whole(trade.shares) : "");
    this.#mark.text(trade ? (trade.broken ? "broken" : MARKS[trade.type]) : "");
    this.#row.data("side", aggressor(trade));
    this.#row.data("broken", String(trade?.broken ?? false));
  }
}

/** The feed tells the resting order's side; the trade was started by the other one. */
function aggressor(trade: TradeJson | undefined): string {
  if (!trade || trade.side === "" || trade.type === "P") return "none";
  return trade.side === "B" ? "sell" : "buy";
}

export class Tape {
  readonly #node: HTMLElement;
  readonly #model: BookModel;
  #rows: TapeRow[] = [];
  #drawn = -1;

  constructor(node: HTMLElement, model: BookModel, onResize: () => void) {
    this.#node = node;
    this.#model = model;
    new ResizeObserver(() => {
      this.#build();
      onResize();
    }).observe(node);
    this.#build();
  }

  #build(): void {
    const count = Math.max(1, Math.floor(this.#node.clientHeight / ROW_PX));
    if (count === this.#rows.length) return;
    this.#rows = Array.from({ length: count }, () => new TapeRow());
    this.#node.replaceChildren(...this.#rows.map((row) => row.node));
    this.#drawn = -1;
  }

  draw(): boolean {
    if (this.#drawn === this.#model.version) return false;
    this.#drawn = this.#model.version;
    const { trades } = this.#model;
    for (const [i, row] of this.#rows.entries()) row.show(trades[trades.length - 1 - i]);
    return false;
  }
}
