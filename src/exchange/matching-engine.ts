/**
 * The matching engine: price-time priority over many instruments, orders in typed arrays (`RestingOrders`), every
 * consequence said as an ITCH message into `output`. It never looks at a clock: the caller sets `output.tsNs`.
 *
 * Who may call: the order flow (and whatever later enters orders), from one thread. What always holds:
 * - order references are dense and unique from 1 over all instruments, match numbers likewise;
 * - while an instrument is trading, its displayed book is neither crossed nor locked between two calls;
 * - the messages written, replayed from the first, give the displayed books exactly.
 *
 * An order is named by its slot in `resting`; a slot is good until the order is gone, so remember its reference too.
 */
import { assert } from "../core/assert.ts";
import type { StockDirectoryFields } from "../wire/itch50-write.ts";
import { CrossAuction } from "./cross-auction.ts";
import { BUY, ItchOutput, SELL } from "./itch-output.ts";
import { MatchNumbers } from "./match-numbers.ts";
import { LEVEL_HEAD, LEVEL_PRICE, LEVEL_WORDS, RestingOrders, SIDES_PER_LOCATE, SideOf } from "./resting-orders.ts";

/** Trading states, the feed's letters. */
export const TradingState = { halted: 0x48, paused: 0x50, quotationOnly: 0x51, trading: 0x54 } as const;
const PRINTABLE = 0x59;

export class MatchingEngine {
  readonly output: ItchOutput;
  readonly resting: RestingOrders;
  readonly auction: CrossAuction;
  readonly matches = new MatchNumbers();
  readonly locateMax: number;
  /** Trading state by stock locate. */
  readonly states: Uint8Array;
  /** Price of the last trade by stock locate, 1/10000 dollar; until there is one, what `announce` was given. */
  readonly lastPriceE4: Int32Array;
  /** References given out so far. */
  orderCount = 0;
  /** Sum and number of the depths (better levels on the own side) at which entered orders came to rest. */
  depthSum = 0;
  depthCount = 0;
  /** Shares executed by the last `enter`, `enterImmediate`, `enterImproved`. */
  executedShares = 0;

  /** `mpids`: the attributions that orders can carry, numbered from 1. `ordersExpected`: room made at the start. */
  constructor(locateMax: number, mpids: readonly string[] = [], ordersExpected = 0) {
    this.locateMax = locateMax;
    this.output = new ItchOutput(mpids);
    this.resting = new RestingOrders(locateMax, ordersExpected);
    this.auction = new CrossAuction(this.resting, this.output, this.matches);
    this.states = new Uint8Array(locateMax + 1);
    this.lastPriceE4 = new Int32Array(locateMax + 1);
  }

  /** Lists an instrument under the next stock locate and announces it (R, then H with `state`). */
  announce(symbol: string, fields: StockDirectoryFields, state: number, reason: string, lastPriceE4: number): number {
    const locate = this.output.addSymbol(symbol);
    assert(locate <= this.locateMax, `the engine was made for ${this.locateMax} instruments`);
    this.lastPriceE4[locate] = lastPriceE4;
    this.output.directory(locate, fields);
    this.setState(locate, state, reason);
    return locate;
  }

  /** Changes the trading state (H). Only in `trading` are orders matched as they come; otherwise they wait. */
  setState(locate: number, state: number, reason: string): void {
    this.states[locate] = state;
    this.output.tradingAction(locate, state, reason);
  }

  /** Displayed orders resting now. */
  get liveCount(): number {
    return this.resting.displayedCount;
  }

  bestBidE4(locate: number): number {
    return this.resting.bestPrice(locate * SIDES_PER_LOCATE + SideOf.bid);
  }

  bestAskE4(locate: number): number {
    return this.resting.bestPrice(locate * SIDES_PER_LOCATE + SideOf.ask);
  }

  /** A day order: matched as far as its limit allows, the rest displayed. Returns its slot, 0 when nothing rests. */
  enter(locate: number, sideByte: number, shares: number, limitE4: number, attribution = 0): number {
    const left = this.#match(locate, sideByte, shares, limitE4);
    return left === 0 ? 0 : this.#rest(locate, sideByte, left, limitE4, attribution);
  }

  /** Matched at once as far as its limit allows, the rest canceled. Returns the shares executed. */
  enterImmediate(locate: number, sideByte: number, shares: number, limitE4: number): number {
    this.#match(locate, sideByte, shares, limitE4);
    return this.executedShares;
  }

  /**
   * Matched at once against the first order of the best level only, at a price that is better than its displayed one
   * for the newcomer (the resting order had discretion): C, printable. Returns the shares executed.
   */
  enterImproved(locate: number, sideByte: number, shares: number, improvementE4: number): number {
    const { resting } = this;
    this.executedShares = 0;
    const side = locate * SIDES_PER_LOCATE + (sideByte === BUY ? SideOf.ask : SideOf.bid);
    const level = resting.bestLevel(side);
    if (level === 0 || this.states[locate] !== TradingState.trading) return 0;
    const slot = resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
    const displayedE4 = resting.levels[level * LEVEL_WORDS + LEVEL_PRICE]!;
    const priceE4 = sideByte === BUY ? displayedE4 - improvementE4 : displayedE4 + improvementE4;
    const executed = Math.min(shares, resting.shares(slot));
    const match = this.matches.next(locate);
    this.output.executedWithPrice(locate, resting.reference(slot), executed, match, PRINTABLE, priceE4);
    this.#take(slot, executed);
    this.lastPriceE4[locate] = priceE4;
    this.executedShares = executed;
    return executed;
  }

