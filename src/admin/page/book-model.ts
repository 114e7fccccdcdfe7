/**
 * One book as the page holds it: the first event of the stream, and every update since applied to it. Levels are kept
 * best first; each carries a heat that rises when it changes and that the ladder lets fall again.
 */
import type { BookUpdateJson } from "../book-update.ts";
import type { BookJson, LevelJson, TradeJson } from "../views/book.ts";

export interface Level {
  price: number;
  shares: number;
  orders: number;
  /** 1 when it has just changed, falling to 0. */
  heat: number;
}

/** Everything of the book but its levels and trades. */
export type BookFacts = Omit<BookJson, "bids" | "asks" | "trades">;

export const TAPE_ROWS_MAX = 1_000;

export class BookModel {
  facts: BookFacts | undefined;
  readonly bids: Level[] = [];
  readonly asks: Level[] = [];
  /** Newest last. */
  readonly trades: TradeJson[] = [];
  /** Counts every event applied: what is drawn is of the newest. */
  version = 0;

  clear(): void {
    this.facts = undefined;
    for (const list of [this.bids, this.asks, this.trades]) list.length = 0;
    this.version++;
  }

  load({ bids, asks, trades, ...facts }: BookJson): void {
    this.facts = facts;
    for (const [mine, theirs] of [[this.bids, bids] as const, [this.asks, asks] as const]) {
      mine.length = 0;
      for (const level of theirs)
        mine.push({ price: level.price, shares: level.shares, orders: level.orders, heat: 0 });
    }
    this.trades.length = 0;
    this.#addTrades(trades ?? []);
    this.version++;
  }

  /** Ignored before the first `load`: an update alone means nothing. */
  update(update: BookUpdateJson): void {
    if (!this.facts) return;
    const { bids, asks, trades, trades_replaced, trades_broken, instrument, ...facts } = update;
    Object.assign(this.facts, facts);
    Object.assign(this.facts.instrument, instrument);
    for (const level of bids) applyLevel(this.bids, level, -1);
    for (const level of asks) applyLevel(this.asks, level, 1);
    if (trades_replaced) this.trades.length = 0;
    for (const trade of this.trades) if (trades_broken.includes(trade.match_number)) trade.broken = true;
    this.#addTrades(trades);
    this.version++;
  }

  #addTrades(trades: readonly TradeJson[]): void {
    this.trades.push(...trades);
    if (this.trades.length > TAPE_ROWS_MAX) this.trades.splice(0, this.trades.length - TAPE_ROWS_MAX);
  }
}

/** `direction` 1 where the best price is the lowest. 0 shares takes the level out. */
function applyLevel(levels: Level[], change: LevelJson, direction: 1 | -1): void {
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((levels[middle]!.price - change.price) * direction < 0) low = middle + 1;
    else high = middle;
  }
  const found = levels[low]?.price === change.price ? levels[low] : undefined;
  if (change.shares === 0) {
    if (found) levels.splice(low, 1);
  } else if (found) {
    found.shares = change.shares;
    found.orders = change.orders;
    found.heat = 1;
  } else {
    levels.splice(low, 0, { price: change.price, shares: change.shares, orders: change.orders, heat: 1 });
  }
}
