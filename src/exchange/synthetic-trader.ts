/**
 * Everybody who trades on the synthetic day, as one: carries out one action (add, delete, replace, cancel, execute,
 * improve, hidden trade) on the engine, with sizes and prices like those of a real book. Owned by one `OrderFlow`;
 * deterministic in its random numbers; allocates nothing.
 */
import type { Prng } from "../core/prng.ts";
import type { FairPrices } from "./fair-prices.ts";
import { TICK_E4 } from "./instruments.ts";
import { BUY, SELL } from "./itch-output.ts";
import { type MatchingEngine, TradingState } from "./matching-engine.ts";
import { Action, ATTRIBUTED_SHARE } from "./mix-control.ts";
import type { OrderPicker } from "./order-picker.ts";
import {
  LEVEL_COUNT,
  LEVEL_HEAD,
  LEVEL_WORDS,
  ORDER_NEXT,
  ORDER_WORDS,
  SIDES_PER_LOCATE,
  SideOf,
} from "./resting-orders.ts";
import type { SymbolActivity } from "./symbol-activity.ts";

/** Round lots by their number, cumulative: most orders are one lot. */
const LOT_COUNTS = [1, 2, 3, 4, 5, 10, 20, 50];
const LOT_CUMULATIVE = [0.68, 0.8, 0.86, 0.89, 0.94, 0.98, 0.995, 1];
const ODD_LOT_SHARE = 0.18;
const LOT = 100;
const SHARES_MAX = 1_000_000;

/** Distance of a new order from the best price it could have, in ticks: a mixture of three geometric laws. */
const NEAR_SHARE = 0.42;
const NEAR_TICKS = 2.5;
const MIDDLE_SHARE = 0.5;
const MIDDLE_TICKS = 11;
const FAR_TICKS = 55;
/** Symbols drawn until one is found that can be quoted. */
const SYMBOL_TRIES = 8;
const PARTIAL_SHARE = 0.5;
const EXECUTIONS_MAX = 6;

export class SyntheticTrader {
  readonly #engine: MatchingEngine;
  readonly #activity: SymbolActivity;
  readonly #fair: FairPrices;
  readonly #picker: OrderPicker;
  readonly #prng: Prng;
  readonly #attributionMax: number;

  constructor(
    engine: MatchingEngine,
    activity: SymbolActivity,
    fair: FairPrices,
    picker: OrderPicker,
    prng: Prng,
    attributionMax: number,
  ) {
    this.#engine = engine;
    this.#activity = activity;
    this.#fair = fair;
    this.#picker = picker;
    this.#prng = prng;
    this.#attributionMax = attributionMax;
  }

