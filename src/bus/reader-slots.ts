/**
 * Who reads a ring: a slot a reader in a control region that readers may write to, which the ring's data need not be.
 * Readers keep their position and counters there, the writer looks at the two masks, and anyone may look from outside.
 * A sandboxed reader gets a region of its own, with one slot, and can spoil nobody else's. Cold, but for the two masks.
 *
 * Always holds: a slot belongs to the process whose number is in its `pid` word, taken from 0 by compare-and-swap; its
 * bits in the masks are set by its owner alone, and cleared before the slot is free; what is in a region is never
 * believed to be more than numbers.
 */
import { assert, FathomError } from "../core/assert.ts";
import { isAlive, ownIdentity } from "../io/process-liveness.ts";
import type { MemoryRegion } from "../io/shared-memory.ts";
import { EVENT_LAYOUT_VERSION } from "./event-record.ts";
import {
  CONTROL_HEADER_BYTES,
  ControlWord,
  controlBytes,
  MAGIC_CONTROL,
  MAGIC_SECOND,
  readName,
  SLOT_BYTES,
  SLOT_COUNT_MAX,
  SLOT_NAME_BYTE,
  SLOT_STATE_MASK,
  SlotDouble,
  SlotState,
  SlotWord,
  writeName,
} from "./event-ring-layout.ts";
import { fence } from "./memory-order.ts";

/** What happens when a reader is slower than the writer. */
export const READER_POLICIES = ["lossless-block", "lossless-overrun", "conflate"] as const;
export type ReaderPolicy = (typeof READER_POLICIES)[number];

const COUNTERS = [
  SlotDouble.heartbeatNs,
  SlotDouble.overrunCount,
  SlotDouble.lostCount,
  SlotDouble.recordCount,
] as const;
/** A slot being swept: no process has this number. */
const SWEEPING = -1;

/** A reader as it is seen from outside. */
export interface ReaderReport {
  slot: number;
  name: string;
  policy: ReaderPolicy;
  pid: number;
  /** `expelled`: it held the writer back for too long. `dead`: its process is gone, and its slot not swept yet. */
  state: "attached" | "expelled" | "dead";
  /** Records published that it has not taken. */
  lagRecords: number;
  /** Its lag as a share of the ring's capacity; above 1 it has been overrun and does not know yet. */
  lagRatio: number;
  overrunCount: number;
  lostCount: number;
  recordCount: number;
  parked: boolean;
  /** Monotonic; 0: never said. */
  heartbeatNs: number;
  attachedNs: number;
}

export class ReaderSlots {
  readonly region: MemoryRegion;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly slotCount: number;
  readonly #bytes: Uint8Array;

  private constructor(region: MemoryRegion) {
    this.region = region;
    this.words = new Int32Array(region.buffer);
    this.doubles = new Float64Array(region.buffer);
    this.#bytes = new Uint8Array(region.buffer);
    this.slotCount = this.words[ControlWord.slots]!;
  }

  /** Makes a region of zeros a control region with so many slots, 1 to 32. */
  static format(region: MemoryRegion, slotCount: number): ReaderSlots {
    assert(slotCount >= 1 && slotCount <= SLOT_COUNT_MAX, "1 to 32 reader slots");
    assert(region.buffer.byteLength >= controlBytes(slotCount), "the control region has room for its slots");
    const words = new Int32Array(region.buffer);
    words[ControlWord.version] = EVENT_LAYOUT_VERSION;
    words[ControlWord.slots] = slotCount;
    words[ControlWord.magicSecond] = MAGIC_SECOND;
    Atomics.store(words, ControlWord.magic, MAGIC_CONTROL);
    return new ReaderSlots(region);
  }

  /** A region that somebody else has formatted. Throws `ring-not-recognised`. */
  static attach(region: MemoryRegion): ReaderSlots {
    const { byteLength } = region.buffer;
    const words = new Int32Array(region.buffer);
    const slotCount = byteLength < CONTROL_HEADER_BYTES ? 0 : words[ControlWord.slots]!;
    const isWhole =
      slotCount >= 1 &&
      slotCount <= SLOT_COUNT_MAX &&
      byteLength >= controlBytes(slotCount) &&
      words[ControlWord.magic] === MAGIC_CONTROL &&
      words[ControlWord.magicSecond] === MAGIC_SECOND &&
      words[ControlWord.version] === EVENT_LAYOUT_VERSION;
    if (!isWhole) throw new FathomError("ring-not-recognised", "this memory is no control region of an event ring");
    return new ReaderSlots(region);
  }

  /** A slot's first word. */
  wordOf(slot: number): number {
    return (CONTROL_HEADER_BYTES + slot * SLOT_BYTES) >>> 2;
  }

