/**
 * What books tell others: each message that an engine applied becomes one 64-byte event (`bus/event-record.ts` has the
 * layout), followed by the changed levels, if wanted, and by the top of the book when its price or shares have changed.
 * Engines say what happened and this writes it, so that all engines write the same. Owned by a shard; its thread only.
 *
 * Always holds: an event is written after its message was found good and before the next one is looked at; the flags of
 * each instrument's events (quality of its book, snapshot, doubt) are ready in one byte; `publish` marks the end of a
 * batch. Hot; allocates nothing.
 */
import {
  CODE_SHIFT,
  EventDouble,
  EventFlag,
  EventKind,
  EventWord,
  FLAGS_SHIFT,
  QUALITY_SHIFT,
  SIDE_SHIFT,
} from "../bus/event-record.ts";
import type { EventWriter } from "../bus/event-writer.ts";
import { Quality, worseQuality } from "../core/quality.ts";

const LOCATE_COUNT = 65536;
const U32_MAX = 0xffffffff;

/** A set of kinds, one bit each. */
export function kindMask(...kinds: EventKind[]): number {
  let mask = 0;
  for (let i = 0; i < kinds.length; i++) mask |= 1 << kinds[i]!;
  return mask;
}
/** All but levels: they can be worked out from the orders. */
export const EVENT_KINDS_DEFAULT = ~kindMask(EventKind.level);
export const EVENT_KINDS_ALL = -1;

export class BookEvents {
  readonly writer: EventWriter;
  /** Whether level events are wanted: an engine need not look for them otherwise. */
  readonly hasLevels: boolean;
  /** Kinds that are written, as `kindMask` makes it. */
  readonly kinds: number;
  /** What goes into every event, for engines that write their most frequent ones themselves. */
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** In the upper half of an instrument word. */
  readonly channelBits: number;
  /** By locate: the flags byte of its events, but for `last` and `printable`. */
  readonly flags = new Uint8Array(LOCATE_COUNT);
  #quality: Quality = Quality.stale;
  #isSnapshot = false;
  /**
   * The first three doubles of an event: sequence, exchange time, receive time. In an array, because fields that are
   * now small integers and now doubles make the engine throw its machine code away, again and again.
   */
  readonly stamps = new Float64Array(3);

  /** `kinds`: which events are written, as `kindMask` makes it. */
  constructor(writer: EventWriter, kinds: number = EVENT_KINDS_DEFAULT) {
    this.writer = writer;
    this.hasLevels = (kinds & kindMask(EventKind.level)) !== 0;
    this.words = writer.words;
    this.doubles = writer.doubles;
    this.kinds = kinds;
    this.channelBits = writer.ring.channelId << 16;
    this.#fillFlags(true);
  }

  /** By the shard, before a message is applied: its sequence (0: of a snapshot), exchange time and receive time. */
  begin(sequence: number, tsEventNs: number, tsRecvNs: number): void {
    this.stamps[EventDouble.sequence] = sequence;
    this.stamps[EventDouble.tsEventNs] = tsEventNs;
    this.stamps[EventDouble.tsRecvNs] = tsRecvNs;
  }

  /**
   * A top of book or level event: what is at a price of a side (locate * 2, + 1 for asks) now; shares and orders 0 when
   * nothing is.
   */
  price(kind: number, side: number, priceE4: number, shares: number, orders: number): void {
    const head = kind | (((side & 1) + 1) << SIDE_SHIFT);
    this.put(head, side >>> 1, 0, orders, 0, 0, priceE4, shares < U32_MAX ? shares : U32_MAX, shares);
  }

