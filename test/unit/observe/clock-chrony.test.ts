/** chrony's line, as chronyc 4.3 and the samples of its manual have it. */
import { describe, expect, test } from "bun:test";
import {
  chronyErrorBoundNs,
  chronyIsLocal,
  chronyIsSynchronised,
  parseChronyTracking,
} from "../../../src/observe/clock-chrony.ts";

/** In the manual's report for people: 0.000006523 s slow, 3.225 ppm slow, root delay 13.639 ms, dispersion 1.1 ms. */
const SERVER =
  "CB00710F,203.0.113.15,3,1453721434.617,0.000006523,-0.000006747,0.000035822,-3.225,0.000,0.129," +
  "0.013639022,0.001100737,64.2,Normal\n";
const PPS =
  "50505300,PPS,1,1795339514.464076334,-0.000000031,0.000000012,0.000000040,9.871,-0.000,0.002,0.000000001," +
  "0.000010500,16.0,Normal";
const LOCAL =
  "7F7F0101,,8,1795339514.464076334,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000," +
  "0.000000000,0.0,Normal";
const NOTHING =
  "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000," +
  "0.0,Not synchronised";

describe("chronyc -c tracking", () => {
  test("every field, signs turned to the system clock's point of view", () => {
    expect(parseChronyTracking(SERVER)).toEqual({
      referenceId: "CB00710F",
      referenceName: "203.0.113.15",
      stratum: 3,
      referenceTimeSeconds: 1453721434.617,
      // "slow of NTP time": behind.
      offsetNs: -6523,
      lastOffsetNs: -6747,
      rmsOffsetNs: 35822,
      // "slow": it would lose.
      frequencyPpm: -3.225,
      residualFrequencyPpm: 0,
      skewPpm: 0.129,
      rootDelayNs: 13639022,
      rootDispersionNs: 1100737,
      updateIntervalSeconds: 64.2,
      leapStatus: "normal",
    });
  });

  test("what a real chronyd 4.3 said of a clock half a second slow", () => {
    const line =
      "7F000001,127.0.0.1,6,1795340848.553624951,0.499998569,-0.000000009,0.000000957,-0.030,-0.001,0.193," +
      "0.000006037,0.000001547,1.0,Normal";
    expect(parseChronyTracking(line)).toMatchObject({ offsetNs: -499_998_569, frequencyPpm: -0.03 });
  });

  test("the bound is |offset| + root dispersion + half the root delay", () => {
    expect(chronyErrorBoundNs(parseChronyTracking(SERVER)!)).toBeCloseTo(6523 + 1_100_737 + 6_819_511, 0);
    expect(chronyErrorBoundNs(parseChronyTracking(PPS)!)).toBeCloseTo(31 + 10_500 + 0.5, 3);
  });

  test.each([
    ["a server", SERVER, true, false],
    ["a reference clock", PPS, true, false],
    ["a leap second ahead", SERVER.replace("Normal", "Insert second"), true, false],
    ["this machine's own clock", LOCAL, false, true],
    ["no reference yet", NOTHING, false, false],
    ["a reference that was lost", SERVER.replace("Normal", "Not synchronised"), false, false],
  ])("%s", (_, line, isSynchronised, isLocal) => {
    const tracking = parseChronyTracking(line)!;
    expect({ is: chronyIsSynchronised(tracking), local: chronyIsLocal(tracking) }).toEqual({
      is: isSynchronised,
      local: isLocal,
    });
  });

  test.each([
    ["no daemon", "506 Cannot talk to daemon\n"],
    ["nothing", ""],
    ["a field less", SERVER.replace(",64.2", "")],
    ["a field more", SERVER.replace(",Normal", ",1,Normal")],
    ["a number that is none", SERVER.replace("0.013639022", "nan")],
    ["an empty number", SERVER.replace("0.013639022", "")],
    ["an unknown leap status", SERVER.replace("Normal", "Fine")],
    ["the report for people", "Reference ID    : CB00710F (foo.example.net)"],
  ])("%s is no answer", (_, text) => {
    expect(parseChronyTracking(text)).toBeUndefined();
  });
});
