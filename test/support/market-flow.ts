/**
 * A seeded flow of plausible ITCH messages for a few or many symbols: adds near the touch, cancels, deletes, replaces,
 * executions from the front of the best level, hidden trades. Every message is true of the book it is for.
 */
import { Prng } from "../../src/core/prng.ts";
import type { ItchMessage } from "../../src/wire/itch50.ts";

interface LiveOrder {
  reference: bigint;
  side: "B" | "S";
  priceE4: number;
  shares: number;
}

interface FlowSymbol {
  locate: number;
  symbol: string;
  orders: LiveOrder[];
  middleE4: number;
}

const TICK_E4 = 100;
const ORDERS_MAX = 400;
export const OPEN_NS = 34_200e9;

/** "ZAAA", "ZAAB", … */
export function flowSymbol(index: number): string {
  const letter = (power: number) => String.fromCharCode(65 + (Math.floor(index / 26 ** power) % 26));
  return `Z${letter(2)}${letter(1)}${letter(0)}`;
}

export class MarketFlow {
  readonly symbols: FlowSymbol[];
  readonly #prng: Prng;
  #tsNs = OPEN_NS;
  #reference = 0n;
  #match = 0n;

  constructor(symbolCount: number, seed: number) {
    this.#prng = new Prng(seed);
    this.symbols = Array.from({ length: symbolCount }, (_, i) => ({
      locate: i + 1,
      symbol: flowSymbol(i),
      orders: [],
      middleE4: this.#prng.between(500, 30_000) * TICK_E4,
    }));
  }

