/**
 * The orders for the opening and closing crosses: they gather while imbalances are told (I), and just before each
 * cross the last ones come in, sized so that the crosses take their share of displayed orders (C). Owned by one
 * `OrderFlow`.
 */
import type { Prng } from "../core/prng.ts";
import { MARKET_BUY_E4, MARKET_SELL_E4 } from "./cross-solver.ts";
import type { FairPrices } from "./fair-prices.ts";
import { TICK_E4 } from "./instruments.ts";
import { BUY, SELL } from "./itch-output.ts";
import type { MatchingEngine } from "./matching-engine.ts";
import {
  LEVEL_HEAD,
  LEVEL_WORDS,
  ORDER_NEXT,
  ORDER_WORDS,
  type RestingOrders,
  SIDES_PER_LOCATE,
  SideOf,
} from "./resting-orders.ts";
import type { SymbolActivity } from "./symbol-activity.ts";
import type { SyntheticTrader } from "./synthetic-trader.ts";

const MARKET_SHARE = 0.7;
const LIMIT_REACH_TICKS = 4;
/** Shares that the last orders bring at the most. */
const LAST_SHARES_MAX = 50_000_000;

export class CrossInterest {
  readonly #engine: MatchingEngine;
  readonly #trader: SyntheticTrader;
  readonly #activity: SymbolActivity;
  readonly #fair: FairPrices;
  readonly #prng: Prng;
  /** Executions of displayed orders still owed to the mix (or had too many, when negative). */
  #owed = 0;

  constructor(engine: MatchingEngine, trader: SyntheticTrader, activity: SymbolActivity, fair: FairPrices, prng: Prng) {
    this.#engine = engine;
    this.#trader = trader;
    this.#activity = activity;
    this.#fair = fair;
    this.#prng = prng;
  }

  /** One or two more orders for the next cross, then the imbalance as it is now. One message. */
  indicate(locate: number, crossType: number): void {
    const count = 1 + this.#prng.below(2);
    for (let i = 0; i < count; i++) this.#enter(locate);
    this.#engine.indicate(locate, crossType);
  }

  /**
   * Brings in the last orders and crosses. `executionShare`: displayed orders that the crosses of all instruments
   * should execute together. `messagesMax`: a cross that would say more goes without the orders for it.
   */
  cross(locate: number, crossType: number, executionShare: number, messagesMax: number): void {
    const wanted = executionShare * this.#activity.weights[locate]!;
    this.#owed += wanted;
    this.#balance(locate, Math.max(0, Math.floor(Math.min(this.#owed, wanted * 3 + 1))));
    const executions = this.#engine.auction.executionCount(locate, this.#engine.lastPriceE4[locate]!);
    if (executions + 1 > messagesMax) this.#engine.auction.drop(locate);
    else this.#owed -= executions;
    this.#engine.cross(locate, crossType);
    if (executions > 0) this.#fair.traded(locate, this.#prng.chance(0.5));
  }

  #enter(locate: number): void {
    const sideByte = this.#prng.chance(0.5) ? BUY : SELL;
    const shares = this.#trader.drawShares() * 4;
    const isMarket = this.#prng.chance(MARKET_SHARE);
    const reach = this.#prng.below(LIMIT_REACH_TICKS);
    const fair = this.#fair.ticks[locate]!;
    if (sideByte === BUY)
      this.#engine.enterForCross(locate, BUY, shares, isMarket ? MARKET_BUY_E4 : (fair + reach) * TICK_E4);
    else this.#engine.enterForCross(locate, SELL, shares, isMarket ? MARKET_SELL_E4 : (fair - reach) * TICK_E4);
  }

  /** Evens out what has gathered, then adds what takes the first `executions` displayed orders of one side. */
  #balance(locate: number, executions: number): void {
    const engine = this.#engine;
    const base = locate * SIDES_PER_LOCATE;
    const surplus =
      sideShares(engine.resting, base + SideOf.crossBid) - sideShares(engine.resting, base + SideOf.crossAsk);
    const taken = this.#prng.chance(0.5) ? SideOf.ask : SideOf.bid;
    const sweep = firstShares(engine.resting, base + taken, executions);
    let buy = Math.max(0, -surplus);
    let sell = Math.max(0, surplus);
    if (taken === SideOf.ask) buy += sweep;
    else sell += sweep;
    if (buy > 0) engine.enterForCross(locate, BUY, Math.min(buy, LAST_SHARES_MAX), MARKET_BUY_E4);
    if (sell > 0) engine.enterForCross(locate, SELL, Math.min(sell, LAST_SHARES_MAX), MARKET_SELL_E4);
  }
}

function sideShares(resting: RestingOrders, side: number): number {
  let shares = 0;
  for (let rank = 0; ; rank++) {
    const level = resting.levelAt(side, rank);
    if (level === 0) return shares;
    shares += resting.levelShares[level]!;
  }
}

/** Shares of the first `count` orders of a side, in priority order. */
function firstShares(resting: RestingOrders, side: number, count: number): number {
  let shares = 0;
  for (let rank = 0; count > 0; rank++) {
    const level = resting.levelAt(side, rank);
    if (level === 0) return shares;
    let slot = resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
    for (; slot !== 0 && count > 0; count--) {
      shares += resting.shares(slot);
      slot = resting.orders[slot * ORDER_WORDS + ORDER_NEXT]!;
    }
  }
  return shares;
}
