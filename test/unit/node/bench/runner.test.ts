/** Cases by turns, and figures of what they found. */
import { describe, expect, test } from "bun:test";
import { runSuite } from "../../../../src/node/bench/runner.ts";
import type { BenchCase, FigureSpec, SuitePlan } from "../../../../src/node/bench/suite.ts";

const log: string[] = [];

/** A case whose runs take these nanoseconds, one after the other. */
function scripted(name: string, runs: readonly number[][], checks: Record<string, string> = {}): BenchCase {
  let at = 0;
  return {
    name,
    title: name,
    run: () => {
      log.push(name);
      return Promise.resolve({ measures: { ns: runs[at++]! }, checks });
    },
  };
}

const figure: FigureSpec = {
  title: "a against b",
  case: "a",
  measure: "ns",
  unit: "ns",
  against: "b",
  judged: "ratio",
  limit: { must: 1.3, better: "lower" },
};

async function run(plan: Partial<SuitePlan> & Pick<SuitePlan, "cases">, runs: number) {
  log.length = 0;
  return await runSuite("suite", { title: "", figures: [figure], ...plan }, runs, () => {});
}

describe("runner", () => {
  test("cases take turns, so that a slow minute of the machine falls on all of them", async () => {
    await run({ cases: [scripted("a", [[1], [1]]), scripted("b", [[1], [1]])] }, 2);
    expect(log).toEqual(["a", "b", "a", "b"]);
  });

  test("a slow peer is run as often as it asks for and no more", async () => {
    const slow: BenchCase = { ...scripted("b", [[10]]), runMax: 1 };
    const result = await run({ cases: [scripted("a", [[10], [30], [20]]), slow] }, 3);
    expect(log).toEqual(["a", "b", "a", "a"]);
    expect(result.figures[0]).toMatchObject({ value: { count: 3, median: 20 }, against: { ratio: { count: 1 } } });
  });

  test("a run is the median of its passes, and the ratio is the median of the runs' ratios", async () => {
    const a = scripted("a", [[11, 10, 900], [40], [90]]);
    const b = scripted("b", [[10], [20], [30]]);
    const { figures } = await run({ cases: [a, b] }, 3);
    expect(figures[0]!.against!.ratio).toMatchObject({ min: 1.1, median: 2, max: 3 });
    expect(figures[0]!.verdict).toBe("missed");
  });

  test("a peer that cannot be had leaves the value, no verdict on the ratio, and says why", async () => {
    const missing = { name: "b", title: "b", missing: "no C compiler" };
    const { figures } = await run({ cases: [scripted("a", [[10]]), missing] }, 1);
    expect(figures[0]).toMatchObject({ value: { median: 10 }, note: "no b: no C compiler" });
    expect(figures[0]!.verdict).toBeUndefined();
    expect(figures[0]!.against).toBeUndefined();
  });

  test("a limit about the value is judged without the peer", async () => {
    const missing = { name: "b", title: "b", missing: "no C compiler" };
    const byValue = { ...figure, judged: "value", limit: { must: 10, better: "lower" } } as const;
    const { figures } = await run({ cases: [scripted("a", [[10]]), missing], figures: [byValue] }, 1);
    expect(figures[0]!.verdict).toBe("met");
  });

  test("where the limits do not count there is no verdict", async () => {
    const cases = [scripted("a", [[10]]), scripted("b", [[1]])];
    const { figures, unjudged } = await run({ cases, unjudged: "a small tape" }, 1);
    expect(figures[0]!.verdict).toBeUndefined();
    expect(unjudged).toBe("a small tape");
  });

  test("answers that differ are told: which check, what each said", async () => {
    const a = scripted("a", [[1]], { digest: "11", orders: "5" });
    const b = scripted("b", [[1]], { digest: "22", orders: "5" });
    const { disagreements } = await run({ cases: [a, b] }, 1);
    expect(disagreements).toEqual(["digest: 11 by a; 22 by b"]);
  });

  test("a case that answers differently from run to run is told too", async () => {
    let calls = 0;
    const a: BenchCase = {
      name: "a",
      title: "a",
      run: () => Promise.resolve({ measures: { ns: [1] }, checks: { orders: String(calls++) } }),
    };
    const { disagreements } = await run({ cases: [a], figures: [] }, 2);
    expect(disagreements).toHaveLength(1);
  });
});
