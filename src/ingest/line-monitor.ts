/**
 * What one line has done, judged by its own packets alone: how far it has come, what it left out, what it brought out
 * of order, when it was last heard. Owned by a channel, one a line (and one for re-request answers); hot, no
 * allocation.
 */
import type { Counters } from "../core/counters.ts";
import type { Quality } from "../core/quality.ts";
import { LINE_BAD_FIRST, LineField, lineBlock } from "./counters.ts";
import { GapCloser } from "./gap-log.ts";
import type { LeadTable } from "./lead-table.ts";
import { MissingRanges } from "./missing-ranges.ts";

const HOLES_MAX = 64;
/** A hole that is older counts as lost by this line. */
const LOST_AFTER_NS = 100e6;

export class LineMonitor {
  readonly name: string;
  /** The one after the highest sequence that this line has spoken of; 0 before the first. */
  highSequence = 0;
  /** Of the clock that drives `doWork`; -1: never. */
  lastHeardNs = -1;
  /** Of the last packet, ns since the epoch base; -1: never. */
  lastStampNs = -1;
  readonly #holes = new MissingRanges(HOLES_MAX);
  readonly #values: Float64Array;
  readonly #base: number;
  readonly #index: number;
  readonly #ordered: boolean;

  /** `ordered`: its packets come in sequence unless something is wrong; answers to re-requests do not. */
  constructor(name: string, index: number, counters: Counters, ordered: boolean) {
    this.name = name;
    this.#ordered = ordered;
    this.#values = counters.values;
    this.#base = lineBlock(index);
    this.#index = index;
  }

  /** A datagram of the current session has come, of whatever kind. */
  heard(lengthBytes: number, nowNs: number, stampNs: number): void {
    this.lastHeardNs = nowNs;
    this.lastStampNs = stampNs;
    this.#values[this.#base + LineField.packets]!++;
    this.#values[this.#base + LineField.bytes]! += lengthBytes;
  }

  /** A data packet: `fresh` of its messages were new to the channel, `dropped` could not be kept. */
  data(sequence: number, count: number, fresh: number, dropped: number, nowNs: number): void {
    const values = this.#values;
    const base = this.#base;
    values[base + LineField.messages]! += count;
    values[base + LineField.won]! += fresh;
    values[base + LineField.duplicates]! += count - fresh - dropped;
    // What could not be kept may be a number out of the blue: it does not say how far this line has come.
    if (dropped === 0 && this.#ordered) this.#advance(sequence, sequence + count, nowNs);
  }

  /** A packet that was told as dropped has been taken after all: `fresh` of its messages were new to the channel. */
  takenLater(sequence: number, count: number, fresh: number, nowNs: number): void {
    this.#values[this.#base + LineField.won]! += fresh;
    this.#values[this.#base + LineField.duplicates]! += count - fresh;
    if (this.#ordered) this.#advance(sequence, sequence + count, nowNs);
  }

  heartbeat(nextSequence: number, nowNs: number): void {
    this.#values[this.#base + LineField.heartbeats]!++;
    this.#advance(nextSequence, nextSequence, nowNs);
  }

  endOfSession(nextSequence: number, nowNs: number): void {
    this.#advance(nextSequence, nextSequence, nowNs);
  }

  #advance(sequence: number, end: number, nowNs: number): void {
    if (this.highSequence === 0) this.highSequence = sequence;
    if (sequence > this.highSequence) {
      if (this.#holes.full) this.#lose(0, nowNs);
      this.#holes.add(this.highSequence, sequence, nowNs);
    } else if (sequence < this.highSequence && this.#holes.count > 0) {
      if (this.#holes.full) this.#lose(0, nowNs);
      const found = this.#holes.fill(sequence, end, nowNs, GapCloser.line);
      if (found > 0) this.#values[this.#base + LineField.reordered]!++;
    }
    if (end > this.highSequence) this.highSequence = end;
  }

  #lose(i: number, nowNs: number): void {
    this.#values[this.#base + LineField.lost]! += this.#holes.end[i]! - this.#holes.first[i]!;
    this.#holes.remove(i, nowNs, GapCloser.givenUp);
  }

  /** Holes that have been open for long count as lost. */
  settle(nowNs: number): void {
    for (let i = this.#holes.count - 1; i >= 0; i--)
      if (nowNs - this.#holes.openedNs[i]! >= LOST_AFTER_NS) this.#lose(i, nowNs);
  }

  /** All holes count as lost: nothing more will come. */
  settleAll(nowNs: number): void {
    while (this.#holes.count > 0) this.#lose(this.#holes.count - 1, nowNs);
  }

  bad(kind: number): void {
    this.#values[this.#base + LINE_BAD_FIRST + kind]!++;
  }

  foreign(): void {
    this.#values[this.#base + LineField.foreignSession]!++;
  }

  /** A new session: the numbers begin again. */
  reset(nowNs: number): void {
    this.settleAll(nowNs);
    this.highSequence = 0;
  }

  /** Brings the counters up to date that are not counted packet by packet. */
  publish(quality: Quality, kernelDrops: number, leads: LeadTable, epochBaseSeconds: number): void {
    const values = this.#values;
    const base = this.#base;
    const index = this.#index;
    values[base + LineField.quality] = quality;
    values[base + LineField.kernelDrops] = kernelDrops;
    values[base + LineField.leadSeconds] = leads.meanNs[index]! / 1e9;
    values[base + LineField.leadLastSeconds] = leads.lastNs[index]! / 1e9;
    values[base + LineField.leadPackets] = leads.packets[index]!;
    if (this.lastStampNs >= 0) values[base + LineField.lastPacketSeconds] = epochBaseSeconds + this.lastStampNs / 1e9;
  }
}
