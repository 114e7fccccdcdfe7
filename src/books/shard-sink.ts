/**
 * The two ways into a shard: straight, on the same thread, or through a ring to its own. A dispatcher holds an array of
 * them and cannot tell which it has.
 */
import type { MessageRing } from "../bus/message-ring.ts";
import type { Quality } from "../core/quality.ts";
import type { BookShard } from "./book-shard.ts";
import type { CutRequest } from "./cut.ts";
import type { WatchRequest } from "./watch.ts";

export interface ShardSink {
  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void;
  /** Nothing more at hand; `sequence` is the last of the whole channel, not of this shard. */
  batchEnd(sequence: number): void;
  reset(): void;
  /** The messages in between are a snapshot's, which is as of `sequence`. */
  snapshotBegin(): void;
  snapshotEnd(sequence: number): void;
  quality(quality: Quality): void;
  /** `tsEventNs`: exchange time of the whole channel at the cut, the same for all shards. */
  cut(request: CutRequest, partCount: number, sequence: number, tsEventNs: number): void;
  watch(request: WatchRequest): void;
  unwatch(id: number): void;
}

/** Books on the dispatcher's own thread. */
export class InlineShardSink implements ShardSink {
  readonly #shard: BookShard;

  constructor(shard: BookShard) {
    this.#shard = shard;
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    this.#shard.message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  batchEnd(sequence: number): void {
    this.#shard.position(sequence);
  }

  reset(): void {
    this.#shard.reset();
  }

  snapshotBegin(): void {
    this.#shard.snapshotBegin();
  }

  snapshotEnd(sequence: number): void {
    this.#shard.snapshotEnd(sequence);
  }

  quality(quality: Quality): void {
    this.#shard.quality(quality);
  }

  cut(request: CutRequest, partCount: number, sequence: number, tsEventNs: number): void {
    this.#shard.position(sequence);
    this.#shard.cut(request, partCount, tsEventNs);
  }

  watch(request: WatchRequest): void {
    this.#shard.watch(request);
  }

  unwatch(id: number): void {
    this.#shard.unwatch(id);
  }
}

/** Kinds of record in a shard's ring. */
export const ShardRecord = {
  message: 0,
  position: 1,
  reset: 2,
  quality: 3,
  control: 4,
  controlPart: 5,
  snapshotBegin: 6,
  snapshotEnd: 7,
} as const;

/** What a control record carries, as JSON; the front of a long one comes in `controlPart` records before it. */
export type ShardControl =
  | { type: "cut"; request: CutRequest; partCount: number; tsEventNs: number }
  | { type: "watch"; request: WatchRequest }
  | { type: "unwatch"; id: number };

/** A batch longer than this is shown to the reader in parts, so that it need not wait for the whole of a burst. */
const PUBLISH_MESSAGES = 256;

/**
 * Books behind a ring. A full ring holds the writer back (policy `block`): messages are never dropped here, the
 * kernel's receive buffer before it is where a burst waits.
 */
export class RingShardSink implements ShardSink {
  /** How often the writer had to wait for room, and how often it showed the reader what it had. */
  waitCount = 0;
  publishCount = 0;
  readonly #ring: MessageRing;
  readonly #target: Uint8Array;
  readonly #targetView: DataView;
  readonly #encoder = new TextEncoder();
  /** Messages committed and not published. */
  #pendingCount = 0;
  #position = 0;

  constructor(ring: MessageRing) {
    this.#ring = ring;
    this.#target = ring.bytes;
    this.#targetView = ring.view;
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    const ring = this.#ring;
    let at = ring.tryClaim(length);
    if (at < 0) at = this.#waitAndClaim(length);
    const target = this.#target;
    const targetView = this.#targetView;
    // Four bytes at a time, in the machine's own order on both sides: they arrive as they are.
    let i = 0;
    for (; i + 4 <= length; i += 4) targetView.setInt32(at + i, view.getInt32(offset + i, true), true);
    for (; i < length; i++) target[at + i] = bytes[offset + i]!;
    ring.commit(ShardRecord.message, length, sequence, tsRecvNs);
    if (++this.#pendingCount >= PUBLISH_MESSAGES) this.#publish();
  }

  batchEnd(sequence: number): void {
    if (sequence !== this.#position) {
      this.#position = sequence;
      this.#record(ShardRecord.position, 0, sequence);
    } else if (this.#pendingCount === 0) return;
    this.#publish();
  }

  reset(): void {
    this.#position = 0;
    this.#record(ShardRecord.reset, 0, 0);
    this.#publish();
  }

  snapshotBegin(): void {
    this.#record(ShardRecord.snapshotBegin, 0, 0);
  }

  snapshotEnd(sequence: number): void {
    this.#position = sequence;
    this.#record(ShardRecord.snapshotEnd, 0, sequence);
    this.#publish();
  }

  quality(quality: Quality): void {
    this.#record(ShardRecord.quality, 0, quality);
    this.#publish();
  }

  cut(request: CutRequest, partCount: number, sequence: number, tsEventNs: number): void {
    this.#control({ type: "cut", request, partCount, tsEventNs }, sequence);
  }

  watch(request: WatchRequest): void {
    this.#control({ type: "watch", request }, this.#position);
  }

  unwatch(id: number): void {
    this.#control({ type: "unwatch", id }, this.#position);
  }

  #control(control: ShardControl, sequence: number): void {
    const payload = this.#encoder.encode(JSON.stringify(control));
    const pieceBytes = this.#ring.payloadBytesMax;
    let from = 0;
    for (; payload.length - from > pieceBytes; from += pieceBytes)
      this.#piece(ShardRecord.controlPart, payload.subarray(from, from + pieceBytes), sequence);
    this.#piece(ShardRecord.control, payload.subarray(from), sequence);
    this.#publish();
  }

  #piece(kind: number, payload: Uint8Array, sequence: number): void {
    let at = this.#ring.tryClaim(payload.length);
    if (at < 0) at = this.#waitAndClaim(payload.length);
    this.#target.set(payload, at);
    this.#ring.commit(kind, payload.length, sequence, 0);
  }

  #record(kind: number, payloadBytes: number, value: number): void {
    if (this.#ring.tryClaim(payloadBytes) < 0) this.#waitAndClaim(payloadBytes);
    this.#ring.commit(kind, payloadBytes, value, 0);
  }

  #publish(): void {
    this.#pendingCount = 0;
    this.publishCount++;
    this.#ring.publish();
  }

  #waitAndClaim(payloadBytes: number): number {
    this.waitCount++;
    this.#publish();
    for (;;) {
      const at = this.#ring.tryClaim(payloadBytes);
      if (at >= 0) return at;
      this.#ring.waitForRoom(1);
    }
  }
}
