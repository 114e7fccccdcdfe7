/**
 * Messages that came too early, held by sequence until the hole before them closes. Owned by the arbiter, used by its
 * thread alone. Bounded twice: by messages (a window of sequences) and by bytes; nothing is allocated after
 * construction.
 *
 * ```
 * index:  slot = sequence mod window  ->  where the message lies + 1 (0: not here), length, stamp
 * arena:  [ block | block | block | … ]   64 KiB each; packets are copied whole into the current block
 * ```
 * A block is free again when its last message has gone: messages go in sequence order, packets come in any, so blocks
 * empty in any order. The caller keeps all held sequences within one window, so that no two share a slot.
 */
import { assert } from "../core/assert.ts";

const BLOCK_BYTES = 65_536;
const MESSAGE_HEAD_BYTES = 2;

export class MessageStore {
  /** Messages held, and the most there ever were. */
  count = 0;
  countMax = 0;
  readonly window: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #mask: number;
  readonly #at: Int32Array;
  readonly #length: Uint16Array;
  readonly #stampNs: Float64Array;
  /** Messages alive in each block. */
  readonly #alive: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  /** The block being filled, and the bytes used of it. */
  #block: number;
  #used = 0;

  /** `window`: a power of two. `bytesMax`: at least two blocks; used in whole blocks. */
  constructor(window: number, bytesMax: number) {
    assert(window >= 2 && (window & (window - 1)) === 0, "the reorder window is a power of two");
    const blocks = Math.max(2, Math.floor(bytesMax / BLOCK_BYTES));
    assert(blocks * BLOCK_BYTES < 2 ** 31, "at most 2 GiB are held back");
    this.window = window;
    this.#mask = window - 1;
    this.bytes = new Uint8Array(new ArrayBuffer(blocks * BLOCK_BYTES));
    this.view = new DataView(this.bytes.buffer);
    this.#at = new Int32Array(window);
    this.#length = new Uint16Array(window);
    this.#stampNs = new Float64Array(window);
    this.#alive = new Int32Array(blocks);
    this.#free = new Int32Array(blocks);
    for (let i = 0; i < blocks; i++) this.#free[i] = blocks - 1 - i;
    this.#freeCount = blocks - 1;
    this.#block = this.#free[this.#freeCount]!;
  }

  /** Bytes taken, in whole blocks. */
  get usedBytes(): number {
    const blocks = this.#free.length - this.#freeCount;
    return this.count === 0 ? 0 : blocks * BLOCK_BYTES;
  }

  has(sequence: number): boolean {
    return this.#at[this.#slot(sequence)] !== 0;
  }

  /** Where in `bytes` the message lies; it must be here. */
  offset(sequence: number): number {
    return this.#at[this.#slot(sequence)]! - 1;
  }

  length(sequence: number): number {
    return this.#length[this.#slot(sequence)]!;
  }

  stampNs(sequence: number): number {
    return this.#stampNs[this.#slot(sequence)]!;
  }

  /** `&` takes a number modulo 2^32 first, so this holds for every sequence. */
  #slot(sequence: number): number {
    return sequence & this.#mask;
  }

  /**
   * Holds the messages of one packet that are not here yet: `count` blocks of [u16 length][message] from `offset`, in
   * `length` bytes, the first of them `sequence`. Returns how many were new, or -1 when there is no room (nothing is
   * changed then).
   */
  put(view: DataView, offset: number, length: number, sequence: number, count: number, stampNs: number): number {
    let missing = 0;
    for (let i = 0; i < count; i++) if (!this.has(sequence + i)) missing++;
    if (missing === 0) return 0;
    const base = this.#reserve(length);
    if (base < 0) return -1;
    copy(view, offset, length, this.view, base);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const messageLength = view.getUint16(offset + at);
      at += MESSAGE_HEAD_BYTES;
      const slot = this.#slot(sequence + i);
      if (this.#at[slot] === 0) {
        this.#at[slot] = base + at + 1;
        this.#length[slot] = messageLength;
        this.#stampNs[slot] = stampNs;
      }
      at += messageLength;
    }
    this.#alive[Math.floor(base / BLOCK_BYTES)]! += missing;
    this.count += missing;
    if (this.count > this.countMax) this.countMax = this.count;
    return missing;
  }

  /** Room for `length` bytes: its offset, or -1. */
  #reserve(length: number): number {
    if (length > BLOCK_BYTES) return -1;
    if (this.#alive[this.#block] === 0) this.#used = 0;
    if (this.#used + length > BLOCK_BYTES) {
      if (this.#freeCount === 0) return -1;
      this.#freeCount--;
      this.#block = this.#free[this.#freeCount]!;
      this.#used = 0;
    }
    const base = this.#block * BLOCK_BYTES + this.#used;
    this.#used += length;
    return base;
  }

  /** Lets the message go; it must be here. Its bytes stay as they are until the next `put`. */
  drop(sequence: number): void {
    const slot = this.#slot(sequence);
    const block = Math.floor((this.#at[slot]! - 1) / BLOCK_BYTES);
    this.#at[slot] = 0;
    this.count--;
    const alive = this.#alive[block]! - 1;
    this.#alive[block] = alive;
    if (alive > 0 || block === this.#block) return;
    this.#free[this.#freeCount] = block;
    this.#freeCount++;
  }

  /** Lets all messages in [first, end) go that are here. */
  dropRange(first: number, end: number): void {
    if (end - first > this.window) first = end - this.window;
    for (let sequence = first; sequence < end && this.count > 0; sequence++)
      if (this.has(sequence)) this.drop(sequence);
  }

  /** Empties it. */
  clear(): void {
    if (this.count === 0) return;
    this.#at.fill(0);
    this.#alive.fill(0);
    this.count = 0;
    const blocks = this.#free.length;
    for (let i = 0; i < blocks; i++) this.#free[i] = blocks - 1 - i;
    this.#freeCount = blocks - 1;
    this.#block = this.#free[this.#freeCount]!;
    this.#used = 0;
  }
}

/** Copies a piece, a word at a time: `set(subarray())` would make an object a packet. */
function copy(from: DataView, fromAt: number, length: number, to: DataView, toAt: number): void {
  const words = length & ~3;
  let i = 0;
  for (; i < words; i += 4) to.setInt32(toAt + i, from.getInt32(fromAt + i));
  for (; i < length; i++) to.setUint8(toAt + i, from.getUint8(fromAt + i));
}
