/**
 * A book as one line of `fathom replay --dump`: the shape that other tools compare against. Dollars, best level first.
 */
import { priceToDollars } from "../core/units.ts";
import type { BookImage, LevelImage } from "./contract.ts";

export interface DumpedLevel {
  price: number;
  shares: number;
  orders: number;
  /** Oldest order first; only with a queue. */
  queue?: { order_ref: string; shares: number }[];
}

export interface DumpedBook {
  stock_locate: number;
  symbol: string;
  state: string;
  bids: DumpedLevel[];
  asks: DumpedLevel[];
}

export function bookToJson(image: BookImage): DumpedBook {
  const { locate, symbol, tradingState } = image.instrument;
  return {
    stock_locate: locate,
    symbol,
    state: tradingState,
    bids: image.bids.map(levelToJson),
    asks: image.asks.map(levelToJson),
  };
}

function levelToJson({ priceE4, shares, orders, queue }: LevelImage): DumpedLevel {
  const level: DumpedLevel = { price: priceToDollars(priceE4), shares, orders };
  if (queue) level.queue = queue.map((order) => ({ order_ref: String(order.orderReference), shares: order.shares }));
  return level;
}
