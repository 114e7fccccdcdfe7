/**
 * What happens on the day besides trading, and when (by message count): a news halt with its cross and collars, an
 * offering and a direct listing that come to market, an operational halt, Reg SHO, retail interest, broken trades, a
 * market-wide decline too late to stop trading. A pure function of the seed. Cold: a few thousand entries on the
 * longest day.
 */
import type { Prng } from "../core/prng.ts";
import { NS_PER_S } from "../core/units.ts";
import { CrossType } from "./cross-auction.ts";
import { CYCLE_MESSAGES, type DayPlan } from "./day-plan.ts";
import type { FairPrices } from "./fair-prices.ts";
import { type Instrument, TICK_E4 } from "./instruments.ts";
import { type MatchingEngine, TradingState } from "./matching-engine.ts";
import type { SymbolActivity } from "./symbol-activity.ts";
import type { SyntheticTrader } from "./synthetic-trader.ts";
import { OPEN_NS } from "./virtual-day.ts";

interface Entry {
  at: number;
  run: () => void;
}

/** Of all messages. */
const RETAIL_SHARE = 5e-5;
const BROKEN_SHARE = 1e-5;
/** Orders that gather for a halt cross. */
const EAGER_MAX = 200;
const COLLAR = 0.05;
/** Rank by activity of the instrument that is halted. */
const HALTED_RANK = 2;
const PAUSED_RANK = 5;

export interface ScriptWorld {
  readonly engine: MatchingEngine;
  readonly activity: SymbolActivity;
  readonly fair: FairPrices;
  readonly trader: SyntheticTrader;
  readonly instruments: readonly Instrument[];
}

export class DayScript {
  readonly #world: ScriptWorld;
  readonly #prng: Prng;
  #entries: Entry[] = [];
  #next = 0;
  #cycleFrom: number;
  #cycle = 0;
  readonly #isEndless: boolean;

  constructor(world: ScriptWorld, plan: DayPlan, prng: Prng) {
    this.#world = world;
    this.#prng = prng;
    this.#isEndless = !Number.isFinite(plan.messages);
    this.#cycleFrom = plan.open + world.instruments.length;
    const until = this.#isEndless ? this.#cycleFrom + CYCLE_MESSAGES : plan.close;
    this.#write(this.#cycleFrom, until, this.#isEndless ? until : plan.closeIndicate);
  }

  /** Does the entry that is due after `count` messages, if there is one. */
  runDue(count: number): boolean {
    if (this.#next === this.#entries.length) {
      if (!this.#isEndless || count < this.#cycleFrom + CYCLE_MESSAGES) return false;
      this.#cycleFrom += CYCLE_MESSAGES;
      this.#cycle++;
      this.#write(this.#cycleFrom, this.#cycleFrom + CYCLE_MESSAGES, this.#cycleFrom + CYCLE_MESSAGES);
    }
    const entry = this.#entries[this.#next]!;
    if (count < entry.at) return false;
    this.#next++;
    entry.run();
    return true;
  }

  #at(at: number, run: () => void): void {
    this.#entries.push({ at: Math.floor(at), run });
  }

  #write(from: number, until: number, indicateClose: number): void {
    const length = until - from;
    const at = (ratio: number) => from + length * ratio;
    this.#entries = [];
    this.#next = 0;
    const { instruments } = this.#world;
    this.#haltForNews(this.#listed(HALTED_RANK), at(0.42), at(0.47));
    if (length > 500_000 && instruments.length > 2 * PAUSED_RANK)
      this.#pause(this.#listed(PAUSED_RANK), at(0.66), at(0.68));
    if (this.#cycle === 0) {
      instruments.forEach((instrument, i) => {
        if (instrument.kind === "ipo") this.#offering(i + 1, instrument.priceE4, at(0.12), at(0.2));
        if (instrument.kind === "direct") this.#directListing(i + 1, instrument.priceE4, at(0.22), at(0.3));
      });
    }
    this.#operationalHalt(this.#listed(7), at(0.34), at(0.37));
    this.#restrictShortSales(this.#listed(3), at(0.6));
    // Late enough (after 15:25) that a level 1 decline no longer stops the market.
    if (!this.#isEndless) this.#at(from + (indicateClose - from) * 0.97, () => this.#declare("1"));
    this.#scatter(length * RETAIL_SHARE, 2, from, until, () => this.#retailInterest());
    this.#scatter(length * BROKEN_SHARE, 1, from + length / 10, until, () => this.#breakTrade());
    this.#entries.sort((a, b) => a.at - b.at);
  }

