/**
 * Everything published this session, to answer re-requests and to build snapshots from: blocks as they were published,
 * in chunks, found by sequence. Bounded: when it is full the oldest chunk goes, whole, and its messages can no longer
 * be asked for.
 *
 * One writer (the publisher); the servers read, on the same thread. A chunk knows the offset of every 32nd message;
 * the ones between are walked to.
 */
import { BLOCK_HEAD_BYTES } from "./block-buffer.ts";

const CHUNK_BYTES = 256 * 1024;
const INDEX_EVERY = 32;
/** A block is its length and at least one byte. */
const INDEX_ENTRIES = Math.ceil(CHUNK_BYTES / (BLOCK_HEAD_BYTES + 1) / INDEX_EVERY);

export class StoreChunk {
  readonly bytes = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  readonly view = new DataView(this.bytes.buffer);
  readonly firstSequence: number;
  /** Bytes used. */
  length = 0;
  /** Messages in it. */
  count = 0;
  readonly #index = new Uint32Array(INDEX_ENTRIES);

  constructor(firstSequence: number) {
    this.firstSequence = firstSequence;
  }

  /** A block of `blockBytes` is about to be put at `length`. */
  note(blockBytes: number): void {
    if (this.count % INDEX_EVERY === 0) this.#index[this.count / INDEX_EVERY] = this.length;
    this.count++;
    this.length += blockBytes;
  }

  /** Offset of a message's block; the message must be in this chunk. */
  offsetOf(sequence: number): number {
    const rank = sequence - this.firstSequence;
    let at = this.#index[Math.floor(rank / INDEX_EVERY)]!;
    for (let i = rank % INDEX_EVERY; i > 0; i--) at += BLOCK_HEAD_BYTES + this.view.getUint16(at);
    return at;
  }
}

export class MessageStore {
  readonly bytesMax: number;
  /** Sequence of the next message to be appended. */
  nextSequence = 1;
  /** Called with a chunk that is about to go. */
  onDrop: ((chunk: StoreChunk) => void) | undefined;
  readonly #chunks: StoreChunk[] = [];

  /** Holds at most about `bytesMax`, and at least one chunk. */
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The oldest message that can still be asked for; `nextSequence` when there is none. */
  get firstSequence(): number {
    return this.#chunks[0]?.firstSequence ?? this.nextSequence;
  }

  get bytesUsed(): number {
    return this.#chunks.length * CHUNK_BYTES;
  }

  /** Appends whole blocks. */
  append(bytes: Uint8Array, view: DataView, offset: number, length: number): void {
    let chunk = this.#chunks[this.#chunks.length - 1];
    const end = offset + length;
    let from = offset;
    let at = offset;
    while (at < end) {
      const blockBytes = BLOCK_HEAD_BYTES + view.getUint16(at);
      if (chunk === undefined || chunk.length + blockBytes > CHUNK_BYTES) {
        if (chunk !== undefined) copy(bytes, from, at, chunk);
        from = at;
        chunk = this.#addChunk();
      }
      chunk.note(blockBytes);
      this.nextSequence++;
      at += blockBytes;
    }
    if (chunk !== undefined) copy(bytes, from, end, chunk);
  }

  /** The chunk that holds a message; undefined when it was dropped or is yet to come. */
  chunkOf(sequence: number): StoreChunk | undefined {
    if (sequence < this.firstSequence || sequence >= this.nextSequence) return undefined;
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle]!.firstSequence <= sequence) low = middle;
      else high = middle - 1;
    }
    return this.#chunks[low];
  }

  #addChunk(): StoreChunk {
    while (this.#chunks.length > 0 && this.bytesUsed + CHUNK_BYTES > this.bytesMax) {
      this.onDrop?.(this.#chunks[0]!);
      this.#chunks.shift();
    }
    const chunk = new StoreChunk(this.nextSequence);
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** Puts `[from, to)` at the end of what the chunk already counts as its own. */
function copy(bytes: Uint8Array, from: number, to: number, chunk: StoreChunk): void {
  if (to > from) chunk.bytes.set(bytes.subarray(from, to), chunk.length - (to - from));
}
