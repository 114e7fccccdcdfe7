/** The reading end of a shard's ring: applies what comes, answers what is asked, publishes what is watched. */
import type { MessageRing } from "../bus/message-ring.ts";
import type { Quality } from "../core/quality.ts";
import type { BookShard } from "./book-shard.ts";
import { type ShardControl, ShardRecord } from "./shard-sink.ts";

/** Records taken in one `doWork`, so that watched books are published in a long burst too. */
const RECORDS_PER_WORK_MAX = 4096;
/** Records between two releases: the writer gets room back early in a burst. */
const RELEASE_RECORDS = 256;

export class ShardLoop {
  /** Records read so far. */
  recordCount = 0;
  readonly #ring: MessageRing;
  readonly #shard: BookShard;
  readonly #decoder = new TextDecoder();
  /** What has come of a control record in pieces. */
  #text = "";

  constructor(ring: MessageRing, shard: BookShard) {
    this.#ring = ring;
    this.#shard = shard;
  }

  /** Returns how much was done; 0 means that the caller may `wait`. */
  doWork(nowNs: number): number {
    const ring = this.#ring;
    const shard = this.#shard;
    let count = 0;
    while (count < RECORDS_PER_WORK_MAX && ring.next()) {
      count++;
      if (ring.kind === ShardRecord.message) {
        shard.message(ring.bytes, ring.view, ring.payloadOffset, ring.payloadBytes, ring.sequence, ring.tsRecvNs);
      } else this.#other();
      if (count % RELEASE_RECORDS === 0) ring.release();
    }
    if (count > 0) ring.release();
    this.recordCount += count;
    return count + shard.doWork(nowNs);
  }

  /** Sleeps until there is something to read, at most so long. */
  wait(timeoutMs: number): void {
    this.#ring.wait(timeoutMs);
  }

  #other(): void {
    const ring = this.#ring;
    if (ring.kind === ShardRecord.position) this.#shard.position(ring.sequence);
    else if (ring.kind === ShardRecord.reset) this.#shard.reset();
    else if (ring.kind === ShardRecord.snapshotBegin) this.#shard.snapshotBegin();
    else if (ring.kind === ShardRecord.snapshotEnd) this.#shard.snapshotEnd(ring.sequence);
    else if (ring.kind === ShardRecord.quality) this.#shard.quality(ring.sequence as Quality);
    else {
      // The decoder does not take views on shared memory.
      const payload = ring.bytes.slice(ring.payloadOffset, ring.payloadOffset + ring.payloadBytes);
      const isWhole = ring.kind === ShardRecord.control;
      this.#text += this.#decoder.decode(payload, { stream: !isWhole });
      if (!isWhole) return;
      const control = JSON.parse(this.#text) as ShardControl;
      this.#text = "";
      this.#shard.position(ring.sequence);
      if (control.type === "cut") this.#shard.cut(control.request, control.partCount, control.tsEventNs);
      else if (control.type === "watch") this.#shard.watch(control.request);
      else this.#shard.unwatch(control.id);
    }
  }
}
