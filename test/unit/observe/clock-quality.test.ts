/** The verdict on the clock: who is believed, what bound follows, what keeps a node from being ready. */
import { describe, expect, test } from "bun:test";
import { parseTimex } from "../../../src/io/adjtimex.ts";
import { parseChronyTracking } from "../../../src/observe/clock-chrony.ts";
import { clockSamples } from "../../../src/observe/clock-metrics.ts";
import { parsePmc } from "../../../src/observe/clock-ptp.ts";
import { type ClockEvidence, clockObjection, judgeClock, stampBound } from "../../../src/observe/clock-quality.ts";
import { pmcText } from "../../support/pmc-answers.ts";

/** A struct timex with a status and a maximum error. */
function kernel(status: number, maxErrorUs: number, offset = 0) {
  const view = new DataView(new ArrayBuffer(208));
  view.setBigInt64(8, BigInt(offset), true);
  view.setBigInt64(16, BigInt(-3 * 65_536), true);
  view.setBigInt64(24, BigInt(maxErrorUs), true);
  view.setBigInt64(32, 12n, true);
  view.setInt32(40, status, true);
  view.setInt32(160, 37, true);
  return parseTimex(view);
}

const UNSYNCHRONISED = kernel(0x40, 16_000_000);
const KEPT = kernel(0x2001, 240, -500);
const CHRONY = parseChronyTracking(
  "CB00710F,203.0.113.15,3,1795339514.6,0.000006523,-0.000006747,0.000035822,-3.225,0.001,40.0,0.002000000," +
    "0.000100000,64.2,Normal",
);
const CHRONY_LOCAL = parseChronyTracking(
  "7F7F0101,,8,1795339514.4,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal",
);
const PHC_IN_STEP = { offsetNs: -37e9 + 150, errorNs: 900 };

function evidence(parts: Partial<ClockEvidence>): ClockEvidence {
  return {
    checkedAtNs: 5e12,
    kernel: UNSYNCHRONISED,
    chrony: undefined,
    chronyReason: "chrony is not installed",
    ptp: undefined,
    ptpReason: "ptp4l does not run",
    phc: undefined,
    ...parts,
  };
}

test("struct timex: nanoseconds where the kernel says so, microseconds otherwise", () => {
  expect(KEPT).toMatchObject({ isUnsynchronised: false, offsetNs: -500, maxErrorNs: 240_000, taiOffsetSeconds: 37 });
  expect(KEPT).toMatchObject({ estimatedErrorNs: 12_000, frequencyPpm: -3 });
  expect(kernel(0x1, 240, -500).offsetNs).toBe(-500_000);
  expect(UNSYNCHRONISED).toMatchObject({ isUnsynchronised: true, maxErrorNs: 16e9 });
});

describe("who is believed", () => {
  const software = parsePmc(pmcText({ timestamping: "SOFTWARE" }));
  const hardware = parsePmc(pmcText());
  test.each<[string, Partial<ClockEvidence>, object]>([
    ["nobody", {}, { source: "none", disciplined: false, errorBoundNs: null, offsetNs: null }],
    ["the kernel, kept by an unknown daemon", { kernel: KEPT }, { source: "kernel", errorBoundNs: 240_500 }],
    ["chrony, though the kernel is not told", { chrony: CHRONY }, { source: "chrony", errorBoundNs: 1_106_523 }],
    ["chrony before ptp4l", { chrony: CHRONY, ptp: software, kernel: KEPT }, { source: "chrony" }],
    ["not chrony's local clock", { chrony: CHRONY_LOCAL }, { source: "none", disciplined: false }],
    ["ptp4l beside chrony's local clock", { chrony: CHRONY_LOCAL, ptp: software, kernel: KEPT }, { source: "ptp" }],
    ["ptp4l that steers the system clock", { ptp: software, kernel: KEPT }, { source: "ptp", errorBoundNs: 2104 }],
    ["not ptp4l where nothing is steered", { ptp: software }, { source: "none" }],
    [
      "ptp4l on a card, the system clock read against it",
      { ptp: hardware, kernel: KEPT, phc: PHC_IN_STEP },
      { source: "ptp", disciplined: true, offsetNs: 129, errorBoundNs: 2104 + 150 + 900, cardErrorBoundNs: 2104 },
    ],
    [
      "ptp4l on a card whose clock cannot be read: no bound",
      { ptp: hardware, kernel: KEPT },
      { source: "ptp", disciplined: true, offsetNs: null, errorBoundNs: null, cardErrorBoundNs: 2104 },
    ],
    [
      "not ptp4l on a card that the system clock does not follow",
      { ptp: hardware, phc: { offsetNs: 12e9, errorNs: 900 } },
      { source: "none", disciplined: false, cardErrorBoundNs: 2104 },
    ],
  ])("%s", (_, parts, expected) => {
    expect(judgeClock(evidence(parts))).toMatchObject(expected);
  });

  test("a verdict of none says of each why", () => {
    expect(judgeClock(evidence({ chrony: CHRONY_LOCAL, chronyReason: "" })).how).toBe(
      "the kernel's clock is unsynchronised; chrony follows this machine's own clock (its local directive); " +
        "ptp4l does not run",
    );
  });
});

