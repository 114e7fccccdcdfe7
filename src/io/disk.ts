/**
 * Files as streams of large chunks: plain, gzip and Zstandard, told apart by their first bytes and not by their name;
 * and a buffered writer. Memory stays bounded whatever the file's size.
 *
 * A compressed file that was cut or damaged yields everything that could be decoded, and then says so in `cut`: the
 * reader of the chunks decides what that means for the messages in them.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { FathomError } from "../core/assert.ts";
import { ZstdFrameWalker } from "./zstd-frames.ts";

const PLAIN_CHUNK_BYTES = 4 * 1024 * 1024;
const COMPRESSED_CHUNK_BYTES = 128 * 1024;
const DECODED_CHUNK_BYTES = 1024 * 1024;
const APPEND_BUFFER_BYTES = 1024 * 1024;

export type Compression = "none" | "gzip" | "zstd";

/** Where and why a compressed file could not be decoded to its end. */
export interface FileCut {
  /** Bytes of the compressed file that had been read when it showed. */
  readonly compressedOffset: number;
  readonly reason: string;
}

/**
 * A file read once, from its start, by `for await (const chunk of file)`. A chunk of a plain file is valid until the
 * next one is asked for. Leaving the loop early closes the file.
 */
export class ChunkedFile implements AsyncIterable<Uint8Array> {
  readonly path: string;
  /** Size on the disk (compressed, if it is). */
  readonly sizeBytes: number;
  readonly compression: Compression;
  readonly #fd: number;
  #bytesRead = 0;
  #cut: FileCut | undefined;
  #closed = false;

  constructor(path: string, fd: number, sizeBytes: number, compression: Compression) {
    this.path = path;
    this.#fd = fd;
    this.sizeBytes = sizeBytes;
    this.compression = compression;
  }

  /** Bytes of the file on the disk taken so far: progress is `bytesRead / sizeBytes`. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Set after the last chunk when the compressed file was cut or damaged. */
  get cut(): FileCut | undefined {
    return this.#cut;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (this.compression === "none") yield* this.#plain();
      else yield* this.#decoded();
    } finally {
      this.close();
    }
  }

  #read(buffer: Uint8Array): Uint8Array {
    try {
      const count = readSync(this.#fd, buffer, 0, buffer.length, this.#bytesRead);
      this.#bytesRead += count;
      return buffer.subarray(0, count);
    } catch (cause) {
      throw new FathomError("file-unreadable", `cannot read ${this.path}: ${reasonOf(cause)}`, { cause });
    }
  }

  async *#plain(): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer = new Uint8Array(Math.min(PLAIN_CHUNK_BYTES, Math.max(this.sizeBytes, 4096)));
    while (!this.#closed) {
      const chunk = this.#read(buffer);
      if (chunk.length === 0) return;
      yield chunk;
    }
  }

  async *#decoded(): AsyncGenerator<Uint8Array, void, undefined> {
    const decoder = new Decoder(this.compression === "gzip");
    const walker = this.compression === "zstd" ? new ZstdFrameWalker() : undefined;
    while (!this.#closed && decoder.failure === undefined) {
      // The decoder keeps the chunk until it is done with it, so each is a buffer of its own.
      const chunk = this.#read(new Uint8Array(COMPRESSED_CHUNK_BYTES));
      if (chunk.length === 0) break;
      walker?.feed(chunk);
      await decoder.write(chunk);
      yield* decoder.take();
    }
    await decoder.end();
    yield* decoder.take();
    if (decoder.failure !== undefined) this.#cut = { compressedOffset: this.#bytesRead, reason: decoder.failure };
    else if (walker?.bad) this.#cut = { compressedOffset: this.#bytesRead, reason: "not Zstandard data" };
    else if (walker && !walker.complete)
      this.#cut = { compressedOffset: this.#bytesRead, reason: "unexpected end of file" };
  }
}

/** A zlib stream turned into: write a chunk, take what came out. */
class Decoder {
  failure: string | undefined;
  readonly #stream;
  #pieces: Uint8Array[] = [];
  /** Wakes whoever waits for the write under way: a stream that fails never calls the write's own callback. */
  #wake: (() => void) | undefined;
  readonly #closed: Promise<void>;

  constructor(gzip: boolean) {
    const options = { chunkSize: DECODED_CHUNK_BYTES };
    this.#stream = gzip ? createGunzip(options) : createZstdDecompress(options);
    this.#stream.on("data", (piece: Uint8Array) => this.#pieces.push(piece));
    this.#stream.on("error", (error: Error) => {
      this.failure = error.message;
      this.#wake?.();
    });
    this.#closed = new Promise((resolve) => this.#stream.on("close", () => resolve()));
  }

  write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#stream.write(chunk, () => resolve());
    });
  }

  async end(): Promise<void> {
    if (this.failure === undefined) this.#stream.end();
    await this.#closed;
  }

  take(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

/** Opens a file for reading. Throws `file-not-found` or `file-unreadable`. */
export function openFileSource(path: string): ChunkedFile {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new FathomError(
      missing ? "file-not-found" : "file-unreadable",
      missing ? `there is no file ${path}` : `cannot open ${path}: ${reasonOf(cause)}`,
      { cause },
    );
  }
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new Error("it is a directory");
    return new ChunkedFile(path, fd, stat.size, compressionOf(fd));
  } catch (cause) {
    closeSync(fd);
    throw new FathomError("file-unreadable", `cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function compressionOf(fd: number): Compression {
  const magic = new Uint8Array(4);
  const count = readSync(fd, magic, 0, 4, 0);
  if (count >= 2 && magic[0] === 0x1f && magic[1] === 0x8b) return "gzip";
  if (count === 4 && magic[0] === 0x28 && magic[1] === 0xb5 && magic[2] === 0x2f && magic[3] === 0xfd) return "zstd";
  return "none";
}

/** A buffered writer of one file. Throws `write-failed` when the disk does (full, gone). */
export class FileAppender {
  readonly path: string;
  #bytesWritten = 0;
  readonly #fd: number;
  readonly #buffer = new Uint8Array(APPEND_BUFFER_BYTES);
  #used = 0;
  #closed = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Bytes handed to `write` so far. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  write(bytes: Uint8Array, offset: number, length: number): void {
    this.#bytesWritten += length;
    if (this.#used + length > APPEND_BUFFER_BYTES) this.flush();
    if (length > APPEND_BUFFER_BYTES) {
      this.#drain(bytes, offset, length);
      return;
    }
    const buffer = this.#buffer;
    const at = this.#used;
    if (length < 128) for (let i = 0; i < length; i++) buffer[at + i] = bytes[offset + i]!;
    else buffer.set(bytes.subarray(offset, offset + length), at);
    this.#used = at + length;
  }

  /** Hands what is buffered to the operating system. */
  flush(): void {
    this.#drain(this.#buffer, 0, this.#used);
    this.#used = 0;
  }

  #drain(bytes: Uint8Array, offset: number, length: number): void {
    let done = 0;
    while (done < length) {
      try {
        done += writeSync(this.#fd, bytes, offset + done, length - done);
      } catch (cause) {
        throw new FathomError("write-failed", `cannot write ${this.path}: ${reasonOf(cause)}`, { cause });
      }
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.flush();
    } finally {
      closeSync(this.#fd);
    }
  }
}

/** Opens a file for writing: anew, or at its end with `keep`. Throws `file-unwritable`. */
export function openAppender(path: string, options: { keep?: boolean } = {}): FileAppender {
  try {
    return new FileAppender(path, openSync(path, options.keep ? "a" : "w"));
  } catch (cause) {
    throw new FathomError("file-unwritable", `cannot write ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
