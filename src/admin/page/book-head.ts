/**
 * The head of the chosen book: name, state, last price, spread, imbalance; and the plate that covers the ladder and
 * says why when the book may not be trusted. A book is only ever shown plainly while its quality is ok and the page is
 * connected.
 */
import type { BookModel, Level } from "./book-model.ts";
import { byId, Cell, Gauge } from "./dom.ts";
import { change, price, stateName, whole } from "./format.ts";

const IMBALANCE_LEVELS = 10;

const PLATES: Record<string, { title: string; text: string }> = {
  recovering: { title: "Recovering", text: "Messages are missing or in doubt; the book is being repaired." },
  stale: { title: "Stale", text: "The feed is silent; the book may be out of date." },
  closed: { title: "Closed", text: "The session has ended; this is the final book." },
};

export class BookHead {
  readonly #model: BookModel;
  readonly #symbol = Cell.byId("symbol");
  readonly #state = Cell.byId("state");
  readonly #quality = Cell.byId("book-quality");
  readonly #last = Cell.byId("last");
  readonly #change = Cell.byId("change");
  readonly #spread = Cell.byId("spread");
  readonly #middle = Cell.byId("middle");
  readonly #imbalance = Cell.byId("imbalance-value");
  readonly #bar = Gauge.bar(byId("imbalance-bar"));
  readonly #plate = byId("plate");
  readonly #plateTitle = new Cell(byId("plate").querySelector("strong")!);
  readonly #plateText = new Cell(byId("plate").querySelector("span")!);
  readonly #book = byId("book");
  #drawn = -1;
  /** Why the page is not connected; undefined when it is. */
  #disconnected: string | undefined;
  #missing: string | undefined;

  constructor(model: BookModel) {
    this.#model = model;
  }

  /** A new book has been chosen and nothing of it is known yet. */
  choose(symbol: string): void {
    this.#symbol.text(symbol);
    this.#missing = undefined;
    this.#drawn = -1;
  }

  /** The node has no such book. */
  missing(reason: string): void {
    this.#missing = reason;
    this.#drawn = -1;
  }

  disconnected(reason: string | undefined): void {
    this.#disconnected = reason;
    this.#drawn = -1;
  }

  draw(): boolean {
    if (this.#drawn === this.#model.version) return false;
    this.#drawn = this.#model.version;
    const { facts } = this.#model;
    this.#drawPlate();
    this.#state.text(facts ? stateName(facts.state) : "");
    this.#state.data("state", facts?.state ?? "");
    this.#quality.text(this.#disconnected ? "disconnected" : (facts?.quality ?? "waiting"));
    this.#quality.data("quality", this.#disconnected ? "disconnected" : (facts?.quality ?? "unknown"));
    const instrument = facts?.instrument;
    this.#last.text(price(instrument?.last_price));
    const moved = change(instrument?.open_price ?? null, instrument?.last_price ?? null);
    this.#change.text(moved.text);
    this.#change.data("direction", moved.direction);
    this.#last.data("direction", moved.direction);
    this.#drawTouch();
    return false;
  }

  #drawTouch(): void {
    const { bids, asks } = this.#model;
    const [bid, ask] = [bids[0], asks[0]];
    this.#spread.text(bid && ask ? spreadText(bid.price, ask.price) : "–");
    this.#middle.text(bid && ask ? price((bid.price + ask.price) / 2, 4) : "–");
    const [bought, sold] = [depth(bids), depth(asks)];
    const part = bought + sold === 0 ? 0.5 : bought / (bought + sold);
    this.#imbalance.text(bought + sold === 0 ? "–" : `${whole(part * 100)} : ${whole(100 - Math.round(part * 100))}`);
    this.#bar.set(part);
  }

  #drawPlate(): void {
    const { facts } = this.#model;
    const plate = this.#plateOf();
    this.#plate.hidden = plate === undefined;
    this.#plate.dataset["quality"] = this.#disconnected ? "disconnected" : (facts?.quality ?? "unknown");
    this.#book.dataset["trust"] = plate === undefined ? "ok" : "none";
    this.#plateTitle.text(plate?.title ?? "");
    this.#plateText.text(plate?.text ?? "");
  }

  #plateOf(): { title: string; text: string } | undefined {
    const { facts } = this.#model;
    if (this.#disconnected) return { title: "Disconnected", text: "The last book seen; it does not move any more." };
    if (this.#missing) return { title: "No book", text: this.#missing };
    if (!facts) return { title: "Waiting", text: "for the first image of the book" };
    if (facts.quality === "ok") return undefined;
    const plate = PLATES[facts.quality];
    return { title: plate?.title ?? facts.quality, text: facts.quality_reason || (plate?.text ?? "") };
  }
}

function depth(levels: readonly Level[]): number {
  let shares = 0;
  for (let i = 0; i < Math.min(IMBALANCE_LEVELS, levels.length); i++) shares += levels[i]!.shares;
  return shares;
}

/** In dollars and, what compares between symbols, in 1/10000 of the price. */
function spreadText(bid: number, ask: number): string {
  const points = ((ask - bid) / ((ask + bid) / 2)) * 10_000;
  return `${price(ask - bid)} · ${points.toFixed(points < 10 ? 1 : 0)} bp`;
}
