/**
 * Feedback control of the message mix: what the next event is, so that the shares of the message types come out as
 * measured on a real day (A 42.9 %, D 37.6, U 10.0, E 4.0, X 1.9, P 1.15, F 1.14, C 0.38, and I 0.95 which the day
 * plan sees to), and so that the number of live orders follows its path. Adds and deletes share what the others leave;
 * the live orders' path decides between them.
 */
import type { Prng } from "../core/prng.ts";

export const Action = { add: 0, delete: 1, replace: 2, cancel: 3, execute: 4, improve: 5, hidden: 6 } as const;
export type Action = (typeof Action)[keyof typeof Action];

/** Shares of all messages. */
const REPLACE_SHARE = 0.1;
const CANCEL_SHARE = 0.019;
const EXECUTE_SHARE = 0.04;
const HIDDEN_SHARE = 0.0115;
/** Executions at an improved price in continuous trading; the crosses make the rest of the C messages. */
export const IMPROVE_SHARE = 0.0018;
/** Of the adds: those with an attribution (F). */
export const ATTRIBUTED_SHARE = 0.0114 / (0.429 + 0.0114);
/** What is left to adds and deletes. */
const BAND_SHARE = 0.817;
/** Part of the executions that take an order away whole. */
const EXECUTE_REMOVES = 0.58;

/** Messages over which a share's deficit is made good. */
const SHARE_HORIZON = 3000;
/** How far above its share a type may go to make a deficit good. */
const CATCH_UP_MAX = 2.2;
/** Part of the tape over which live orders rise to the target. */
const RAMP_SHARE = 0.8;
/** Live orders gained a message on an endless day: what the mix gives by itself. */
const RAMP_PER_MESSAGE = 0.04;
/** An event of the execute kind makes this many executions, about. */
const EXECUTIONS_PER_EVENT = 1.25;

const TYPE = { U: 0x55, X: 0x58, E: 0x45, P: 0x50 } as const;

export class MixControl {
  readonly #prng: Prng;
  readonly #liveTarget: number;
  readonly #rampMessages: number;
  readonly #liveHorizon: number;
  #improveCount = 0;
  #startCount = 0;

  /** `messages`: of the whole day, Infinity when it has no end. */
  constructor(prng: Prng, liveTarget: number, messages: number) {
    this.#prng = prng;
    this.#liveTarget = liveTarget;
    this.#rampMessages = Number.isFinite(messages) ? messages * RAMP_SHARE : liveTarget / RAMP_PER_MESSAGE;
    this.#liveHorizon = Math.min(20_000, Math.max(200, this.#rampMessages / 200));
  }

  /** Where the live orders should be after `count` messages. */
  livePath(count: number): number {
    return this.#liveTarget * Math.min(1, count / this.#rampMessages);
  }

  /** Trading begins at this message count: improved executions are a share of what comes after it. */
  tradingBegins(count: number): void {
    this.#startCount = count;
  }

  /** What the next event is. `typeCounts`: messages so far by type byte. */
  choose(count: number, typeCounts: Float64Array, liveCount: number, canTrade: boolean): Action {
    let draw = this.#prng.float();
    draw -= this.#chance(REPLACE_SHARE, count, typeCounts[TYPE.U]!);
    if (draw < 0) return Action.replace;
    draw -= this.#chance(CANCEL_SHARE, count, typeCounts[TYPE.X]!);
    if (draw < 0) return Action.cancel;
    if (canTrade) {
      draw -= this.#chance(EXECUTE_SHARE, count, typeCounts[TYPE.E]!) / EXECUTIONS_PER_EVENT;
      if (draw < 0) return Action.execute;
      draw -= this.#chance(HIDDEN_SHARE, count, typeCounts[TYPE.P]!);
      if (draw < 0) return Action.hidden;
      draw -= this.#chance(IMPROVE_SHARE, count - this.#startCount, this.#improveCount);
      if (draw < 0) {
        this.#improveCount++;
        return Action.improve;
      }
    }
    return this.addOrDelete(count, liveCount, canTrade);
  }

  addOrDelete(count: number, liveCount: number, canTrade: boolean): Action {
    const wanted = this.livePath(count + this.#liveHorizon) - liveCount;
    const removed = canTrade ? EXECUTE_SHARE * EXECUTE_REMOVES : 0;
    const adds = 0.5 + (wanted / this.#liveHorizon + removed) / (2 * BAND_SHARE);
    return this.#prng.float() < Math.min(Math.max(adds, 0.01), 0.99) ? Action.add : Action.delete;
  }

  #chance(share: number, count: number, sofar: number): number {
    const chance = share + (share * count - sofar) / SHARE_HORIZON;
    return Math.min(Math.max(chance, 0), share * CATCH_UP_MAX);
  }
}