  /** Takes a free slot; -1 when there is none, also after the dead have been swept. */
  claim(name: string, policy: ReaderPolicy, nowNs: number): number {
    const slot = this.#claimFree();
    const taken = slot >= 0 || this.sweep() === 0 ? slot : this.#claimFree();
    if (taken < 0) return taken;
    const word = this.wordOf(taken);
    const double = word >>> 1;
    for (const which of COUNTERS) this.doubles[double + which] = 0;
    this.words[word + SlotWord.awaited] = 0;
    this.words[word + SlotWord.policy] = READER_POLICIES.indexOf(policy);
    this.doubles[double + SlotDouble.startTicks] = ownIdentity().startTicks;
    this.doubles[double + SlotDouble.attachedNs] = nowNs;
    writeName(this.#bytes, word * 4 + SLOT_NAME_BYTE, name);
    return taken;
  }

  #claimFree(): number {
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (Atomics.compareExchange(this.words, this.wordOf(slot) + SlotWord.pid, 0, process.pid) === 0) return slot;
    }
    return -1;
  }

  /**
   * Shows a claimed slot to the writer. Its position must stand there already. Returns the state, which changes when
   * the writer expels the reader.
   */
  open(slot: number, isBlocking: boolean): number {
    const word = this.wordOf(slot) + SlotWord.state;
    const state = ((this.words[word]! | SLOT_STATE_MASK) + 1) | SlotState.attached;
    Atomics.store(this.words, word, state);
    if (isBlocking) Atomics.or(this.words, ControlWord.blocking, 1 << slot);
    return state;
  }

  /** By its owner: gives the slot back. */
  release(slot: number): void {
    const word = this.wordOf(slot);
    this.#clearBits(slot);
    Atomics.and(this.words, word + SlotWord.state, ~SLOT_STATE_MASK);
    // Before the slot can be claimed: its next owner must not be judged by the start of this one.
    this.doubles[(word >>> 1) + SlotDouble.startTicks] = 0;
    Atomics.store(this.words, word + SlotWord.pid, 0);
  }

  /**
   * By the writer: the reader that was attached with this state no longer counts. It learns so at its next poll. False
   * when it has gone meanwhile. Its bits stay: they may be the next reader's before they could be cleared.
   */
  expel(slot: number, state: number): boolean {
    const word = this.wordOf(slot) + SlotWord.state;
    const expelled = (state & ~SLOT_STATE_MASK) | SlotState.expelled;
    return Atomics.compareExchange(this.words, word, state, expelled) === state;
  }

  /** Frees the slots of processes that are gone; returns how many. Safe from any process. */
  sweep(): number {
    let sweptCount = 0;
    fence();
    for (let slot = 0; slot < this.slotCount; slot++) {
      const pidWord = this.wordOf(slot) + SlotWord.pid;
      const pid = this.words[pidWord]!;
      if (pid === 0 || this.#isOwnerAlive(slot, pid)) continue;
      if (Atomics.compareExchange(this.words, pidWord, pid, SWEEPING) !== pid) continue;
      this.release(slot);
      sweptCount++;
    }
    return sweptCount;
  }

  /** Whether the process that holds the slot is there; a slot that nobody holds waits for nobody. */
  isOwnerAlive(slot: number): boolean {
    return this.#isOwnerAlive(slot, this.words[this.wordOf(slot) + SlotWord.pid]!);
  }

  #isOwnerAlive(slot: number, pid: number): boolean {
    const startTicks = this.doubles[(this.wordOf(slot) >>> 1) + SlotDouble.startTicks]!;
    return pid === SWEEPING || pid === 0 || isAlive({ pid, startTicks });
  }

  #clearBits(slot: number): void {
    Atomics.and(this.words, ControlWord.asleep, ~(1 << slot));
    Atomics.and(this.words, ControlWord.blocking, ~(1 << slot));
  }

  /** All readers, in the order of their slots. `headPosition`: of the ring. */
  report(headPosition: number, capacityRecords: number): ReaderReport[] {
    const reports: ReaderReport[] = [];
    fence();
    const asleep = this.words[ControlWord.asleep]!;
    for (let slot = 0; slot < this.slotCount; slot++) {
      const word = this.wordOf(slot);
      const state = this.words[word + SlotWord.state]! & SLOT_STATE_MASK;
      if (state !== SlotState.attached && state !== SlotState.expelled) continue;
      const at = (which: number) => this.doubles[(word >>> 1) + which]!;
      const pid = this.words[word + SlotWord.pid]!;
      const lagRecords = Math.max(0, headPosition - at(SlotDouble.position));
      const attached = state === SlotState.attached ? "attached" : "expelled";
      reports.push({
        slot,
        name: readName(this.#bytes, word * 4 + SLOT_NAME_BYTE),
        policy: READER_POLICIES[this.words[word + SlotWord.policy]!] ?? "lossless-overrun",
        pid,
        state: this.#isOwnerAlive(slot, pid) ? attached : "dead",
        lagRecords,
        lagRatio: lagRecords / capacityRecords,
        overrunCount: at(SlotDouble.overrunCount),
        lostCount: at(SlotDouble.lostCount),
        recordCount: at(SlotDouble.recordCount),
        parked: (asleep & (1 << slot)) !== 0,
        heartbeatNs: at(SlotDouble.heartbeatNs),
        attachedNs: at(SlotDouble.attachedNs),
      });
    }
    return reports;
  }
}