  /** Carries out an action; one that cannot be done just now (nothing to cancel, no one to trade with) is an add. */
  act(action: Action): void {
    switch (action) {
      case Action.delete:
        if (this.#delete()) return;
        break;
      case Action.replace:
        if (this.#replace()) return;
        break;
      case Action.cancel:
        if (this.#cancel()) return;
        break;
      case Action.execute:
        if (this.#execute()) return;
        break;
      case Action.improve:
        if (this.#improve()) return;
        break;
      case Action.hidden:
        if (this.#tradeHidden()) return;
        break;
      default:
        break;
    }
    this.#add(this.#pickQuotable());
  }

  /** An order that would trade if it could: the interest that a halt piles up. Rests, for the halt cross. */
  addEager(locate: number): void {
    const sideByte = this.#prng.chance(0.5) ? BUY : SELL;
    const reach = this.#prng.below(6) * TICK_E4;
    const fairE4 = this.#fair.ticks[locate]! * TICK_E4;
    const limitE4 = sideByte === BUY ? fairE4 + reach : fairE4 - reach;
    this.#enter(locate, sideByte, this.drawShares(), limitE4);
  }

  /** One order that does not trade. */
  quote(locate: number, sideByte: number): void {
    this.#enter(locate, sideByte, this.drawShares(), this.#quoteE4(locate, sideByte, this.#drawDistance()));
  }

  /** Shares of a new order: mostly lots of 100. */
  drawShares(): number {
    const prng = this.#prng;
    if (prng.chance(ODD_LOT_SHARE)) return 1 + prng.below(LOT - 1);
    const draw = prng.float();
    let at = 0;
    while (LOT_CUMULATIVE[at]! <= draw) at++;
    return LOT_COUNTS[at]! * LOT;
  }

  /** An instrument that orders are taken for; 0 when the draws found none. */
  #pickQuotable(): number {
    for (let i = 0; i < SYMBOL_TRIES; i++) {
      const locate = this.#activity.pick();
      if (this.#engine.states[locate] === TradingState.trading) return locate;
    }
    for (let rank = 0; rank < this.#engine.locateMax; rank++) {
      const locate = this.#activity.byRank(rank);
      if (this.#engine.states[locate] === TradingState.trading) return locate;
    }
    return this.#activity.byRank(0);
  }

  #add(locate: number): void {
    this.quote(locate, this.#prng.chance(0.5) ? BUY : SELL);
  }

  #enter(locate: number, sideByte: number, shares: number, limitE4: number): void {
    const attribution = this.#prng.chance(ATTRIBUTED_SHARE) ? 1 + this.#prng.below(this.#attributionMax) : 0;
    const slot = this.#engine.enter(locate, sideByte, shares, limitE4, attribution);
    if (slot !== 0) this.#picker.record(slot);
  }

  #drawDistance(): number {
    const draw = this.#prng.float();
    const mean = draw < NEAR_SHARE ? NEAR_TICKS : draw < NEAR_SHARE + MIDDLE_SHARE ? MIDDLE_TICKS : FAR_TICKS;
    return Math.floor(this.#prng.exponential(mean));
  }

  /** A price `distance` ticks behind the best one at which an order of this side would not trade. */
  #quoteE4(locate: number, sideByte: number, distance: number): number {
    const fair = this.#fair.ticks[locate]!;
    const isOpen = this.#engine.states[locate] === TradingState.trading;
    if (sideByte === BUY) {
      const askE4 = isOpen ? this.#engine.bestAskE4(locate) : 0;
      const best = askE4 === 0 ? fair - 1 : Math.min(fair - 1, askE4 / TICK_E4 - 1);
      return Math.max(best - distance, 1) * TICK_E4;
    }
    const bidE4 = isOpen ? this.#engine.bestBidE4(locate) : 0;
    return (Math.max(fair + 1, bidE4 / TICK_E4 + 1) + distance) * TICK_E4;
  }

  #delete(): boolean {
    const slot = this.#picker.pick();
    if (slot === 0) return false;
    this.#engine.delete(slot);
    return true;
  }

  #cancel(): boolean {
    const slot = this.#picker.pick();
    if (slot === 0) return false;
    const shares = this.#engine.resting.shares(slot);
    if (shares < 2) return false;
    const lots = Math.floor((shares - 1) / LOT);
    this.#engine.cancel(slot, lots > 0 ? LOT * (1 + this.#prng.below(lots)) : 1 + this.#prng.below(shares - 1));
    return true;
  }

  #replace(): boolean {
    const { resting } = this.#engine;
    const slot = this.#picker.pick();
    if (slot === 0) return false;
    const side = resting.side(slot);
    const locate = Math.floor(side / SIDES_PER_LOCATE);
    const sideByte = (side & 1) === SideOf.bid ? BUY : SELL;
    const shares = this.#prng.chance(0.7) ? resting.shares(slot) : this.drawShares();
    const priceE4 = this.#quoteE4(locate, sideByte, this.#drawDistance());
    const replaced = this.#engine.replace(slot, Math.min(shares, SHARES_MAX), priceE4);
    if (replaced !== 0) this.#picker.record(replaced);
    return true;
  }

  /** The side that the next trade is on: towards the fair price when the book is on one side of it. */
  #drawAggressor(locate: number): number {
    const fairE4 = this.#fair.ticks[locate]! * TICK_E4;
    const askE4 = this.#engine.bestAskE4(locate);
    const buys = askE4 !== 0 && askE4 <= fairE4 ? 0.85 : this.#engine.bestBidE4(locate) >= fairE4 ? 0.15 : 0.5;
    return this.#prng.chance(buys) ? BUY : SELL;
  }

  /** Draws an instrument and a side to take from; the level to take from, 0 when there is none. */
  #pickTarget(): number {
    const { resting } = this.#engine;
    const locate = this.#pickQuotable();
    const taken = this.#drawAggressor(locate) === BUY ? SideOf.ask : SideOf.bid;
    const level = resting.bestLevel(locate * SIDES_PER_LOCATE + taken);
    return level !== 0 ? level : resting.bestLevel(locate * SIDES_PER_LOCATE + (taken ^ 1));
  }

