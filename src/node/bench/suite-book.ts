/**
 * Full books with time priority from BinaryFILE bytes, one thread, no events: against the C builder of the same layout,
 * a plain TypeScript builder on maps and objects, and the naive book that is obviously right. Every run must end with
 * the same orders in the same places.
 */
import { type BenchContext, checks, fathomCase, QUICK_REASON, samples, yardstickCase } from "./cases.ts";
import type { BenchCase, FigureSpec, MissingCase, SuitePlan } from "./suite.ts";
import { TAPES, type TapeSpec, tapeText, tapeTooLarge } from "./tapes.ts";

const TIME = "cpu_ns_per_message";
const WALL = "wall_ns_per_message";

/** The 10 M tape, or a small one. */
export async function planBook(context: BenchContext): Promise<SuitePlan> {
  const spec = context.onlyTape ?? (context.quick ? TAPES.quick : TAPES["10m"]);
  const tape = await context.tapes.path(spec);
  const passes = 3;
  return {
    title: `full books, no events; ${tapeText(spec)}`,
    cases: [
      fathomCase("fathom", "the product's books", { kind: "book", tape, passes, builder: "fathom", stateHash: true }),
      cBook(context, tape, passes),
      fathomCase(
        "map-book",
        "maps and objects, as TypeScript is usually written",
        { kind: "book", tape, passes: 1, builder: "map-book", stateHash: false },
        { runMax: 2 },
      ),
      naiveCase(tape),
    ],
    figures: [
      ...againstC(spec, { must: 1.3, aim: 1.1 }, { must: 100, aim: 80 }),
      {
        title: "maps and objects, against fathom",
        case: "map-book",
        measure: TIME,
        unit: "ns",
        against: "fathom",
        judged: "ratio",
        limit: { must: 10, aim: 30, better: "higher" },
      },
      { title: "the naive book", case: "naive", measure: TIME, unit: "ns", against: "fathom" },
    ],
    ...(context.quick ? { unjudged: QUICK_REASON } : {}),
  };
}

/** The 60 M tape. There is no small one: a quick bench leaves it out. */
export async function planBook60m(context: BenchContext): Promise<SuitePlan> {
  const spec = context.onlyTape ?? TAPES["60m"];
  const title = `full books, no events; ${tapeText(spec)}`;
  const tooLarge = tapeTooLarge(spec);
  const missing = tooLarge ?? (context.quick ? "left out of a quick run" : undefined);
  const figures = againstC(spec, { must: 1.3, aim: 1.1 }, { must: 227, aim: 166 });
  if (missing !== undefined) {
    return { title, cases: [{ name: "fathom", title: "the product's books", missing }, cMissing(missing)], figures };
  }
  const tape = await context.tapes.path(spec);
  const cases = [
    fathomCase("fathom", "the product's books", { kind: "book", tape, passes: 1, builder: "fathom", stateHash: true }),
    cBook(context, tape, 1),
    naiveCase(tape),
  ];
  return { title, cases, figures };
}

function cBook(context: BenchContext, tape: string, passes: number): BenchCase | MissingCase {
  const title = "the same layout in C";
  return yardstickCase(context, "c", title, "itch-book", [tape, String(passes), "book"], (answer) => ({
    measures: { [TIME]: samples(answer, TIME), [WALL]: samples(answer, WALL) },
    checks: checks(answer, "messages", "orders", "bad_messages", "digest"),
  }));
}

function cMissing(missing: string): MissingCase {
  return { name: "c", title: "the same layout in C", missing };
}

/** Once: it is there for its answers, not for its speed. */
function naiveCase(tape: string): BenchCase {
  const spec = { kind: "book", tape, passes: 1, builder: "naive", stateHash: true } as const;
  return fathomCase("naive", "the book that is obviously right", spec, { runMax: 1 });
}

function againstC(
  spec: TapeSpec,
  ratio: { must: number; aim: number },
  nanoseconds: { must: number; aim: number },
): FigureSpec[] {
  const title = `full book, ${tapeText(spec).split(",")[0]}`;
  const common = { case: "fathom", unit: "ns", against: "c" } as const;
  return [
    {
      title: `${title}, against C`,
      ...common,
      measure: TIME,
      judged: "ratio",
      limit: { ...ratio, better: "lower" },
    },
    { title, ...common, measure: TIME, limit: { ...nanoseconds, better: "lower" } },
    { title: `${title}, by the clock on the wall`, ...common, measure: WALL },
  ];
}
