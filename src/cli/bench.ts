/**
 * `fathom bench`: what fathom promises about speed, measured on this machine, against programs that do the same work.
 * `bench-child` is one run of one case; only the bench itself starts it.
 */
import { Argument, type Command, InvalidArgumentError } from "commander";
import { ExitStatus } from "../core/assert.ts";
import {
  Bench,
  type BenchTalk,
  outcomeOf,
  RUNS_DEFAULT,
  RUNS_QUICK,
  SUITE_NAMES,
  SUITES,
  type SuiteName,
} from "../node/bench/bench.ts";
import { runChild } from "../node/bench/child.ts";
import { reportToJson } from "../node/bench/report-json.ts";
import { machineText, type Paint, suiteText } from "../node/bench/report-table.ts";
import { defaultTapeFolder, writeText } from "../node/bench/scratch.ts";
import { integerBetween } from "./options.ts";
import { printLine, type Style, sayLine, styled } from "./output.ts";
import { Progress } from "./progress.ts";
import { onStop } from "./stop-signal.ts";

interface BenchFlags {
  suite?: SuiteName[];
  runs?: number;
  quick?: boolean;
  json?: string;
  tapes?: string;
  keep?: boolean;
}

const RUNS_MAX = 99;

export function registerBench(program: Command): void {
  const suites = SUITE_NAMES.map((name) => `  ${name.padEnd(12)} ${SUITES[name].summary}`).join("\n");
  program
    .command("bench")
    .summary("measure what is promised about speed, on this machine")
    .description(
      "Runs each suite's cases by turns, each run in a process of its own, and prints medians with their spread, " +
        "with the peers and the limits beside them. Times are CPU time of the measured thread. C programs are " +
        "compiled here when a compiler is found. Without --quick it takes a good while, and needs a machine that has " +
        "nothing else to do.",
    )
    .option("--suite <name>", "only this suite; may be given again", suiteName)
    .option("--runs <n>", `runs of each case (${RUNS_DEFAULT}; quick ${RUNS_QUICK})`, integerBetween(1, RUNS_MAX))
    .option("--quick", "small tapes and few runs: whether it works, not how fast it is")
    .option("--json <file>", "also write everything as JSON, with the machine's description")
    .option("--tapes <folder>", `where tapes are looked for and made (${defaultTapeFolder()})`)
    .option("--keep", "leave the tapes there for the next time")
    .addHelpText(
      "after",
      `
Suites:
${suites}

Exit status: 0 good, 1 a wrong answer somewhere, 3 right answers but a must was missed.`,
    )
    .action(bench);
  program
    .command("bench-child", { hidden: true })
    .addArgument(new Argument("<specification>", "what to do, as JSON"))
    .action(runChild);
}

function suiteName(given: string, before: readonly SuiteName[] = []): SuiteName[] {
  const name = SUITE_NAMES.find((candidate) => candidate === given);
  if (name === undefined) throw new InvalidArgumentError(`Expected one of ${SUITE_NAMES.join(", ")}.`);
  return [...before, name];
}

async function bench(flags: BenchFlags): Promise<void> {
  const quick = flags.quick === true;
  const bench = new Bench(
    {
      suites: flags.suite ?? SUITE_NAMES,
      runs: flags.runs ?? (quick ? RUNS_QUICK : RUNS_DEFAULT),
      quick,
      tapeFolder: flags.tapes ?? defaultTapeFolder(),
      keepTapes: flags.keep === true,
    },
    talk(),
  );
  const forget = onStop(() => bench.close());
  try {
    const report = await bench.run();
    printLine(machineText(report.machine));
    if (flags.json !== undefined) writeText(flags.json, `${JSON.stringify(reportToJson(report), null, 2)}\n`);
    const outcome = outcomeOf(report);
    if (outcome === "wrong") process.exitCode = ExitStatus.failure;
    else if (outcome === "missed") process.exitCode = ExitStatus.degraded;
  } finally {
    forget();
    bench.close();
  }
}

/** Progress on stderr; each suite on stdout as soon as it is done. */
function talk(): BenchTalk {
  let making: { tape: string; progress: Progress } | undefined;
  const done = () => {
    making?.progress.end();
    making = undefined;
  };
  return {
    tape(tape, messages, ratio) {
      if (making?.tape !== tape) {
        done();
        making = { tape, progress: new Progress(`making the tape of ${tape}`) };
      }
      making.progress.update(messages, "messages", ratio);
    },
    run(suite, caseName, run, runs) {
      done();
      sayLine(styled(`${suite}: ${caseName}, run ${run} of ${runs}`, "dim", process.stderr));
    },
    suite(result) {
      done();
      printLine(`${suiteText(result, paint)}\n`);
    },
  };
}

const STYLES: Record<Parameters<Paint>[1], Style | undefined> = {
  good: "green",
  bad: "red",
  dim: "dim",
  title: "bold",
  plain: undefined,
};

function paint(text: string, tone: Parameters<Paint>[1]): string {
  const style = STYLES[tone];
  return style === undefined ? text : styled(text, style);
}
