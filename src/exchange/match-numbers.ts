/**
 * Match numbers: dense and unique from 1 over all instruments, and the recent ones remembered, so that a trade can be
 * declared broken. Owned by one `MatchingEngine`.
 */
/** A power of two. */
const RECENT = 1024;

export class MatchNumbers {
  /** Given out so far. */
  count = 0;
  /** Stock locate by match number, the recent ones; 0 once broken. */
  readonly #locates = new Uint16Array(RECENT);

  next(locate: number): number {
    const match = ++this.count;
    this.#locates[match % RECENT] = locate;
    return match;
  }

  /** The instrument of a recent match that has not been broken; 0 for any other. */
  locateOf(match: number): number {
    const isRecent = match > 0 && match <= this.count && this.count - match < RECENT;
    return isRecent ? this.#locates[match % RECENT]! : 0;
  }

  forget(match: number): void {
    this.#locates[match % RECENT] = 0;
  }
}
