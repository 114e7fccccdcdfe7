/**
 * Watched books: who asked for which instrument, and which of them are due. A shard tells this list of every message it
 * applies (one array read when nobody watches that instrument) and lets it publish between batches: conflated, the
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
  /** By locate: how many watch it. Hot code reads it before it calls `touch`. */
  readonly watched = new Uint8Array(65536);
  readonly #watches = new Map<number, Watch>();
  readonly #publish: (image: WatchImage) => void;

  constructor(publish: (image: WatchImage) => void) {
    this.#publish = publish;
  }

  /** A watch of an id that is there already replaces it. */
  add(request: WatchRequest): void {
    this.remove(request.id);
    this.#watches.set(request.id, { ...request, isDirty: true, nextNs: 0 });
    this.watched[request.locate] = Math.min(255, this.watched[request.locate]! + 1);
  }

  remove(id: number): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    this.#watches.delete(id);
    this.watched[watch.locate] = 0;
    for (const other of this.#watches.values()) if (other.locate === watch.locate) this.watched[watch.locate] = 1;
  }

  /** The instrument has changed. */
  touch(locate: number): void {
    for (const watch of this.#watches.values()) if (watch.locate === locate) watch.isDirty = true;
  }

  /** Everything has: a reset, another quality. */
  touchAll(): void {
    for (const watch of this.#watches.values()) watch.isDirty = true;
  }

  /** Publishes what is due; returns how many images. */
  doWork(nowNs: number, engine: BookEngine, sequence: number, channelQuality: Quality): number {
    if (this.#watches.size === 0) return 0;
    let count = 0;
    for (const watch of this.#watches.values()) {
      if (!watch.isDirty || nowNs < watch.nextNs) continue;
      const { id, locate, levelMax, tradeMax, queue } = watch;
      const image = engine.book(locate, { levelMax, tradeMax, queue });
      if (!image) continue;
      watch.isDirty = false;
      watch.nextNs = nowNs + watch.intervalNs;
      const own = image.instrument.doubtCount > 0 ? Q.recovering : Q.ok;
      const quality = worseQuality(channelQuality, own);
      this.#publish({ id, sequence, quality, tsEventNs: engine.feed().tsEventNs, image });
      count++;
    }
    return count;
  }
}
