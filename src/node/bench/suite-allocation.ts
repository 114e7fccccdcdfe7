/**
 * Garbage and pauses: what the hot path leaves on the heap, and the longest time between two batches of messages beside
 * the longest that the machine takes from a C program that only reads the clock.
 */
import { type BenchContext, fathomCase, QUICK_REASON, samples, yardstickCase } from "./cases.ts";
import type { SuitePlan } from "./suite.ts";
import { shortCount, TAPES, tapeText } from "./tapes.ts";

const GAP = "longest_gap_ns";
const GAP_SECONDS = 20;
const GAP_SECONDS_QUICK = 5;

export async function planAllocation(context: BenchContext): Promise<SuitePlan> {
  const spec = context.onlyTape ?? (context.quick ? TAPES.quick : TAPES["10m"]);
  const tape = await context.tapes.path(spec);
  const half = Math.floor(spec.messages / 2);
  const seconds = context.onlyTape ? 1 : context.quick ? GAP_SECONDS_QUICK : GAP_SECONDS;
  const common = { kind: "allocation", tape, warmMessages: half, messages: half } as const;
  return {
    title: `garbage and pauses; ${tapeText(spec)}`,
    cases: [
      fathomCase("fathom", "the second half of the tape", { ...common, builder: "fathom" }, { runMax: 3 }),
      fathomCase("map-book", "the same on maps and objects", { ...common, builder: "map-book" }, { runMax: 1 }),
      fathomCase("fathom-gaps", `${seconds} s of messages`, { kind: "longest-gap", tape, seconds }, { runMax: 3 }),
      yardstickCase(
        context,
        "c-gaps",
        `${seconds} s of reading the clock, in C`,
        "longest-gap",
        [String(seconds)],
        (answer) => ({
          measures: { [GAP]: samples(answer, GAP), gaps_over_1ms: samples(answer, "gaps_over_1ms") },
          checks: {},
        }),
        { runMax: 3 },
      ),
    ],
    figures: [
      {
        title: `objects made over ${shortCount(half)} messages`,
        case: "fathom",
        measure: "heap_bytes",
        unit: "B",
        limit: { must: 0, better: "lower" },
      },
      { title: "the same on maps and objects", case: "map-book", measure: "heap_bytes", unit: "B" },
      { title: "growth of the pools meanwhile", case: "fathom", measure: "pool_bytes", unit: "B" },
      { title: "longest gap between batches", case: "fathom-gaps", measure: GAP, unit: "ns", against: "c-gaps" },
      {
        title: `gaps over 1 ms in ${seconds} s`,
        case: "fathom-gaps",
        measure: "gaps_over_1ms",
        unit: "",
        against: "c-gaps",
      },
    ],
    ...(context.quick ? { unjudged: QUICK_REASON } : {}),
  };
}
