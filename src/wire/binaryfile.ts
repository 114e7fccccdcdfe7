/**
 * BinaryFILE: a day of messages in a file, each `[u16 length][message]`; a length of 0 says end of session. Sans-I/O:
 * feed chunks of any size (a whole file as one chunk copies nothing), pull messages. Hot.
 *
 *     for each chunk: framer.feed(chunk); while (framer.next()) apply(framer.bytes, framer.view, framer.offset, …)
 *     then framer.end()
 *
 * Source: Nasdaq BinaryFILE specification 1.00.
 */
import { ChunkWindow } from "./chunk-window.ts";

export const BINARY_FILE_HEAD_BYTES = 2;

/** How a file ended. */
export interface BinaryFileEnd {
  /** Where the record begins that the end of the file cut, in bytes from the file's start. */
  readonly cutOffset: number | undefined;
  /** Where the end-of-session record is. Files without one are usual. */
  readonly endOffset: number | undefined;
  /** Bytes after the end-of-session record; nothing was read from them. */
  readonly trailingBytes: number;
}

export class BinaryFileFramer {
  readonly #window = new ChunkWindow();
  /** Of the message that `next()` found, in `bytes` and `view`; valid until the next `next()` or `feed`. */
  offset = 0;
  length = 0;
  #endOffset: number | undefined;
  #trailingBytes = 0;

  get bytes(): Uint8Array {
    return this.#window.bytes;
  }

  get view(): DataView {
    return this.#window.view;
  }

  /** Where the record of the message that `next()` found begins (its length), in bytes from the file's start. */
  get messageFileOffset(): number {
    return this.#window.base + this.offset - BINARY_FILE_HEAD_BYTES;
  }

  /** Whether the end-of-session record has been met. No message comes after it. */
  get ended(): boolean {
    return this.#endOffset !== undefined;
  }

  /** The next piece of the file; only after `next()` has said false. */
  feed(chunk: Uint8Array): void {
    if (this.ended) this.#trailingBytes += chunk.length;
    else this.#window.feed(chunk);
  }

  /** Moves to the next whole message; false when the chunk is used up or the session has ended. */
  next(): boolean {
    const window = this.#window;
    if (window.end - window.at < BINARY_FILE_HEAD_BYTES && !window.ensure(BINARY_FILE_HEAD_BYTES)) return false;
    const length = window.view.getUint16(window.at);
    const recordBytes = BINARY_FILE_HEAD_BYTES + length;
    if (window.end - window.at < recordBytes && !window.ensure(recordBytes)) return false;
    if (length === 0) return this.#endOfSession();
    const at = window.at;
    this.offset = at + BINARY_FILE_HEAD_BYTES;
    this.length = length;
    window.at = at + recordBytes;
    return true;
  }

  /** What the end of the file left behind. Call it when the last chunk has been used up. */
  end(): BinaryFileEnd {
    const isCut = !this.ended && this.#window.pendingBytes > 0;
    return {
      cutOffset: isCut ? this.#window.fileOffset : undefined,
      endOffset: this.#endOffset,
      trailingBytes: this.#trailingBytes,
    };
  }

  #endOfSession(): boolean {
    if (this.ended) return false;
    this.#endOffset = this.#window.fileOffset;
    this.#trailingBytes = this.#window.pendingBytes - BINARY_FILE_HEAD_BYTES;
    return false;
  }
}

/** The length before a message that is written in place at `off + 2`; returns the bytes of the whole record. */
export function writeBinaryFileHead(view: DataView, off: number, length: number): number {
  view.setUint16(off, length);
  return BINARY_FILE_HEAD_BYTES + length;
}

/** One message by copy, with its length before it; returns the bytes written. */
export function writeBinaryFileMessage(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  message: Uint8Array,
  messageOff: number,
  length: number,
): number {
  for (let i = 0; i < length; i++) bytes[off + BINARY_FILE_HEAD_BYTES + i] = message[messageOff + i]!;
  return writeBinaryFileHead(view, off, length);
}

/** The end-of-session record; returns its 2 bytes. */
export function writeBinaryFileEnd(view: DataView, off: number): number {
  return writeBinaryFileHead(view, off, 0);
}
