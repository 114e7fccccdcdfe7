/** The whole way on a small tape: processes of its own, yardsticks compiled, nothing left behind. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bench, outcomeOf, type SuiteName } from "../../../../src/node/bench/bench.ts";
import type { BenchReport, SuiteResult } from "../../../../src/node/bench/suite.ts";

const TAPE = { messages: 20_000, symbols: 20, live: 1_000, seed: 42 };
const hasCompiler = ["gcc", "cc", "clang"].some((name) => Bun.which(name) !== null);

async function runBench(suites: SuiteName[], tapeFolder: string, keepTapes = false, onlyTape = TAPE) {
  const said: SuiteResult[] = [];
  const talk = { tape: () => {}, run: () => {}, suite: (result: SuiteResult) => void said.push(result) };
  const bench = new Bench({ suites, runs: 2, quick: true, tapeFolder, keepTapes, onlyTape }, talk);
  try {
    const report: BenchReport = await bench.run();
    expect(said).toEqual([...report.suites]);
    return report;
  } finally {
    bench.close();
  }
}

async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "fathom-bench-test-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const programFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("fathom-bench-programs-")).length;

describe("bench", () => {
  test("a wrong answer weighs more than a missed limit, and that more than nothing", () => {
    const suite = { name: "", title: "", runs: 1, cases: [], figures: [], disagreements: [] } satisfies SuiteResult;
    const figure = { title: "", case: "", measure: "", unit: "", judged: "value" } as const;
    const missed = { ...suite, figures: [{ ...figure, verdict: "missed" as const }] };
    const machine = {} as BenchReport["machine"];
    expect(outcomeOf({ machine, suites: [suite] })).toBe("good");
    expect(outcomeOf({ machine, suites: [suite, missed] })).toBe("missed");
    expect(outcomeOf({ machine, suites: [missed, { ...suite, disagreements: ["digest"] }] })).toBe("wrong");
  });

  test("a quick decode: both programs read the same fields, and their times stand side by side", async () => {
    await withFolder(async (folder) => {
      const before = programFolders();
      const report = await runBench(["decode"], join(folder, "tapes"));
      const figure = report.suites[0]!.figures.find(({ case: name }) => name === "decode")!;
      expect(figure.value!.count).toBe(2);
      expect(figure.value!.median).toBeGreaterThan(0);
      if (hasCompiler) expect(figure.against!.ratio.median).toBeGreaterThan(0);
      else expect(figure.note).toContain("no C compiler");
      expect(figure.verdict).toBeUndefined();
      expect(report.suites[0]!.disagreements).toEqual([]);
      expect(outcomeOf(report)).toBe("good");
      expect(existsSync(join(folder, "tapes"))).toBe(false);
      expect(programFolders()).toBe(before);
    });
  }, 60_000);

  test("a quick book: fathom, C, maps and objects and the naive book end with the same orders", async () => {
    await withFolder(async (folder) => {
      const report = await runBench(["book"], folder);
      const { cases, disagreements } = report.suites[0]!;
      expect(disagreements).toEqual([]);
      const digests = cases.filter((entry) => entry.missing === undefined).map((entry) => entry.checks["digest"]);
      expect(new Set(digests).size).toBe(1);
      expect(digests).toHaveLength(hasCompiler ? 4 : 3);
      expect(
        cases.every((entry) => entry.checks["bad_messages"] === undefined || entry.checks["bad_messages"] === "0"),
      ).toBe(true);
      expect(cases.find(({ name }) => name === "fathom")!.checks["state_hash"]).toMatch(/^[0-9a-f]{16}$/);
    });
  }, 60_000);

  test("tapes that are to be kept stay, and are taken the next time", async () => {
    await withFolder(async (folder) => {
      await runBench(["memory"], folder, true);
      const [tape, ...others] = readdirSync(folder);
      expect(others).toEqual([]);
      expect(tape).toBe("day-20000-20-1000-42.bin");
      await runBench(["memory"], folder);
      expect(readdirSync(folder)).toEqual([tape!]);
    });
  }, 60_000);

  test("garbage shows where there is some: the meter sees maps and objects", async () => {
    await withFolder(async (folder) => {
      const report = await runBench(["allocation"], folder, false, { ...TAPE, messages: 200_000 });
      const figures = report.suites[0]!.figures.filter(({ measure }) => measure === "heap_bytes");
      const [fathom, map] = figures.map((figure) => figure.value!.median);
      expect(map!).toBeGreaterThan(1e6);
      expect(fathom!).toBeLessThan(map! / 4);
    });
  }, 60_000);
});
