/**
 * A ring of 64-byte events in memory that threads or processes share: one writer, many readers. This is the memory and
 * its descriptor; `EventWriter` and `EventReader` are the two ends. The same code serves a SharedArrayBuffer between
 * threads and a mapped file or memfd between processes.
 *
 * Always holds: capacity is a power of two; the header is whole before anybody can attach (its state says so last).
 */
import { assert, FathomError } from "../core/assert.ts";
import { isAlive, ownIdentity } from "../io/process-liveness.ts";
import { type MemoryRegion, threadRegion } from "../io/shared-memory.ts";
import { EVENT_BYTES, EVENT_LAYOUT_VERSION } from "./event-record.ts";
import {
  CAPACITY_MAX,
  CAPACITY_MIN,
  CHANNEL_NAME_BYTE,
  controlBytes,
  DATA_HEADER_BYTES,
  DataDouble,
  DataWord,
  dataBytes,
  HALF_LAP,
  MAGIC_DATA,
  MAGIC_SECOND,
  RING_NAME_BYTE,
  RingState,
  readName,
  writeName,
} from "./event-ring-layout.ts";
import { fence } from "./memory-order.ts";
import { type ReaderReport, ReaderSlots } from "./reader-slots.ts";

export interface EventRingOptions {
  /** Letters, digits, `.`, `_` and `-`; unique in its node. */
  name: string;
  channel: string;
  /** Of the channel in its node; in every record. */
  channelId: number;
  shard: number;
  /** A power of two, 64 to 2^24. */
  capacityRecords: number;
  /** What `tsRecvNs` counts from. */
  epochBaseSeconds: number;
  /** 1 to 32 readers besides those with a control region of their own. */
  slotCount?: number;
  createdNs?: number;
  /** Where positions begin: 0, unless a test wants to see its counters wrap. */
  firstPosition?: number;
}

/** A ring as it is seen from outside. */
export interface RingReport {
  name: string;
  channel: string;
  channelId: number;
  shard: number;
  capacityRecords: number;
  /** Records ever published. */
  headPosition: number;
  /** `dead`: the writer's process is gone without having closed the ring. */
  state: "open" | "closed" | "dead";
  writerPid: number;
  epochBaseSeconds: number;
  createdNs: number;
  /** Monotonic. */
  heartbeatNs: number;
  /** How often a reader held the writer back, and for how long altogether. */
  blockedCount: number;
  blockedNs: number;
  /** Readers declared dead by the writer. */
  expelledCount: number;
  /** Times that the writer had to wake somebody. */
  wakeCount: number;
  readers: ReaderReport[];
}

export const SLOT_COUNT_DEFAULT = 32;

/** Bytes of a ring's data region. */
export function eventRingBytes(capacityRecords: number): number {
  return dataBytes(capacityRecords, EVENT_BYTES);
}

/** Bytes of a control region with so many slots. */
export function readerSlotsBytes(slotCount = SLOT_COUNT_DEFAULT): number {
  return controlBytes(slotCount);
}

/** What a thread needs to attach to a ring of another thread of its process; can be posted. */
export interface ThreadRingMemory {
  data: SharedArrayBuffer;
  control: SharedArrayBuffer;
}

export class EventRing {
  readonly data: MemoryRegion;
  /** Undefined: this process may only look on, and nobody sees its lag. */
  readonly slots: ReaderSlots | undefined;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly name: string;
  readonly channel: string;
  readonly channelId: number;
  readonly shard: number;
  readonly capacityRecords: number;
  readonly epochBaseSeconds: number;
  /** Of the word that parked readers sleep on. */
  readonly headAddress: number;

  private constructor(data: MemoryRegion, slots: ReaderSlots | undefined) {
    this.data = data;
    this.slots = slots;
    this.words = new Int32Array(data.buffer);
    this.doubles = new Float64Array(data.buffer);
    const bytes = new Uint8Array(data.buffer);
    this.name = readName(bytes, RING_NAME_BYTE);
    this.channel = readName(bytes, CHANNEL_NAME_BYTE);
    this.channelId = this.words[DataWord.channelId]!;
    this.shard = this.words[DataWord.shard]!;
    this.capacityRecords = this.words[DataWord.capacity]!;
    this.epochBaseSeconds = this.doubles[DataDouble.epochBaseSeconds]!;
    this.headAddress = data.address + DataWord.head * 4;
  }

