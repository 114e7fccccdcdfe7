/**
 * Plays a BinaryFILE (plain, gzip or Zstandard) as the feed: its own messages and timestamps, at the pace at which
 * they happened, faster, or as fast as a bounded rate allows. Reading is asynchronous, publishing is not: the player
 * holds one chunk, and says `needsInput` when it has used it up.
 */
import { FathomError } from "../core/assert.ts";
import { readU48 } from "../core/bytes.ts";
import { NS_PER_MS, NS_PER_S } from "../core/units.ts";
import { type ChunkedFile, openFileSource } from "../io/disk.ts";
import { BinaryFileFramer } from "../wire/binaryfile.ts";
import { ITCH_BYTES_MAX } from "../wire/itch50.ts";
import { BLOCK_HEAD_BYTES, BlockBuffer } from "./block-buffer.ts";
import type { MessageSource } from "./message-source.ts";

export interface FilePlayerOptions {
  readonly path: string;
  /** 1 = as it happened; Infinity = as fast as `rate` allows. */
  readonly speed: number;
  /**
   * Messages a second at the most. Left out, the bound at the highest speed is 25 full packets a millisecond: fast,
   * but not a flood that receive buffers of ordinary size cannot take.
   */
  readonly rate?: number;
}

/** 25 full packets a millisecond on each line: about a million order messages a second. */
const PACKET_BYTES = 1400;
const PACKET_MESSAGES = 40;
const PLAYER_BYTES_PER_MS = 25 * PACKET_BYTES;
/** Allowance that may be saved up. */
const SAVED_NS_MAX = 2 * NS_PER_MS;
const PRODUCE_BYTES_MAX = 16 * 1024;
const TIMESTAMP_END = 11;

export class FilePlayer implements MessageSource {
  readonly blocks = new BlockBuffer();
  readonly messagesExpected = Number.NaN;
  isOver = false;
  needsInput = true;
  nextDueNs = -Infinity;
  readonly #path: string;
  readonly #speed: number;
  readonly #rate: number | undefined;
  readonly #file: ChunkedFile;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #framer = new BinaryFileFramer();
  /** A message is in the framer, not yet published. */
  #pending = false;
  #startNs = 0;
  #firstTsNs = Number.NaN;
  #allowance = 0;
  #allowedNs = Number.NaN;
  /** So much must have been saved up before it is spent: packets go out full, and not a message each. */
  readonly #allowanceMin: number;
  /** Bytes after the last whole message, when the file was cut; undefined otherwise. */
  cutOffset: number | undefined;

  /** Throws `file-not-found`, `file-unreadable` or `file-empty`. */
  constructor(options: FilePlayerOptions) {
    this.#path = options.path;
    this.#speed = options.speed;
    this.#rate = options.rate;
    const packetMessages = Math.min(PACKET_MESSAGES, ((options.rate ?? 0) / NS_PER_S) * NS_PER_MS);
    this.#allowanceMin = options.rate === undefined ? PACKET_BYTES : Math.max(packetMessages, 1);
    this.#file = openFileSource(options.path);
    this.#chunks = this.#file[Symbol.asyncIterator]();
    if (this.#file.sizeBytes > 0) return;
    this.#file.close();
    throw new FathomError("file-empty", `${options.path} is empty`, { hint: "expected a BinaryFILE" });
  }

  /** Share of the file read, 0 … 1. */
  get progress(): number {
    return this.#file.sizeBytes === 0 ? 1 : this.#file.bytesRead / this.#file.sizeBytes;
  }

  /** Reads on. Throws `file-unreadable`, `message-too-long`. */
  async fill(): Promise<void> {
    while (this.needsInput && !this.isOver) {
      const { value, done } = await this.#chunks.next();
      if (done || this.#framer.ended) return this.#end();
      this.#framer.feed(value);
      this.#advance();
    }
  }

  produce(nowNs: number): number {
    const { blocks } = this;
    const before = blocks.messageTotal;
    this.#allow(nowNs);
    const isAllowed = this.#allowance >= this.#allowanceMin;
    while (
      isAllowed &&
      this.#pending &&
      this.#allowance > 0 &&
      this.#dueNs(nowNs) <= nowNs &&
      blocks.length < PRODUCE_BYTES_MAX
    ) {
      this.#copy();
      this.#advance();
    }
    if (!this.#pending) this.nextDueNs = Infinity;
    else this.nextDueNs = this.#allowance < this.#allowanceMin ? nowNs + NS_PER_MS : this.#dueNs(nowNs);
    return blocks.messageTotal - before;
  }

  finish(_nowNs: number): void {
    this.#pending = false;
    this.#close();
  }

  close(): void {
    this.#file.close();
  }

  /** The file has been read to its end. */
  #end(): void {
    const { cutOffset } = this.#framer.end();
    this.cutOffset = this.#file.cut === undefined ? cutOffset : (cutOffset ?? this.#framer.messageFileOffset);
    this.#close();
  }

  #close(): void {
    this.isOver = true;
    this.needsInput = false;
    this.#file.close();
  }

  /** Moves to the next message of the chunk, if it has one. */
  #advance(): void {
    this.#pending = this.#framer.next();
    this.needsInput = !this.#pending;
    if (this.#pending && this.#framer.length > ITCH_BYTES_MAX)
      throw new FathomError(
        "message-too-long",
        `${this.#path}: a message of ${this.#framer.length} bytes at offset ${this.#framer.messageFileOffset}; ` +
          `ITCH 5.0 has none above ${ITCH_BYTES_MAX}`,
        { hint: "is it a BinaryFILE of ITCH 5.0 messages?" },
      );
  }

  #copy(): void {
    const { blocks } = this;
    const { bytes, offset, length } = this.#framer;
    const at = blocks.begin();
    for (let i = 0; i < length; i++) blocks.bytes[at + i] = bytes[offset + i]!;
    blocks.end(length);
    this.#allowance -= this.#rate === undefined ? BLOCK_HEAD_BYTES + length : 1;
  }

  /** What may be published by now: messages when a rate was given, bytes otherwise. */
  #allow(nowNs: number): void {
    if (this.#speed !== Number.POSITIVE_INFINITY && this.#rate === undefined) {
      this.#allowance = Number.POSITIVE_INFINITY;
      return;
    }
    const perNs = this.#rate === undefined ? PLAYER_BYTES_PER_MS / NS_PER_MS : this.#rate / NS_PER_S;
    if (Number.isNaN(this.#allowedNs)) this.#allowedNs = nowNs - NS_PER_MS;
    this.#allowance += (nowNs - this.#allowedNs) * perNs;
    this.#allowance = Math.min(this.#allowance, Math.max(SAVED_NS_MAX * perNs, 1));
    this.#allowedNs = nowNs;
  }

  /** When the pending message is due by its timestamp; at once when there is none to go by. */
  #dueNs(nowNs: number): number {
    if (this.#speed === Number.POSITIVE_INFINITY || this.#framer.length < TIMESTAMP_END) return nowNs;
    const tsNs = readU48(this.#framer.view, this.#framer.offset + 5);
    if (Number.isNaN(this.#firstTsNs)) {
      this.#firstTsNs = tsNs;
      this.#startNs = nowNs;
    }
    return this.#startNs + (tsNs - this.#firstTsNs) / this.#speed;
  }
}
