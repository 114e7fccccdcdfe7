/**
 * Stands before the books in a replay: counts what passes, and closes behind the last message that is wanted. Has the
 * shape of ingest's `MessageSink`. Hot.
 */
import type { BookDispatcher } from "../books/dispatcher.ts";
import { readU48 } from "../core/bytes.ts";
import type { Quality } from "../core/quality.ts";
import type { MessageSink } from "../ingest/contract.ts";
import { ITCH_BYTES } from "../wire/itch50.ts";

export class ReplayGate implements MessageSink {
  /** Nothing more is wanted. */
  isClosed = false;
  /** Messages let through. */
  count = 0;
  /** By type byte. */
  readonly countByType = new Float64Array(256);
  readonly #books: BookDispatcher;
  readonly #untilSequence: number;
  readonly #untilTimeNs: number;

  /** Both limits are inclusive; Infinity for none. */
  constructor(books: BookDispatcher, untilSequence: number, untilTimeNs: number) {
    this.#books = books;
    this.#untilSequence = untilSequence;
    this.#untilTimeNs = untilTimeNs;
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    if (this.isClosed) return;
    const type = length > 0 ? bytes[offset]! : 0;
    const isLate =
      this.#untilTimeNs !== Number.POSITIVE_INFINITY &&
      ITCH_BYTES[type] === length &&
      length > 0 &&
      readU48(view, offset + 5) > this.#untilTimeNs;
    if (sequence > this.#untilSequence || isLate) {
      this.isClosed = true;
      return;
    }
    this.count++;
    this.countByType[type]!++;
    this.#books.message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  batchEnd(): void {
    this.#books.batchEnd();
  }

  reset(): void {
    if (!this.isClosed) this.#books.reset();
  }

  snapshotBegin(): void {
    this.#books.snapshotBegin();
  }

  snapshotEnd(nextSequence: number): void {
    this.#books.snapshotEnd(nextSequence);
  }

  quality(quality: Quality): void {
    if (!this.isClosed) this.#books.quality(quality);
  }
}
