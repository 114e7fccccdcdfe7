/** What is put off, in which order, and when it is taken back. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Counters } from "../../../src/core/counters.ts";
import {
  DegradationGovernor,
  type DegradationStep,
  DegradationView,
  degradationCounterSpecs,
  enabledMeasures,
  MEASURES,
  makeDegradationMemory,
} from "../../../src/node/degradation.ts";
import type { DegradationSettings } from "../../../src/node/settings.ts";

const NEVER = Number.POSITIVE_INFINITY;
const SHARES = { history: 0.4, statistics: 0.5, watches: 0.6, queries: 0.75 };
const HOLD_NS = 1000;

function governed(shares: DegradationSettings["shares"] = SHARES) {
  const settings = { shares, holdNs: HOLD_NS };
  const memory = makeDegradationMemory();
  const steps: DegradationStep[] = [];
  const governor = new DegradationGovernor(settings, memory, (step) => steps.push(step));
  const counters = new Counters(degradationCounterSpecs("c"), memory.counters);
  return { governor, steps, view: new DegradationView(settings, memory), counters };
}

describe("the governor", () => {
  test("takes each measure at its share, in the stated order, and every thread sees it", () => {
    const { governor, steps, view, counters } = governed();
    governor.update(0.39, 0);
    expect(view.active).toEqual([]);
    governor.update(0.4, 1);
    expect(view.active).toEqual(["history"]);
    governor.update(0.8, 2);
    expect(view.active).toEqual([...MEASURES]);
    expect(steps.map(({ measure, isTaken }) => [measure, isTaken])).toEqual(MEASURES.map((name) => [name, true]));
    expect(view.isActive("queries")).toBe(true);
    expect(counters.get("level")).toBe(4);
    expect(counters.get("taken.queries")).toBe(1);
    expect(counters.get("pressureMax")).toBe(0.8);
  });

  test("takes back the last one first, each after the queues have stayed below half of its share", () => {
    const { governor, view } = governed();
    governor.update(1, 0);
    governor.update(0.38, 10);
    governor.update(0.38, 10 + 5 * HOLD_NS);
    expect(view.level).toBe(4);
    governor.update(0.37, 20_000);
    governor.update(0.37, 20_000 + HOLD_NS - 1);
    expect(view.level).toBe(4);
    governor.update(0.37, 20_000 + HOLD_NS);
    expect(view.active).toEqual(["history", "statistics", "watches"]);
    // 0.37 is not below half of 0.6.
    governor.update(0.37, 90_000);
    expect(view.level).toBe(3);
    for (let nowNs = 100_000; view.level > 0; nowNs += HOLD_NS) governor.update(0, nowNs);
    expect(view.active).toEqual([]);
  });

  test("one moment of pressure starts the waiting anew", () => {
    const { governor, view } = governed();
    governor.update(0.45, 0);
    governor.update(0, 100);
    governor.update(0.3, 900);
    governor.update(0, 1000);
    governor.update(0, 1000 + HOLD_NS - 1);
    expect(view.level).toBe(1);
    governor.update(0, 1000 + HOLD_NS);
    expect(view.level).toBe(0);
  });

  test("whatever the pressure does, a measure is in force only with all before it, and steps tell the level", () => {
    const pressures = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2 * HOLD_NS)));
    const share = fc.constantFrom(0.1, 0.3, 0.5, 0.9, 1, NEVER);
    fc.assert(
      fc.property(pressures, share, share, share, share, (run, history, statistics, watches, queries) => {
        const shares = { history, statistics, watches, queries };
        const { governor, steps, view } = governed(shares);
        const order = enabledMeasures(shares);
        let nowNs = 0;
        let level = 0;
        for (const [pressure, afterNs] of run) {
          nowNs += afterNs;
          governor.update(pressure, nowNs);
          for (const step of steps.splice(0)) {
            if (!step.isTaken) level--;
            expect(step.measure).toBe(order[level]!.measure);
            if (step.isTaken) expect(pressure).toBeGreaterThanOrEqual(order[level++]!.share);
          }
          expect(view.level).toBe(level);
          expect(view.active).toEqual(order.slice(0, level).map(({ measure }) => measure));
          for (const { share: at } of order.slice(level)) expect(pressure).toBeLessThan(at);
        }
      }),
    );
  });
});

describe("the measures", () => {
  test("those turned off are left out, and none acts before one that comes before it", () => {
    expect(enabledMeasures({ ...SHARES, statistics: NEVER, watches: 0.1 })).toEqual([
      { measure: "history", share: 0.4 },
      { measure: "watches", share: 0.4 },
      { measure: "queries", share: 0.75 },
    ]);
  });

  test("books are none of them", () => {
    expect(MEASURES as readonly string[]).not.toContain("books");
  });
});
