/**
 * Walks the outline of a Zstandard file (RFC 8878: frames, block headers, checksums) without decoding it, to tell a
 * file that ends from one that was cut: the decoder of this Bun ends quietly on both. Owned by `ChunkedFile`.
 */

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const CHECKSUM_BYTES = 4;
const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_COMPRESSED = 2;

type Expecting = "magic" | "skippable-size" | "descriptor" | "block";

export class ZstdFrameWalker {
  /** Bytes from here that need no look. */
  #skip = 0;
  #expecting: Expecting = "magic";
  /** The head being read, collected over chunks. */
  readonly #head = new Uint8Array(4);
  #headBytes = 0;
  #checksum = false;
  #bad = false;

  /** True at the end of a whole frame: a file may end here. */
  get complete(): boolean {
    return this.#expecting === "magic" && this.#headBytes === 0 && this.#skip === 0;
  }

  /** True once something was met that is not Zstandard. */
  get bad(): boolean {
    return this.#bad;
  }

  feed(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#bad) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      this.#head[this.#headBytes++] = bytes[at++]!;
      if (this.#headBytes === headBytes(this.#expecting)) this.#read();
    }
  }

  #read(): void {
    const [a, b, c, d] = this.#head as unknown as [number, number, number, number];
    this.#headBytes = 0;
    const word = (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    if (this.#expecting === "magic") {
      if (word === FRAME_MAGIC) this.#expecting = "descriptor";
      else if ((word & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) this.#expecting = "skippable-size";
      else this.#bad = true;
    } else if (this.#expecting === "skippable-size") {
      this.#skip = word;
      this.#expecting = "magic";
    } else if (this.#expecting === "descriptor") {
      this.#descriptor(a);
    } else {
      this.#block(a | (b << 8) | (c << 16));
    }
  }

  #descriptor(flags: number): void {
    const singleSegment = (flags & 0x20) !== 0;
    const sizeFlag = flags >>> 6;
    this.#checksum = (flags & 4) !== 0;
    const contentSize = sizeFlag === 0 && singleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag]!;
    this.#skip = (singleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[flags & 3]! + contentSize;
    this.#expecting = "block";
  }

  #block(header: number): void {
    const last = (header & 1) !== 0;
    const type = (header >>> 1) & 3;
    const size = header >>> 3;
    if (type === BLOCK_RAW || type === BLOCK_COMPRESSED) this.#skip = size;
    else if (type === BLOCK_RLE) this.#skip = 1;
    else this.#bad = true;
    if (!last) return;
    if (this.#checksum) this.#skip += CHECKSUM_BYTES;
    this.#expecting = "magic";
  }
}

function headBytes(expecting: Expecting): number {
  return expecting === "descriptor" ? 1 : expecting === "block" ? 3 : 4;
}
