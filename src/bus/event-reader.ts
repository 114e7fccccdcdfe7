/**
 * A reading end of an event ring. One thread only. `poll` copies what is new into a batch of the reader's own and only
 * then looks whether the writer has overtaken it: what it returns is whole, and stays so until the next `poll`.
 *
 *     const count = reader.poll();
 *     for (let i = 0, at = 0; i < count; i++, at += WORDS_PER_EVENT) … reader.words[at + EventWord.head] …
 *
 * Always holds: every record is returned once and in order, or is counted as lost; `lost + returned` is what the writer
 * has written since the reader attached. The reader's position, as others see it, is what it had taken before its last
 * poll. Hot; allocates nothing.
 */
import { FathomError } from "../core/assert.ts";
import { futexWait, futexWake } from "../io/futex.ts";
import { addressOf } from "../io/libc.ts";
import { copyBytes } from "../io/shared-memory.ts";
import { EVENT_BYTES } from "./event-record.ts";
import { type EventRing, fullPosition } from "./event-ring.ts";
import {
  ControlWord,
  DATA_HEADER_BYTES,
  DataDouble,
  DataWord,
  HALF_LAP,
  RingState,
  SlotDouble,
  SlotWord,
} from "./event-ring-layout.ts";
import { fence, REORDERS_LOADS } from "./memory-order.ts";
import type { ReaderPolicy, ReaderSlots } from "./reader-slots.ts";

/** Answers of `poll` that are no count. */
export const Poll = {
  /** The writer was faster: `lostCount` records are gone. The next poll goes on behind them. */
  overrun: -1,
  /** The writer has gone on without this reader, which held it back for too long. Attach again. */
  expelled: -2,
} as const;

export interface EventReaderOptions {
  /** Shown to whoever looks at the ring. */
  name: string;
  policy: ReaderPolicy;
  /** Where to begin: with what comes from now on (the default), or up to half a ring before. */
  from?: "newest" | "oldest";
  /** Records that a poll returns at most. Default 256. */
  batchRecords?: number;
  /** Where it registers; the ring's own region when absent. */
  slots?: ReaderSlots;
  /** Monotonic; shown as the time of attachment. */
  nowNs?: number;
}

const BATCH_RECORDS = 256;
/** Sleep of a reader that nobody can see, and so nobody wakes. */
const UNSEEN_SLEEP_NS = 1e6;
/** Stands for the slot of a reader that has none. Never written. */
const NO_SLOT = new Int32Array(new ArrayBuffer(64));

export class EventReader {
  readonly ring: EventRing;
  /** The batch: record i begins at words i * 16 and doubles i * 8. */
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  /** Records lost at the last overrun, and by all. */
  lostCount = 0;
  lostTotalCount = 0;
  overrunCount = 0;
  /** Records returned. */
  recordCount = 0;
  readonly #header: Int32Array;
  readonly #capacity: number;
  readonly #batchRecords: number;
  readonly #batchAddress: number;
  readonly #dataAddress: number;
  readonly #isPrivate: boolean;
  readonly #slots: ReaderSlots | undefined;
  readonly #slot: number;
  readonly #slotWords: Int32Array;
  readonly #slotWord: number;
  /** As it was when this reader attached: 0 for one without a slot. */
  readonly #slotState: number = 0;
  /** Position of the next record: low word, and half-laps. */
  #low = 0;
  #halfLaps = 0;
  /** Low word of the position that others see. */
  #shown = 0;
  #isAttached = true;

