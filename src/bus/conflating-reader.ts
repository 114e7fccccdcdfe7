/**
 * A reader that wants the newest of each instrument only: tops of book, last trade, imbalance, quality, status. It
 * takes in whatever has come, keeps the newest record of each kind, and hands out each entry that has changed once,
 * however often it changed meanwhile. Events that only make sense one after another (orders, levels) are passed over.
 *
 *     reader.poll();
 *     for (let at = reader.take(); at >= 0; at = reader.take()) … reader.words[at + EventWord.head] …
 *
 * Always holds: an entry is in the queue at most once, in the order in which entries first changed; after an overrun
 * every entry is handed out again with `UNSURE_BIT` until a newer record has come, because one may have been missed; a
 * reset forgets all. One thread. Allocates only when instruments are added.
 */

import { EventReader, type EventReaderOptions, Poll } from "./event-reader.ts";
import { codeOf, EventKind, EventSide, EventWord, kindOf, locateOf, printableOf, sideOf } from "./event-record.ts";
import type { EventRing } from "./event-ring.ts";

/** In an entry's head word: the newest record may have been lost in an overrun. */
export const UNSURE_BIT = 1 << 30;

/** Entries of an instrument, 64 bytes each. */
const ENTRIES = 16;
const ENTRY_WORDS = 16;
const TOP_BID = 0;
const TOP_ASK = 1;
const LAST_TRADE = 2;
const IMBALANCE = 3;
const QUALITY = 4;
const STATUS_FIRST = 5;
/** Types of status messages, each an entry of its own. */
const STATUS_TYPES = "HYhKJNOL";
const NOT_KEPT = -1;
const INSTRUMENTS_MIN = 64;
/** Batches taken in by one `poll` at most, so that a flood cannot keep the caller in it. */
const BATCHES_MAX = 256;

const STATUS_ENTRY = new Int8Array(256).fill(NOT_KEPT);
for (let i = 0; i < STATUS_TYPES.length; i++) STATUS_ENTRY[STATUS_TYPES.charCodeAt(i)] = STATUS_FIRST + i;

export class ConflatingReader {
  readonly reader: EventReader;
  /** Entries: 16 words each, from the index that `take` gives. Replaced when instruments are added. */
  words: Int32Array;
  doubles: Float64Array;
  /** How often all was forgotten. */
  resetCount = 0;
  /** By locate: its first entry, counted from 1; 0 = none. */
  readonly #first = new Int32Array(65536);
  #instrumentCount = 0;
  #isQueued: Uint8Array;
  #queue: Int32Array;
  #queueHead = 0;
  #queueCount = 0;

  /** The policy is `conflate`; throws as `EventReader` does. */
  constructor(ring: EventRing, options: Omit<EventReaderOptions, "policy">) {
    this.reader = new EventReader(ring, Object.assign({}, options, { policy: "conflate" as const }));
    const buffer = new ArrayBuffer(INSTRUMENTS_MIN * ENTRIES * ENTRY_WORDS * 4);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.#isQueued = new Uint8Array(INSTRUMENTS_MIN * ENTRIES);
    this.#queue = new Int32Array(INSTRUMENTS_MIN * ENTRIES);
  }

  /** Entries that have changed and were not taken yet. */
  get pendingCount(): number {
    return this.#queueCount;
  }

  /** Takes in what is new; the number of entries to take, or `Poll.expelled`. */
  poll(): number {
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      const count = this.reader.poll();
      if (count === Poll.expelled) return count;
      if (count === 0) break;
      if (count === Poll.overrun) this.#doubtAll();
      for (let i = 0; i < count; i++) this.#keep(i * ENTRY_WORDS);
    }
    return this.#queueCount;
  }

  /** The first word of the next entry that has changed, -1 when there is none. It holds until the next `poll`. */
  take(): number {
    if (this.#queueCount === 0) return -1;
    const entry = this.#queue[this.#queueHead]!;
    this.#queueHead = (this.#queueHead + 1) & (this.#queue.length - 1);
    this.#queueCount--;
    this.#isQueued[entry] = 0;
    return entry * ENTRY_WORDS;
  }

  #keep(at: number): void {
    const { words } = this.reader;
    const head = words[at + EventWord.head]!;
    const kind = kindOf(head);
    if (kind === EventKind.reset) {
      this.#forget();
      return;
    }
    const place = placeOf(kind, head);
    if (place === NOT_KEPT) return;
    const entry = this.#firstOf(locateOf(words[at + EventWord.instrument]!)) + place;
    const target = entry * ENTRY_WORDS;
    for (let i = 0; i < ENTRY_WORDS; i++) this.words[target + i] = words[at + i]!;
    this.#enqueue(entry);
  }

  #enqueue(entry: number): void {
    if (this.#isQueued[entry] === 1) return;
    this.#isQueued[entry] = 1;
    this.#queue[(this.#queueHead + this.#queueCount) & (this.#queue.length - 1)] = entry;
    this.#queueCount++;
  }

  #doubtAll(): void {
    for (let entry = 0; entry < this.#instrumentCount * ENTRIES; entry++) {
      const head = entry * ENTRY_WORDS + EventWord.head;
      if (this.words[head] === 0) continue;
      this.words[head] = this.words[head]! | UNSURE_BIT;
      this.#enqueue(entry);
    }
  }

  #forget(): void {
    this.resetCount++;
    this.#first.fill(0);
    this.#instrumentCount = 0;
    this.words.fill(0);
    this.#isQueued.fill(0);
    this.#queueHead = 0;
    this.#queueCount = 0;
  }

  #firstOf(locate: number): number {
    const known = this.#first[locate]!;
    if (known !== 0) return known - 1;
    if ((this.#instrumentCount + 1) * ENTRIES > this.#queue.length) this.#grow();
    const first = this.#instrumentCount++ * ENTRIES;
    this.#first[locate] = first + 1;
    return first;
  }

  #grow(): void {
    const words = new Int32Array(new ArrayBuffer(this.words.byteLength * 2));
    words.set(this.words);
    const isQueued = new Uint8Array(this.#isQueued.length * 2);
    isQueued.set(this.#isQueued);
    const queue = new Int32Array(this.#queue.length * 2);
    for (let i = 0; i < this.#queueCount; i++)
      queue[i] = this.#queue[(this.#queueHead + i) & (this.#queue.length - 1)]!;
    this.#queueHead = 0;
    this.words = words;
    this.doubles = new Float64Array(words.buffer);
    this.#isQueued = isQueued;
    this.#queue = queue;
  }
}

/** Which entry of its instrument a record is the newest of. */
function placeOf(kind: number, head: number): number {
  switch (kind) {
    case EventKind.topOfBook:
      return sideOf(head) === EventSide.bid ? TOP_BID : TOP_ASK;
    case EventKind.execute:
      return printableOf(head) ? LAST_TRADE : NOT_KEPT;
    case EventKind.trade:
    case EventKind.cross:
      return LAST_TRADE;
    case EventKind.imbalance:
      return IMBALANCE;
    case EventKind.quality:
      return QUALITY;
    case EventKind.status:
      return STATUS_ENTRY[codeOf(head)]!;
    default:
      return NOT_KEPT;
  }
}
