/**
 * Where a writer waits for the readers that may hold it back, and for how long. Entered once a few hundred records, and
 * only when there is such a reader; cold, so it may read the clock.
 *
 * Always holds: the writer is released when the reader moves, when its process is gone, and at the latest when the
 * time-out has passed; a reader that the writer went on without is expelled first, and counted.
 */
import { clock } from "../io/clock.ts";
import { futexWait, yieldThread } from "../io/futex.ts";
import type { EventRing } from "./event-ring.ts";
import { ControlWord, DataDouble, SLOT_STATE_MASK, SlotState, SlotWord } from "./event-ring-layout.ts";
import { fence } from "./memory-order.ts";
import type { ReaderSlots } from "./reader-slots.ts";

export interface WriterGateOptions {
  /** How long readers of the policy `lossless-block` may hold the writer back. Default 100 ms. */
  blockTimeoutNs?: number;
}

const BLOCK_TIMEOUT_NS = 100e6;
/** A reader that is just now reading is back within these. */
const SPIN_COUNT = 1000;
const YIELD_COUNT = 20;
const SLEEP_NS = 1e6;

export class WriterGate {
  readonly #ring: EventRing;
  readonly #slots: ReaderSlots;
  readonly #timeoutNs: number;
  /** The slot that has the least room, and its state, as `#room` found them. */
  #slowestSlot = 0;
  #slowestState = 0;

  constructor(ring: EventRing, slots: ReaderSlots, options: WriterGateOptions) {
    this.#ring = ring;
    this.#slots = slots;
    this.#timeoutNs = options.blockTimeoutNs ?? BLOCK_TIMEOUT_NS;
  }

  /** How many records may be written from position `next` on: at least 1, at most `wanted`. May wait. */
  roomFor(next: number, wanted: number): number {
    fence();
    if (this.#slots.words[ControlWord.blocking] === 0) return wanted;
    let room = this.#room(next, wanted);
    if (room > 0) return room;
    const { doubles } = this.#ring;
    const startNs = clock.monotonicNs();
    let nowNs = startNs;
    for (let turn = 0; room === 0; turn++) {
      if (turn >= SPIN_COUNT) {
        if (turn < SPIN_COUNT + YIELD_COUNT) yieldThread();
        else this.#sleep(next, wanted);
        nowNs = clock.monotonicNs();
        if (nowNs - startNs >= this.#timeoutNs) this.#expelAll(next, wanted);
        else if (nowNs - startNs >= SLEEP_NS && !this.#slots.isOwnerAlive(this.#slowestSlot)) this.#expel();
      }
      room = this.#room(next, wanted);
    }
    doubles[DataDouble.blockedCount] = doubles[DataDouble.blockedCount]! + 1;
    doubles[DataDouble.blockedNs] = doubles[DataDouble.blockedNs]! + (clock.monotonicNs() - startNs);
    return room;
  }

  #room(next: number, wanted: number): number {
    const { words } = this.#slots;
    const capacity = this.#ring.capacityRecords;
    let room = wanted;
    fence();
    for (let rest = words[ControlWord.blocking]!; rest !== 0; rest &= rest - 1) {
      const slot = 31 - Math.clz32(rest & -rest);
      if (slot >= this.#slots.slotCount) break;
      const word = this.#slots.wordOf(slot);
      const state = words[word + SlotWord.state]!;
      if ((state & SLOT_STATE_MASK) !== SlotState.attached) continue;
      const behind = (next - words[word + SlotWord.position]!) >>> 0;
      const left = behind < capacity ? capacity - behind : 0;
      if (left < room) {
        room = left;
        this.#slowestSlot = slot;
        this.#slowestState = state;
      }
    }
    return room;
  }

  /** Until the slowest reader says that it has moved. Only here is its flag set, and only here taken back. */
  #sleep(next: number, wanted: number): void {
    const { words, region } = this.#slots;
    const word = this.#slots.wordOf(this.#slowestSlot);
    const position = words[word + SlotWord.position]!;
    Atomics.store(words, word + SlotWord.awaited, 1);
    if (this.#room(next, wanted) === 0)
      futexWait(region.address + (word + SlotWord.position) * 4, position, SLEEP_NS, !region.isProcessShared);
    Atomics.store(words, word + SlotWord.awaited, 0);
  }

  #expelAll(next: number, wanted: number): void {
    while (this.#room(next, wanted) === 0) this.#expel();
  }

  #expel(): void {
    const { doubles } = this.#ring;
    if (this.#slots.expel(this.#slowestSlot, this.#slowestState))
      doubles[DataDouble.expelledCount] = doubles[DataDouble.expelledCount]! + 1;
  }
}
