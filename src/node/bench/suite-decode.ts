/** Framing and decoding alone, against C: the floor under everything that reads a tape. */
import { type BenchContext, checks, fathomCase, QUICK_REASON, samples, yardstickCase } from "./cases.ts";
import type { SuitePlan } from "./suite.ts";
import { TAPES, tapeText } from "./tapes.ts";

const TIME = "cpu_ns_per_message";
const PASSES = 3;
const PASS_MESSAGES_MIN = 10_000_000;

export async function planDecode(context: BenchContext): Promise<SuitePlan> {
  const tapeSpec = context.onlyTape ?? (context.quick ? TAPES.quick : TAPES["10m"]);
  const tape = await context.tapes.path(tapeSpec);
  const work = (kind: "frame" | "decode") =>
    ({ kind: "decode", tape, passes: PASSES, work: kind, passMessagesMin: PASS_MESSAGES_MIN }) as const;
  const yardstick = (mode: "frame" | "decode", title: string) =>
    yardstickCase(context, `c-${mode}`, title, "itch-book", [tape, String(PASSES), mode], (answer) => ({
      measures: { [TIME]: samples(answer, TIME), wall_ns_per_message: samples(answer, "wall_ns_per_message") },
      checks: { ...checks(answer, "messages"), ...(mode === "decode" ? { sum: wordOf(answer["sum"]) } : {}) },
    }));
  return {
    title: `framing and decoding BinaryFILE; ${tapeText(tapeSpec)}`,
    cases: [
      fathomCase("frame", "lengths only, by the product's framer", work("frame")),
      yardstick("frame", "lengths only, in C"),
      fathomCase("decode", "every field of the order messages, read in place", work("decode")),
      yardstick("decode", "the same in C"),
    ],
    figures: [
      { title: "framing only", case: "frame", measure: TIME, unit: "ns", against: "c-frame" },
      {
        title: "decode only, against C",
        case: "decode",
        measure: TIME,
        unit: "ns",
        against: "c-decode",
        judged: "ratio",
        limit: { must: 1.35, aim: 1.15, better: "lower" },
      },
    ],
    ...(context.quick ? { unjudged: QUICK_REASON } : {}),
  };
}

/** A 64-bit sum, modulo 2^32. */
function wordOf(sum: unknown): string {
  return String(BigInt.asUintN(32, BigInt(String(sum))));
}
