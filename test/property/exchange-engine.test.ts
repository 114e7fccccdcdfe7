/**
 * The matching engine under arbitrary commands, held against a naive book that only sees its messages, and against
 * arithmetic that knows nothing of either: crosses at the price where most shares trade, shares that add up.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { CrossType } from "../../src/exchange/cross-auction.ts";
import { MARKET_BUY_E4, MARKET_SELL_E4 } from "../../src/exchange/cross-solver.ts";
import { BUY, SELL } from "../../src/exchange/itch-output.ts";
import { MatchingEngine, TradingState } from "../../src/exchange/matching-engine.ts";
import { engineSide, NaiveExchangeBook } from "../support/exchange-book.ts";

const LOCATES = 2;
const LAST_E4 = 100_500;

interface Command {
  kind:
    | "enter"
    | "immediate"
    | "improved"
    | "cancel"
    | "delete"
    | "replace"
    | "hidden"
    | "forCross"
    | "cross"
    | "halt"
    | "resume";
  locate: number;
  buy: boolean;
  shares: number;
  tick: number;
  pick: number;
}

const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("enter" as const) },
    { weight: 4, arbitrary: fc.constant("forCross" as const) },
    { weight: 4, arbitrary: fc.constantFrom("immediate" as const, "cancel" as const, "replace" as const) },
    { weight: 2, arbitrary: fc.constantFrom("improved" as const, "delete" as const, "hidden" as const) },
    { weight: 3, arbitrary: fc.constantFrom("halt" as const, "cross" as const, "resume" as const) },
  ),
  locate: fc.integer({ min: 1, max: LOCATES }),
  buy: fc.boolean(),
  shares: fc.integer({ min: 1, max: 40 }),
  tick: fc.integer({ min: 0, max: 9 }),
  pick: fc.nat(),
});

/** The engine, and the naive book beside it. */
class Bench {
  readonly engine = new MatchingEngine(LOCATES, ["ZMKA"]);
  readonly naive = new NaiveExchangeBook();
  /** Orders for the next cross: what the feed does not show. */
  readonly waiting: { locate: number; buy: boolean; shares: number; priceE4: number }[] = [];

  constructor() {
    for (let i = 1; i <= LOCATES; i++) this.engine.announce(`ZB${i}`, {}, TradingState.trading, "", LAST_E4);
    this.drain();
  }

  drain(): void {
    const { blocks } = this.engine.output;
    this.naive.apply(blocks.bytes, blocks.view, 0, blocks.length);
    blocks.clear();
  }

  liveSlot(pick: number): number {
    const live: number[] = [];
    for (let slot = 1; slot <= this.engine.resting.slotMax; slot++)
      if (this.engine.resting.isLive(slot) && (this.engine.resting.side(slot) & 2) === 0) live.push(slot);
    return live.length === 0 ? 0 : live[pick % live.length]!;
  }

  run({ kind, locate, buy, shares, tick, pick }: Command): void {
    const { engine } = this;
    const side = buy ? BUY : SELL;
    const priceE4 = 100_000 + tick * 100;
    const slot = this.liveSlot(pick);
    if (kind === "enter") {
      engine.enter(locate, side, shares, priceE4, pick % 2);
      this.expectSpent(shares, 0);
    } else if (kind === "immediate") this.#immediate(locate, buy, shares, priceE4);
    else if (kind === "improved") this.expectSpent(engine.enterImproved(locate, side, shares, 50), 0);
    else if (kind === "hidden") engine.tradeHidden(locate, shares, priceE4);
    else if (kind === "halt")
      engine.setState(locate, pick % 2 ? TradingState.halted : TradingState.quotationOnly, "T1");
    else if (kind === "forCross") this.#forCross(locate, buy, shares, pick % 3 === 0 ? undefined : priceE4);
    else if (kind === "cross") this.#cross(locate, CrossType.open);
    else if (kind === "resume") {
      this.#cross(locate, CrossType.halt);
      engine.setState(locate, TradingState.trading, "");
    } else if (slot !== 0) this.#change(kind, slot, shares, priceE4);
    this.drain();
  }

  #change(kind: Command["kind"], slot: number, shares: number, priceE4: number): void {
    const had = this.engine.resting.shares(slot);
    const before = this.#displayed();
    if (kind === "delete") this.engine.delete(slot);
    else if (kind === "cancel") this.engine.cancel(slot, shares);
    else this.engine.replace(slot, shares, priceE4);
    if (kind === "replace") {
      this.expectSpent(shares, 0);
      return;
    }
    this.drain();
    expect(before - this.#displayed()).toBe(kind === "delete" ? had : Math.min(had, shares));
  }

