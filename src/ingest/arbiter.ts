/**
 * Sequence arbitration: packets of all lines and of re-requests go in, in any order and cut in any way; messages come
 * out to the sink, each sequence once, in order. Owned by a channel, used by its thread alone; hot, no allocation.
 *
 * What always holds, while not holding back everything (`hold`):
 * - all messages below `nextSequence` have been handed on (or given up, or are in a snapshot);
 * - of [nextSequence, highSequence) each is either in the store or in `missing`;
 * - highSequence <= nextSequence + the reorder window.
 */
import { assert } from "../core/assert.ts";
import type { MessageSink } from "./contract.ts";
import { GapCloser, GapLog } from "./gap-log.ts";
import { MessageStore } from "./message-store.ts";
import { MissingRanges } from "./missing-ranges.ts";

const MESSAGE_HEAD_BYTES = 2;
const HOLES_MAX = 1024;
/** Held-back messages handed on within one packet's handling; the rest follows in `drain`. */
const DRAIN_PER_PACKET_MAX = 4096;

export class Arbiter {
  /** The next sequence to hand on. */
  nextSequence = 1;
  /** The one after the highest that is known to exist (within the window). */
  highSequence = 1;
  /** Since the last `clearOverflow`: something that had come was not kept, for want of room. */
  overflowed = false;
  /** What overflowed was beyond the window: a number that is believed, and to which nothing leads. -1: it was not. */
  jumpSequence = -1;
  /** Everything is held back: where to start is not known yet. */
  holding = true;
  /** Everything before it exists, though the window has no room for knowing it: see `follow`. */
  believedSequence = 0;
  readonly gaps = new GapLog(HOLES_MAX + 8);
  readonly missing = new MissingRanges(HOLES_MAX, this.gaps);
  readonly store: MessageStore;
  /** Counts since construction. */
  deliveredCount = 0;
  /** Messages that came after a later one had been seen, by what brought them. */
  filledByLineCount = 0;
  filledByRerequestCount = 0;
  lostCount = 0;
  droppedCount = 0;
  readonly #sink: MessageSink;
  readonly #window: number;
  /** Of the last packet far ahead, beyond the window: believed once another bears it out. -1: none. */
  #farSequence = -1;
  /** The furthest that was heard and neither believed nor refuted by a line that speaks of what is due; 0: none. */
  #pendingSequence = 0;

  constructor(sink: MessageSink, reorderMessagesMax: number, reorderBytesMax: number) {
    this.#sink = sink;
    this.#window = reorderMessagesMax;
    this.store = new MessageStore(reorderMessagesMax, reorderBytesMax);
  }

  /** Forgets everything and holds back what comes from `sequence` on, until `start`. What was missing is lost. */
  hold(sequence: number, nowNs: number): void {
    this.lostCount += this.missing.total;
    this.store.clear();
    this.missing.clear(nowNs, GapCloser.sessionEnd);
    this.nextSequence = sequence;
    this.highSequence = sequence;
    this.holding = true;
    this.clearOverflow();
    this.#farSequence = -1;
    this.#pendingSequence = 0;
    this.disbelieve();
  }

  /** Keeps what is held and what is missing, but hands on nothing more until `start`: a snapshot is on its way. */
  pause(): void {
    this.holding = true;
    this.clearOverflow();
  }

  /** While holding: an earlier sequence than any before has turned up. */
  lower(sequence: number, nowNs: number): void {
    if (sequence >= this.nextSequence || this.missing.full) return;
    // Two beginnings that far apart have nothing to do with each other: the lower one counts.
    if (this.nextSequence - sequence >= this.#window) this.hold(sequence, nowNs);
    else this.#goBack(sequence, nowNs);
  }

  /** From here on messages are handed on from `sequence`; what is held before it goes. Then `drain`. */
  start(sequence: number, nowNs: number): void {
    if (sequence < this.nextSequence) this.#goBack(sequence, nowNs);
    else if (sequence > this.nextSequence) {
      this.store.dropRange(this.nextSequence, Math.min(sequence, this.highSequence));
      this.missing.fill(this.nextSequence, sequence, nowNs, GapCloser.snapshot);
      this.nextSequence = sequence;
      this.highSequence = Math.max(this.highSequence, sequence);
    }
    this.holding = false;
    this.clearOverflow();
  }

  /** To an earlier `nextSequence`: what lies between is missing, and what then lies beyond the window is let go. */
  #goBack(sequence: number, nowNs: number): void {
    const windowEnd = sequence + this.#window;
    if (this.nextSequence >= windowEnd) {
      this.store.clear();
      this.missing.clear(nowNs, GapCloser.snapshot);
      this.nextSequence = windowEnd;
      this.highSequence = windowEnd;
    } else if (this.highSequence > windowEnd) {
      this.store.dropRange(windowEnd, this.highSequence);
      this.missing.fill(windowEnd, this.highSequence, nowNs, GapCloser.snapshot);
      this.highSequence = windowEnd;
    }
    this.missing.addFront(sequence, this.nextSequence, nowNs);
    this.nextSequence = sequence;
  }

