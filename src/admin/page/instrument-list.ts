/**
 * The list of all instruments: 10,000 rows of data, a few dozen of DOM. Rows in sight are placed by a transform and
 * written to; scrolling makes nothing. Searching is here and at once, because all symbols are known.
 */
import type { InstrumentRowJson } from "../views/book.ts";
import { byId, Cell, make } from "./dom.ts";
import { cents, change, compact, whole } from "./format.ts";

const ROW_PX = 26;
const SPARE_ROWS = 4;

class ListRow {
  readonly node: HTMLElement;
  readonly #symbol = Cell.make("span", "symbol");
  readonly #last = Cell.make("span", "last");
  readonly #change = Cell.make("span", "change");
  readonly #volume = Cell.make("span", "volume");
  index = -1;
  #price: number | null = null;
  #shown = "";

  constructor() {
    const cells = [this.#symbol, this.#last, this.#change, this.#volume].map((cell) => cell.node);
    this.node = make("div", "list-row", ...cells);
    this.node.setAttribute("role", "option");
  }

  place(index: number): void {
    if (index === this.index) return;
    this.index = index;
    this.node.style.transform = `translateY(${index * ROW_PX}px)`;
  }

  show(row: InstrumentRowJson | undefined, chosen: boolean): void {
    this.node.hidden = row === undefined;
    if (!row) return;
    this.#symbol.text(row.symbol);
    this.#symbol.data("state", row.state);
    this.#symbol.data("quality", row.quality);
    this.#last.text(cents(row.last_price));
    const moved = change(row.open_price, row.last_price);
    this.#change.text(moved.text);
    this.#change.data("direction", moved.direction);
    this.#volume.text(compact(row.volume));
    this.node.setAttribute("aria-selected", String(chosen));
    this.#flash(row);
  }

  /** Only when the same instrument's price has moved, not when the row has come to show another one. */
  #flash(row: InstrumentRowJson): void {
    const key = `${row.symbol} ${row.channel}`;
    const moved = key === this.#shown && this.#price !== null && row.last_price !== this.#price;
    if (moved) {
      const direction = (row.last_price ?? 0) > this.#price! ? "tick-up" : "tick-down";
      this.node.classList.remove("tick-up", "tick-down");
      void this.node.offsetWidth;
      this.node.classList.add(direction);
    } else if (key !== this.#shown) {
      this.node.classList.remove("tick-up", "tick-down");
    }
    this.#shown = key;
    this.#price = row.last_price;
  }
}

export class InstrumentList {
  readonly #node = byId("list");
  readonly #body = this.#node.querySelector<HTMLElement>(".list-body")!;
  readonly #foot = Cell.byId("list-foot");
  readonly #onChoose: (row: InstrumentRowJson) => void;
  #all: InstrumentRowJson[] = [];
  #found: InstrumentRowJson[] = [];
  #rows: ListRow[] = [];
  #search = "";
  #chosen: string | undefined;

  constructor(onChoose: (row: InstrumentRowJson) => void) {
    this.#onChoose = onChoose;
    this.#node.addEventListener("scroll", () => this.draw(), { passive: true });
    this.#node.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.#build()).observe(this.#node);
    this.#build();
  }

  get all(): readonly InstrumentRowJson[] {
    return this.#all;
  }

  /** The whole list, ascending by symbol. Keeps search, choice and place. */
  load(rows: InstrumentRowJson[]): void {
    this.#all = rows;
    this.search(this.#search);
  }

  /** Newer rows of some instruments. */
  refresh(rows: readonly InstrumentRowJson[]): void {
    const newer = new Map(rows.map((row) => [keyOf(row), row]));
    const replace = (row: InstrumentRowJson) => newer.get(keyOf(row)) ?? row;
    this.#all = this.#all.map(replace);
    this.#found = this.#found.map(replace);
    this.draw();
  }

  search(text: string): void {
    this.#search = text.trim().toUpperCase();
    const begins = this.#all.filter((row) => row.symbol.startsWith(this.#search));
    const holds = this.#all.filter((row) => row.symbol.indexOf(this.#search) > 0);
    this.#found = this.#search === "" ? this.#all : [...begins, ...holds];
    this.#body.style.height = `${this.#found.length * ROW_PX}px`;
    const of = this.#found.length === this.#all.length ? "" : ` of ${whole(this.#all.length)}`;
    this.#foot.text(`${whole(this.#found.length)}${of} instruments`);
    this.draw();
  }

  /** Those in sight, to be refreshed. */
  inSight(): InstrumentRowJson[] {
    const first = Math.floor(this.#node.scrollTop / ROW_PX);
    return this.#found.slice(first, first + Math.ceil(this.#node.clientHeight / ROW_PX) + 1);
  }

  choose(row: InstrumentRowJson): void {
    this.#chosen = keyOf(row);
    this.#onChoose(row);
    this.#scrollTo(this.#found.indexOf(row));
    this.draw();
  }

  /** The next (1) or the one before (-1) of those found; the first when none of them is chosen. */
  step(by: number): void {
    const at = this.#found.findIndex((row) => keyOf(row) === this.#chosen);
    const next = at < 0 ? 0 : Math.max(0, Math.min(this.#found.length - 1, at + by));
    const row = this.#found[next];
    if (row && next !== at) this.choose(row);
  }

  draw(): void {
    const first = Math.max(0, Math.floor(this.#node.scrollTop / ROW_PX) - SPARE_ROWS);
    for (let i = first; i < first + this.#rows.length; i++) {
      const row = this.#rows[i % this.#rows.length]!;
      const data = this.#found[i];
      row.place(i);
      row.show(data, data !== undefined && keyOf(data) === this.#chosen);
    }
  }

  #build(): void {
    const count = Math.ceil(this.#node.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    if (count === this.#rows.length) return;
    this.#rows = Array.from({ length: count }, () => new ListRow());
    this.#body.replaceChildren(...this.#rows.map((row) => row.node));
    this.draw();
  }

  #click(event: MouseEvent): void {
    const node = (event.target as Element).closest(".list-row");
    const row = this.#rows.find((candidate) => candidate.node === node);
    const data = row && this.#found[row.index];
    if (data) this.choose(data);
  }

  #scrollTo(index: number): void {
    if (index < 0) return;
    const top = index * ROW_PX;
    const bottom = top + ROW_PX - this.#node.clientHeight;
    if (top < this.#node.scrollTop) this.#node.scrollTop = top;
    else if (bottom > this.#node.scrollTop) this.#node.scrollTop = bottom;
  }
}

function keyOf(row: InstrumentRowJson): string {
  return `${row.symbol} ${row.channel}`;
}
