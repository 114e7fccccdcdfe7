/**
 * The stream of the chosen book, kept alive: read with fetch (an EventSource could not send the token), begun again
 * with back-off when it ends, given up only for another book. Each new beginning starts with a whole book.
 */
import type { BookUpdateJson } from "../book-update.ts";
import type { BookJson } from "../views/book.ts";
import { type Api, ApiError } from "./api.ts";
import { EventParser } from "./event-parser.ts";
import { sleep, watchdog } from "./timers.ts";

/** The node sends a comment every 15 s: silence for longer than two of them is a dead connection. */
const SILENCE_MS = 40_000;
const BACK_OFF_MS = [250, 500, 1_000, 2_000, 4_000];
const LEVELS = 60;
const TRADES = 250;

export interface BookListener {
  book(book: BookJson): void;
  update(update: BookUpdateJson): void;
  up(): void;
  down(error: ApiError): void;
}

export class BookFeed {
  readonly #api: Api;
  readonly #listener: BookListener;
  #abort = new AbortController();

  constructor(api: Api, listener: BookListener) {
    this.#api = api;
    this.#listener = listener;
  }

  follow(symbol: string, channel: string): void {
    this.stop();
    this.#abort = new AbortController();
    const query = new URLSearchParams({ channel, levels: `${LEVELS}`, trades: `${TRADES}` });
    void this.#run(`/v1/books/${encodeURIComponent(symbol)}/stream?${query}`, this.#abort.signal);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(path: string, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#read(path, signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#listener.down(error instanceof ApiError ? error : new ApiError(0, "the stream broke off"));
      }
      await sleep(BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)]!, signal);
    }
  }

  /** Reads until the stream ends, which it never does by itself: always throws. */
  async #read(path: string, signal: AbortSignal, onEvent: () => void): Promise<never> {
    const attempt = new AbortController();
    const silence = watchdog(SILENCE_MS, () => attempt.abort());
    try {
      const response = await this.#api.open(path, AbortSignal.any([signal, attempt.signal]));
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) throw new ApiError(0, "the node has closed the stream");
        silence.touch();
        if (signal.aborted) throw new ApiError(0, "another book was chosen");
        for (const { event, data } of parser.push(value)) {
          onEvent();
          if (event === "book") this.#listener.book(JSON.parse(data) as BookJson);
          else if (event === "update") this.#listener.update(JSON.parse(data) as BookUpdateJson);
          this.#listener.up();
        }
      }
    } finally {
      silence.stop();
      attempt.abort();
    }
  }
}
