/** What a handful of samples say. */
import { describe, expect, test } from "bun:test";
import { median, pairRatios, summarize, verdictOf } from "../../../../src/node/bench/statistics.ts";

describe("statistics", () => {
  test("the median is the middle sample, or the mean of the two in the middle, whatever their order", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 100])).toBe(7);
    expect(median([3])).toBe(3);
    expect(median([])).toBeNaN();
  });

  test("numbers are compared as numbers, not as words", () => {
    expect(median([9, 10, 100])).toBe(10);
  });

  test("the samples are left as they were", () => {
    const samples = [3, 1, 2];
    summarize(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  test("the spread is the whole range over the median", () => {
    expect(summarize([90, 100, 120])).toEqual({ count: 3, median: 100, min: 90, max: 120, spread: 0.3 });
    expect(summarize([0, 0])?.spread).toBe(0);
    expect(summarize([])).toBeUndefined();
  });

  test("ratios are taken run by run: a machine that was slow for both does not show", () => {
    expect(pairRatios([110, 220, 55], [100, 200, 50])).toEqual([1.1, 1.1, 1.1]);
  });

  test("runs that one of the two does not have are left out, and so is a peer that took no time", () => {
    expect(pairRatios([10, 20, 30], [5])).toEqual([2]);
    expect(pairRatios([10, 20], [0, 10])).toEqual([2]);
  });

  test("a limit's own value meets it, and the side on which good lies counts", () => {
    const lower = { must: 100, aim: 80, better: "lower" } as const;
    expect([101, 100, 81, 80].map((value) => verdictOf(value, lower))).toEqual(["missed", "met", "met", "aim met"]);
    const higher = { must: 10, aim: 30, better: "higher" } as const;
    expect([9.9, 10, 30].map((value) => verdictOf(value, higher))).toEqual(["missed", "met", "aim met"]);
    expect(verdictOf(0, { must: 0, better: "lower" })).toBe("met");
  });

  test("what could not be measured misses its limit", () => {
    expect(verdictOf(Number.NaN, { must: 1, better: "lower" })).toBe("missed");
    expect(verdictOf(Number.NaN, { must: 1, better: "higher" })).toBe("missed");
  });
});