  /**
   * Throws `ring-read-only` for `lossless-block` without a control region to write to, `ring-readers-full` when every
   * slot is taken.
   */
  constructor(ring: EventRing, options: EventReaderOptions) {
    this.ring = ring;
    this.#header = ring.words;
    this.#capacity = ring.capacityRecords;
    this.#batchRecords = Math.min(options.batchRecords ?? BATCH_RECORDS, ring.capacityRecords >>> 1);
    const batch = new ArrayBuffer(this.#batchRecords * EVENT_BYTES);
    this.words = new Int32Array(batch);
    this.doubles = new Float64Array(batch);
    this.#batchAddress = addressOf(this.words);
    this.#dataAddress = ring.data.address + DATA_HEADER_BYTES;
    this.#isPrivate = !ring.data.isProcessShared;
    const slots = options.slots ?? ring.slots;
    this.#slots = slots?.region.isWritable ? slots : undefined;
    this.#slot = this.#claimSlot(options);
    this.#slotWords = this.#slots?.words ?? NO_SLOT;
    this.#slotWord = this.#slots?.wordOf(this.#slot) ?? 0;
    this.#begin(options.from === "oldest");
    if (this.#slots === undefined) return;
    const isBlocking = options.policy === "lossless-block";
    this.#slotState = this.#slots.open(this.#slot, isBlocking);
    // The writer may have gone on a little before it saw the bit; but never by more than it does in one step.
    const farRecords = this.#capacity / 2 + this.#capacity / 8;
    while (isBlocking && ring.headPosition() - this.position > farRecords) this.#begin(false);
  }

  #claimSlot({ name, policy, nowNs = 0 }: EventReaderOptions): number {
    if (this.#slots === undefined) {
      if (policy !== "lossless-block") return -1;
      throw new FathomError("ring-read-only", `${name} cannot hold back a writer that does not see it`, {
        hint: "open the ring with a control region, or read with the policy lossless-overrun",
      });
    }
    const slot = this.#slots.claim(name, policy, nowNs);
    if (slot >= 0) return slot;
    throw new FathomError("ring-readers-full", `all ${this.#slots.slotCount} readers' slots of the ring are taken`);
  }

  #begin(isOldest: boolean): void {
    const head = this.ring.headPosition();
    const oldest = Math.max(head - this.#capacity / 2, this.ring.doubles[DataDouble.firstPosition]!);
    this.#moveTo(isOldest ? oldest : head);
    this.#show();
  }

  #moveTo(position: number): void {
    this.#low = position | 0;
    this.#halfLaps = Math.floor(position / HALF_LAP);
  }

