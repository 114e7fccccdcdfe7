/**
 * A ring of variable-length records in shared memory: one writer thread, one reader thread. It carries what must not
 * be lost (messages to a shard, control to a worker): a full ring makes `tryClaim` say so, nothing is ever dropped.
 *
 *     ┌───────── 256 bytes ─────────┬────────────── capacity, a power of two ──────────────┐
 *     │ head · tail · asleep flags  │ [bytes u32][kind i32][sequence f64][tsRecvNs f64][payload, padded to 8] …      │
 *     └─────────────────────────────┴──────────────────────────────────────────────────────┘
 *
 * Positions count units of 8 bytes and wrap at 2^32; head and tail lie on cache lines of their own, and each side keeps
 * a cached copy of the other's. A record never wraps: where it does not fit before the end, a pad record fills the
 * rest. Always holds: tail ≤ head ≤ tail + capacity; the reader sees a record only after `publish`. Hot; allocates
 * nothing.
 */
import { assert } from "../core/assert.ts";

const HEADER_BYTES = 256;
const RECORD_HEAD_BYTES = 24;
const UNIT_SHIFT = 3;
/** Words of the header, 64 bytes apart. */
const HEAD = 0;
const TAIL = 16;
const READER_ASLEEP = 32;
const WRITER_ASLEEP = 48;
const PAD_KIND = -1;

/** Bytes of shared memory for a ring of this capacity. */
export function messageRingBytes(capacityBytes: number): number {
  return HEADER_BYTES + capacityBytes;
}

export class MessageRing {
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacityBytes: number;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #unitMask: number;
  readonly #units: number;
  /** Writer: where the next record goes, and what the reader had freed when last looked. */
  #writeAt: number;
  #tailSeen: number;
  #claimed = 0;
  /** Reader: the next record, and what the writer had published when last looked. */
  #readAt: number;
  #headSeen: number;

