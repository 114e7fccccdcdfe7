/**
 * The seam between a feed's transport and whatever takes its messages: books, and later the journal. The sink sees one
 * totally ordered stream a channel; gaps, lines and repairs have been dealt with before it.
 */
import type { Quality } from "../core/quality.ts";

export interface MessageSink {
  /**
   * One message, in sequence order, each sequence exactly once. The bytes are only valid during the call.
   * `tsRecvNs`: kernel receive stamp, ns since the process's epoch base (see `io/clock.ts`).
   */
  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void;
  /** Nothing more at hand: publish what is pending. */
  batchEnd(): void;
  /** A new session, or a snapshot is about to be spun in: forget everything. */
  reset(): void;
  /**
   * Snapshot messages come between these two. `nextSequence`: the first live message that is not reflected in it.
   * Snapshot messages are handed to `message` with sequence 0.
   */
  snapshotBegin(): void;
  snapshotEnd(nextSequence: number): void;
  /** The channel's quality has changed. Books' own quality can only be worse. */
  quality(quality: Quality): void;
}
