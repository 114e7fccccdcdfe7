/** A `MessageSink` that writes down everything it is told, so that a test can look at it. */
import type { Quality } from "../../src/core/quality.ts";
import type { MessageSink } from "../../src/ingest/contract.ts";

export interface RecordedMessage {
  sequence: number;
  /** A copy: the bytes are only valid during the call. */
  bytes: string;
  tsRecvNs: number;
}

export class RecordingSink implements MessageSink {
  /** Since the last reset; of a snapshot with sequence 0. */
  messages: RecordedMessage[] = [];
  /** "reset", "snapshot-begin", "snapshot-end 17", "quality 1", in order. */
  events: string[] = [];
  batchEndCount = 0;
  qualityNow: Quality | undefined;

  message(
    bytes: Uint8Array,
    _view: DataView,
    offset: number,
    length: number,
    sequence: number,
    tsRecvNs: number,
  ): void {
    this.messages.push({ sequence, bytes: text(bytes, offset, length), tsRecvNs });
  }

  batchEnd(): void {
    this.batchEndCount++;
  }

  reset(): void {
    this.messages = [];
    this.events.push("reset");
  }

  snapshotBegin(): void {
    this.events.push("snapshot-begin");
  }

  snapshotEnd(nextSequence: number): void {
    this.events.push(`snapshot-end ${nextSequence}`);
  }

  quality(quality: Quality): void {
    this.qualityNow = quality;
    this.events.push(`quality ${quality}`);
  }

  get sequences(): number[] {
    return this.messages.map((message) => message.sequence);
  }

  get texts(): string[] {
    return this.messages.map((message) => message.bytes);
  }
}

function text(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}
