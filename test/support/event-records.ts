/** Events whose every field follows from their number, rings in every kind of memory, and what a reader got. */

import { EventReader, type EventReaderOptions, Poll } from "../../src/bus/event-reader.ts";
import { EventDouble, EventWord } from "../../src/bus/event-record.ts";
import { EventRing, type EventRingOptions, eventRingBytes, readerSlotsBytes } from "../../src/bus/event-ring.ts";
import type { EventWriter } from "../../src/bus/event-writer.ts";
import { SharedMemory } from "../../src/io/shared-memory.ts";

export const ringOptions = (given: Partial<EventRingOptions> = {}): EventRingOptions => ({
  name: "events",
  channel: "itch",
  channelId: 3,
  shard: 0,
  capacityRecords: 256,
  epochBaseSeconds: 1_700_000_000,
  ...given,
});

const MEMORIES = {
  "a SharedArrayBuffer": (options: EventRingOptions) => ({
    ring: EventRing.createForThreads(options),
    close: () => {},
  }),
  "a memfd": (options: EventRingOptions) => {
    const data = SharedMemory.createAnonymous("data", eventRingBytes(options.capacityRecords));
    const control = SharedMemory.createAnonymous("control", readerSlotsBytes(options.slotCount));
    return {
      ring: EventRing.create(data, control, options),
      close: () => {
        data.close();
        control.close();
      },
    };
  },
};
export type MemoryKind = keyof typeof MEMORIES;
export const MEMORY_KINDS = Object.keys(MEMORIES) as MemoryKind[];

export function makeRing(kind: MemoryKind, given: Partial<EventRingOptions> = {}) {
  return MEMORIES[kind](ringOptions(given));
}

/** Writes event number `n` without publishing it. */
export function writeEvent(writer: EventWriter, n: number): void {
  const { words, doubles } = writer;
  const at = writer.claim();
  const double = at >>> 1;
  doubles[double + EventDouble.sequence] = n;
  doubles[double + EventDouble.tsEventNs] = n + 0.25;
  doubles[double + EventDouble.tsRecvNs] = n * 2;
  words[at + EventWord.head] = 1 + (n % 19);
  words[at + EventWord.instrument] = n & 0xffff;
  words[at + EventWord.referenceLow] = n;
  words[at + EventWord.referenceHigh] = ~n;
  words[at + EventWord.secondLow] = Math.imul(n, 0x9e3779b1);
  words[at + EventWord.secondHigh] = n ^ 0x5a5a5a5a;
  words[at + EventWord.priceE4] = n * 3;
  words[at + EventWord.shares] = n * 7;
  doubles[double + EventDouble.amount] = -n;
  writer.commit();
}

/** Whether record `i` of the reader's batch is event number `n`, in every field. */
export function isEvent(reader: EventReader, i: number, n: number): boolean {
  const { words, doubles } = reader;
  const at = i * 16;
  const double = i * 8;
  return (
    doubles[double + EventDouble.sequence] === n &&
    doubles[double + EventDouble.tsEventNs] === n + 0.25 &&
    doubles[double + EventDouble.tsRecvNs] === n * 2 &&
    (words[at + EventWord.head]! & 0xff) === 1 + (n % 19) &&
    words[at + EventWord.instrument] === (n & 0xffff) &&
    words[at + EventWord.referenceLow] === (n | 0) &&
    words[at + EventWord.referenceHigh] === ~n &&
    words[at + EventWord.secondLow] === Math.imul(n, 0x9e3779b1) &&
    words[at + EventWord.secondHigh] === (n ^ 0x5a5a5a5a) &&
    words[at + EventWord.priceE4] === ((n * 3) % 4294967296) >> 0 &&
    words[at + EventWord.shares] === ((n * 7) % 4294967296) >> 0 &&
    doubles[double + EventDouble.amount] === -n
  );
}

/** A reader that holds what it gets against the numbers it must get, and remembers the first thing that is wrong. */
export class CheckingReader {
  readonly reader: EventReader;
  /** The number of the next event. */
  next: number;
  wrong = "";
  isExpelled = false;

  constructor(ring: EventRing, options: EventReaderOptions, next = 1) {
    this.reader = new EventReader(ring, options);
    this.next = next;
  }

  /** One poll; its answer. */
  poll(): number {
    const count = this.reader.poll();
    if (count === Poll.overrun) this.next += this.reader.lostCount;
    if (count === Poll.expelled) this.isExpelled = true;
    for (let i = 0; i < count; i++, this.next++) {
      if (this.wrong === "" && !isEvent(this.reader, i, this.next))
        this.wrong = `record ${this.next} is ${this.reader.doubles[i * 8]}`;
    }
    return count;
  }

  /** Polls until there is nothing more. */
  drain(): void {
    while (this.poll() !== 0 && !this.isExpelled);
  }
}
