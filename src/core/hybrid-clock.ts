/**
 * A hybrid logical clock: stamps that order events of several machines as their messages did, stay near to real time,
 * and say how near. One clock a process, owned by its caller; pure, time is handed in.
 *
 * A stamp is one 64-bit word: microseconds since 1970 above 10 bits of logic. In that form the algorithm's rule is
 * short: the next stamp is the greatest of the time now, the last stamp + 1 and (on receiving) the message's + 1. A
 * burst of more than 1023 events within one microsecond carries into the microseconds; the bound grows with it.
 *
 * What always holds: if one event led to another, its stamp is the smaller; and if every clock was within its bound,
 * the true time of an event was within `boundNs` of its stamp's, so `certainOrder` is never wrong.
 *
 * Source: Kulkarni, Demirbas, Madappa, Avva, Leone, "Logical Physical Clocks and Consistent Snapshots in Globally
 * Distributed Databases", 2014 (figure 5); intervals of uncertainty after Corbett et al., "Spanner", 2012.
 */
import { assert } from "./assert.ts";

const LOGIC_BITS = 10n;
const LOGIC_MASK = (1n << LOGIC_BITS) - 1n;
const NS_PER_TICK = 1_000;
const TICK_NS = 1_000n;
/** Microseconds until the year 2540: a word never reaches its top. */
const WORD_MAX = (1n << 64n) - 1n;

export interface HybridStamp {
  /** Unsigned 64 bits; greater is later. */
  readonly word: bigint;
  /** How far its time can be from true time, either way; Infinity: a machine with no bound has had part in it. */
  readonly boundNs: number;
}

/** What a machine's clock says: ns since 1970, and how far that can be from true time. */
export interface TimeReading {
  readonly epochNs: bigint;
  /** Infinity when nothing bounds it. */
  readonly boundNs: number;
}

export type CertainOrder = "before" | "after" | "uncertain";

export class HybridClock {
  readonly #aheadMaxNs: number;
  #last: HybridStamp = { word: 0n, boundNs: 0 };

  /**
   * `aheadMaxNs`: a message stamped further ahead of this clock than that, beyond both bounds, is refused: otherwise
   * one machine with a wrong clock would drag all others along.
   */
  constructor(options: { aheadMaxNs: number }) {
    this.#aheadMaxNs = options.aheadMaxNs;
  }

  /** The stamp of an event here, or of a message about to be sent. */
  next(now: TimeReading): HybridStamp {
    return this.#advance(now, this.#last);
  }

  /**
   * The stamp of a message's arrival; greater than the message's own. Undefined, and nothing changed, when the
   * message's stamp is too far ahead to be believed.
   */
  receive(now: TimeReading, message: HybridStamp): HybridStamp | undefined {
    const { word, boundNs } = message;
    if (word < 0n || word >= WORD_MAX || !(boundNs >= 0)) return undefined;
    const aheadNs = Number((word >> LOGIC_BITS) * TICK_NS - now.epochNs);
    const allowedNs = this.#aheadMaxNs + finite(now.boundNs) + finite(boundNs);
    if (aheadNs > allowedNs) return undefined;
    return this.#advance(now, word > this.#last.word ? message : this.#last);
  }

  #advance(now: TimeReading, before: HybridStamp): HybridStamp {
    assert(now.epochNs >= 0n, "a clock reading is not before 1970");
    const nowWord = (now.epochNs / TICK_NS) << LOGIC_BITS;
    if (nowWord > before.word) {
      this.#last = { word: nowWord, boundNs: now.boundNs };
    } else {
      const word = before.word + 1n;
      const carriedNs = (word & LOGIC_MASK) === 0n ? NS_PER_TICK : 0;
      // The time is another event's, which led to this one: true time is between that one's and this clock's.
      this.#last = { word, boundNs: Math.max(before.boundNs, now.boundNs) + carriedNs };
    }
    return this.#last;
  }
}

/** A stamp's physical part: ns since 1970, whole microseconds. */
export function stampEpochNs(stamp: HybridStamp): bigint {
  return (stamp.word >> LOGIC_BITS) * TICK_NS;
}

/** A total order of all stamps of all machines that never contradicts cause and effect: below 0, 0, above 0. */
export function compareStamps(a: HybridStamp, b: HybridStamp): number {
  return a.word < b.word ? -1 : a.word > b.word ? 1 : 0;
}

/** Which of two events truly came first, where the bounds can tell. */
export function certainOrder(a: HybridStamp, b: HybridStamp): CertainOrder {
  const apartNs = Number(stampEpochNs(b) - stampEpochNs(a));
  // A stamp's time is rounded down to its microsecond.
  const doubtNs = a.boundNs + b.boundNs + NS_PER_TICK;
  if (apartNs > doubtNs) return "before";
  if (apartNs < -doubtNs) return "after";
  return "uncertain";
}

function finite(boundNs: number): number {
  return Number.isFinite(boundNs) ? boundNs : 0;
}