  /** The instrument that is `rank`-th by activity among those that trade from the open. */
  #listed(rank: number): number {
    const { activity, instruments } = this.#world;
    let left = rank;
    for (let i = 0; i < instruments.length; i++) {
      const locate = activity.byRank(i);
      if (instruments[locate - 1]!.kind === "listed" && left-- === 0) return locate;
    }
    return activity.byRank(0);
  }

  #scatter(expected: number, countMin: number, from: number, until: number, run: () => void): void {
    const count = Math.max(Math.round(expected), countMin);
    for (let i = 0; i < count; i++) this.#at(from + this.#prng.float() * (until - from), run);
  }

  #haltForNews(locate: number, from: number, until: number): void {
    const { engine, fair } = this.#world;
    const at = (ratio: number) => from + (until - from) * ratio;
    this.#at(at(0), () => engine.setState(locate, TradingState.halted, "T1"));
    this.#at(at(0.5), () => {
      fair.jump(locate, this.#prng.chance(0.5) ? 1.004 : 0.996);
      this.#collar(locate, 0);
    });
    this.#at(at(0.52), () => engine.setState(locate, TradingState.quotationOnly, "T3"));
    this.#gather(locate, at(0.55), at(0.95));
    this.#at(at(0.8), () => this.#collar(locate, 1));
    this.#release(locate, at(1));
  }

  #pause(locate: number, from: number, until: number): void {
    const { engine } = this.#world;
    const at = (ratio: number) => from + (until - from) * ratio;
    this.#at(at(0), () => engine.setState(locate, TradingState.paused, "LUDP"));
    this.#at(at(0.05), () => this.#collar(locate, 0));
    this.#gather(locate, at(0.1), at(0.95));
    this.#release(locate, at(1));
  }

  #offering(locate: number, priceE4: number, from: number, until: number): void {
    const { engine } = this.#world;
    const at = (ratio: number) => from + (until - from) * ratio;
    const releaseTimeSeconds = Math.floor(OPEN_NS / NS_PER_S) + 3600;
    this.#at(at(0), () =>
      engine.output.rare(locate, { type: "K", releaseTimeSeconds, releaseQualifier: "A", ipoPriceE4: priceE4 }),
    );
    this.#at(at(0.2), () => engine.setState(locate, TradingState.quotationOnly, "IPOQ"));
    this.#gather(locate, at(0.25), at(0.95));
    this.#release(locate, at(1));
  }

  #directListing(locate: number, priceE4: number, from: number, until: number): void {
    const { engine } = this.#world;
    const at = (ratio: number) => from + (until - from) * ratio;
    this.#at(at(0), () => engine.setState(locate, TradingState.quotationOnly, "IPOQ"));
    this.#gather(locate, at(0.1), at(0.95));
    for (let i = 0; i < 5; i++)
      this.#at(at(0.5 + i * 0.1), () => {
        const { solver } = engine.auction;
        solver.solve(locate, priceE4);
        engine.output.rare(locate, {
          type: "O",
          openEligibility: i === 4 ? "Y" : "N",
          minimumPriceE4: onTick(priceE4 * 0.8),
          maximumPriceE4: onTick(priceE4 * 1.8),
          nearExecutionPriceE4: solver.priceE4,
          nearExecutionTime: BigInt(engine.output.tsNs),
          lowerCollarPriceE4: onTick(priceE4 * 0.9),
          upperCollarPriceE4: onTick(priceE4 * 1.1),
        });
      });
    this.#release(locate, at(1));
  }

  /** Orders come in for the cross, and imbalances are told. */
  #gather(locate: number, from: number, until: number): void {
    const { engine, trader } = this.#world;
    const count = Math.max(12, Math.min(EAGER_MAX, Math.floor((until - from) / 50)));
    for (let i = 0; i < count; i++) {
      const at = from + ((until - from) * i) / count;
      this.#at(at, () => trader.addEager(locate));
      if (i % 4 === 3) this.#at(at, () => engine.indicate(locate, CrossType.halt));
    }
  }

  /** The cross, and trading after it. */
  #release(locate: number, at: number): void {
    const { engine, fair } = this.#world;
    this.#at(at, () => {
      engine.cross(locate, CrossType.halt);
      fair.set(locate, Math.round(engine.lastPriceE4[locate]! / TICK_E4));
      engine.setState(locate, TradingState.trading, "");
    });
  }

  #collar(locate: number, extension: number): void {
    const { engine } = this.#world;
    const referencePriceE4 = engine.lastPriceE4[locate]!;
    const widthE4 = onTick(referencePriceE4 * COLLAR * (1 + extension));
    engine.output.rare(locate, {
      type: "J",
      referencePriceE4,
      upperPriceE4: onTick(referencePriceE4 + widthE4),
      lowerPriceE4: onTick(referencePriceE4 - widthE4),
      extension,
    });
  }

  #operationalHalt(locate: number, from: number, until: number): void {
    const { engine } = this.#world;
    const say = (haltAction: string) => engine.output.rare(locate, { type: "h", marketCode: "B", haltAction });
    this.#at(from, () => say("H"));
    this.#at(until, () => say("T"));
  }

  #restrictShortSales(locate: number, at: number): void {
    this.#at(at, () => this.#world.engine.output.regSho(locate, 0x31));
  }

  #declare(breachedLevel: string): void {
    this.#world.engine.output.rare(0, { type: "W", breachedLevel });
  }

  #retailInterest(): void {
    const locate = this.#world.activity.pick();
    this.#world.engine.output.rare(locate, { type: "N", interestFlag: "BSAN"[this.#prng.below(4)]! });
  }

  #breakTrade(): void {
    const { engine } = this.#world;
    for (let i = 0; i < 8; i++) if (engine.breakTrade(engine.matches.count - this.#prng.below(200))) return;
  }
}

function onTick(priceE4: number): number {
  return Math.round(priceE4 / TICK_E4) * TICK_E4;
}
