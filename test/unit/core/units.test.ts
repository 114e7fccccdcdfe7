/** What people may write for durations, counts, shares and times, and that nothing else is taken for one. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatCount,
  formatDuration,
  formatTimeOfDay,
  NS_PER_DAY,
  parseCount,
  parseDurationNs,
  parseRatio,
  parseTimeOfDayNs,
  priceToDollars,
} from "../../../src/core/units.ts";

describe("parseDurationNs", () => {
  test.each([
    ["1ns", 1],
    ["50us", 50_000],
    ["50µs", 50_000],
    ["2.5ms", 2_500_000],
    ["15s", 15e9],
    ["15 s", 15e9],
    ["2m", 120e9],
    ["2min", 120e9],
    ["1h", 3600e9],
    ["0s", 0],
  ])("%p", (text, ns) => expect(parseDurationNs(text)).toBe(ns));

  test.each(["", "15", "s", "-1s", "1 day", "1e3s", "1s2", "Infinitys"])("%p is none", (text) =>
    expect(parseDurationNs(text)).toBeUndefined(),
  );
});

describe("parseCount", () => {
  test.each([
    ["0", 0],
    ["500", 500],
    ["400k", 400_000],
    ["10M", 10_000_000],
    ["1.5M", 1_500_000],
    ["2G", 2e9],
  ])("%p", (text, value) => expect(parseCount(text)).toBe(value));

  test.each(["", "k", "-1", "1.5", "1e6", "10m", "0x10", "99999999G"])("%p is none", (text) =>
    expect(parseCount(text)).toBeUndefined(),
  );
});

describe("parseRatio", () => {
  test.each([
    ["2%", 0.02],
    ["0.02", 0.02],
    ["100%", 1],
    ["0", 0],
    ["0.5%", 0.005],
  ])("%p", (text, value) => expect(parseRatio(text)).toBe(value));

  test.each(["", "%", "-1%", "2", "101%", "1 in 5"])("%p is none", (text) => expect(parseRatio(text)).toBeUndefined());
});

describe("time of day", () => {
  test.each([
    ["00:00", 0],
    ["9:30", 34_200e9],
    ["10:30:00.000000001", 37_800e9 + 1],
    ["23:59:59.999999999", NS_PER_DAY - 1],
    ["16:00:00.5", 57_600e9 + 500e6],
  ])("%p", (text, ns) => expect(parseTimeOfDayNs(text)).toBe(ns));

  test.each(["", "24:00", "10:60", "10:30:60", "10", "10:30:00.", "10:30:00.0000000001", "-1:00"])(
    "%p is none",
    (text) => expect(parseTimeOfDayNs(text)).toBeUndefined(),
  );

  test("what is formatted is read back exactly, to the nanosecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: NS_PER_DAY - 1 }), (ns) => parseTimeOfDayNs(formatTimeOfDay(ns)) === ns),
    );
  });
});

describe("for people", () => {
  test("prices are dollars, counts have commas, durations three digits", () => {
    expect(priceToDollars(1_822_500)).toBe(182.25);
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([0, 999, 1500, 2.5e6, 61e9].map(formatDuration)).toEqual(["0 ns", "999 ns", "1.5 µs", "2.5 ms", "61 s"]);
  });
});
