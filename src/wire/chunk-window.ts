/**
 * A byte stream that arrives in chunks, seen as records that lie whole in memory. As long as records lie inside one
 * chunk nothing is copied: `bytes` is the chunk itself. A record cut by a chunk's end, and only that one, is put
 * together in a carry buffer. Under the framers of BinaryFILE and of captures; hot.
 *
 * Use: `ensure(n)` until the whole record is there, read it at `at`, move `at` past it. When `ensure` says false the
 * chunk has been used up and the next may be fed. Always holds: `at <= end`; what lies in `bytes[at, end)` starts at
 * `fileOffset` of the stream; what was moved past stays readable until the next `ensure`.
 */
import { assert } from "../core/assert.ts";

const CARRY_BYTES_START = 4096;

export class ChunkWindow {
  /** The memory that is visible now: a chunk or the carry buffer. Read again after every `ensure`. */
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  /** Start of what has not been consumed; the reader moves it. */
  at = 0;
  end = 0;
  /** Stream offset of `bytes[0]`. Doubles: streams may be far longer than 4 GiB. */
  base = 0;
  #isCarrying = false;
  #chunk = this.bytes;
  #chunkView = this.view;
  /** First byte of the chunk that has not gone into the carry buffer. Only meaningful while carrying. */
  #chunkAt = 0;
  #chunkBase = 0;
  #fedBytes = 0;
  #carry = new Uint8Array(0);
  #carryView = new DataView(this.#carry.buffer);

  /** Where in the stream the next record starts. */
  get fileOffset(): number {
    return this.base + this.at;
  }

  /** Bytes fed and not consumed: above 0 at the end of the stream means that its last record was cut. */
  get pendingBytes(): number {
    return this.#fedBytes - this.fileOffset;
  }

  /** The next piece of the stream. The memory must stay as it is until the window asks for another. */
  feed(chunk: Uint8Array<ArrayBufferLike>): void {
    assert(
      this.#isCarrying ? this.#chunkAt === this.#chunk.length : this.at === this.end,
      "a chunk fed before the last one was used up",
    );
    this.#chunk = chunk as Uint8Array<ArrayBuffer>;
    this.#chunkView = new DataView(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length);
    this.#chunkAt = 0;
    this.#chunkBase = this.#fedBytes;
    this.#fedBytes += chunk.length;
    if (!this.#isCarrying) this.#showChunk();
  }

  /** Whether `bytesMin` bytes are there at `at`. They may have been moved: read `bytes`, `view` and `at` afterwards. */
  ensure(bytesMin: number): boolean {
    return this.end - this.at >= bytesMin || this.#refill(bytesMin);
  }

  #showChunk(): void {
    this.#isCarrying = false;
    this.bytes = this.#chunk;
    this.view = this.#chunkView;
    this.base = this.#chunkBase;
    this.at = this.#chunkAt;
    this.end = this.#chunk.length;
  }

  #refill(bytesMin: number): boolean {
    if (this.#isCarrying && this.at === this.end) this.#showChunk();
    if (this.end - this.at >= bytesMin) return true;
    if (!this.#isCarrying && this.at === this.end) return false;
    this.#reserve(bytesMin);
    if (!this.#isCarrying) this.#startCarrying();
    const taken = Math.min(bytesMin - this.end, this.#chunk.length - this.#chunkAt);
    this.#carry.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + taken), this.end);
    this.#chunkAt += taken;
    this.end += taken;
    return this.end >= bytesMin;
  }

  /** Moves the chunk's cut tail to the front of the carry buffer. */
  #startCarrying(): void {
    const pending = this.end - this.at;
    this.#carry.set(this.#chunk.subarray(this.at, this.end), 0);
    this.base += this.at;
    this.at = 0;
    this.end = pending;
    this.#chunkAt = this.#chunk.length;
    this.#isCarrying = true;
    this.bytes = this.#carry;
    this.view = this.#carryView;
  }

  /** Room for a record in the carry buffer. Rare: it only ever grows. The reader bounds the size of a record. */
  #reserve(bytesMin: number): void {
    if (this.#carry.length >= bytesMin) return;
    const old = this.#carry;
    this.#carry = new Uint8Array(new ArrayBuffer(Math.max(CARRY_BYTES_START, bytesMin, old.length * 2)));
    this.#carryView = new DataView(this.#carry.buffer);
    if (!this.#isCarrying) return;
    this.#carry.set(old.subarray(0, this.end), 0);
    this.bytes = this.#carry;
    this.view = this.#carryView;
  }
}
