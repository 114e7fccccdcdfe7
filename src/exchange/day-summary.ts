/**
 * What a synthetic day has come to so far, for people and for JSON.
 */

import type { OrderFlow } from "./order-flow.ts";
import { SIDES_PER_LOCATE } from "./resting-orders.ts";

export interface DaySummary {
  readonly messages: number;
  /** By type letter, only those that occurred, most frequent first. */
  readonly byType: Readonly<Record<string, number>>;
  readonly symbols: number;
  readonly seed: number;
  readonly liveOrders: number;
  readonly orders: number;
  readonly matches: number;
  readonly levels: number;
  /** The most orders that ever rested at one price. */
  readonly levelOrdersMax: number;
  /** Better levels on its own side that a new order found, on average. */
  readonly addDepthMean: number;
  readonly busiestSymbols: readonly string[];
}

const BUSIEST = 3;

export function summarizeDay(flow: OrderFlow): DaySummary {
  const { engine, blocks, options } = flow;
  let levels = 0;
  for (let side = 0; side < engine.resting.sideLevels.length; side++)
    if (side % SIDES_PER_LOCATE < 2) levels += engine.resting.sideLevels[side]!;
  return {
    messages: blocks.messageTotal,
    byType: countsByType(blocks.typeCounts),
    symbols: options.symbols,
    seed: options.seed,
    liveOrders: engine.liveCount,
    orders: engine.orderCount,
    matches: engine.matches.count,
    levels,
    levelOrdersMax: engine.resting.levelOrdersMax,
    addDepthMean: engine.depthCount === 0 ? 0 : engine.depthSum / engine.depthCount,
    busiestSymbols: Array.from({ length: Math.min(BUSIEST, options.symbols) }, (_, rank) => {
      return flow.instruments[flow.activity.byRank(rank) - 1]!.symbol;
    }),
  };
}

/** Counts by type byte → by type letter, most frequent first. */
export function countsByType(typeCounts: Float64Array): Record<string, number> {
  const present = Array.from(typeCounts, (count, type) => ({ count, type })).filter(({ count }) => count > 0);
  present.sort((a, b) => b.count - a.count || a.type - b.type);
  return Object.fromEntries(present.map(({ count, type }) => [String.fromCharCode(type), count]));
}
