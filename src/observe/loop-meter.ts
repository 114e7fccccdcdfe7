/**
 * What a duty cycle does with its time: how much of it is work, and the longest that it was away from its queues. Owned
 * by the thread of the loop, told once a turn; hot. The clock is read by the loop, once a turn, and handed in.
 *
 * What always holds: busy and idle time together are the time from the first turn to the last one begun.
 */

/** The longest pause is also told of the last second or two, in windows of this length. */
const WINDOW_NS = 1e9;

export class LoopMeter {
  turnCount = 0;
  /** Turns that found something to do. */
  busyTurnCount = 0;
  busyNs = 0;
  idleNs = 0;
  /**
   * The longest time from the beginning of a turn to that of the next, less what the loop meant to sleep: the longest
   * for which a packet may have lain unseen. Scheduling, collection of garbage and heavy turns all show here.
   */
  pauseMaxNs = 0;
  #windowMaxNs = 0;
  #lastWindowMaxNs = 0;
  #windowEndNs = 0;
  #turnNs = -1;
  #wasBusy = false;
  #sleepNs = 0;

  /** A turn begins. */
  begin(nowNs: number): void {
    this.turnCount++;
    if (this.#turnNs >= 0) this.#ended(nowNs, nowNs - this.#turnNs);
    this.#turnNs = nowNs;
    this.#wasBusy = false;
    this.#sleepNs = 0;
  }

  #ended(nowNs: number, spentNs: number): void {
    if (this.#wasBusy) this.busyNs += spentNs;
    else this.idleNs += spentNs;
    const pauseNs = spentNs - this.#sleepNs;
    if (pauseNs > this.pauseMaxNs) this.pauseMaxNs = pauseNs;
    if (nowNs >= this.#windowEndNs) this.#nextWindow(nowNs);
    if (pauseNs > this.#windowMaxNs) this.#windowMaxNs = pauseNs;
  }

  #nextWindow(nowNs: number): void {
    // A window that went by without a turn has nothing to tell.
    this.#lastWindowMaxNs = nowNs - this.#windowEndNs < WINDOW_NS ? this.#windowMaxNs : 0;
    this.#windowMaxNs = 0;
    this.#windowEndNs = nowNs + WINDOW_NS;
  }

  /** The turn found `work` to do. */
  worked(work: number): void {
    if (work === 0) return;
    this.busyTurnCount++;
    this.#wasBusy = true;
  }

  /** The turn ends with a sleep of at most so long. */
  sleeps(timeoutNs: number): void {
    this.#sleepNs = timeoutNs;
  }

  /** The longest pause of the last second or two. */
  get pauseRecentNs(): number {
    return Math.max(this.#windowMaxNs, this.#lastWindowMaxNs);
  }
}
