/** Counters as Prometheus text: one head a metric, every sample below it, and labels that cannot break out. */
import { describe, expect, test } from "bun:test";
import { Counters } from "../../../src/core/counters.ts";
import { renderMetrics } from "../../../src/observe/prometheus.ts";

const block = (channel: string) =>
  new Counters({
    packets: { metric: "packets_total", kind: "counter", help: "Packets\nreceived \\ all", labels: { channel } },
    depth: { metric: "depth", kind: "gauge", help: "Depth", labels: { channel } },
  });

describe("renderMetrics", () => {
  test("groups the samples of several blocks under one head each", () => {
    const [a, b] = [block("a"), block("b")];
    a.set("packets", 3);
    b.set("packets", 4_000_000_000);
    b.set("depth", 0.5);
    expect(renderMetrics([a, b])).toBe(
      [
        "# HELP fathom_packets_total Packets received   all",
        "# TYPE fathom_packets_total counter",
        'fathom_packets_total{channel="a"} 3',
        'fathom_packets_total{channel="b"} 4000000000',
        "# HELP fathom_depth Depth",
        "# TYPE fathom_depth gauge",
        'fathom_depth{channel="a"} 0',
        'fathom_depth{channel="b"} 0.5',
        "",
      ].join("\n"),
    );
  });

  test("a sample without labels has no braces; a value that is no number is written as Prometheus does", () => {
    const sample = (metric: string, value: number) => ({ metric, kind: "gauge" as const, help: "x", value });
    const values = [sample("up", 1), sample("none", Number.NaN), sample("top", Infinity), sample("low", -Infinity)];
    const lines = renderMetrics([], values)
      .split("\n")
      .filter((line) => !line.startsWith("#"));
    expect(lines).toEqual(["fathom_up 1", "fathom_none NaN", "fathom_top +Inf", "fathom_low -Inf", ""]);
  });

  test("a label's quotes, backslashes and line breaks are escaped", () => {
    const text = renderMetrics([block('x"} 1\nevil{y="\\')]);
    expect(text).toContain('{channel="x\\"} 1\\nevil{y=\\"\\\\"} 0\n');
    expect(text.split("\n").length).toBe(7);
  });
});