  /** Two orders of which the resting one is not displayed trade: P. The book does not change. */
  tradeHidden(locate: number, shares: number, priceE4: number): void {
    this.output.trade(locate, shares, priceE4, this.matches.next(locate));
    this.lastPriceE4[locate] = priceE4;
  }

  /** An order for the next cross only; never displayed. Limit `MARKET_BUY_E4` / `MARKET_SELL_E4`: at any price. */
  enterForCross(locate: number, sideByte: number, shares: number, limitE4: number): void {
    const side = locate * SIDES_PER_LOCATE + (sideByte === BUY ? SideOf.crossBid : SideOf.crossAsk);
    this.resting.insert(side, 0, shares, limitE4, 0);
  }

  /** Takes shares off a displayed order (X); all that are left, or more, delete it (D). Priority stays. */
  cancel(slot: number, shares: number): void {
    if (shares >= this.resting.shares(slot)) {
      this.delete(slot);
      return;
    }
    this.output.cancel(this.resting.locate(slot), this.resting.reference(slot), shares);
    this.resting.reduce(slot, shares);
  }

  delete(slot: number): void {
    this.output.delete(this.resting.locate(slot), this.resting.reference(slot));
    this.resting.remove(slot);
  }

  /**
   * Replaces a displayed order: a new reference at the back of its new price's queue (U). A replacement that would
   * trade is a delete and a new order instead. Returns the new slot, 0 when nothing rests.
   */
  replace(slot: number, shares: number, limitE4: number): number {
    const { resting } = this;
    const side = resting.side(slot);
    const locate = Math.floor(side / SIDES_PER_LOCATE);
    const sideByte = (side & 1) === SideOf.bid ? BUY : SELL;
    const attribution = resting.attribution(slot);
    if (this.wouldTrade(locate, sideByte, limitE4)) {
      this.delete(slot);
      return this.enter(locate, sideByte, shares, limitE4, attribution);
    }
    const newRef = ++this.orderCount;
    this.output.replace(locate, resting.reference(slot), newRef, shares, limitE4);
    resting.remove(slot);
    return resting.insert(side, newRef, shares, limitE4, attribution);
  }

  /** Whether an order at this limit would be matched at once. */
  wouldTrade(locate: number, sideByte: number, limitE4: number): boolean {
    if (this.states[locate] !== TradingState.trading) return false;
    const otherE4 = sideByte === BUY ? this.bestAskE4(locate) : this.bestBidE4(locate);
    return otherE4 !== 0 && (sideByte === BUY ? limitE4 >= otherE4 : limitE4 <= otherE4);
  }

  /** Says what the next cross would be: I. */
  indicate(locate: number, crossType: number): void {
    this.auction.indicate(locate, crossType, this.lastPriceE4[locate]!);
  }

  /** Crosses an instrument: a C for each displayed order that takes part, then Q. Its state does not change. */
  cross(locate: number, crossType: number): void {
    const priceE4 = this.auction.cross(locate, crossType, this.lastPriceE4[locate]!);
    if (priceE4 !== 0) this.lastPriceE4[locate] = priceE4;
  }

  /** Declares an earlier trade void: B. The book does not change. False: no such recent match. */
  breakTrade(match: number): boolean {
    const locate = this.matches.locateOf(match);
    if (locate === 0) return false;
    this.output.brokenTrade(locate, match);
    this.matches.forget(match);
    return true;
  }

  /** Returns the shares left. */
  #match(locate: number, sideByte: number, shares: number, limitE4: number): number {
    this.executedShares = 0;
    if (this.states[locate] !== TradingState.trading) return shares;
    const { resting, output } = this;
    const isBuy = sideByte === BUY;
    const side = locate * SIDES_PER_LOCATE + (isBuy ? SideOf.ask : SideOf.bid);
    let left = shares;
    while (left > 0) {
      const level = resting.bestLevel(side);
      if (level === 0) break;
      const priceE4 = resting.levels[level * LEVEL_WORDS + LEVEL_PRICE]!;
      if (isBuy ? priceE4 > limitE4 : priceE4 < limitE4) break;
      const slot = resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
      const executed = Math.min(left, resting.shares(slot));
      output.executed(locate, resting.reference(slot), executed, this.matches.next(locate));
      this.#take(slot, executed);
      this.lastPriceE4[locate] = priceE4;
      left -= executed;
    }
    this.executedShares = shares - left;
    return left;
  }

  #take(slot: number, shares: number): void {
    if (shares < this.resting.shares(slot)) this.resting.reduce(slot, shares);
    else this.resting.remove(slot);
  }

  #rest(locate: number, sideByte: number, shares: number, limitE4: number, attribution: number): number {
    const ref = ++this.orderCount;
    this.output.add(locate, ref, sideByte, shares, limitE4, attribution);
    const side = locate * SIDES_PER_LOCATE + (sideByte === BUY ? SideOf.bid : SideOf.ask);
    const slot = this.resting.insert(side, ref, shares, limitE4, attribution);
    this.depthSum += this.resting.lastDepth;
    this.depthCount++;
    return slot;
  }
}
