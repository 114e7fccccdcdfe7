/** A shard's books that tell what answering costs: cuts and watched books, which come between the messages. */
import { BookShard } from "../books/book-shard.ts";
import type { CutRequest } from "../books/cut.ts";
import type { WatchRequest } from "../books/watch.ts";
import { clock } from "../io/clock.ts";

export class TimedBookShard extends BookShard {
  /** Cuts answered and images published, and how long that took: a cut in CPU time, because it may take long. */
  answerCount = 0;
  answerNs = 0;
  readonly #watchIds = new Set<number>();

  override cut(request: CutRequest, partCount: number, tsEventNs: number): void {
    const startNs = clock.threadCpuNs();
    super.cut(request, partCount, tsEventNs);
    this.answerNs += clock.threadCpuNs() - startNs;
    this.answerCount++;
  }

  override watch(request: WatchRequest): void {
    this.#watchIds.add(request.id);
    super.watch(request);
  }

  override unwatch(id: number): void {
    this.#watchIds.delete(id);
    super.unwatch(id);
  }

  override doWork(nowNs: number): number {
    if (this.#watchIds.size === 0) return 0;
    const startNs = clock.monotonicNs();
    const count = super.doWork(nowNs);
    this.answerNs += clock.monotonicNs() - startNs;
    this.answerCount += count;
    return count;
  }
}