  /** Makes a ring in two regions of zeros, of `eventRingBytes` and `readerSlotsBytes`. */
  static create(data: MemoryRegion, control: MemoryRegion, options: EventRingOptions): EventRing {
    const { capacityRecords, firstPosition = 0, slotCount = SLOT_COUNT_DEFAULT } = options;
    assert(capacityRecords >= CAPACITY_MIN && capacityRecords <= CAPACITY_MAX, "ring capacity between 64 and 2^24");
    assert((capacityRecords & (capacityRecords - 1)) === 0, "ring capacity is a power of two");
    assert(data.buffer.byteLength >= eventRingBytes(capacityRecords), "the data region has room for the ring");
    const slots = ReaderSlots.format(control, slotCount);
    const words = new Int32Array(data.buffer);
    const doubles = new Float64Array(data.buffer);
    const bytes = new Uint8Array(data.buffer);
    const { pid, startTicks } = ownIdentity();
    words[DataWord.magic] = MAGIC_DATA;
    words[DataWord.magicSecond] = MAGIC_SECOND;
    words[DataWord.version] = EVENT_LAYOUT_VERSION;
    words[DataWord.headerBytes] = DATA_HEADER_BYTES;
    words[DataWord.recordBytes] = EVENT_BYTES;
    words[DataWord.capacity] = capacityRecords;
    words[DataWord.writerPid] = pid;
    words[DataWord.channelId] = options.channelId;
    words[DataWord.shard] = options.shard;
    doubles[DataDouble.writerStartTicks] = startTicks;
    doubles[DataDouble.epochBaseSeconds] = options.epochBaseSeconds;
    doubles[DataDouble.createdNs] = options.createdNs ?? 0;
    doubles[DataDouble.firstPosition] = firstPosition;
    writeName(bytes, CHANNEL_NAME_BYTE, options.channel);
    writeName(bytes, RING_NAME_BYTE, options.name);
    words[DataWord.head] = firstPosition;
    words[DataWord.limit] = firstPosition;
    words[DataWord.halfLaps] = Math.floor(firstPosition / HALF_LAP);
    Atomics.store(words, DataWord.state, RingState.open);
    return new EventRing(data, slots);
  }

  /** A ring that only the threads of this process share. */
  static createForThreads(options: EventRingOptions): EventRing {
    const data = threadRegion(new SharedArrayBuffer(eventRingBytes(options.capacityRecords)));
    const control = threadRegion(new SharedArrayBuffer(readerSlotsBytes(options.slotCount)));
    return EventRing.create(data, control, options);
  }

  /** The ring of another thread. */
  static attachThread(memory: ThreadRingMemory): EventRing {
    return EventRing.attach(threadRegion(memory.data), threadRegion(memory.control));
  }

  /**
   * A ring that somebody else has made. Without a control region one can only look on. Throws `ring-not-recognised` or,
   * for one of another version of fathom, `ring-version`.
   */
  static attach(data: MemoryRegion, control?: MemoryRegion): EventRing {
    const { byteLength } = data.buffer;
    const words = new Int32Array(data.buffer);
    const isRing =
      byteLength >= DATA_HEADER_BYTES &&
      words[DataWord.magic] === MAGIC_DATA &&
      words[DataWord.magicSecond] === MAGIC_SECOND &&
      words[DataWord.state] !== RingState.forming;
    if (!isRing) throw new FathomError("ring-not-recognised", "this memory is no event ring");
    const version = words[DataWord.version]!;
    const capacity = words[DataWord.capacity]!;
    if (version !== EVENT_LAYOUT_VERSION || words[DataWord.recordBytes] !== EVENT_BYTES) {
      throw new FathomError("ring-version", `the ring's layout is version ${version}, not ${EVENT_LAYOUT_VERSION}`, {
        hint: "use the same version of fathom on both sides",
      });
    }
    const isWhole =
      capacity >= CAPACITY_MIN && (capacity & (capacity - 1)) === 0 && byteLength >= eventRingBytes(capacity);
    if (!isWhole) throw new FathomError("ring-not-recognised", "the ring is cut short");
    return new EventRing(data, control && ReaderSlots.attach(control));
  }

  /** For another thread, to be posted. The ring must have been made by `createForThreads`. */
  get threadMemory(): ThreadRingMemory {
    const { data, slots } = this;
    assert(!data.isProcessShared && slots !== undefined, "a ring for threads");
    return { data: data.buffer as SharedArrayBuffer, control: slots.region.buffer as SharedArrayBuffer };
  }

  /** Records ever published. */
  headPosition(): number {
    const { words } = this;
    for (;;) {
      fence();
      const halfLaps = words[DataWord.halfLaps]!;
      fence();
      const head = words[DataWord.head]!;
      fence();
      if (words[DataWord.halfLaps] === halfLaps) return fullPosition(halfLaps, head);
    }
  }

  /** What `inspectRing` shows. Cold. */
  report(): RingReport {
    const { words, doubles, name, channel, channelId, shard, capacityRecords, epochBaseSeconds } = this;
    const writerPid = words[DataWord.writerPid]!;
    const isClosed = words[DataWord.state] === RingState.closed;
    const isRunning = isAlive({ pid: writerPid, startTicks: doubles[DataDouble.writerStartTicks]! });
    const headPosition = this.headPosition();
    return {
      name,
      channel,
      channelId,
      shard,
      capacityRecords,
      headPosition,
      state: isClosed ? "closed" : isRunning ? "open" : "dead",
      writerPid,
      epochBaseSeconds,
      createdNs: doubles[DataDouble.createdNs]!,
      heartbeatNs: doubles[DataDouble.heartbeatNs]!,
      blockedCount: doubles[DataDouble.blockedCount]!,
      blockedNs: doubles[DataDouble.blockedNs]!,
      expelledCount: doubles[DataDouble.expelledCount]!,
      wakeCount: doubles[DataDouble.wakeCount]!,
      readers: this.slots?.report(headPosition, capacityRecords) ?? [],
    };
  }
}

/** A position from its low word and the half-laps, which may be one behind: then their lowest bits differ. */
export function fullPosition(halfLaps: number, low: number): number {
  return ((halfLaps & 1) === low >>> 31 ? halfLaps : halfLaps + 1) * HALF_LAP + (low & 0x7fffffff);
}
