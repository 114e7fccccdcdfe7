/**
 * The writing end of an event ring. One thread only. Claim a record, fill all of it, commit; publish once a packet or
 * batch. In a long batch what is committed is shown in between, every `CHUNK` records, so that readers start early and
 * the batch's length is not bound by the ring's.
 *
 *     const at = writer.claim();              // first word of 16 in `words`, first double at at >>> 1
 *     writer.words[at + EventWord.head] = …   // every field
 *     writer.commit();
 *     writer.publish();                       // the last one committed gets `EventFlag.last`
 *
 * Always holds: head <= next <= limit; readers are told of the limit before a record below it is touched, and see a
 * record only after it is whole; the last record committed stays unpublished until `publish`, which marks it.
 * Hot; allocates nothing, reads no clock (`WriterGate` does, when a reader holds it back).
 */
import { futexWake } from "../io/futex.ts";
import { EventWord, LAST_BIT, WORDS_SHIFT } from "./event-record.ts";
import type { EventRing } from "./event-ring.ts";
import { ControlWord, DataDouble, DataWord, RECORD_FIRST_WORD, RingState } from "./event-ring-layout.ts";
import { fence, REORDERS_LOADS } from "./memory-order.ts";
import type { ReaderSlots } from "./reader-slots.ts";
import { WriterGate, type WriterGateOptions } from "./writer-gate.ts";

/** Records between two announcements of the limit; an eighth of the ring where that is less. */
const CHUNK = 256;

export class EventWriter {
  readonly ring: EventRing;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly #mask: number;
  readonly #chunk: number;
  readonly #gate: WriterGate;
  readonly #isPrivate: boolean;
  /** Regions with readers: the ring's own, then those of readers that have one of their own. */
  #slots: ReaderSlots[];
  /** Low words of positions: of the next record, of what may be written, of what readers see. */
  #next: number;
  #limit: number;
  #published: number;

  /** `ring`: with its control region, both writable. Goes on where the ring's head is. */
  constructor(ring: EventRing, options: WriterGateOptions = {}) {
    this.ring = ring;
    this.words = ring.words;
    this.doubles = ring.doubles;
    this.#mask = ring.capacityRecords - 1;
    this.#chunk = Math.min(CHUNK, ring.capacityRecords >>> 3);
    this.#slots = [ring.slots!];
    this.#gate = new WriterGate(ring, ring.slots!, options);
    this.#isPrivate = !ring.data.isProcessShared;
    this.#next = this.#limit = this.#published = ring.words[DataWord.head]!;
  }

  /** Where the next record goes: its first word. Claiming again without a commit gives the same place. */
  claim(): number {
    if (this.#next === this.#limit) this.#extend();
    return RECORD_FIRST_WORD + ((this.#next & this.#mask) << WORDS_SHIFT);
  }

  /** The claimed record is whole. */
  commit(): void {
    this.#next = (this.#next + 1) | 0;
  }

  /** Claim and commit in one: every field must be filled before anything else is asked of the writer. */
  append(): number {
    const next = this.#next;
    if (next === this.#limit) this.#extend();
    this.#next = (next + 1) | 0;
    return RECORD_FIRST_WORD + ((next & this.#mask) << WORDS_SHIFT);
  }

  /** Marks the last record committed since the last time and shows everything; wakes readers that are parked. */
  publish(): void {
    const next = this.#next;
    if (next === this.#published) return;
    const head = RECORD_FIRST_WORD + (((next - 1) & this.#mask) << WORDS_SHIFT) + EventWord.head;
    this.words[head] = this.words[head]! | LAST_BIT;
    this.#show(next);
  }

  /** Shows all but the last record committed, which may yet have to be marked. */
  #publishPart(): void {
    const head = (this.#next - 1) | 0;
    if (this.#next !== this.#published && head !== this.#published) this.#show(head);
  }

  #show(head: number): void {
    const words = this.words;
    const isHalfLap = (head ^ this.#published) < 0;
    Atomics.store(words, DataWord.head, head);
    if (isHalfLap) Atomics.add(words, DataWord.halfLaps, 1);
    this.#published = head;
    for (let i = 0; i < this.#slots.length; i++) {
      // Read plainly: the atomic store before it is a fence.
      if (this.#slots[i]!.words[ControlWord.asleep] !== 0) {
        this.#wake();
        return;
      }
    }
  }

  /** All parked readers sleep on the head; whoever woke for nothing goes back to sleep. */
  #wake(): void {
    futexWake(this.ring.headAddress, this.#isPrivate);
    this.doubles[DataDouble.wakeCount] = this.doubles[DataDouble.wakeCount]! + 1;
  }

  /** Allows the writer some more records, and says so to the readers before one is touched. */
  #extend(): void {
    this.#publishPart();
    this.#limit = (this.#next + this.#gate.roomFor(this.#next, this.#chunk)) | 0;
    Atomics.store(this.words, DataWord.limit, this.#limit);
    if (REORDERS_LOADS) fence();
  }

  /** A few times a second: says that the writer is there. `nowNs`: monotonic. */
  beat(nowNs: number): void {
    this.doubles[DataDouble.heartbeatNs] = nowNs;
  }

  /** A reader with a control region of its own: it is woken, and can never hold the writer back. Cold. */
  addReaders(slots: ReaderSlots): void {
    this.#slots = this.#slots.concat(slots);
  }

  /** The region's reader is gone. Cold. */
  removeReaders(slots: ReaderSlots): void {
    this.#slots = this.#slots.filter((known) => known !== slots);
  }

  /** Publishes what is committed and says that nothing more will come. Cold. */
  close(): void {
    this.publish();
    Atomics.store(this.words, DataWord.state, RingState.closed);
    this.#wake();
  }
}
