/** The report for people and for programs. */
import { describe, expect, test } from "bun:test";
import type { Machine } from "../../../../src/node/bench/machine.ts";
import { reportToJson } from "../../../../src/node/bench/report-json.ts";
import { machineText, quantity, reportText, suiteText } from "../../../../src/node/bench/report-table.ts";
import { summarize } from "../../../../src/node/bench/statistics.ts";
import type { FigureResult, SuiteResult } from "../../../../src/node/bench/suite.ts";

const machine: Machine = {
  cpu: "Example 9000",
  cores: 2,
  memoryBytes: 16 * 2 ** 30,
  kernel: "6.1.0",
  architecture: "x64",
  hugePages: "madvise",
  bun: "1.4.5",
  fathom: "0.1.0",
  commit: "abc",
  compiler: "gcc 12, -O2",
  loadAverage: 0.25,
};

const measured: FigureResult = {
  title: "full book, against C",
  case: "fathom",
  measure: "cpu_ns_per_message",
  unit: "ns",
  value: summarize([90, 100, 110])!,
  against: { case: "c", value: summarize([80])!, ratio: summarize([1.2, 1.25, 1.3])! },
  judged: "ratio",
  limit: { must: 1.3, aim: 1.1, better: "lower" },
  verdict: "met",
};

const unmeasured: FigureResult = {
  title: "receive",
  case: "socket",
  measure: "ns",
  unit: "ns",
  judged: "value",
  limit: { must: 5, better: "lower" },
  note: "no c: no C compiler on this machine",
};

const suite: SuiteResult = {
  name: "book",
  title: "full books",
  runs: 3,
  cases: [
    {
      name: "fathom",
      title: "ours",
      samples: { cpu_ns_per_message: [100, 100], wall_ns_per_message: [150, 250] },
      checks: { digest: "00ff" },
    },
  ],
  figures: [measured, unmeasured],
  disagreements: [],
};

describe("table", () => {
  test("a line has the median, the range, the peer, the ratio with its range, the limits and the verdict", () => {
    const line = suiteText(suite)
      .split("\n")
      .find((text) => text.includes("full book, against C"))!;
    const cells = ["100 ns", "90 ns – 110 ns", "20 %", "c 80 ns", "1.25", "1.20 – 1.30", "≤ 1.3 ×", "≤ 1.1 ×", "met"];
    let from = 0;
    for (const cell of cells) {
      const at = line.indexOf(cell, from);
      expect(at, `${cell} after ${line.slice(0, from)}`).toBeGreaterThanOrEqual(0);
      from = at + cell.length;
    }
  });

  test("columns stand under their headings in every line", () => {
    const lines = suiteText(suite).split("\n");
    const must = lines[1]!.indexOf("must") + "must".length;
    for (const line of lines.slice(2, 4))
      expect(line.slice(0, must).trimEnd()).toEndWith(line.includes("5 ns") ? "≤ 5 ns" : "≤ 1.3 ×");
  });

  test("what could not be measured has a dash, no verdict, and the reason below", () => {
    const lines = suiteText(suite).split("\n");
    expect(lines.find((line) => line.includes("receive"))).toMatch(/receive\s+—/);
    expect(lines).toContain("  no c: no C compiler on this machine");
  });

  test("a case that took much longer than its CPU time says that the machine was shared", () => {
    expect(suiteText(suite)).toContain("fathom took 2.0 × its CPU time");
  });

  test("runs that do not agree cannot be overlooked", () => {
    expect(suiteText({ ...suite, disagreements: ["digest: 1 by a; 2 by b"] })).toContain("WRONG");
    expect(suiteText(suite)).not.toContain("WRONG");
  });

  test("quantities come with a unit that can be read", () => {
    expect(quantity(99.26, "ns")).toBe("99.3 ns");
    expect(quantity(152.4, "ns")).toBe("152 ns");
    expect(quantity(45_600, "ns")).toBe("45.6 µs");
    expect(quantity(5_689_473, "ns")).toBe("5.69 ms");
    expect(quantity(55_799_808, "B")).toBe("55.8 MB");
    expect(quantity(0, "B")).toBe("0 B");
    expect(quantity(12, "")).toBe("12");
  });

  test("the machine is named: without it a number says nothing", () => {
    const text = machineText(machine);
    for (const part of ["Example 9000", "2 cores", "16 GiB", "6.1.0", "gcc 12, -O2", "Bun 1.4.5", "abc"])
      expect(text).toContain(part);
    expect(reportText({ machine, suites: [suite] })).toStartWith(text);
  });
});

describe("JSON", () => {
  test("it carries every sample, summary and check, and survives being written and read", () => {
    const json = JSON.parse(JSON.stringify(reportToJson({ machine, suites: [suite] })));
    expect(json.machine).toMatchObject({ cpu: "Example 9000", memory_bytes: 17179869184, load_average: 0.25 });
    expect(json.suites[0].figures[0]).toMatchObject({
      value: { median: 100, count: 3 },
      against: { case: "c", ratio: { median: 1.25 } },
      limit: { must: 1.3, aim: 1.1, better: "lower" },
      verdict: "met",
    });
    expect(json.suites[0].figures[1]).toMatchObject({ value: null, against: null, verdict: null });
    expect(json.suites[0].cases[0]).toMatchObject({
      samples: { wall_ns_per_message: [150, 250] },
      checks: { digest: "00ff" },
    });
  });
});
