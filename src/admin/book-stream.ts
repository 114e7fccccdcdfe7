/**
 * One client's event stream of one book. Owns two images: the newest that the appliance has offered and the last that
 * went out. A client that reads slowly is conflated: however long it takes, the next event is the difference between
 * those two, so its memory here is bounded by construction. A client that has read nothing at all for a few keep-alive
 * intervals is given up.
 */
import { bookUpdate } from "./book-update.ts";
import type { BookAnswer } from "./contract.ts";
import { bookAnswerToJson } from "./views/book.ts";

const KEEP_ALIVE = ": keep-alive\n\n";
/** Keep-alive intervals without a single read, after which a client is given up. */
const STALLED_TICKS_MAX = 4;

/** `stalled`: the client has stopped reading, and its connection must be cut for it to notice. */
export type StreamEnd = "ended" | "stalled";

export class BookStream {
  readonly #encoder = new TextEncoder();
  readonly #onClose: (end: StreamEnd) => void;
  #newest: BookAnswer | undefined;
  #sent: BookAnswer | undefined;
  #keepAliveDue = false;
  #quiet = true;
  #stalledTicks = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  /** `onClose` is called once, when either side has ended the stream. */
  constructor(onClose: (end: StreamEnd) => void) {
    this.#onClose = onClose;
  }

  /** Takes the newest image; the one before it is dropped if the client has not come for it. */
  offer(image: BookAnswer): void {
    this.#newest = image;
    this.#wake?.();
  }

  /** To be called at the keep-alive interval: a stream on which nothing went out since gets a comment. */
  tick(): void {
    this.#keepAliveDue = this.#quiet;
    this.#quiet = true;
    if (this.#keepAliveDue) this.#wake?.();
    if (this.#stalledTicks++ >= STALLED_TICKS_MAX) this.close("stalled");
  }

  close(end: StreamEnd = "ended"): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#newest = undefined;
    this.#sent = undefined;
    this.#onClose(end);
    this.#wake?.();
  }

  /** The body of the answer. One event a pull, made when it is pulled. */
  body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          this.#stalledTicks = 0;
          while (!this.#closed && !this.#newest && !this.#keepAliveDue) {
            await new Promise<void>((resolve) => {
              this.#wake = resolve;
            });
          }
          this.#wake = undefined;
          if (this.#closed) controller.close();
          else controller.enqueue(this.#encoder.encode(this.#next()));
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 0 },
    );
  }

  #next(): string {
    this.#quiet = false;
    this.#keepAliveDue = false;
    const newest = this.#newest;
    if (!newest) return KEEP_ALIVE;
    const sent = this.#sent;
    this.#sent = newest;
    this.#newest = undefined;
    if (!sent) return eventText("book", newest.sequence, bookAnswerToJson(newest));
    return eventText("update", newest.sequence, bookUpdate(sent, newest));
  }
}

/** One server-sent event. JSON has no line breaks, so it is one data line. */
function eventText(event: string, id: number, data: unknown): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}
