/**
 * The time of day that goes with a message count: a day from 04:00 to 20:00 with the open at 09:30 and the close at
 * 16:00, busiest at its ends, arrivals in clusters. Times never go back; the parts of the day begin and end on time.
 * For days that are written to a file or stamped with `--synthetic-time`; live messages carry the real time.
 */
import type { Prng } from "../core/prng.ts";
import { NS_PER_S } from "../core/units.ts";
import type { DayPlan } from "./day-plan.ts";

const at = (hours: number, minutes: number, seconds = 0) => (hours * 3600 + minutes * 60 + seconds) * NS_PER_S;
const DAY_START_NS = at(4, 0);
const QUOTING_NS = at(4, 1);
const OPEN_INDICATE_NS = at(9, 25);
export const OPEN_NS = at(9, 30);
const OPEN_DONE_NS = at(9, 30, 2);
/** Between the open and the imbalance messages before the close: parts of the messages by the hour they end at. */
const SESSION_PARTS: readonly (readonly [share: number, endNs: number])[] = [
  [0.18, at(10, 0)],
  [0.3, at(12, 0)],
  [0.22, at(14, 0)],
  [0.3, at(15, 50)],
];
const CLOSE_NS = at(16, 0);
const CLOSE_DONE_NS = at(16, 0, 5);
const DAY_END_NS = at(20, 0);
/** What an endless day runs at, messages a second. */
const ENDLESS_RATE = 20_000;

interface Part {
  /** Message count at which it ends. */
  until: number;
  endNs: number;
}

export class VirtualDay {
  nowNs = DAY_START_NS;
  readonly #prng: Prng;
  readonly #parts: Part[];
  #at = 0;
  readonly #hasEnd: boolean;

  /** `preamble`: messages before the first quote. */
  constructor(plan: DayPlan, preamble: number, symbols: number, prng: Prng) {
    this.#prng = prng;
    const parts: Part[] = [
      { until: preamble, endNs: QUOTING_NS },
      { until: plan.openIndicate, endNs: OPEN_INDICATE_NS },
      { until: plan.open, endNs: OPEN_NS },
    ];
    this.#hasEnd = Number.isFinite(plan.messages);
    if (this.#hasEnd) {
      const opened = plan.open + symbols;
      parts.push({ until: opened, endNs: OPEN_DONE_NS });
      let until = opened;
      for (const [share, endNs] of SESSION_PARTS) {
        until += share * (plan.closeIndicate - opened);
        parts.push({ until, endNs });
      }
      parts.push({ until: plan.close, endNs: CLOSE_NS });
      parts.push({ until: plan.close + symbols, endNs: CLOSE_DONE_NS });
      parts.push({ until: plan.end, endNs: DAY_END_NS });
    }
    this.#parts = parts;
  }

  /** One event later, `count` messages into the day. */
  advance(count: number, intensity: number): void {
    while (this.#at < this.#parts.length && count >= this.#parts[this.#at]!.until) {
      this.nowNs = Math.max(this.nowNs, this.#parts[this.#at]!.endNs);
      this.#at++;
    }
    const part = this.#parts[this.#at];
    if (part === undefined && this.#hasEnd) return;
    const gapNs = part ? (part.endNs - this.nowNs) / (part.until - count) : NS_PER_S / ENDLESS_RATE;
    const laterNs = this.nowNs + Math.floor(this.#prng.exponential(gapNs / intensity));
    this.nowNs = part ? Math.min(laterNs, Math.max(this.nowNs, part.endNs - 1)) : laterNs;
  }
}
