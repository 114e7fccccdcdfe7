/**
 * The depth ladder: asks above, bids below, prices in the middle. Rows are made once for the height of the panel and
 * from then on only written to. Draws at most once a frame, from the newest state of the model.
 */
import type { BookModel, Level } from "./book-model.ts";
import { Cell, Gauge, make } from "./dom.ts";
import { isCents, price, whole } from "./format.ts";

const ROW_PX = 22;
const HEAT_MS = 450;

type Side = "bid" | "ask";

class LadderRow {
  readonly node: HTMLElement;
  readonly #total = Cell.make("span", "total");
  readonly #orders = Cell.make("span", "orders");
  readonly #size = Cell.make("span", "size");
  readonly #price = Cell.make("span", "price");
  readonly #bar = Gauge.bar(make("i", "bar"));
  readonly #depth = Gauge.bar(make("i", "depth"));
  readonly #flash = Gauge.flash(make("i", "flash"));
  #level: Level | undefined;

  constructor(side: Side) {
    const lane = make("div", "lane", this.#depth.node, this.#bar.node, this.#flash.node);
    this.node = make(
      "div",
      `row ${side}`,
      lane,
      this.#total.node,
      this.#orders.node,
      this.#size.node,
      this.#price.node,
    );
  }

  show(level: Level | undefined, total: number, sizeMax: number, totalMax: number, digits: number): void {
    this.#level = level;
    this.#price.text(level ? price(level.price, digits) : "");
    this.#size.text(level ? whole(level.shares) : "");
    this.#orders.text(level ? whole(level.orders) : "");
    this.#total.text(level ? whole(total) : "");
    this.#bar.set(level ? level.shares / sizeMax : 0);
    this.#depth.set(level ? total / totalMax : 0);
  }

  /** Whether it still glows. */
  glow(): boolean {
    const heat = this.#level?.heat ?? 0;
    this.#flash.set(heat);
    return heat > 0;
  }
}

export class Ladder {
  readonly #node: HTMLElement;
  readonly #model: BookModel;
  readonly #spread = Cell.make("span", "spread-value");
  #asks: LadderRow[] = [];
  #bids: LadderRow[] = [];
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
    const half = Math.max(3, Math.floor((this.#node.clientHeight / ROW_PX - 1) / 2));
    if (half === this.#asks.length) return;
    this.#asks = Array.from({ length: half }, () => new LadderRow("ask"));
    this.#bids = Array.from({ length: half }, () => new LadderRow("bid"));
    this.#asks[0]!.node.classList.add("best");
    this.#bids[0]!.node.classList.add("best");
    const spread = make("div", "row spread", this.#spread.node);
    const asks = this.#asks.map((row) => row.node).reverse();
    this.#node.replaceChildren(...asks, spread, ...this.#bids.map((row) => row.node));
    this.#drawn = -1;
  }

  draw(elapsedMs: number): boolean {
    if (this.#drawn !== this.#model.version) {
      this.#drawn = this.#model.version;
      this.#drawLevels();
    }
    let glowing = false;
    for (const row of this.#asks) glowing = row.glow() || glowing;
    for (const row of this.#bids) glowing = row.glow() || glowing;
    cool(this.#model.bids, elapsedMs);
    cool(this.#model.asks, elapsedMs);
    return glowing;
  }

  #drawLevels(): void {
    const { bids, asks } = this.#model;
    const count = this.#asks.length;
    let sizeMax = 1;
    let totalMax = 1;
    let digits = 2;
    for (const levels of [bids, asks]) {
      let total = 0;
      for (let i = 0; i < Math.min(count, levels.length); i++) {
        const level = levels[i]!;
        sizeMax = Math.max(sizeMax, level.shares);
        total += level.shares;
        if (!isCents(level.price)) digits = 4;
      }
      totalMax = Math.max(totalMax, total);
    }
    for (const [rows, levels] of [[this.#bids, bids] as const, [this.#asks, asks] as const]) {
      let total = 0;
      for (let i = 0; i < count; i++) {
        total += levels[i]?.shares ?? 0;
        rows[i]!.show(levels[i], total, sizeMax, totalMax, digits);
      }
    }
    const [bid, ask] = [bids[0], asks[0]];
    this.#spread.text(bid && ask ? price(ask.price - bid.price, digits) : "");
  }
}

function cool(levels: readonly Level[], elapsedMs: number): void {
  for (const level of levels) if (level.heat > 0) level.heat = Math.max(0, level.heat - elapsedMs / HEAT_MS);
}