  /** What has just been entered was executed or displayed, to the share; `canceled` of it were neither. */
  expectSpent(shares: number, canceled: number): void {
    const { addedShares, executedShares } = this.naive;
    this.drain();
    const displayed = this.naive.addedShares - addedShares;
    expect(this.naive.executedShares - executedShares + displayed + canceled).toBe(shares);
  }

  #immediate(locate: number, buy: boolean, shares: number, priceE4: number): void {
    const executed = this.engine.enterImmediate(locate, buy ? BUY : SELL, shares, priceE4);
    this.expectSpent(shares, shares - executed);
    if (executed === shares || this.engine.states[locate] !== TradingState.trading) return;
    const otherE4 = this.naive.bestE4(locate, buy ? "S" : "B");
    // Nothing more could be had within the limit.
    if (otherE4 !== 0) expect(buy ? otherE4 > priceE4 : otherE4 < priceE4).toBe(true);
  }

  #forCross(locate: number, buy: boolean, shares: number, limitE4: number | undefined): void {
    const priceE4 = limitE4 ?? (buy ? MARKET_BUY_E4 : MARKET_SELL_E4);
    this.waiting.push({ locate, buy, shares, priceE4 });
    this.engine.enterForCross(locate, buy ? BUY : SELL, shares, priceE4);
  }

  /** Shares that would trade at a price, counted from the naive book and the waiting orders. */
  volumeAt(locate: number, priceE4: number): number {
    let demand = 0;
    let supply = 0;
    for (const order of this.naive.orders.values()) {
      if (order.locate !== locate) continue;
      if (order.side === "B" && order.priceE4 >= priceE4) demand += order.shares;
      if (order.side === "S" && order.priceE4 <= priceE4) supply += order.shares;
    }
    for (const order of this.waiting) {
      if (order.locate !== locate) continue;
      if (order.buy && order.priceE4 >= priceE4) demand += order.shares;
      if (!order.buy && order.priceE4 <= priceE4) supply += order.shares;
    }
    return Math.min(demand, supply);
  }

  #cross(locate: number, type: number): void {
    let most = 0;
    // Every price that an order can name, and the half ticks that improvements leave as the last price.
    for (let priceE4 = 99_000; priceE4 <= 102_000; priceE4 += 50) most = Math.max(most, this.volumeAt(locate, priceE4));
    const taken = this.#takenOf(locate, "B", most) + this.#takenOf(locate, "S", most);
    const { executedShares } = this.naive;
    const executions = this.engine.auction.executionCount(locate, this.engine.lastPriceE4[locate]!);
    const executionsBefore = this.naive.typeCounts["C"] ?? 0;
    this.engine.cross(locate, type);
    const { blocks } = this.engine.output;
    const shares = blocks.view.getUint32(blocks.length - 40 + 15);
    this.drain();
    expect(shares).toBe(most);
    expect(this.naive.executedShares - executedShares).toBe(taken);
    expect((this.naive.typeCounts["C"] ?? 0) - executionsBefore).toBe(executions);
    for (let i = this.waiting.length - 1; i >= 0; i--)
      if (this.waiting[i]!.locate === locate) this.waiting.splice(i, 1);
  }

  /** Shares of displayed orders that a cross of `shares` must take: best price first, displayed first at one price. */
  #takenOf(locate: number, side: "B" | "S", shares: number): number {
    const displayed = [...this.naive.orders.values()].filter((order) => order.locate === locate && order.side === side);
    const waiting = this.waiting.filter((order) => order.locate === locate && order.buy === (side === "B"));
    const all = [...displayed, ...waiting.map((order) => ({ ...order, side: "" }))];
    all.sort((a, b) => (side === "B" ? b.priceE4 - a.priceE4 : a.priceE4 - b.priceE4));
    let left = shares;
    let taken = 0;
    for (const order of all) {
      const part = Math.min(left, order.shares);
      left -= part;
      if (order.side !== "") taken += part;
    }
    return taken;
  }

  #displayed(): number {
    let shares = 0;
    for (const order of this.naive.orders.values()) shares += order.shares;
    return shares;
  }

  check(): void {
    const { engine, naive } = this;
    expect(naive.violations).toEqual([]);
    for (let locate = 1; locate <= LOCATES; locate++) {
      for (const side of ["B", "S"]) expect(engineSide(engine, locate, side)).toEqual(naive.side(locate, side));
      if (engine.states[locate] === TradingState.trading) expect(naive.isCrossed(locate)).toBe(false);
    }
    expect(engine.liveCount).toBe(naive.orders.size);
  }
}

test("any commands: no rule of the market is broken, and the messages give the engine's book", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 80, size: "max" }), (commands) => {
      const bench = new Bench();
      for (const each of commands) {
        bench.run(each);
        bench.check();
      }
    }),
    { numRuns: 400 },
  );
});
