/**
 * Watched books: who asked for which instrument, and which of them are due. A shard marks the instrument of every
 * message that it applies (one store, however many watch it) and lets this list publish between batches: conflated, the
 * newest image only, at most once an interval.
 */
import { Quality as Q, type Quality, worseQuality } from "../core/quality.ts";
import type { BookEngine, BookImage } from "./contract.ts";

export interface WatchRequest {
  id: number;
  locate: number;
  levelMax: number;
  tradeMax: number;
  queue: boolean;
  intervalNs: number;
}

export interface WatchImage {
  id: number;
  sequence: number;
  quality: Quality;
  tsEventNs: number;
  image: BookImage;
}

interface Watch extends WatchRequest {
  isDirty: boolean;
  nextNs: number;
}

export class WatchList {
  /** By locate, not 0: it has changed since the last `doWork`. The shard sets it with every message: one store. */
  readonly touched = new Uint8Array(65536);
  /** Nothing is published more often than this, whatever was asked for. Set while the machine is behind. */
  intervalMinNs = 0;
  readonly #watches = new Map<number, Watch>();
  readonly #publish: (image: WatchImage) => void;

  constructor(publish: (image: WatchImage) => void) {
    this.#publish = publish;
  }

  /** A watch of an id that is there already replaces it. Its first image comes with the next `doWork`. */
  add(request: WatchRequest): void {
    this.#watches.set(request.id, { ...request, isDirty: true, nextNs: 0 });
  }

  remove(id: number): void {
    this.#watches.delete(id);
  }

  /** Everything has changed: a reset, another quality. */
  touchAll(): void {
    for (const watch of this.#watches.values()) watch.isDirty = true;
  }

  /** Publishes what is due; returns how many images. */
  doWork(nowNs: number, engine: BookEngine, sequence: number, channelQuality: Quality): number {
    if (this.#watches.size === 0) return 0;
    const { touched } = this;
    for (const watch of this.#watches.values()) if (touched[watch.locate] !== 0) watch.isDirty = true;
    let count = 0;
    for (const watch of this.#watches.values()) {
      touched[watch.locate] = 0;
      if (!watch.isDirty || nowNs < watch.nextNs) continue;
      if (!this.#show(watch, engine, sequence, channelQuality)) continue;
      watch.isDirty = false;
      watch.nextNs = nowNs + Math.max(watch.intervalNs, this.intervalMinNs);
      count++;
    }
    return count;
  }

  /** Publishes every watched book now, whenever it was last shown. */
  flush(engine: BookEngine, sequence: number, channelQuality: Quality): void {
    for (const watch of this.#watches.values()) this.#show(watch, engine, sequence, channelQuality);
  }

  /** False when the engine does not know the instrument (yet). */
  #show(watch: Watch, engine: BookEngine, sequence: number, channelQuality: Quality): boolean {
    const { id, locate, levelMax, tradeMax, queue } = watch;
    const image = engine.book(locate, { levelMax, tradeMax, queue });
    if (!image) return false;
    const own = image.instrument.doubtCount > 0 ? Q.recovering : Q.ok;
    const quality = worseQuality(channelQuality, own);
    this.#publish({ id, sequence, quality, tsEventNs: engine.feed().tsEventNs, image });
    return true;
  }
}