describe("what follows", () => {
  const kept = judgeClock(evidence({ chrony: CHRONY }));
  const none = judgeClock(evidence({}));

  test("a stamp's bound grows with its distance from the look, by what chrony knows of the drift", () => {
    expect(stampBound(kept, "kernel", kept.checkedAtNs)).toEqual({ clock: "kernel", errorBoundNs: 1_106_523 });
    // 40 ppm of skew and 0.001 ppm left over, over ten seconds, both ways in time.
    const laterNs = 1_106_523 + 400_010;
    expect(stampBound(kept, "kernel", kept.checkedAtNs + 10e9).errorBoundNs).toBe(laterNs);
    expect(stampBound(kept, "kernel", kept.checkedAtNs - 10e9).errorBoundNs).toBe(laterNs);
    expect(stampBound(kept, "hardware", kept.checkedAtNs).errorBoundNs).toBeNull();
    expect(stampBound(none, "kernel", 0).errorBoundNs).toBeNull();
  });

  const lax = { errorBoundMaxNs: 1e6, requireDisciplined: false };
  const strict = { errorBoundMaxNs: 1e6, requireDisciplined: true };
  test.each([
    ["a laptop may be ready", none, lax, undefined],
    ["not where a kept clock is asked for", none, strict, /not disciplined/],
    ["not before the first look either", undefined, strict, /not been checked/],
    ["before the first look, where it is not asked for", undefined, lax, undefined],
    ["a kept clock outside the bound", kept, lax, undefined],
    ["the same, where that is asked for", kept, strict, /1107 µs from UTC, more than the 1000 µs/],
    ["a kept clock within it", kept, { ...strict, errorBoundMaxNs: 2e6 }, undefined],
    ["a kept clock without a bound", { ...kept, errorBoundNs: null }, strict, /no bound/],
    ["the same, where it is not asked for", { ...kept, errorBoundNs: null }, lax, undefined],
  ])("%s", (_, quality, demand, expected) => {
    const objection = clockObjection(quality, demand);
    if (expected === undefined) expect(objection).toBeUndefined();
    else expect(objection).toMatch(expected);
  });

  test("metrics are in seconds, and what is not known is no number", () => {
    const values = (quality: typeof kept | undefined) =>
      Object.fromEntries(clockSamples(quality, 5e12).map(({ metric, value }) => [metric, value]));
    expect(values(kept)["clock_error_bound_seconds"]).toBeCloseTo(0.001106523, 9);
    expect(values(kept)).toMatchObject({ clock_offset_seconds: -6.523e-6, clock_disciplined: 1 });
    for (const quality of [none, undefined]) {
      expect(values(quality)).toEqual({
        clock_offset_seconds: Number.NaN,
        clock_error_bound_seconds: Number.NaN,
        clock_disciplined: 0,
      });
    }
  });
});
