/** Bursts: how deep, how long, how long to drain. */
import { expect, test } from "bun:test";
import { BurstMeter } from "../../../src/observe/burst-meter.ts";

test("a burst is told of when it is over, from its deepest to empty", () => {
  const meter = new BurstMeter();
  meter.sample(0.1, 100);
  meter.sample(0.4, 200);
  meter.sample(0.3, 300);
  expect(meter).toMatchObject({ count: 0, openShare: 0.4, depthShareMax: 0.4, lastDrainNs: 0 });
  meter.empty(900);
  expect(meter).toMatchObject({ count: 1, openShare: 0, lastDepthShare: 0.4, lastDurationNs: 800, lastDrainNs: 700 });
  meter.sample(0.2, 1000);
  meter.empty(1100);
  expect(meter).toMatchObject({ count: 2, depthShareMax: 0.4, lastDepthShare: 0.2, lastDrainNs: 100, drainNsMax: 700 });
});

test("a queue with hardly anything in it is no burst", () => {
  const meter = new BurstMeter();
  meter.empty(1);
  meter.sample(0.009, 2);
  meter.empty(3);
  expect(meter).toMatchObject({ count: 0, depthShareMax: 0, openShare: 0 });
});