  /**
   * Any event. `head`: kind | side << 8 | code << 16 | flags << 24. Words of 64-bit numbers, prices and shares count by
   * their bits, here and elsewhere.
   */
  put(
    head: number,
    locate: number,
    high: number,
    low: number,
    secondHigh: number,
    secondLow: number,
    priceE4: number,
    shares: number,
    amount: number,
  ): void {
    // A shift counts by the lowest five bits, where the kind is.
    if (((this.kinds >>> head) & 1) === 0) return;
    const at = this.writer.append();
    const words = this.words;
    const doubles = this.doubles;
    const stamps = this.stamps;
    const double = at >>> 1;
    doubles[double + EventDouble.sequence] = stamps[EventDouble.sequence]!;
    doubles[double + EventDouble.tsEventNs] = stamps[EventDouble.tsEventNs]!;
    doubles[double + EventDouble.tsRecvNs] = stamps[EventDouble.tsRecvNs]!;
    words[at + EventWord.head] = head | (this.flags[locate]! << FLAGS_SHIFT);
    words[at + EventWord.instrument] = locate | this.channelBits;
    words[at + EventWord.referenceLow] = low;
    words[at + EventWord.referenceHigh] = high;
    words[at + EventWord.secondLow] = secondLow;
    words[at + EventWord.secondHigh] = secondHigh;
    words[at + EventWord.priceE4] = priceE4;
    words[at + EventWord.shares] = shares;
    doubles[double + EventDouble.amount] = amount;
  }

  /** A bad message about this instrument: its book's quality is not ok until the next reset. Said once. */
  doubt(locate: number): void {
    if ((this.flags[locate]! & EventFlag.doubt) !== 0) return;
    this.flags[locate] = this.#flagsOf(true);
    const quality = worseQuality(this.#quality, Quality.recovering);
    this.put(EventKind.quality | (quality << CODE_SHIFT), locate, 0, 0, 0, 0, 0, 0, 0);
  }

  /** The engine has forgotten everything. */
  reset(): void {
    this.stamps[EventDouble.sequence] = 0;
    this.stamps[EventDouble.tsEventNs] = 0;
    this.#fillFlags(true);
    this.#channelEvent(EventKind.reset, 0, 0);
  }

  /** What follows is a snapshot's, until `snapshotEnd`. */
  snapshotBegin(): void {
    this.#isSnapshot = true;
    this.#fillFlags(false);
    this.#channelEvent(EventKind.snapshotBegin, 0, 0);
  }

  /** The books are as of this sequence. */
  snapshotEnd(sequence: number): void {
    this.stamps[EventDouble.sequence] = sequence;
    this.#isSnapshot = false;
    this.#fillFlags(false);
    this.#channelEvent(EventKind.snapshotEnd, 0, 0);
  }

  /** The channel's quality has changed. */
  quality(quality: Quality): void {
    this.#quality = quality;
    this.#fillFlags(false);
    this.#channelEvent(EventKind.quality, quality, 0);
  }

  /** A cut: everything up to this sequence of the channel is in the books, nothing after. */
  barrier(id: number, sequence: number): void {
    this.stamps[EventDouble.sequence] = sequence;
    this.#channelEvent(EventKind.barrier, 0, id);
  }

  /** Ends a batch: marks its last event and shows everything. */
  publish(): void {
    this.writer.publish();
  }

  #channelEvent(kind: number, code: number, low: number): void {
    this.put(kind | (code << CODE_SHIFT), 0, 0, low, 0, 0, 0, 0, 0);
  }

  #flagsOf(isDoubted: boolean): number {
    const quality = isDoubted ? worseQuality(this.#quality, Quality.recovering) : this.#quality;
    const doubt = isDoubted ? EventFlag.doubt : 0;
    return (quality << QUALITY_SHIFT) | doubt | (this.#isSnapshot ? EventFlag.snapshot : 0);
  }

  #fillFlags(forgetDoubts: boolean): void {
    const flags = this.flags;
    const [good, doubted] = [this.#flagsOf(false), this.#flagsOf(true)];
    for (let locate = 0; locate < LOCATE_COUNT; locate++)
      flags[locate] = forgetDoubts || (flags[locate]! & EventFlag.doubt) === 0 ? good : doubted;
  }
}
