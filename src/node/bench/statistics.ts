/**
 * What a handful of samples say: medians, because single runs on a shared machine lie; the spread beside them, so that
 * nobody believes a difference that is smaller; and ratios taken run by run, because two programs that ran one after
 * the other saw the same machine. Pure.
 */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** (max - min) / median: 0.1 says that all samples lie within 10 %. */
  readonly spread: number;
}

/** The middle sample, or the mean of the two in the middle. NaN without samples. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `undefined` without samples. */
export function summarize(samples: readonly number[]): Summary | undefined {
  if (samples.length === 0) return undefined;
  const middle = median(samples);
  const min = Math.min(...samples);
  const max = Math.max(...samples);
  return { count: samples.length, median: middle, min, max, spread: middle === 0 ? 0 : (max - min) / Math.abs(middle) };
}

/** Each sample over the peer's of the same run; runs that one of them does not have are left out. */
export function pairRatios(samples: readonly number[], peers: readonly number[]): number[] {
  const count = Math.min(samples.length, peers.length);
  const ratios: number[] = [];
  for (let i = 0; i < count; i++) if (peers[i] !== 0) ratios.push(samples[i]! / peers[i]!);
  return ratios;
}

/** What was promised of a number, and what we would like it to be. */
export interface Limit {
  readonly must: number;
  readonly aim?: number;
  /** Which way is good. */
  readonly better: "lower" | "higher";
}

export type Verdict = "aim met" | "met" | "missed";

/** Holds a measured number against its limit. Without an aim the must is all there is to meet. */
export function verdictOf(value: number, limit: Limit): Verdict {
  const reaches = (bound: number) => (limit.better === "lower" ? value <= bound : value >= bound);
  if (!reaches(limit.must)) return "missed";
  return limit.aim !== undefined && reaches(limit.aim) ? "aim met" : "met";
}