  /** Start of session: system event, directory, trading state, Reg SHO, a price collar for each symbol. */
  opening(): ItchMessage[] {
    const messages: ItchMessage[] = [{ ...this.#head("S", 0), eventCode: "O" }];
    for (const { locate, symbol: stock, middleE4 } of this.symbols) {
      messages.push({
        ...this.#head("R", locate),
        stock,
        marketCategory: "Q",
        financialStatus: "N",
        roundLotSize: 100,
        roundLotsOnly: "N",
        issueClassification: "C",
        issueSubType: "Z",
        authenticity: "P",
        shortSaleThreshold: "N",
        ipoFlag: "N",
        luldReferencePriceTier: "1",
        etpFlag: "N",
        etpLeverageFactor: 0,
        inverseIndicator: "N",
      });
      messages.push({ ...this.#head("H", locate), stock, tradingState: "T", reserved: " ", reason: "" });
      messages.push({ ...this.#head("Y", locate), stock, regShoAction: "0" });
      const collar = { referencePriceE4: middleE4, upperPriceE4: middleE4 * 1.05, lowerPriceE4: middleE4 * 0.95 };
      messages.push({ ...this.#head("J", locate), stock, ...mapValues(collar, Math.round), extension: 0 });
    }
    return messages;
  }

  /** One message about one of the symbols. */
  next(index = this.#prng.below(this.symbols.length)): ItchMessage {
    const symbol = this.symbols[index]!;
    const dice = this.#prng.float();
    if (symbol.orders.length < 60 || (dice < 0.46 && symbol.orders.length < ORDERS_MAX)) return this.#add(symbol);
    if (dice < 0.78) return this.#delete(symbol);
    if (dice < 0.84) return this.#cancel(symbol);
    if (dice < 0.92) return this.#execute(symbol);
    if (dice < 0.98) return this.#replace(symbol);
    return this.#hiddenTrade(symbol);
  }

  #head<T extends ItchMessage["type"]>(type: T, stockLocate: number) {
    this.#tsNs += this.#prng.between(20_000, 4_000_000);
    return { type, stockLocate, trackingNumber: 0, timestampNs: this.#tsNs };
  }

  #pick(symbol: FlowSymbol): number {
    return this.#prng.below(symbol.orders.length);
  }

  #best(symbol: FlowSymbol, side: "B" | "S"): LiveOrder | undefined {
    let best: LiveOrder | undefined;
    for (const order of symbol.orders) {
      if (order.side !== side) continue;
      if (!best || (side === "B" ? order.priceE4 > best.priceE4 : order.priceE4 < best.priceE4)) best = order;
    }
    return best;
  }

  /** A price on `side` that does not cross, mostly near the touch. */
  #price(symbol: FlowSymbol, side: "B" | "S"): number {
    const away = this.#prng.geometric(0.12) * TICK_E4;
    const other = this.#best(symbol, side === "B" ? "S" : "B");
    const touch = other ? (side === "B" ? other.priceE4 - TICK_E4 : other.priceE4 + TICK_E4) : symbol.middleE4;
    return Math.max(TICK_E4, side === "B" ? touch - away : touch + away);
  }

  #add(symbol: FlowSymbol): ItchMessage {
    const side = this.#prng.chance(0.5) ? "B" : "S";
    const order = {
      reference: ++this.#reference,
      side,
      priceE4: this.#price(symbol, side),
      shares: this.#shares(),
    } as const;
    symbol.orders.push({ ...order });
    const fields = {
      orderReference: order.reference,
      side,
      shares: order.shares,
      stock: symbol.symbol,
      priceE4: order.priceE4,
    };
    if (this.#prng.chance(0.05)) return { ...this.#head("F", symbol.locate), ...fields, attribution: "FTHM" };
    return { ...this.#head("A", symbol.locate), ...fields };
  }

  #shares(): number {
    return this.#prng.chance(0.7) ? this.#prng.between(1, 8) * 100 : this.#prng.between(1, 2_500);
  }

  #delete(symbol: FlowSymbol): ItchMessage {
    const [order] = symbol.orders.splice(this.#pick(symbol), 1);
    return { ...this.#head("D", symbol.locate), orderReference: order!.reference };
  }

  #cancel(symbol: FlowSymbol): ItchMessage {
    const order = symbol.orders[this.#pick(symbol)]!;
    if (order.shares < 2) return this.#add(symbol);
    const canceledShares = this.#prng.between(1, order.shares - 1);
    order.shares -= canceledShares;
    return { ...this.#head("X", symbol.locate), orderReference: order.reference, canceledShares };
  }

  #execute(symbol: FlowSymbol): ItchMessage {
    const best = this.#best(symbol, this.#prng.chance(0.5) ? "B" : "S");
    if (!best) return this.#add(symbol);
    const executedShares = this.#prng.chance(0.5) ? best.shares : this.#prng.between(1, best.shares);
    best.shares -= executedShares;
    if (best.shares === 0) symbol.orders.splice(symbol.orders.indexOf(best), 1);
    const fields = { orderReference: best.reference, executedShares, matchNumber: ++this.#match };
    return { ...this.#head("E", symbol.locate), ...fields };
  }

  #replace(symbol: FlowSymbol): ItchMessage {
    const [old] = symbol.orders.splice(this.#pick(symbol), 1);
    const { side } = old!;
    const order = { reference: ++this.#reference, side, priceE4: this.#price(symbol, side), shares: this.#shares() };
    symbol.orders.push(order);
    return {
      ...this.#head("U", symbol.locate),
      originalOrderReference: old!.reference,
      newOrderReference: order.reference,
      shares: order.shares,
      priceE4: order.priceE4,
    };
  }

  #hiddenTrade(symbol: FlowSymbol): ItchMessage {
    const [bid, ask] = [this.#best(symbol, "B"), this.#best(symbol, "S")];
    if (!bid || !ask) return this.#add(symbol);
    return {
      ...this.#head("P", symbol.locate),
      orderReference: 0n,
      side: "B",
      shares: this.#shares(),
      stock: symbol.symbol,
      priceE4: Math.round((bid.priceE4 + ask.priceE4) / 2),
      matchNumber: ++this.#match,
    };
  }
}

function mapValues<T extends Record<string, number>>(values: T, change: (value: number) => number): T {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)])) as T;
}
