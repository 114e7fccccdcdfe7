/**
 * Bursts as a thread meets them: from when its queues begin to fill until they are empty again. Owned by that thread;
 * told how full its fullest queue is now and then, and when it has run out of work.
 */

/** Less than this of a queue is no burst. */
const DEPTH_SHARE_MIN = 0.01;

export class BurstMeter {
  /** Bursts that are over. */
  count = 0;
  /** How full the fullest queue ever was, 0 to 1. */
  depthShareMax = 0;
  /** Of the last burst that is over: the same, how long it took, and how long from its deepest to empty. */
  lastDepthShare = 0;
  lastDurationNs = 0;
  lastDrainNs = 0;
  drainNsMax = 0;
  #deepestShare = 0;
  #beganNs = 0;
  #deepestNs = 0;

  /** The deepest so far of the burst that is going on; 0 when there is none. */
  get openShare(): number {
    return this.#deepestShare;
  }

  /** How full the fullest queue is, 0 to 1. */
  sample(share: number, nowNs: number): void {
    if (share < DEPTH_SHARE_MIN || share <= this.#deepestShare) return;
    if (this.#deepestShare === 0) this.#beganNs = nowNs;
    this.#deepestShare = share;
    this.#deepestNs = nowNs;
    if (share > this.depthShareMax) this.depthShareMax = share;
  }

  /** There is nothing left to do. */
  empty(nowNs: number): void {
    if (this.#deepestShare === 0) return;
    this.count++;
    this.lastDepthShare = this.#deepestShare;
    this.lastDurationNs = nowNs - this.#beganNs;
    this.lastDrainNs = nowNs - this.#deepestNs;
    if (this.lastDrainNs > this.drainNsMax) this.drainNsMax = this.lastDrainNs;
    this.#deepestShare = 0;
  }
}
