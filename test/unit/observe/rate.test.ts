/** Rates over the last second of counters that only rise, whenever and however often they are sampled. */
import { describe, expect, test } from "bun:test";
import { Rates } from "../../../src/observe/rate.ts";

const MS = 1e6;

describe("Rates", () => {
  test("nothing before there are two samples, and nothing for a name that nobody counts", () => {
    const rates = new Rates();
    expect(rates.perSecond("n")).toBe(0);
    rates.sample(0, { n: 5 });
    expect(rates.perSecond("n")).toBe(0);
    rates.sample(500 * MS, { n: 10 });
    expect([rates.perSecond("n"), rates.perSecond("other")]).toEqual([10, 0]);
  });

  test("a steady counter has its rate, whatever the interval of the samples", () => {
    for (const everyMs of [10, 100, 250, 700, 3000]) {
      const rates = new Rates();
      for (let ms = 0; ms <= 9000; ms += everyMs) rates.sample(ms * MS, { n: ms * 20 });
      expect(rates.perSecond("n")).toBeCloseTo(20_000, 6);
    }
  });

  test("what was more than about a second ago does not count any more", () => {
    const rates = new Rates();
    for (let ms = 0; ms <= 5000; ms += 250) rates.sample(ms * MS, { n: Math.min(ms, 2000) });
    expect(rates.perSecond("n")).toBe(0);
    for (let ms = 5250; ms <= 6500; ms += 250) rates.sample(ms * MS, { n: ms });
    expect(rates.perSecond("n")).toBeCloseTo(1000, 6);
  });

  test("a counter that begins anew is never a negative rate", () => {
    const rates = new Rates();
    rates.sample(0, { n: 1_000_000 });
    rates.sample(1000 * MS, { n: 5 });
    expect(rates.perSecond("n")).toBe(0);
  });
});