  clearOverflow(): void {
    this.overflowed = false;
    this.jumpSequence = -1;
  }

  /**
   * A packet's messages: `count` blocks in `length` bytes from `offset`, already checked, the first of them `sequence`.
   * `isRepair`: an answer to a re-request. Returns how many of them were new; the others were there already (or had to
   * be dropped, see `overflowed`).
   */
  packet(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    count: number,
    stampNs: number,
    isRepair: boolean,
    nowNs: number,
  ): number {
    const end = sequence + count;
    if (end <= this.nextSequence) return 0;
    const by = isRepair ? GapCloser.rerequest : GapCloser.line;
    if (this.holding || sequence > this.nextSequence) {
      return this.#early(view, offset, length, sequence, count, stampNs, by, nowNs);
    }
    const fresh = this.#deliver(bytes, view, offset, sequence, count, stampNs);
    const first = this.nextSequence;
    this.nextSequence = end;
    if (!isRepair) this.#pendingSequence = 0;
    if (this.missing.count > 0) this.#countFilled(this.missing.fill(first, end, nowNs, by), by);
    if (end >= this.highSequence) this.highSequence = end;
    else this.drain(DRAIN_PER_PACKET_MAX);
    return fresh;
  }

  /** Hands on the packet's messages from `nextSequence` on, straight from where they were received. */
  #deliver(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    sequence: number,
    count: number,
    stampNs: number,
  ): number {
    const sink = this.#sink;
    const skip = this.nextSequence - sequence;
    let held = 0;
    let at = offset;
    for (let i = 0; i < count; i++) {
      const length = view.getUint16(at);
      at += MESSAGE_HEAD_BYTES;
      if (i >= skip) {
        // Packets of different lines are cut differently: some of these may be held already.
        if (this.store.count > 0 && this.store.has(sequence + i)) {
          this.store.drop(sequence + i);
          held++;
        }
        sink.message(bytes, view, at, length, sequence + i, stampNs);
      }
      at += length;
    }
    this.deliveredCount += count - skip;
    return count - skip - held;
  }

  #early(
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    count: number,
    stampNs: number,
    by: GapCloser,
    nowNs: number,
  ): number {
    const end = sequence + count;
    const isKnown = this.note(sequence, nowNs);
    if (isKnown) this.#believe(end);
    else this.#pendingSequence = Math.max(this.#pendingSequence, end);
    if (!isKnown || this.missing.full) {
      this.droppedCount += count;
      return 0;
    }
    // While a snapshot is awaited, a packet may reach over the front.
    let skip = 0;
    let skipBytes = 0;
    for (; sequence + skip < this.nextSequence; skip++)
      skipBytes += MESSAGE_HEAD_BYTES + view.getUint16(offset + skipBytes);
    const first = sequence + skip;
    const fits = end <= this.nextSequence + this.#window;
    const stored = fits
      ? this.store.put(view, offset + skipBytes, length - skipBytes, first, count - skip, stampNs)
      : -1;
    if (stored < 0) {
      this.overflowed = true;
      this.droppedCount += count;
      this.#extend(Math.min(end, this.nextSequence + this.#window), nowNs);
      return 0;
    }
    if (first < this.highSequence) this.#countFilled(this.missing.fill(first, end, nowNs, by), by);
    if (end > this.highSequence) this.highSequence = end;
    return stored;
  }

  #countFilled(filled: number, by: GapCloser): void {
    if (by === GapCloser.rerequest) this.filledByRerequestCount += filled;
    else this.filledByLineCount += filled;
  }

  /**
   * Everything below `sequence` exists: a heartbeat, or a packet, says so. What has not come of it is missing from now
   * on. False when it lies so far ahead that it is not believed until another packet says the like: one bad datagram
   * must not open a gap of a million messages.
   */
  note(sequence: number, nowNs: number): boolean {
    if (sequence <= this.highSequence) {
      if (sequence === this.highSequence) this.#pendingSequence = 0;
      return true;
    }
    const windowEnd = this.nextSequence + this.#window;
    if (sequence > windowEnd) {
      const isNear = this.#farSequence >= 0 && Math.abs(sequence - this.#farSequence) <= this.#window;
      const believed = isNear || sequence <= this.believedSequence;
      this.#farSequence = sequence;
      if (!believed) {
        this.#pendingSequence = Math.max(this.#pendingSequence, sequence);
        return false;
      }
      this.overflowed = true;
      this.jumpSequence = sequence;
      this.#believe(sequence);
    }
    const wasKnown = this.knowsFurther;
    this.#extend(Math.min(sequence, windowEnd), nowNs);
    // What was heard of before is no late packet's doing any more.
    if (wasKnown && this.missing.count > 0) this.missing.openGap(this.missing.count - 1, nowNs);
    return true;
  }

  /** Whether `sequence` lies beyond the window: what a packet there brought was not kept. */
  isFar(sequence: number): boolean {
    return sequence > this.nextSequence + this.#window;
  }

  /** What lies between the highest that is known and `sequence` is missing. */
  #extend(sequence: number, nowNs: number): void {
    if (sequence <= this.highSequence || this.missing.full) return;
    this.missing.add(this.highSequence, sequence, nowNs);
    this.highSequence = sequence;
  }

  /** The session's messages before `sequence` cannot be had: one gap, lost. */
  loseBeginning(sequence: number, nowNs: number): void {
    const slot = this.gaps.open(1, sequence - 1, nowNs);
    this.gaps.markLost(slot);
    this.gaps.drop(slot, nowNs, GapCloser.givenUp);
    this.lostCount += sequence - 1;
  }

  /** Hands on what is held and in sequence, at most `limit` messages. Returns how many. */
  drain(limit: number): number {
    const store = this.store;
    if (this.holding || store.count === 0) return 0;
    const sink = this.#sink;
    let sequence = this.nextSequence;
    let handed = 0;
    while (handed < limit && store.count > 0 && store.has(sequence)) {
      const at = store.offset(sequence);
      const length = store.length(sequence);
      const stampNs = store.stampNs(sequence);
      sink.message(store.bytes, store.view, at, length, sequence, stampNs);
      store.drop(sequence);
      sequence++;
      handed++;
    }
    this.nextSequence = sequence;
    this.deliveredCount += handed;
    return handed;
  }

  #believe(sequence: number): void {
    if (sequence > this.believedSequence) this.believedSequence = sequence;
  }

  /** What was said to exist could not be had: it is to be said again before it counts. */
  disbelieve(): void {
    this.believedSequence = 0;
  }

  /** Of what is known to exist, as much as the window has room for now is missing: a gap, as no line will bring it. */
  follow(nowNs: number): void {
    if (this.believedSequence <= this.highSequence) return;
    const before = this.highSequence;
    this.#extend(Math.min(this.believedSequence, this.nextSequence + this.#window), nowNs);
    if (this.highSequence > before) this.missing.openGap(this.missing.count - 1, nowNs);
  }

  /** More exists than what is held and missing, or that has been said once and may turn out true (see `note`). */
  get knowsFurther(): boolean {
    return this.believedSequence > this.highSequence || this.#pendingSequence > this.highSequence;
  }

  /** Whether `drain` has something to do. */
  get drainable(): boolean {
    return !this.holding && this.store.count > 0 && this.store.has(this.nextSequence);
  }

  /** Gives up the missing messages before `sequence` and goes on behind them. Returns how many are lost. */
  giveUp(sequence: number, nowNs: number): number {
    const missing = this.missing;
    let lost = 0;
    if (sequence > this.highSequence) {
      missing.add(this.highSequence, sequence, nowNs);
      this.highSequence = sequence;
    }
    while (this.nextSequence < sequence) {
      while (this.drain(DRAIN_PER_PACKET_MAX) > 0);
      if (this.nextSequence >= sequence) break;
      assert(missing.count > 0 && missing.first[0] === this.nextSequence, "what is not held is known to be missing");
      const end = Math.min(missing.end[0]!, sequence);
      lost += end - this.nextSequence;
      this.gaps.markLost(missing.openGap(0, nowNs));
      missing.fill(this.nextSequence, end, nowNs, GapCloser.givenUp);
      this.nextSequence = end;
    }
    this.lostCount += lost;
    return lost;
  }
}
