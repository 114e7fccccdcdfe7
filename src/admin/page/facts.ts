/** What is known of the chosen instrument besides its orders, as a list of facts. */
import type { InstrumentJson } from "../views/instrument.ts";
import type { BookModel } from "./book-model.ts";
import { byId, Cell, make } from "./dom.ts";
import { price, stateName, timeOfDay, whole } from "./format.ts";

const REG_SHO: Record<string, string> = {
  "0": "no restriction",
  "1": "restricted since today",
  "2": "restricted",
};
const CROSSES: Record<string, string> = { O: "opening", C: "closing", H: "halt or IPO", I: "intraday", A: "extended" };
const DIRECTIONS: Record<string, string> = { B: "buy", S: "sell", N: "none", O: "too few orders", P: "paused" };

type Fact = [label: string, value: (instrument: InstrumentJson) => string];

const FACTS: Fact[] = [
  ["State", (i) => [stateName(i.trading_state), i.trading_reason].filter(Boolean).join(", ")],
  ["Volume", (i) => whole(i.volume)],
  ["VWAP", (i) => price(i.vwap, 4)],
  ["Open", (i) => price(i.open_price)],
  ["High", (i) => price(i.high_price)],
  ["Low", (i) => price(i.low_price)],
  ["Trades", (i) => whole(i.trade_count) + (i.broken_count > 0 ? `, ${whole(i.broken_count)} broken` : "")],
  ["Live orders", (i) => whole(i.order_count)],
  ["LULD band", luld],
  ["Reg SHO", (i) => REG_SHO[i.reg_sho_action] ?? "–"],
  ["Last cross", lastCross],
  ["Imbalance", imbalance],
];

function luld({ luld }: InstrumentJson): string {
  return luld ? `${price(luld.lower_price)} – ${price(luld.upper_price)}` : "–";
}

function lastCross({ crosses }: InstrumentJson): string {
  const last = crosses.reduce<(typeof crosses)[number] | undefined>(
    (a, b) => (a && a.ts_event_ns > b.ts_event_ns ? a : b),
    undefined,
  );
  if (!last) return "–";
  return `${CROSSES[last.cross_type] ?? last.cross_type} ${price(last.price)}, ${timeOfDay(last.ts_event_ns, 0)}`;
}

function imbalance({ imbalance }: InstrumentJson): string {
  if (!imbalance) return "–";
  return `${whole(imbalance.imbalance_shares)} ${DIRECTIONS[imbalance.direction] ?? imbalance.direction}`;
}

export class Facts {
  readonly #model: BookModel;
  readonly #cells: Cell[] = [];
  readonly #locate = Cell.byId("facts-locate");
  #drawn = -1;

  constructor(model: BookModel) {
    this.#model = model;
    for (const [label] of FACTS) {
      const cell = Cell.make("dd", "");
      this.#cells.push(cell);
      byId("facts").append(make("div", "", make("dt", "", label), cell.node));
    }
  }

  draw(): boolean {
    if (this.#drawn === this.#model.version) return false;
    this.#drawn = this.#model.version;
    const instrument = this.#model.facts?.instrument;
    this.#locate.text(instrument ? `locate ${instrument.stock_locate}` : "");
    for (const [i, [, value]] of FACTS.entries()) this.#cells[i]!.text(instrument ? value(instrument) : "–");
    return false;
  }
}
