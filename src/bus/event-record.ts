/**
 * The Descriptor of an event: 64 bytes, one cache line, the same for every kind. Hot code writes and reads it by these
 * offsets in an Int32Array and a Float64Array over the same memory; there is no object. All fields of a record are
 * written each time, unused ones as 0, so that nothing of an older record shows through. Little-endian.
 *
 *     0  f64  sequence     of the channel; 0: of a snapshot, or of none
 *     8  f64  tsEventNs    exchange clock, ns since midnight
 *    16  f64  tsRecvNs     kernel or NIC clock, ns since the epoch base that the ring's header names
 *    24  u8   kind         `EventKind`
 *    25  u8   side         0 none, 1 bid, 2 ask
 *    26  u8   code         a letter of the feed, or a small number; by kind
 *    27  u8   flags        `EventFlag`
 *    28  u16  locate       stock locate; 0: about the channel
 *    30  u16  channel      number of the channel in its node
 *    32  u64  reference    order reference, exact (low word first)
 *    40  u64  second       second reference or match number, exact
 *    48  u32  priceE4      1/10000 dollar
 *    52  u32  shares
 *    56  f64  amount       shares left, or of a level: can pass 2^32
 *
 * | kind          | side    | code           | reference | second        | priceE4   | shares       | amount
 * | add           | order's |                | order     | MPID (high)   | order's   | order's      | the same
 * | reduce        | order's |                | order     |               | order's   | taken off    | left; 0 = gone
 * | execute       | order's | E or C         | order     | match number  | execution | executed     | left; 0 = gone
 * | delete        | order's |                | order     |               | order's   | it had left  | 0
 * | replace       | order's |                | old order | new order     | new       | new          | the old had left
 * | trade         | stated  | P              | order     | match number  | trade     | traded       | the same
 * | cross         |         | cross type     | shares    | match number  | cross     | at most 2^32 | shares
 * | broken        |         |                |           | match number  |           |              |
 * | top of book   | side    |                | orders    |               | best      | at most 2^32 | shares; 0 = none
 * | level         | side    |                | orders    |               | level's   | at most 2^32 | shares; 0 = gone
 * | status        |         | message's type | by type, see `books/book-events.ts`
 * | imbalance     | B/S     | cross type     | paired    | imbalance     | reference | far price    | see there
 * | system        |         | message's type | by type, see there
 * | directory     |         | category       | symbol, 8 letters | classes |       | round lot    |                  |
 * | reset, snapshot begin, snapshot end    | all books are forgotten; messages in between carry `EventFlag.snapshot`
 * | quality       |         | `Quality`      | of the channel, or of one instrument whose book is in doubt
 * | barrier       |         |                | cut's id  | everything up to `sequence` is in the books, nothing after
 *
 * An execute that must not be printed (and so adds no volume) lacks `EventFlag.printable`. A replace keeps side and
 * MPID.
 */
export const EVENT_BYTES = 64;
/** Bump when a byte of the record or of the ring's header changes its place or meaning. */
export const EVENT_LAYOUT_VERSION = 1;

export const EventKind = {
  /** Never written: memory that nobody has written to. */
  none: 0,
  add: 1,
  reduce: 2,
  execute: 3,
  delete: 4,
  replace: 5,
  trade: 6,
  cross: 7,
  broken: 8,
  topOfBook: 9,
  level: 10,
  status: 11,
  imbalance: 12,
  system: 13,
  directory: 14,
  reset: 15,
  snapshotBegin: 16,
  snapshotEnd: 17,
  quality: 18,
  barrier: 19,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];
/** snake_case, by kind; for JSON, logs and tools. */
export const EVENT_KIND_NAMES = [
  "none",
  "add",
  "reduce",
  "execute",
  "delete",
  "replace",
  "trade",
  "cross",
  "broken",
  "top_of_book",
  "level",
  "status",
  "imbalance",
  "system",
  "directory",
  "reset",
  "snapshot_begin",
  "snapshot_end",
  "quality",
  "barrier",
] as const;
export type EventKindName = (typeof EVENT_KIND_NAMES)[number];

/** Bits of the flags byte. The quality is that of the instrument's book: the channel's, or worse. */
export const EventFlag = {
  /** Of a batch: the books that this stream tells of are whole here, and nothing more was at hand. */
  last: 1,
  /** Part of a snapshot: told so that books can be built, not because it happened now. */
  snapshot: 2,
  /** An execution, trade or cross that counts for the tape. */
  printable: 4,
  /** A message about this instrument could not be true: until the next reset its book may not be the venue's. */
  doubt: 32,
} as const;
export const QUALITY_SHIFT = 3;
const QUALITY_MASK = 3;

