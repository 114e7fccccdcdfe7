/**
 * The synthetic trading day: drives a `MatchingEngine` from the first system event to the last, event by event, with
 * the message mix, bursts, crosses and halts of a real one. The same options give the same messages, byte for byte,
 * whoever asks for the events and whenever; only the timestamps can be the caller's.
 *
 * Each `step` is one event: one or more messages left in `blocks`, which the caller takes and clears. A bounded day
 * has exactly `messages` messages.
 */
import { assert } from "../core/assert.ts";
import { Prng } from "../core/prng.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import { BurstProcess } from "./burst-process.ts";
import { CrossType } from "./cross-auction.ts";
import { CrossInterest } from "./cross-interest.ts";
import { type DayPlan, dayMessagesMin, planDay, planFinish, preambleMessages } from "./day-plan.ts";
import { DayScript } from "./day-script.ts";
import { FairPrices } from "./fair-prices.ts";
import { type Instrument, makeInstruments, SYMBOLS_MAX, TICK_E4 } from "./instruments.ts";
import { BUY, SELL } from "./itch-output.ts";
import { MatchingEngine, TradingState } from "./matching-engine.ts";
import { Action, MixControl } from "./mix-control.ts";
import { OrderPicker } from "./order-picker.ts";
import { SymbolActivity } from "./symbol-activity.ts";
import { SyntheticTrader } from "./synthetic-trader.ts";
import { VirtualDay } from "./virtual-day.ts";

export interface OrderFlowOptions {
  /** Any integer. */
  seed: number;
  /** 1 … `SYMBOLS_MAX`. */
  symbols: number;
  /** Of the whole day, at least `dayMessagesMin(symbols)`; Infinity: until `finish` is called. */
  messages: number;
  /** Live orders to rise to. */
  live: number;
}

