/**
 * Books, trades and orders as the API shows them. Level and queue have the shape of `fathom replay --dump`, so that the
 * same reader takes both.
 */
import { z } from "@hono/zod-openapi";
import type { LevelImage, OrderImage, TradeImage } from "../../books/contract.ts";
import { qualityName } from "../../core/quality.ts";
import { priceToDollars } from "../../core/units.ts";
import type { BookAnswer, InstrumentRow, OrderAnswer, SnapshotAnswer } from "../contract.ts";
import { CountSchema, POSITION_SHAPE, PriceSchema, positionToJson, QualitySchema, TsEventNsSchema } from "./common.ts";
import { type InstrumentJson, InstrumentSchema, instrumentToJson } from "./instrument.ts";

export const LevelSchema = z
  .object({
    price: PriceSchema,
    shares: CountSchema,
    orders: CountSchema,
    queue: z
      .array(z.object({ order_ref: z.string(), shares: CountSchema }))
      .optional()
      .openapi({ description: "Oldest first; only when asked for." }),
  })
  .openapi("Level");
export type LevelJson = z.infer<typeof LevelSchema>;

export const TradeSchema = z
  .object({
    match_number: z.string(),
    ts_event_ns: TsEventNsSchema,
    price: PriceSchema,
    shares: CountSchema,
    type: z.enum(["E", "C", "P", "Q"]).openapi({
      description: "E execution, C execution with price, P trade against a non-displayed order, Q cross.",
    }),
    side: z.enum(["B", "S", ""]).openapi({ description: "Of the resting order; empty where the feed does not say." }),
    broken: z.boolean(),
  })
  .openapi("Trade");
export type TradeJson = z.infer<typeof TradeSchema>;

export const BookSchema = z
  .object({
    ...POSITION_SHAPE,
    stock_locate: CountSchema,
    symbol: z.string(),
    state: z.string().openapi({ description: "H halted, P paused, Q quotation only, T trading." }),
    bids: z.array(LevelSchema).openapi({ description: "Best first." }),
    asks: z.array(LevelSchema).openapi({ description: "Best first." }),
    trades: z.array(TradeSchema).optional().openapi({ description: "Newest last; only when asked for." }),
    instrument: InstrumentSchema,
  })
  .openapi("Book");
export type BookJson = z.infer<typeof BookSchema>;

const SnapshotBookSchema = z.object({
  stock_locate: CountSchema,
  symbol: z.string(),
  state: z.string(),
  quality: QualitySchema,
  bids: z.array(LevelSchema),
  asks: z.array(LevelSchema),
});

export const SnapshotSchema = z
  .object({
    ...POSITION_SHAPE,
    shards: CountSchema,
    state_hash: z.string().openapi({ description: "Over all levels of the instruments in the answer, at `sequence`." }),
    books: z.array(SnapshotBookSchema).openapi({ description: "Ascending by stock locate." }),
    missing: z.array(z.string()).openapi({ description: "Symbols asked for that the channel does not have." }),
  })
  .openapi("Snapshot");
export type SnapshotJson = z.infer<typeof SnapshotSchema>;

export const OrderSchema = z
  .object({
    ...POSITION_SHAPE,
    symbol: z.string(),
    stock_locate: CountSchema,
    order_ref: z.string(),
    side: z.enum(["B", "S"]),
    price: PriceSchema,
    shares: CountSchema,
    mpid: z.string().openapi({ description: "Attribution; empty when the order has none." }),
  })
  .openapi("Order");
export type OrderJson = z.infer<typeof OrderSchema>;

export const InstrumentRowSchema = z
  .object({
    symbol: z.string(),
    channel: z.string(),
    stock_locate: CountSchema,
    quality: QualitySchema,
    state: z.string(),
    bid: PriceSchema.nullable(),
    ask: PriceSchema.nullable(),
    last_price: PriceSchema.nullable(),
    open_price: PriceSchema.nullable(),
    volume: CountSchema,
    orders: CountSchema,
  })
  .openapi("InstrumentRow");
export type InstrumentRowJson = z.infer<typeof InstrumentRowSchema>;

export const InstrumentsSchema = z
  .object({
    instruments: z.array(InstrumentRowSchema),
    total: CountSchema.openapi({ description: "On all pages together." }),
    next_cursor: z.string().nullable().openapi({ description: "Null on the last page." }),
  })
  .openapi("Instruments");

export function levelToJson(level: LevelImage): LevelJson {
  const json: LevelJson = { price: priceToDollars(level.priceE4), shares: level.shares, orders: level.orders };
  if (level.queue) {
    json.queue = level.queue.map((order) => ({ order_ref: order.orderReference.toString(), shares: order.shares }));
  }
  return json;
}

export function tradeToJson(trade: TradeImage): TradeJson {
  return {
    match_number: trade.matchNumber.toString(),
    ts_event_ns: trade.tsEventNs,
    price: priceToDollars(trade.priceE4),
    shares: trade.shares,
    type: trade.type,
    side: trade.side,
    broken: trade.broken,
  };
}

export function bookAnswerToJson(answer: BookAnswer): BookJson {
  const { instrument, bids, asks, trades } = answer.image;
  const json: BookJson = {
    ...positionToJson(answer),
    stock_locate: instrument.locate,
    symbol: instrument.symbol,
    state: instrument.tradingState,
    bids: bids.map(levelToJson),
    asks: asks.map(levelToJson),
    instrument: instrumentToJson(instrument) satisfies InstrumentJson,
  };
  if (trades) json.trades = trades.map(tradeToJson);
  return json;
}

export function orderToJson(answer: OrderAnswer, order: OrderImage): OrderJson {
  return {
    ...positionToJson(answer),
    symbol: answer.symbol,
    stock_locate: order.locate,
    order_ref: order.orderReference.toString(),
    side: order.side,
    price: priceToDollars(order.priceE4),
    shares: order.shares,
    mpid: order.mpid,
  };
}

export function snapshotToJson(answer: SnapshotAnswer): SnapshotJson {
  return {
    ...positionToJson(answer),
    shards: answer.shardCount,
    state_hash: answer.stateHash,
    books: answer.books.map(({ quality, image }) => ({
      stock_locate: image.instrument.locate,
      symbol: image.instrument.symbol,
      state: image.instrument.tradingState,
      quality: qualityName(quality),
      bids: image.bids.map(levelToJson),
      asks: image.asks.map(levelToJson),
    })),
    missing: answer.missing,
  };
}

export function instrumentRowToJson(row: InstrumentRow): InstrumentRowJson {
  const { instrument, bids, asks } = row.image;
  const traded = instrument.tradeCount > 0;
  return {
    symbol: instrument.symbol,
    channel: row.channel,
    stock_locate: instrument.locate,
    quality: qualityName(row.quality),
    state: instrument.tradingState,
    bid: bids[0] ? priceToDollars(bids[0].priceE4) : null,
    ask: asks[0] ? priceToDollars(asks[0].priceE4) : null,
    last_price: traded ? priceToDollars(instrument.lastPriceE4) : null,
    open_price: traded ? priceToDollars(instrument.openPriceE4) : null,
    volume: instrument.volumeShares,
    orders: instrument.orderCount,
  };
}
