/** Counters are written by one thread and read by another through the same memory. */
import { expect, test } from "bun:test";
import { type CounterSpec, Counters } from "../../../src/core/counters.ts";

const SPECS = {
  packets: { metric: "packets_total", kind: "counter", help: "Packets." },
  depth: { metric: "depth", kind: "gauge", help: "Depth." },
} as const satisfies Record<string, CounterSpec>;

test("a reader over the writer's memory sees every value under its key", () => {
  const writer = new Counters(SPECS);
  const reader = new Counters(SPECS, writer.buffer);
  writer.add("packets");
  writer.add("packets", 2 ** 40);
  writer.set("depth", 7);
  writer.values[writer.index("depth")]! += 0.5;
  expect(reader.toObject()).toEqual({ packets: 2 ** 40 + 1, depth: 7.5 });
  expect(reader.get("packets")).toBe(2 ** 40 + 1);
});
