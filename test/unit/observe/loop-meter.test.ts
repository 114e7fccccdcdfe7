/** Where a duty cycle's time went, and the longest that it was away. */
import { expect, test } from "bun:test";
import { LoopMeter } from "../../../src/observe/loop-meter.ts";

const MS = 1e6;

/** A turn at `nowNs` that does `work`, and then means to sleep. */
function turn(meter: LoopMeter, nowNs: number, work: number, sleepNs = 0): void {
  meter.begin(nowNs);
  meter.worked(work);
  if (work === 0) meter.sleeps(sleepNs);
}

test("busy and idle time add up to the time there was", () => {
  const meter = new LoopMeter();
  turn(meter, 1000, 5);
  turn(meter, 1400, 0);
  turn(meter, 1500, 1);
  turn(meter, 2500, 0);
  meter.begin(3000);
  expect(meter).toMatchObject({ turnCount: 5, busyTurnCount: 2, busyNs: 1400, idleNs: 600 });
});

test("a pause is the time away beyond the sleep that was meant", () => {
  const meter = new LoopMeter();
  turn(meter, 0, 0, 1 * MS);
  // Woken early, and in time.
  turn(meter, 0.3 * MS, 0, 1 * MS);
  turn(meter, 1.3 * MS, 1);
  expect(meter.pauseMaxNs).toBe(0);
  // A turn with 0.2 ms of work, then a sleep of 1 ms from which it woke 4 ms late.
  turn(meter, 1.5 * MS, 0, 1 * MS);
  expect(meter.pauseMaxNs).toBeCloseTo(0.2 * MS);
  turn(meter, 6.5 * MS, 0);
  expect(meter.pauseMaxNs).toBeCloseTo(4 * MS);
  expect(meter.pauseRecentNs).toBeCloseTo(4 * MS);
});

test("the recent pause is forgotten after two seconds, the longest never", () => {
  const meter = new LoopMeter();
  turn(meter, 0, 1);
  for (let nowNs = 7 * MS; nowNs < 2.1e9; nowNs += MS) turn(meter, nowNs, 1);
  expect(meter.pauseRecentNs).toBeCloseTo(MS);
  expect(meter.pauseMaxNs).toBeCloseTo(7 * MS);
});
