/** The two kinds of case there are: a fathom of its own, and a C program. */
import { FathomError } from "../../core/assert.ts";
import type { ChildSpec } from "./child-spec.ts";
import { childCommand, runForJson } from "./processes.ts";
import type { BenchCase, CaseRun, MissingCase } from "./suite.ts";
import type { TapeSpec, TapeStore } from "./tapes.ts";
import type { Yardstick, Yardsticks } from "./yardsticks.ts";

/** What suites are planned with. */
export interface BenchContext {
  /** Seconds rather than minutes: small tapes, few passes, no verdicts. */
  readonly quick: boolean;
  readonly tapes: TapeStore;
  readonly yardsticks: Yardsticks;
  /** Stands in for every tape; for tests of the bench itself. */
  readonly onlyTape?: TapeSpec;
}

/** A run that takes longer than this hangs. */
const RUN_TIMEOUT_MS = 15 * 60_000;

/** Why limits do not count in a short run. */
export const QUICK_REASON = "a quick run on a small tape: the limits are about the reference tapes";

export function fathomCase(
  name: string,
  title: string,
  spec: ChildSpec,
  options: Pick<BenchCase, "runMax"> = {},
): BenchCase {
  const run = async () =>
    (await runForJson(name, childCommand(JSON.stringify(spec)), RUN_TIMEOUT_MS)) as unknown as CaseRun;
  return { name, title, ...options, run };
}

/** A run of a compiled yardstick; `missing` where there is no compiler. */
export function yardstickCase(
  context: BenchContext,
  name: string,
  title: string,
  program: Yardstick,
  parameters: readonly string[],
  toRun: (answer: Readonly<Record<string, unknown>>) => CaseRun,
  options: Pick<BenchCase, "runMax"> = {},
): BenchCase | MissingCase {
  const { missing } = context.yardsticks;
  if (missing !== undefined) return { name, title, missing };
  const run = async () => {
    const path = await context.yardsticks.program(program);
    return toRun((await runForJson(name, [path, ...parameters], RUN_TIMEOUT_MS)) as Record<string, unknown>);
  };
  return { name, title, ...options, run };
}

/** A list of samples out of what a yardstick printed. */
export function samples(answer: Readonly<Record<string, unknown>>, name: string): number[] {
  const value = answer[name];
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((entry) => typeof entry === "number"))
    throw new FathomError("bench-run-failed", `a yardstick printed no numbers called ${name}`);
  return list;
}

/** The checks out of what a yardstick printed. */
export function checks(answer: Readonly<Record<string, unknown>>, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, String(answer[name])]));
}
