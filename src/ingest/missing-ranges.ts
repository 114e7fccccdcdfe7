/**
 * Sequences that are known to exist and have not come: a short list of ranges in ascending order, none touching the
 * next. The arbiter keeps one for its channel (with a `GapLog`), each line one of its own. Typed arrays, no allocation;
 * a list that is full says so and takes no more.
 */
import type { GapCloser, GapLog } from "./gap-log.ts";

/** Places behind the capacity: a packet that was let in with one place left may both add a range and split one. */
const SPARE = 4;

export class MissingRanges {
  count = 0;
  /** Sequences in all ranges together. */
  total = 0;
  /** By range: first missing sequence; the one after the last; when it was noticed; its gap's slot, or -1. */
  readonly first: Float64Array;
  readonly end: Float64Array;
  readonly openedNs: Float64Array;
  readonly gap: Int32Array;
  readonly #capacity: number;
  readonly #gaps: GapLog | undefined;

  constructor(capacity: number, gaps?: GapLog) {
    this.#capacity = capacity;
    this.#gaps = gaps;
    this.first = new Float64Array(capacity + SPARE);
    this.end = new Float64Array(capacity + SPARE);
    this.openedNs = new Float64Array(capacity + SPARE);
    this.gap = new Int32Array(capacity + SPARE);
  }

  /** To be asked before a range is added or filled in its middle: no room for another. */
  get full(): boolean {
    return this.count >= this.#capacity;
  }

  /** Range `i` counts as a gap from now on, if it does not yet. Returns the gap's slot. */
  openGap(i: number, nowNs: number): number {
    const known = this.gap[i]!;
    if (known >= 0 || !this.#gaps) return known;
    const slot = this.#gaps.open(this.first[i]!, this.end[i]! - this.first[i]!, nowNs);
    this.gap[i] = slot;
    return slot;
  }

  /** Adds [first, end) after all others. A range that touches the last one becomes part of it. */
  add(first: number, end: number, nowNs: number): void {
    const last = this.count - 1;
    this.total += end - first;
    if (last >= 0 && this.end[last] === first) {
      this.end[last] = end;
      if (this.gap[last]! >= 0) this.#gaps?.grow(this.gap[last]!, end - first);
      return;
    }
    this.#put(this.count, first, end, nowNs, -1);
    this.count++;
  }

  /** Adds [first, end) before all others: what lies before the first sequence that was seen. */
  addFront(first: number, end: number, nowNs: number): void {
    this.total += end - first;
    if (this.count > 0 && this.first[0] === end) {
      this.first[0] = first;
      return;
    }
    this.#shift(0, 1);
    this.#put(0, first, end, nowNs, -1);
  }

  /** Takes out what lies in [first, end). Returns how many sequences that were. */
  fill(first: number, end: number, nowNs: number, by: GapCloser): number {
    const before = this.total;
    let i = this.#find(first);
    while (i < this.count && this.first[i]! < end) {
      const rangeFirst = this.first[i]!;
      const rangeEnd = this.end[i]!;
      if (rangeFirst >= first && rangeEnd <= end) {
        this.remove(i, nowNs, by);
        continue;
      }
      if (rangeFirst < first && rangeEnd > end) {
        this.#split(i, first, end);
        break;
      }
      if (rangeFirst < first) {
        this.total -= rangeEnd - first;
        this.end[i] = first;
      } else {
        this.total -= end - rangeFirst;
        this.first[i] = end;
        // Still being filled from the front: its time starts anew.
        this.openedNs[i] = nowNs;
      }
      i++;
    }
    return before - this.total;
  }

  #split(i: number, first: number, end: number): void {
    const rangeEnd = this.end[i]!;
    const gap = this.gap[i]!;
    const openedNs = this.openedNs[i]!;
    this.#shift(i + 1, 1);
    this.end[i] = first;
    this.#put(i + 1, end, rangeEnd, openedNs, gap);
    this.total -= end - first;
    if (gap >= 0) this.#gaps?.split(gap);
  }

  /** Takes range `i` out whole. */
  remove(i: number, nowNs: number, by: GapCloser): void {
    this.total -= this.end[i]! - this.first[i]!;
    const gap = this.gap[i]!;
    this.#shift(i + 1, -1);
    if (gap >= 0) this.#gaps?.drop(gap, nowNs, by);
  }

  /** Everything. */
  clear(nowNs: number, by: GapCloser): void {
    while (this.count > 0) this.remove(this.count - 1, nowNs, by);
  }

  /** The first missing sequence in [first, end), or `end`. */
  firstMissing(first: number, end: number): number {
    const i = this.#find(first);
    if (i >= this.count) return end;
    return Math.min(Math.max(this.first[i]!, first), end);
  }

  /** The first range that ends after `sequence`. */
  #find(sequence: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.end[middle]! <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #put(i: number, first: number, end: number, openedNs: number, gap: number): void {
    this.first[i] = first;
    this.end[i] = end;
    this.openedNs[i] = openedNs;
    this.gap[i] = gap;
  }

  /** Moves the ranges from `i` on by one place, up or down. */
  #shift(i: number, by: 1 | -1): void {
    this.first.copyWithin(i + by, i, this.count);
    this.end.copyWithin(i + by, i, this.count);
    this.openedNs.copyWithin(i + by, i, this.count);
    this.gap.copyWithin(i + by, i, this.count);
    this.count += by;
  }
}
