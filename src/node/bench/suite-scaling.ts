/** How the cost of a message grows with the number of symbols and of live orders, in fathom and in C. */
import { type BenchContext, checks, fathomCase, samples, yardstickCase } from "./cases.ts";
import type { BenchCase, FigureSpec, MissingCase, SuitePlan } from "./suite.ts";
import { shortCount, type TapeSpec, tapeTooLarge } from "./tapes.ts";

const TIME = "cpu_ns_per_message";
const SEED = 42;
const RUN_MAX = 3;
const MESSAGES_MIN = 2_000_000;
const MESSAGES_QUICK = 400_000;
/** A day must be so much longer than its live orders are many, to have built them up and turned them over. */
const MESSAGES_PER_LIVE = 4;

const SYMBOLS = [10, 100, 1_000, 10_000];
const SYMBOLS_LIVE = 100_000;
const LIVE = [1e3, 1e4, 1e5, 1e6, 1e7];
const LIVE_SYMBOLS = 100;

interface Point {
  readonly name: string;
  readonly title: string;
  readonly spec: TapeSpec;
}

export async function planScaling(context: BenchContext): Promise<SuitePlan> {
  const cases: (BenchCase | MissingCase)[] = [];
  const figures: FigureSpec[] = [];
  for (const { name, title, spec } of points(context)) {
    const fathom = `fathom-${name}`;
    const c = `c-${name}`;
    figures.push({ title, case: fathom, measure: TIME, unit: "ns", against: c });
    const missing = tapeTooLarge(spec);
    if (missing !== undefined) {
      cases.push({ name: fathom, title, missing }, { name: c, title: `${title}, in C`, missing });
      continue;
    }
    const tape = await context.tapes.path(spec);
    const work = { kind: "book", tape, passes: 1, builder: "fathom", stateHash: false } as const;
    cases.push(named(name, fathomCase(fathom, title, work, { runMax: RUN_MAX })));
    const toRun = (answer: Readonly<Record<string, unknown>>) => ({
      measures: { [TIME]: samples(answer, TIME) },
      checks: checks(answer, "messages", "orders", "bad_messages", "digest"),
    });
    const parameters = [tape, "1", "book"];
    const yardstick = yardstickCase(context, c, `${title}, in C`, "itch-book", parameters, toRun, { runMax: RUN_MAX });
    cases.push("run" in yardstick ? named(name, yardstick) : yardstick);
  }
  return { title: "one message, by how many symbols and live orders there are", cases, figures };
}

/** Checks hold within a point only, so each carries its name. */
function named(point: string, entry: BenchCase): BenchCase {
  const run = async () => {
    const { measures, checks: found } = await entry.run();
    const renamed = Object.entries(found).map(([check, value]) => [`${point}: ${check}`, value]);
    return { measures, checks: Object.fromEntries(renamed) as Record<string, string> };
  };
  return { ...entry, run };
}

function points(context: BenchContext): Point[] {
  const messages = (live: number) =>
    context.quick ? MESSAGES_QUICK : Math.max(MESSAGES_MIN, Math.min(live * MESSAGES_PER_LIVE, 40_000_000));
  const symbolsLive = context.quick ? SYMBOLS_LIVE / 10 : SYMBOLS_LIVE;
  const bySymbols = SYMBOLS.filter((symbols) => !context.quick || symbols <= 1_000).map((symbols) => ({
    name: `${symbols}-symbols`,
    title: `${shortCount(symbols)} symbols, ${shortCount(symbolsLive)} live`,
    spec: { messages: messages(symbolsLive), symbols, live: symbolsLive, seed: SEED },
  }));
  const byLive = LIVE.filter((live) => !context.quick || live <= 1e5).map((live) => ({
    name: `${live}-live`,
    title: `${shortCount(live)} live, ${LIVE_SYMBOLS} symbols`,
    spec: { messages: messages(live), symbols: LIVE_SYMBOLS, live, seed: SEED },
  }));
  return [...bySymbols, ...byLive];
}
