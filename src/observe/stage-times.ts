/**
 * What each stage of a thread costs, from samples: how many things it did in the batches that were timed, and how long
 * they took. Owned by the thread; nothing here reads a clock.
 */
export class StageTimes<S extends string = string> {
  readonly stages: readonly S[];
  /** By place in `stages`: things done in timed batches, and their time. */
  readonly counts: Float64Array;
  readonly timesNs: Float64Array;

  constructor(stages: readonly S[]) {
    this.stages = stages;
    this.counts = new Float64Array(stages.length);
    this.timesNs = new Float64Array(stages.length);
  }

  /** `stage`: its place in `stages`. */
  add(stage: number, count: number, timeNs: number): void {
    if (count === 0) return;
    this.counts[stage]! += count;
    this.timesNs[stage]! += Math.max(0, timeNs);
  }
}
