/**
 * The way into a worker that never returns to its event loop: a ring of JSON records that its duty cycle polls. One
 * writer (the main thread), one reader (the worker). Answers come back by `postMessage`, which needs no event loop on
 * the sending side. Cold: a few records a second.
 */
import type { CutRequest } from "../books/cut.ts";
import type { WatchRequest } from "../books/watch.ts";
import type { MessageRing } from "../bus/message-ring.ts";
import { FathomError } from "../core/assert.ts";

/** A record is at most a quarter of it: room for a cut that names every stock locate there can be. */
export const CONTROL_RING_BYTES = 1 << 22;

export type ControlMessage =
  | { type: "cut"; request: CutRequest }
  | { type: "watch"; request: WatchRequest }
  | { type: "unwatch"; id: number }
  | { type: "stop" };

export class ControlWriter {
  /** Records written so far. */
  sentCount = 0;
  readonly #ring: MessageRing;
  readonly #encoder = new TextEncoder();

  constructor(ring: MessageRing) {
    this.#ring = ring;
  }

  /** Throws `FathomError` `worker-not-answering` when the worker has not read for so long that the ring is full. */
  send(message: ControlMessage): void {
    const payload = this.#encoder.encode(JSON.stringify(message));
    const offset = this.#ring.tryClaim(payload.length);
    if (offset < 0) {
      throw new FathomError("worker-not-answering", "the ingest worker is not reading its control ring", {
        hint: "ask again in a moment; if it goes on, see the log for what the worker is busy with",
      });
    }
    this.#ring.bytes.set(payload, offset);
    this.#ring.commit(0, payload.length, 0, 0);
    this.#ring.publish();
    this.sentCount++;
  }
}

export class ControlReader {
  readonly #ring: MessageRing;
  readonly #decoder = new TextDecoder();

  constructor(ring: MessageRing) {
    this.#ring = ring;
  }

  /** The next message, or `undefined` when there is none. Costs one atomic load when idle. */
  poll(): ControlMessage | undefined {
    const ring = this.#ring;
    if (!ring.next()) return undefined;
    // TextDecoder refuses views on shared memory, so the bytes are copied out first.
    const text = this.#decoder.decode(ring.bytes.slice(ring.payloadOffset, ring.payloadOffset + ring.payloadBytes));
    ring.release();
    return JSON.parse(text) as ControlMessage;
  }
}