  #execute(): boolean {
    const { resting } = this.#engine;
    const level = this.#pickTarget();
    if (level === 0) return false;
    const slot = resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
    const side = resting.side(slot);
    const locate = Math.floor(side / SIDES_PER_LOCATE);
    if (this.#engine.states[locate] !== TradingState.trading) return false;
    const sideByte = (side & 1) === SideOf.ask ? BUY : SELL;
    const priceE4 = resting.priceE4(slot);
    const count = Math.min(
      1 + this.#prng.geometric(0.8),
      EXECUTIONS_MAX,
      resting.levels[level * LEVEL_WORDS + LEVEL_COUNT]!,
    );
    const isSweep = count === resting.levels[level * LEVEL_WORDS + LEVEL_COUNT];
    const shares = this.#sharesOf(slot, count);
    if (isSweep && this.#prng.chance(0.25)) {
      // Takes the level whole and wants more: the rest is displayed at the price.
      this.#enter(locate, sideByte, Math.min(shares + this.drawShares(), SHARES_MAX), priceE4);
    } else this.#engine.enterImmediate(locate, sideByte, shares, priceE4);
    this.#traded(locate, sideByte);
    return true;
  }

  /** Shares that execute `count` orders from `slot` on, the last of them perhaps in part. */
  #sharesOf(slot: number, count: number): number {
    const { resting } = this.#engine;
    let shares = 0;
    for (let i = 1; i < count; i++) {
      shares += resting.shares(slot);
      slot = resting.orders[slot * ORDER_WORDS + ORDER_NEXT]!;
    }
    const last = resting.shares(slot);
    const isPartial = last > 1 && this.#prng.chance(PARTIAL_SHARE);
    return shares + (isPartial ? 1 + this.#prng.below(last - 1) : last);
  }

  #improve(): boolean {
    const { resting } = this.#engine;
    const level = this.#pickTarget();
    if (level === 0) return false;
    const slot = resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
    const side = resting.side(slot);
    const locate = Math.floor(side / SIDES_PER_LOCATE);
    const sideByte = (side & 1) === SideOf.ask ? BUY : SELL;
    if (this.#engine.enterImproved(locate, sideByte, this.drawShares(), TICK_E4 / 2) === 0) return false;
    this.#traded(locate, sideByte);
    return true;
  }

  /** Against an order that nobody sees: at the midpoint, or inside the spread. */
  #tradeHidden(): boolean {
    const locate = this.#pickQuotable();
    const bidE4 = this.#engine.bestBidE4(locate);
    const askE4 = this.#engine.bestAskE4(locate);
    if (bidE4 === 0 || askE4 === 0 || this.#engine.states[locate] !== TradingState.trading) return false;
    const steps = Math.floor((askE4 - bidE4) / (TICK_E4 / 2));
    const midE4 = bidE4 + Math.floor(steps / 2) * (TICK_E4 / 2);
    const priceE4 = this.#prng.chance(0.6) ? midE4 : bidE4 + this.#prng.below(steps + 1) * (TICK_E4 / 2);
    this.#engine.tradeHidden(locate, this.drawShares(), priceE4);
    this.#traded(locate, this.#drawAggressor(locate));
    return true;
  }

  #traded(locate: number, sideByte: number): void {
    this.#activity.excite(locate);
    this.#fair.traded(locate, sideByte === BUY);
  }
}
