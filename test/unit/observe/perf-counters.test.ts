/** The block that a hot thread writes and the main thread reads. */
import { expect, test } from "bun:test";
import { BurstMeter } from "../../../src/observe/burst-meter.ts";
import { LoopMeter } from "../../../src/observe/loop-meter.ts";
import {
  openPerfCounters,
  type PerfLayout,
  publishLoop,
  publishQueue,
  publishStages,
} from "../../../src/observe/perf-counters.ts";
import { renderMetrics } from "../../../src/observe/prometheus.ts";
import { StageTimes } from "../../../src/observe/stage-times.ts";

const LAYOUT: PerfLayout = {
  channel: "c",
  thread: "ingest",
  stages: ["receive", "books"],
  queues: ["line.a"],
  rings: ["shard0"],
  lines: ["a"],
};

test("what one side writes the other reads, in seconds, and the metrics say whose it is", () => {
  const written = openPerfCounters(LAYOUT);
  const read = openPerfCounters(LAYOUT, written.buffer);
  const loop = new LoopMeter();
  loop.begin(0);
  loop.worked(1);
  loop.begin(2e9);
  const bursts = new BurstMeter();
  bursts.sample(0.5, 1e9);
  bursts.empty(4e9);
  publishLoop(written, loop, bursts);
  const times = new StageTimes(["receive", "books"]);
  times.add(1, 10, 700);
  times.add(1, 0, 700);
  publishStages(written, times);
  expect(read.get("busySeconds")).toBe(2);
  expect(read.get("burstDrainSeconds")).toBe(3);
  expect(read.get("stage.books.sampled")).toBe(10);
  expect(read.get("stage.books.sampledSeconds")).toBeCloseTo(700e-9);
  expect(renderMetrics([read as never])).toContain(
    'fathom_stage_sampled_total{channel="c",thread="ingest",stage="books"} 10\n',
  );
});

test("a queue's depth is that of now; the most there ever was stays", () => {
  const counters = openPerfCounters(LAYOUT);
  publishQueue(counters, "line.a", 700, 1000);
  publishQueue(counters, "line.a", 20, 1000);
  expect(counters.get("queue.line.a.bytes")).toBe(20);
  expect(counters.get("queue.line.a.bytesMax")).toBe(700);
  expect(counters.get("queue.line.a.capacityBytes")).toBe(1000);
});

test("time that a sample did not take is not taken from the others", () => {
  const times = new StageTimes(["receive"]);
  times.add(0, 1, -30);
  times.add(0, 1, 50);
  expect(times.timesNs[0]).toBe(50);
  expect(times.counts[0]).toBe(2);
});