  /** Of the next record, from the ring's beginning. */
  get position(): number {
    return fullPosition(this.#halfLaps, this.#low);
  }

  /** Records published and not yet polled. */
  get lagRecords(): number {
    return this.ring.headPosition() - this.position;
  }

  /** Nothing more will come: the writer has closed the ring, and everything in it has been polled. */
  get isClosed(): boolean {
    fence();
    if (this.#header[DataWord.state] !== RingState.closed) return false;
    fence();
    return this.#header[DataWord.head] === this.#low;
  }

  /** Copies what is new into the batch; how many records, 0, or one of `Poll`. Releases the batch before. */
  poll(): number {
    const header = this.#header;
    const low = this.#low;
    if (low !== this.#shown) this.#show();
    fence();
    if (this.#slotWords[this.#slotWord + SlotWord.state] !== this.#slotState) return Poll.expelled;
    const halfLaps = header[DataWord.halfLaps]!;
    if (REORDERS_LOADS) fence();
    const head = header[DataWord.head]!;
    if (head === low) return 0;
    if (REORDERS_LOADS) fence();
    // A half-lap that changed meanwhile makes too little of the distance, never too much; it is noticed below.
    const distance = fullPosition(halfLaps, head) - fullPosition(this.#halfLaps, low);
    if (distance > this.#capacity) return this.#recover();
    const lag = (head - low) >>> 0;
    const count = lag < this.#batchRecords ? lag : this.#batchRecords;
    this.#copy(low & (this.#capacity - 1), count);
    if (REORDERS_LOADS) fence();
    const isOvertaken = (header[DataWord.limit]! - low) >>> 0 > this.#capacity;
    if (REORDERS_LOADS) fence();
    return isOvertaken || header[DataWord.halfLaps] !== halfLaps ? this.#recheck(count) : this.#take(count);
  }

  #copy(index: number, count: number): void {
    const toEnd = this.#capacity - index;
    const source = this.#dataAddress + index * EVENT_BYTES;
    if (count <= toEnd) {
      copyBytes(this.#batchAddress, source, count * EVENT_BYTES);
      return;
    }
    copyBytes(this.#batchAddress, source, toEnd * EVENT_BYTES);
    copyBytes(this.#batchAddress + toEnd * EVENT_BYTES, this.#dataAddress, (count - toEnd) * EVENT_BYTES);
  }

  #take(count: number): number {
    const low = (this.#low + count) | 0;
    if ((low ^ this.#low) < 0) this.#halfLaps++;
    this.#low = low;
    this.recordCount += count;
    return count;
  }

  /** The half-laps have moved, or the writer is close: looks again, with whole positions. */
  #recheck(count: number): number {
    const limitLow = this.#header[DataWord.limit]!;
    const head = this.ring.headPosition();
    const limit = head + ((limitLow - (head | 0)) | 0);
    return Math.max(head, limit) - this.position > this.#capacity ? this.#recover() : this.#take(count);
  }

  /** Goes on half a ring behind the writer, if it has really been overrun. */
  #recover(): number {
    const head = this.ring.headPosition();
    const position = this.position;
    const next = Math.max(head - this.#capacity / 2, position);
    if (next === position) return 0;
    this.lostCount = next - position;
    this.lostTotalCount += this.lostCount;
    this.overrunCount++;
    this.#moveTo(next);
    this.#show();
    return Poll.overrun;
  }

  /** Tells the others how far it is, and the writer if that waits for it. */
  #show(): void {
    this.#shown = this.#low;
    if (this.#slots === undefined) return;
    const { doubles, words, region } = this.#slots;
    const double = this.#slotWord >>> 1;
    doubles[double + SlotDouble.position] = fullPosition(this.#halfLaps, this.#low);
    doubles[double + SlotDouble.overrunCount] = this.overrunCount;
    doubles[double + SlotDouble.lostCount] = this.lostTotalCount;
    doubles[double + SlotDouble.recordCount] = this.recordCount;
    Atomics.store(words, this.#slotWord + SlotWord.position, this.#low);
    if (words[this.#slotWord + SlotWord.awaited] === 0) return;
    futexWake(region.address + (this.#slotWord + SlotWord.position) * 4, !region.isProcessShared);
  }

  /** The batch has been dealt with. `poll` says so too; for a reader that will not poll for a while. */
  release(): void {
    if (this.#low !== this.#shown) this.#show();
  }

  /** Looks for something new, so many times in a row; whether there is. */
  spin(turns: number): boolean {
    const header = this.#header;
    const low = this.#low;
    for (let i = 0; i < turns; i++) {
      fence();
      if (header[DataWord.head] !== low) return true;
    }
    return false;
  }

  /**
   * Sleeps until the writer publishes, at most so long. Returns at once when there is something to poll, or the ring is
   * closed. A reader without a slot is woken by nobody: it sleeps for a millisecond at most.
   */
  park(timeoutNs: number): void {
    const sleepNs = this.#slots === undefined ? Math.min(timeoutNs, UNSEEN_SLEEP_NS) : timeoutNs;
    if (this.beginPark()) futexWait(this.ring.headAddress, this.#low, sleepNs, this.#isPrivate);
    this.endPark();
  }

  /** Asks the writer to wake it; whether it may sleep on the head, which is `headSeen`. `endPark` must follow. */
  beginPark(): boolean {
    if (this.#slots !== undefined) Atomics.or(this.#slots.words, ControlWord.asleep, 1 << this.#slot);
    fence();
    return this.#header[DataWord.head] === this.#low && this.#header[DataWord.state] !== RingState.closed;
  }

  endPark(): void {
    if (this.#slots !== undefined) Atomics.and(this.#slots.words, ControlWord.asleep, ~(1 << this.#slot));
  }

  /** The head's low word when everything has been polled. */
  get headSeen(): number {
    return this.#low;
  }

  /** A few times a second: says that the reader is there. `nowNs`: monotonic. */
  beat(nowNs: number): void {
    if (this.#slots === undefined) return;
    this.#slots.doubles[(this.#slotWord >>> 1) + SlotDouble.heartbeatNs] = nowNs;
  }

  /** Gives the slot back; nothing may be polled afterwards. Twice is once. */
  detach(): void {
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.#slots?.release(this.#slot);
  }
}