const Phase = { preamble: 0, preOpen: 1, openCross: 2, trading: 3, closeCross: 4, afterHours: 5, over: 6 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

/** Market participants of the synthetic market. */
const MPIDS = ["ZMKA", "ZMKB", "ZMKC", "ZMKD", "ZMKE", "ZMKF", "ZMKG", "ZMKH"];
/** Shares of all messages: imbalances before the open and the close, displayed orders executed in the crosses. */
const OPEN_IMBALANCE_SHARE = 0.0036;
const CLOSE_IMBALANCE_SHARE = 0.0058;
const OPEN_EXECUTION_SHARE = 0.0008;
const CLOSE_EXECUTION_SHARE = 0.0012;
/** Room is not made for more live orders than this before they are there. */
const ORDERS_EXPECTED_MAX = 2_000_000;
/** So close to the end only events of one message are done, so that the count comes out. */
const SINGLES_BEFORE_END = 32;
/** The index levels at which the whole market would stop: 7, 13 and 20 % below a close of 4500. */
const MARKET_WIDE_LEVELS = {
  type: "V",
  level1PriceE8: 418_500_000_000n,
  level2PriceE8: 391_500_000_000n,
  level3PriceE8: 360_000_000_000n,
} as const;

export class OrderFlow {
  readonly engine: MatchingEngine;
  readonly instruments: readonly Instrument[];
  readonly activity: SymbolActivity;
  readonly options: Readonly<OrderFlowOptions>;
  readonly #burst: BurstProcess;
  readonly #fair: FairPrices;
  readonly #trader: SyntheticTrader;
  readonly #interest: CrossInterest;
  readonly #mix: MixControl;
  readonly #script: DayScript;
  readonly #day: VirtualDay;
  readonly #prng: Prng;
  #plan: DayPlan;
  #phase: Phase = Phase.preamble;
  /** Instruments done in the preamble or the cross under way, and the round of imbalances. */
  #locate = 0;
  #imbalanceCount = 0;
  /** Market makers' first bids and offers entered. */
  #quoted = 0;

  constructor(options: OrderFlowOptions) {
    const { symbols, messages } = options;
    assert(symbols >= 1 && symbols <= SYMBOLS_MAX, `a day has 1 to ${SYMBOLS_MAX} instruments, not ${symbols}`);
    assert(messages >= dayMessagesMin(symbols), `${messages} messages are too few for ${symbols} instruments`);
    this.options = options;
    const seeds = new Prng(options.seed);
    this.instruments = makeInstruments(symbols, seeds.fork());
    this.engine = new MatchingEngine(symbols, MPIDS, Math.min(options.live * 1.3, ORDERS_EXPECTED_MAX));
    this.activity = new SymbolActivity(symbols, seeds.fork());
    this.#burst = new BurstProcess(seeds.fork());
    this.#fair = new FairPrices(symbols, seeds.fork());
    const picker = new OrderPicker(this.engine.resting, seeds.fork());
    this.#trader = new SyntheticTrader(this.engine, this.activity, this.#fair, picker, seeds.fork(), MPIDS.length);
    this.#interest = new CrossInterest(this.engine, this.#trader, this.activity, this.#fair, seeds.fork());
    this.#mix = new MixControl(seeds.fork(), options.live, messages);
    this.#plan = planDay(messages, symbols);
    const world = {
      engine: this.engine,
      activity: this.activity,
      fair: this.#fair,
      trader: this.#trader,
      instruments: this.instruments,
    };
    this.#script = new DayScript(world, this.#plan, seeds.fork());
    this.#prng = seeds.fork();
    this.#day = new VirtualDay(this.#plan, preambleMessages(symbols), symbols, seeds.fork());
  }

  get blocks(): BlockBuffer {
    return this.engine.output.blocks;
  }

  get isOver(): boolean {
    return this.#phase === Phase.over;
  }

  /** How much faster than on average messages should come just now. */
  get intensity(): number {
    return this.#burst.intensity;
  }

  /** Messages of the whole day; Infinity on an endless one. */
  get messages(): number {
    return this.#plan.messages;
  }

  /** Where the live orders should be by now. */
  get livePath(): number {
    return this.#mix.livePath(this.blocks.messageTotal);
  }

  /**
   * One event. `tsNs`: its time, ns since midnight; left out, the virtual day's. Returns false, with nothing written,
   * when the day is over.
   */
  step(tsNs = -1): boolean {
    if (this.#phase === Phase.over) return false;
    const { output } = this.engine;
    const count = output.blocks.messageTotal;
    if (tsNs < 0) {
      this.#day.advance(count, this.#burst.intensity);
      output.tsNs = this.#day.nowNs;
    } else if (tsNs > output.tsNs) output.tsNs = tsNs;
    switch (this.#phase) {
      case Phase.preamble:
        this.#stepPreamble();
        break;
      case Phase.preOpen:
        this.#stepPreOpen(count);
        break;
      case Phase.openCross:
      case Phase.closeCross:
        this.#stepCross(count);
        break;
      case Phase.trading:
        this.#stepTrading(count);
        break;
      case Phase.afterHours:
        this.#stepAfterHours(count);
        break;
    }
    return true;
  }

  /** Lets the day close now: the crosses and the last system events follow within a bounded number of steps. */
  finish(): void {
    this.#plan = planFinish(this.#plan, this.blocks.messageTotal, this.options.symbols);
  }

  #system(code: string): void {
    this.engine.output.systemEvent(code.charCodeAt(0));
  }

  #enterPhase(phase: Phase): void {
    this.#phase = phase;
    this.#locate = 0;
    this.#imbalanceCount = 0;
  }

  #stepPreamble(): void {
    const count = this.engine.output.blocks.messageTotal;
    if (count === 0) this.#system("O");
    else if (count === 1) this.engine.output.rare(0, MARKET_WIDE_LEVELS);
    else if (this.#locate < this.options.symbols) this.#announce(this.instruments[this.#locate++]!);
    else {
      this.#system("S");
      this.#enterPhase(Phase.preOpen);
    }
  }

  #announce(instrument: Instrument): void {
    const { symbol, fields, priceE4, regShoByte } = instrument;
    const isListed = instrument.kind === "listed";
    const state = isListed ? TradingState.trading : TradingState.halted;
    const locate = this.engine.announce(symbol, fields, state, isListed ? "" : "IPO1", priceE4);
    this.#fair.set(locate, priceE4 / TICK_E4);
    this.engine.output.regSho(locate, regShoByte);
    this.engine.output.rare(locate, {
      type: "L",
      mpid: MPIDS[locate % MPIDS.length]!,
      primaryMarketMaker: "Y",
      marketMakerMode: "N",
      marketParticipantState: "A",
    });
  }

  #stepPreOpen(count: number): void {
    if (count >= this.#plan.open) {
      this.#system("Q");
      this.#enterPhase(Phase.openCross);
    } else if (this.#quoted < this.options.symbols * 2 && count < this.#plan.openIndicate) this.#quoteNext();
    else if (count < this.#plan.openIndicate || !this.#indicate(count, CrossType.open)) this.#trade(count, false);
  }

  /** A market maker's first bid or offer: every instrument has two sides before the open. */
  #quoteNext(): void {
    const locate = 1 + (this.#quoted >> 1);
    if (this.engine.states[locate] === TradingState.trading)
      this.#trader.quote(locate, (this.#quoted & 1) === 0 ? BUY : SELL);
    else this.#trader.act(Action.add);
    this.#quoted++;
  }

  /** Perhaps an imbalance message: as many as are due, spread over the time until the cross. */
  #indicate(count: number, crossType: number): boolean {
    const isOpen = crossType === CrossType.open;
    const total = this.#sharedMessages * (isOpen ? OPEN_IMBALANCE_SHARE : CLOSE_IMBALANCE_SHARE);
    const left = (isOpen ? this.#plan.open : this.#plan.close) - count;
    if (!this.#prng.chance((total - this.#imbalanceCount) / left)) return false;
    this.#imbalanceCount++;
    this.#locate = (this.#locate % this.options.symbols) + 1;
    this.#interest.indicate(this.#locate, crossType);
    return true;
  }

  /** What the crosses' shares are of: the day, or as much of an endless one as has been. */
  get #sharedMessages(): number {
    return Number.isFinite(this.#plan.messages) ? this.#plan.messages : this.#plan.open * 4;
  }

  #stepCross(count: number): void {
    const { symbols } = this.options;
    const isOpen = this.#phase === Phase.openCross;
    if (this.#locate === symbols) {
      this.#enterPhase(isOpen ? Phase.trading : Phase.afterHours);
      if (isOpen) this.#mix.tradingBegins(count);
      this.#trade(count, true);
      return;
    }
    const locate = ++this.#locate;
    const shares = this.#sharedMessages * (isOpen ? OPEN_EXECUTION_SHARE : CLOSE_EXECUTION_SHARE);
    const room = this.#plan.end - count - (symbols - locate) - SINGLES_BEFORE_END;
    this.#interest.cross(locate, isOpen ? CrossType.open : CrossType.close, shares, room);
  }

  #stepTrading(count: number): void {
    if (count >= this.#plan.close) {
      this.#system("M");
      this.#enterPhase(Phase.closeCross);
      return;
    }
    if (this.#script.runDue(count)) return;
    if (count < this.#plan.closeIndicate || !this.#indicate(count, CrossType.close)) this.#trade(count, true);
  }

  #stepAfterHours(count: number): void {
    const left = this.#plan.end - count;
    if (left > SINGLES_BEFORE_END) this.#trade(count, true);
    else if (left > 0) this.#trader.act(this.#mix.addOrDelete(count, this.engine.liveCount, false));
    else if (left === 0) this.#system("E");
    else {
      this.#system("C");
      assert(this.blocks.messageTotal === this.#plan.messages, "a bounded day has exactly as many messages as planned");
      this.#phase = Phase.over;
    }
  }

  #trade(count: number, canTrade: boolean): void {
    if (this.#burst.advance()) this.activity.setFocus(this.#burst.isBurst);
    this.#trader.act(this.#mix.choose(count, this.blocks.typeCounts, this.engine.liveCount, canTrade));
  }
}