export const EventSide = { none: 0, bid: 1, ask: 2 } as const;

/** Places in an Int32Array, from a record's first word. */
export const WORDS_PER_EVENT = 16;
export const WORDS_SHIFT = 4;
export const EventWord = {
  /** kind | side << 8 | code << 16 | flags << 24 */
  head: 6,
  /** locate | channel << 16 */
  instrument: 7,
  referenceLow: 8,
  referenceHigh: 9,
  secondLow: 10,
  secondHigh: 11,
  priceE4: 12,
  shares: 13,
} as const;
/** Places in a Float64Array, from a record's first double. */
export const DOUBLES_PER_EVENT = 8;
export const EventDouble = { sequence: 0, tsEventNs: 1, tsRecvNs: 2, amount: 7 } as const;
/** Shifts of the head word, and its bit that ends a batch. */
export const SIDE_SHIFT = 8;
export const CODE_SHIFT = 16;
export const FLAGS_SHIFT = 24;
export const LAST_BIT = EventFlag.last << FLAGS_SHIFT;

/** Parts of a head word and an instrument word, for readers. */
export function kindOf(head: number): number {
  return head & 0xff;
}
export function sideOf(head: number): number {
  return (head >>> SIDE_SHIFT) & 0xff;
}
export function codeOf(head: number): number {
  return (head >>> CODE_SHIFT) & 0xff;
}
export function flagsOf(head: number): number {
  return head >>> FLAGS_SHIFT;
}
export function printableOf(head: number): boolean {
  return (flagsOf(head) & EventFlag.printable) !== 0;
}
export function qualityOf(head: number): number {
  return (head >>> (FLAGS_SHIFT + QUALITY_SHIFT)) & QUALITY_MASK;
}
export function locateOf(instrument: number): number {
  return instrument & 0xffff;
}
export function channelOf(instrument: number): number {
  return instrument >>> 16;
}

/** One event as an object: for tools, tests and other cold code. */
export interface EventImage {
  kind: EventKindName;
  sequence: number;
  tsEventNs: number;
  tsRecvNs: number;
  channel: number;
  locate: number;
  side: "" | "B" | "S";
  code: number;
  /** `EventFlag` bits. */
  last: boolean;
  snapshot: boolean;
  printable: boolean;
  doubt: boolean;
  /** `core/quality.ts`. */
  quality: number;
  reference: bigint;
  second: bigint;
  priceE4: number;
  shares: number;
  amount: number;
}

/** The record whose first word is `words[word]`; `doubles` is over the same memory. Cold. */
export function decodeEvent(words: Int32Array, doubles: Float64Array, word: number): EventImage {
  const head = words[word + EventWord.head]!;
  const instrument = words[word + EventWord.instrument]!;
  const double = word >>> 1;
  const exact = (low: number, high: number) =>
    (BigInt(words[word + high]! >>> 0) << 32n) | BigInt(words[word + low]! >>> 0);
  return {
    kind: EVENT_KIND_NAMES[kindOf(head)] ?? "none",
    sequence: doubles[double + EventDouble.sequence]!,
    tsEventNs: doubles[double + EventDouble.tsEventNs]!,
    tsRecvNs: doubles[double + EventDouble.tsRecvNs]!,
    channel: channelOf(instrument),
    locate: locateOf(instrument),
    side: (["", "B", "S"] as const)[sideOf(head)] ?? "",
    code: codeOf(head),
    last: (flagsOf(head) & EventFlag.last) !== 0,
    snapshot: (flagsOf(head) & EventFlag.snapshot) !== 0,
    printable: (flagsOf(head) & EventFlag.printable) !== 0,
    doubt: (flagsOf(head) & EventFlag.doubt) !== 0,
    quality: qualityOf(head),
    reference: exact(EventWord.referenceLow, EventWord.referenceHigh),
    second: exact(EventWord.secondLow, EventWord.secondHigh),
    priceE4: words[word + EventWord.priceE4]! >>> 0,
    shares: words[word + EventWord.shares]! >>> 0,
    amount: doubles[double + EventDouble.amount]!,
  };
}

/** The symbol that a directory event announces: 8 letters in place of the reference. Cold. */
export function decodeSymbol(words: Int32Array, word: number): string {
  let text = "";
  for (let i = 0; i < 8; i++) {
    const letters = words[word + (i < 4 ? EventWord.referenceLow : EventWord.referenceHigh)]!;
    text += String.fromCharCode((letters >>> ((i & 3) * 8)) & 0xff);
  }
  return text.trimEnd();
}
