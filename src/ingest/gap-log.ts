/**
 * The gaps of one channel: those that are open, and a bounded list of the last ones. A gap is counted once, however
 * many pieces its hole breaks into while it is being filled; it closes with its last piece. Owned by the arbiter; read
 * for status. Nothing is allocated except by `records()`.
 */

/** What closed a gap. `none`: it is still open. */
export const GapCloser = { none: 0, line: 1, rerequest: 2, snapshot: 3, givenUp: 4, sessionEnd: 5 } as const;
export type GapCloser = (typeof GapCloser)[keyof typeof GapCloser];
export const GAP_CLOSER_NAMES = ["none", "line", "rerequest", "snapshot", "given_up", "session_end"] as const;
export type GapCloserName = (typeof GAP_CLOSER_NAMES)[number];

export interface GapRecord {
  first: number;
  /** Messages missing when it was opened. */
  count: number;
  /** Of the clock that drives `doWork`. */
  openedNs: number;
  /** 0 while it is open. */
  closedNs: number;
  closedBy: GapCloserName;
}

const RECENT_MAX = 64;

/** The fields of many gaps, by slot. */
class GapTable {
  readonly first: Float64Array;
  readonly count: Float64Array;
  readonly openedNs: Float64Array;
  readonly closedNs: Float64Array;
  readonly closedBy: Uint8Array;

  constructor(capacity: number) {
    this.first = new Float64Array(capacity);
    this.count = new Float64Array(capacity);
    this.openedNs = new Float64Array(capacity);
    this.closedNs = new Float64Array(capacity);
    this.closedBy = new Uint8Array(capacity);
  }

  record(slot: number): GapRecord {
    return {
      first: this.first[slot]!,
      count: this.count[slot]!,
      openedNs: this.openedNs[slot]!,
      closedNs: this.closedNs[slot]!,
      closedBy: GAP_CLOSER_NAMES[this.closedBy[slot]!]!,
    };
  }
}

export class GapLog {
  openedCount = 0;
  /** Closed with every message found, by a line, a re-request or a snapshot. */
  repairedCount = 0;
  /** Closed without. */
  lostCount = 0;
  readonly #open: GapTable;
  /** Pieces of hole that belong to the gap in a slot; 0: the slot is free. */
  readonly #pieces: Int32Array;
  readonly #recent = new GapTable(RECENT_MAX);
  #recentCount = 0;

  /** `openMax`: gaps that can be open at once, at least the number of holes that can be. */
  constructor(openMax: number) {
    this.#open = new GapTable(openMax);
    this.#pieces = new Int32Array(openMax);
  }

  get openCount(): number {
    return this.openedCount - this.repairedCount - this.lostCount;
  }

  /** A hole has become a gap. Returns its slot. */
  open(first: number, count: number, openedNs: number): number {
    const slot = this.#pieces.indexOf(0);
    this.#pieces[slot] = 1;
    this.#open.first[slot] = first;
    this.#open.count[slot] = count;
    this.#open.openedNs[slot] = openedNs;
    this.#open.closedNs[slot] = 0;
    this.#open.closedBy[slot] = GapCloser.none;
    this.openedCount++;
    return slot;
  }

  /** The hole has grown at its end. */
  grow(slot: number, count: number): void {
    this.#open.count[slot]! += count;
  }

  /** The hole has broken in two. */
  split(slot: number): void {
    this.#pieces[slot]!++;
  }

  /** A part of it has been given up: it counts as lost, whatever happens to the rest. */
  markLost(slot: number): void {
    this.#open.closedBy[slot] = GapCloser.givenUp;
  }

  /** A piece is gone; with the last one the gap closes. */
  drop(slot: number, nowNs: number, by: GapCloser): void {
    const left = this.#pieces[slot]! - 1;
    this.#pieces[slot] = left;
    if (this.#open.closedBy[slot] !== GapCloser.givenUp) this.#open.closedBy[slot] = by;
    if (left > 0) return;
    const closedBy = this.#open.closedBy[slot]!;
    if (closedBy === GapCloser.givenUp || closedBy === GapCloser.sessionEnd) this.lostCount++;
    else this.repairedCount++;
    const to = this.#recentCount % RECENT_MAX;
    this.#recentCount++;
    this.#recent.first[to] = this.#open.first[slot]!;
    this.#recent.count[to] = this.#open.count[slot]!;
    this.#recent.openedNs[to] = this.#open.openedNs[slot]!;
    this.#recent.closedNs[to] = nowNs;
    this.#recent.closedBy[to] = closedBy;
  }

  /** The open gaps and the last closed ones, in the order of their opening. */
  records(): GapRecord[] {
    const records: GapRecord[] = [];
    for (let i = Math.max(0, this.#recentCount - RECENT_MAX); i < this.#recentCount; i++)
      records.push(this.#recent.record(i % RECENT_MAX));
    for (let slot = 0; slot < this.#pieces.length && records.length < 2 * RECENT_MAX; slot++)
      if (this.#pieces[slot]! > 0) records.push({ ...this.#open.record(slot), closedBy: "none" });
    return records.sort((a, b) => a.openedNs - b.openedNs || a.first - b.first);
  }
}
