/**
 * What has changed between two images of the same book, for the event stream. Pure. Applying every update in turn to
 * the first book gives the newest image exactly: that is the promise, and the tests' property.
 */
import { z } from "@hono/zod-openapi";
import type { LevelImage, TradeImage } from "../books/contract.ts";
import { priceToDollars } from "../core/units.ts";
import type { BookAnswer } from "./contract.ts";
import { type LevelJson, LevelSchema, levelToJson, TradeSchema, tradeToJson } from "./views/book.ts";
import { POSITION_SHAPE, positionToJson } from "./views/common.ts";
import { type InstrumentJson, InstrumentSchema, instrumentToJson } from "./views/instrument.ts";

export const BookUpdateSchema = z
  .object({
    ...POSITION_SHAPE,
    state: z.string(),
    bids: z.array(LevelSchema).openapi({ description: "Only levels that have changed; 0 shares: the level is gone." }),
    asks: z.array(LevelSchema).openapi({ description: "Only levels that have changed; 0 shares: the level is gone." }),
    instrument: InstrumentSchema.partial().openapi({ description: "Only fields that have changed." }),
    trades: z.array(TradeSchema).openapi({ description: "New since the last event, newest last." }),
    trades_replaced: z.boolean().openapi({
      description:
        "`trades` is the whole tape from here: more happened since the last event than it holds, or a reset.",
    }),
    trades_broken: z.array(z.string()).openapi({ description: "Match numbers sent before and broken since." }),
  })
  .openapi("BookUpdate");
export type BookUpdateJson = z.infer<typeof BookUpdateSchema>;

/** The update that takes a client from `before` to `after`. */
export function bookUpdate(before: BookAnswer, after: BookAnswer): BookUpdateJson {
  return {
    ...positionToJson(after),
    state: after.image.instrument.tradingState,
    bids: levelChanges(before.image.bids, after.image.bids, -1),
    asks: levelChanges(before.image.asks, after.image.asks, 1),
    instrument: changedFields(instrumentToJson(before.image.instrument), instrumentToJson(after.image.instrument)),
    ...tradeChanges(before.image.trades ?? [], after.image.trades ?? []),
  };
}

/** Both lists best first; `direction` 1 where the lowest price is best. A level that left the window is gone too. */
function levelChanges(before: readonly LevelImage[], after: readonly LevelImage[], direction: 1 | -1): LevelJson[] {
  const changes: LevelJson[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const was = before[i];
    const is = after[j];
    const order = was && is ? (was.priceE4 - is.priceE4) * direction : was ? -1 : 1;
    if (order < 0) changes.push({ price: priceToDollars(was!.priceE4), shares: 0, orders: 0 });
    else if (order > 0 || !sameLevel(was!, is!)) changes.push(levelToJson(is!));
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return changes;
}

function sameLevel(a: LevelImage, b: LevelImage): boolean {
  if (a.shares !== b.shares || a.orders !== b.orders || a.queue?.length !== b.queue?.length) return false;
  if (!a.queue || !b.queue) return true;
  return a.queue.every((order, i) => {
    const other = b.queue![i]!;
    return order.orderReference === other.orderReference && order.shares === other.shares;
  });
}

function changedFields(before: InstrumentJson, after: InstrumentJson): Partial<InstrumentJson> {
  const changed = Object.entries(after).filter(([key, value]) => {
    const old = before[key as keyof InstrumentJson];
    return value !== old && JSON.stringify(value) !== JSON.stringify(old);
  });
  return Object.fromEntries(changed);
}

function tradeChanges(
  before: readonly TradeImage[],
  after: readonly TradeImage[],
): Pick<BookUpdateJson, "trades" | "trades_replaced" | "trades_broken"> {
  const last = before.at(-1);
  const seen = last ? after.findLastIndex((trade) => sameTrade(trade, last)) : -1;
  if (last && seen < 0) return { trades: after.map(tradeToJson), trades_replaced: true, trades_broken: [] };
  return {
    trades: after.slice(seen + 1).map(tradeToJson),
    trades_replaced: false,
    trades_broken: brokenSince(before, after.slice(0, seen + 1)),
  };
}

/** A match number can come back after a reset; with its time it cannot. */
function sameTrade(a: TradeImage, b: TradeImage): boolean {
  return a.matchNumber === b.matchNumber && a.tsEventNs === b.tsEventNs;
}

/** `kept` is the end of `before`, as it is now. */
function brokenSince(before: readonly TradeImage[], kept: readonly TradeImage[]): string[] {
  const shift = before.length - kept.length;
  return kept.filter((trade, i) => trade.broken && !before[i + shift]!.broken).map((t) => t.matchNumber.toString());
}