  /** Of the record that `next()` found. */
  kind = 0;
  payloadOffset = 0;
  payloadBytes = 0;
  sequence = 0;
  tsRecvNs = 0;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.capacityBytes = buffer.byteLength - HEADER_BYTES;
    this.#units = this.capacityBytes >>> UNIT_SHIFT;
    this.#unitMask = this.#units - 1;
    this.#writeAt = this.#headSeen = Atomics.load(this.#words, HEAD);
    this.#readAt = this.#tailSeen = Atomics.load(this.#words, TAIL);
  }

  /** `capacityBytes`: a power of two, 4 KiB to 1 GiB. */
  static create(capacityBytes: number): MessageRing {
    assert(capacityBytes >= 4096 && capacityBytes <= 2 ** 30, "ring capacity between 4 KiB and 1 GiB");
    assert((capacityBytes & (capacityBytes - 1)) === 0, "ring capacity is a power of two");
    return new MessageRing(new SharedArrayBuffer(messageRingBytes(capacityBytes)));
  }

  /** The other side of a ring: the `buffer` of the one that made it. */
  static attach(buffer: SharedArrayBuffer): MessageRing {
    return new MessageRing(buffer);
  }

  /** The longest payload: a quarter of the ring, so that a pad and a record always fit together. */
  get payloadBytesMax(): number {
    return (this.capacityBytes >>> 2) - RECORD_HEAD_BYTES;
  }

  /**
   * Published and not yet released. May be read from any thread: the tail is read first, so that a ring in motion looks
   * too full for a moment, never less than empty.
   */
  get depthBytes(): number {
    const tail = Atomics.load(this.#words, TAIL);
    const units = (Atomics.load(this.#words, HEAD) - tail) >>> 0;
    return Math.min(units << UNIT_SHIFT, this.capacityBytes);
  }

  /**
   * Writer: room for a payload; returns its offset in `bytes`, or -1 when the ring is full. Claims nothing for good:
   * `commit` does, and a claim that is not committed is simply made again.
   */
  tryClaim(payloadBytes: number): number {
    assert(payloadBytes <= this.payloadBytesMax, "a record fits a quarter of the ring");
    const units = (RECORD_HEAD_BYTES + payloadBytes + 7) >>> UNIT_SHIFT;
    const index = this.#writeAt & this.#unitMask;
    const toEnd = this.#units - index;
    const needed = units <= toEnd ? units : toEnd + units;
    if (((this.#writeAt - this.#tailSeen) >>> 0) + needed > this.#units) {
      this.#tailSeen = Atomics.load(this.#words, TAIL);
      if (((this.#writeAt - this.#tailSeen) >>> 0) + needed > this.#units) return -1;
    }
    if (units > toEnd) {
      const at = HEADER_BYTES + (index << UNIT_SHIFT);
      this.#words[at >>> 2] = toEnd << UNIT_SHIFT;
      this.#words[(at >>> 2) + 1] = PAD_KIND;
      this.#writeAt = (this.#writeAt + toEnd) | 0;
    }
    this.#claimed = HEADER_BYTES + ((this.#writeAt & this.#unitMask) << UNIT_SHIFT);
    return this.#claimed + RECORD_HEAD_BYTES;
  }

  /** Writer: makes the claimed record whole. `kind` ≥ 0; `payloadBytes` as claimed. Seen after `publish`. */
  commit(kind: number, payloadBytes: number, sequence: number, tsRecvNs: number): void {
    const at = this.#claimed;
    this.#words[at >>> 2] = payloadBytes;
    this.#words[(at >>> 2) + 1] = kind;
    this.#doubles[(at >>> 3) + 1] = sequence;
    this.#doubles[(at >>> 3) + 2] = tsRecvNs;
    this.#writeAt = (this.#writeAt + ((RECORD_HEAD_BYTES + payloadBytes + 7) >>> UNIT_SHIFT)) | 0;
  }

  /** Writer: shows everything committed to the reader, and wakes it if it sleeps. Once a batch. */
  publish(): void {
    Atomics.store(this.#words, HEAD, this.#writeAt);
    if (Atomics.load(this.#words, READER_ASLEEP) === 1) Atomics.notify(this.#words, HEAD);
  }

  /** Writer: sleeps until the reader has released something, at most so long. For a ring that is full. */
  waitForRoom(timeoutMs: number): void {
    Atomics.store(this.#words, WRITER_ASLEEP, 1);
    if (Atomics.load(this.#words, TAIL) === this.#tailSeen) Atomics.wait(this.#words, TAIL, this.#tailSeen, timeoutMs);
    Atomics.store(this.#words, WRITER_ASLEEP, 0);
  }

  /** Reader: moves to the next record; false when there is none. What was read stays in place until `release`. */
  next(): boolean {
    for (;;) {
      if (this.#readAt === this.#headSeen) {
        this.#headSeen = Atomics.load(this.#words, HEAD);
        if (this.#readAt === this.#headSeen) return false;
      }
      const at = HEADER_BYTES + ((this.#readAt & this.#unitMask) << UNIT_SHIFT);
      const size = this.#words[at >>> 2]!;
      const kind = this.#words[(at >>> 2) + 1]!;
      if (kind === PAD_KIND) {
        this.#readAt = (this.#readAt + (size >>> UNIT_SHIFT)) | 0;
        continue;
      }
      this.kind = kind;
      this.payloadBytes = size;
      this.payloadOffset = at + RECORD_HEAD_BYTES;
      this.sequence = this.#doubles[(at >>> 3) + 1]!;
      this.tsRecvNs = this.#doubles[(at >>> 3) + 2]!;
      this.#readAt = (this.#readAt + ((RECORD_HEAD_BYTES + size + 7) >>> UNIT_SHIFT)) | 0;
      return true;
    }
  }

  /** Reader: gives everything read so far back to the writer. Once a batch. */
  release(): void {
    Atomics.store(this.#words, TAIL, this.#readAt);
    if (Atomics.load(this.#words, WRITER_ASLEEP) === 1) Atomics.notify(this.#words, TAIL);
  }

  /** Reader: sleeps until something is published, at most so long. */
  wait(timeoutMs: number): void {
    Atomics.store(this.#words, READER_ASLEEP, 1);
    if (Atomics.load(this.#words, HEAD) === this.#readAt) Atomics.wait(this.#words, HEAD, this.#readAt, timeoutMs);
    Atomics.store(this.#words, READER_ASLEEP, 0);
  }
}
