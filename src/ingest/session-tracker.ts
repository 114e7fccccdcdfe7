/**
 * Which session a channel follows. Sessions change when the current one has ended, or when no line that is alive is on
 * it any more; a stray packet of another session changes nothing. Also notices an exchange that began again at 1 under
 * the same session. Owned by a channel; no allocation after construction.
 */
import { MOLD_SESSION_BYTES, sameSession } from "../wire/moldudp64.ts";

/** What to do with a packet. */
export const SessionVerdict = {
  /** Of the current session: take it. */
  current: 0,
  /** Not taken. */
  foreign: 1,
  /** Of what may become the next session: keep it aside. */
  candidate: 2,
  /** As `candidate`, but it is the first of a new candidate: what was kept aside of another is void. */
  newCandidate: 3,
  /** A new session begins with this packet (after those kept aside). */
  begin: 4,
} as const;
export type SessionVerdict = (typeof SessionVerdict)[keyof typeof SessionVerdict];

const PAST_MAX = 4;
/** Packets of a new session, on all lines together, before it is believed. */
const CANDIDATE_PACKETS_MIN = 2;
/** Packets behind what has been handed on, without any at the front, before a restart is believed. */
const REGRESSED_PACKETS_MIN = 8;
/** A heartbeat says more than a data packet, which may be a late copy. */
const REGRESSED_HEARTBEAT_WEIGHT = 4;

const VOTE_NONE = 0;
const VOTE_CURRENT = 1;
const VOTE_CANDIDATE = 2;

export class SessionTracker {
  /** Ten bytes; meaningful once `known`. */
  readonly current = new Uint8Array(new ArrayBuffer(MOLD_SESSION_BYTES));
  known = false;
  /** The current session has come to its end. */
  ended = false;
  readonly #candidate = new Uint8Array(new ArrayBuffer(MOLD_SESSION_BYTES));
  #candidatePackets = 0;
  /** Sessions that were followed before, newest last in the ring. */
  readonly #past: Uint8Array[] = [];
  #pastCount = 0;
  readonly #silenceNs: number;
  /** By line: what its last packet was of, when one of the current session last came. */
  readonly #vote: Uint8Array;
  readonly #currentNs: Float64Array;
  /** By line: when it last got further; packets since that were behind. */
  readonly #advancedNs: Float64Array;
  readonly #regressed: Int32Array;

  /** `silenceNs`: a line that has said nothing for so long has no say. */
  constructor(lines: number, silenceNs: number) {
    this.#silenceNs = silenceNs;
    this.#vote = new Uint8Array(lines);
    this.#currentNs = new Float64Array(lines).fill(Number.NEGATIVE_INFINITY);
    this.#advancedNs = new Float64Array(lines);
    this.#regressed = new Int32Array(lines);
  }

  /** A well-formed packet at `offset` has come on `line`. */
  judge(line: number, bytes: Uint8Array, offset: number, nowNs: number): SessionVerdict {
    if (!this.known) return SessionVerdict.begin;
    if (sameSession(bytes, offset, this.current)) {
      this.#vote[line] = VOTE_CURRENT;
      this.#currentNs[line] = nowNs;
      return SessionVerdict.current;
    }
    this.#vote[line] = VOTE_NONE;
    if (this.#isPast(bytes, offset) && (this.ended || !this.#silent(nowNs))) return SessionVerdict.foreign;
    let verdict: SessionVerdict = SessionVerdict.candidate;
    if (this.#candidatePackets === 0 || !sameSession(bytes, offset, this.#candidate)) {
      copySession(bytes, offset, this.#candidate);
      this.#candidatePackets = 0;
      for (let i = 0; i < this.#vote.length; i++) if (this.#vote[i] === VOTE_CANDIDATE) this.#vote[i] = VOTE_NONE;
      verdict = SessionVerdict.newCandidate;
    }
    this.#vote[line] = VOTE_CANDIDATE;
    this.#candidatePackets++;
    if (this.ended) return SessionVerdict.begin;
    if (this.#candidatePackets >= CANDIDATE_PACKETS_MIN && this.#deserted(nowNs)) return SessionVerdict.begin;
    return verdict;
  }

  /** No line that is alive is on the current session. */
  #deserted(nowNs: number): boolean {
    for (let i = 0; i < this.#vote.length; i++)
      if (this.#vote[i] === VOTE_CURRENT && nowNs - this.#currentNs[i]! <= this.#silenceNs) return false;
    return true;
  }

  /** Nothing of the current session has come for long. */
  #silent(nowNs: number): boolean {
    for (let i = 0; i < this.#vote.length; i++) if (nowNs - this.#currentNs[i]! <= this.#silenceNs) return false;
    return true;
  }

  #isPast(bytes: Uint8Array, offset: number): boolean {
    for (let i = 0; i < this.#past.length; i++) if (sameSession(bytes, offset, this.#past[i]!)) return true;
    return false;
  }

  /** Follows the session of the packet at `offset` from now on. */
  begin(line: number, bytes: Uint8Array, offset: number, nowNs: number): void {
    if (this.known && !sameSession(bytes, offset, this.current)) {
      this.#past[this.#pastCount % PAST_MAX] = this.current.slice();
      this.#pastCount++;
    }
    copySession(bytes, offset, this.current);
    this.known = true;
    this.ended = false;
    this.#candidatePackets = 0;
    this.#vote.fill(VOTE_NONE);
    this.#currentNs.fill(Number.NEGATIVE_INFINITY);
    this.#vote[line] = VOTE_CURRENT;
    this.#currentNs[line] = nowNs;
    this.#advancedNs.fill(nowNs);
    this.#regressed.fill(0);
  }

  /**
   * A packet of the current session reaches up to `end`; its line had come to `lineHigh`, the channel to
   * `nextSequence`. True when all lines that are alive have for a while only sent what was long handed on: the
   * exchange has begun anew.
   */
  restarted(
    line: number,
    end: number,
    isHeartbeat: boolean,
    lineHigh: number,
    nextSequence: number,
    nowNs: number,
  ): boolean {
    // A heartbeat says where its line is, be it that the channel waits further back at a hole, or that the line is new.
    const isNews = isHeartbeat ? end >= lineHigh && end >= nextSequence : end >= lineHigh || end >= nextSequence;
    if (isNews) {
      this.#advancedNs[line] = nowNs;
      this.#regressed[line] = 0;
      return false;
    }
    if (nowNs - this.#advancedNs[line]! < this.#silenceNs) return false;
    this.#regressed[line]! += isHeartbeat ? REGRESSED_HEARTBEAT_WEIGHT : 1;
    for (let i = 0; i < this.#vote.length; i++) {
      const alive = nowNs - this.#currentNs[i]! <= this.#silenceNs;
      if (alive && this.#regressed[i]! < REGRESSED_PACKETS_MIN) return false;
    }
    return true;
  }
}

function copySession(bytes: Uint8Array, offset: number, to: Uint8Array): void {
  for (let i = 0; i < MOLD_SESSION_BYTES; i++) to[i] = bytes[offset + i]!;
}
