/** What a live order costs of a whole process. */
import { type BenchContext, fathomCase, QUICK_REASON } from "./cases.ts";
import type { SuitePlan } from "./suite.ts";
import { TAPES, tapeText, tapeTooLarge } from "./tapes.ts";

const BYTES = "bytes_per_live_order";
const TITLE = "the product's books";

export async function planMemory(context: BenchContext): Promise<SuitePlan> {
  const large = context.onlyTape === undefined && !context.quick && tapeTooLarge(TAPES["60m"]) === undefined;
  const spec = context.onlyTape ?? (large ? TAPES["60m"] : context.quick ? TAPES.quick : TAPES["10m"]);
  const tape = await context.tapes.path(spec);
  const runMax = 2;
  return {
    title: `memory of the whole process, beyond that of an empty one; ${tapeText(spec)}`,
    cases: [fathomCase("fathom", TITLE, { kind: "memory", tape, builder: "fathom" }, { runMax })],
    figures: [
      {
        title: "bytes a live order",
        case: "fathom",
        measure: BYTES,
        unit: "B",
        limit: { must: 60, aim: 30, better: "lower" },
      },
      { title: "bytes a live order, at the peak", case: "fathom", measure: `peak_${BYTES}`, unit: "B" },
    ],
    ...(large ? {} : { unjudged: context.quick ? QUICK_REASON : "the limit is about 1.5 M live orders" }),
  };
}
