/**
 * The bench as a whole: which suites there are, and one run of some of them from the first tape to the last figure.
 * What it leaves on the disk it takes away again, however it ends.
 */
import type { BenchContext } from "./cases.ts";
import { describeMachine } from "./machine.ts";
import { killProcesses } from "./processes.ts";
import { runSuite } from "./runner.ts";
import { makeTemporaryFolder, removePath } from "./scratch.ts";
import type { BenchReport, SuitePlan, SuiteResult } from "./suite.ts";
import { planAllocation } from "./suite-allocation.ts";
import { planBook, planBook60m } from "./suite-book.ts";
import { planDecode } from "./suite-decode.ts";
import { planMemory } from "./suite-memory.ts";
import { planScaling } from "./suite-scaling.ts";
import { type TapeSpec, TapeStore } from "./tapes.ts";
import { findCompiler, Yardsticks } from "./yardsticks.ts";

interface SuiteEntry {
  readonly summary: string;
  readonly plan: (context: BenchContext) => Promise<SuitePlan>;
}

/** In the order in which they run. */
export const SUITES = {
  decode: { summary: "framing and decoding, against C", plan: planDecode },
  book: { summary: "full books of the 10 M tape, against C, maps and objects, and the naive book", plan: planBook },
  "book-60m": { summary: "full books of the 60 M tape, against C", plan: planBook60m },
  memory: { summary: "bytes a live order of the whole process", plan: planMemory },
  allocation: { summary: "garbage of the hot path, and its longest pause", plan: planAllocation },
  scaling: { summary: "10 to 10 k symbols, a thousand to ten million live orders", plan: planScaling },
} as const satisfies Record<string, SuiteEntry>;
export type SuiteName = keyof typeof SUITES;
export const SUITE_NAMES = Object.keys(SUITES) as SuiteName[];

export const RUNS_DEFAULT = 5;
export const RUNS_QUICK = 3;

export interface BenchOptions {
  readonly suites: readonly SuiteName[];
  readonly runs: number;
  readonly quick: boolean;
  /** Where tapes are looked for and made. */
  readonly tapeFolder: string;
  /** Leaves the tapes that were made where they are. */
  readonly keepTapes: boolean;
  /** Stands in for every tape; for tests of the bench itself. */
  readonly onlyTape?: TapeSpec;
}

/** What the bench says while it works. */
export interface BenchTalk {
  /** A tape is being made. */
  tape(tape: string, messages: number, ratio: number): void;
  /** A run begins. */
  run(suite: string, caseName: string, run: number, runs: number): void;
  /** A suite is done. */
  suite(result: SuiteResult): void;
}

export class Bench {
  readonly #options: BenchOptions;
  readonly #talk: BenchTalk;
  readonly #tapes: TapeStore;
  readonly #programs = makeTemporaryFolder("fathom-bench-programs-");

  constructor(options: BenchOptions, talk: BenchTalk) {
    this.#options = options;
    this.#talk = talk;
    this.#tapes = new TapeStore(options.tapeFolder, options.keepTapes, talk.tape);
  }

  /** Runs the suites. Call `close` afterwards, also when this has thrown. */
  async run(): Promise<BenchReport> {
    const { suites, runs, quick, onlyTape } = this.#options;
    const yardsticks = new Yardsticks(await findCompiler(), this.#programs);
    const { compiler } = yardsticks;
    const machine = describeMachine(typeof compiler === "string" ? compiler : compiler.description);
    const tape = onlyTape === undefined ? {} : { onlyTape };
    const context: BenchContext = { quick, tapes: this.#tapes, yardsticks, ...tape };
    const results: SuiteResult[] = [];
    for (const name of suites) {
      const result = await runSuite(name, await SUITES[name].plan(context), runs, this.#talk.run);
      results.push(result);
      this.#talk.suite(result);
    }
    return { machine, suites: results };
  }

  /** Ends what is running and takes away what was made. */
  close(): void {
    killProcesses();
    this.#tapes.close();
    removePath(this.#programs);
  }
}

/** Whether every answer was right, and every must that could be judged was met. */
export function outcomeOf(report: BenchReport): "wrong" | "missed" | "good" {
  if (report.suites.some((suite) => suite.disagreements.length > 0)) return "wrong";
  const figures = report.suites.flatMap((suite) => suite.figures);
  return figures.some((figure) => figure.verdict === "missed") ? "missed" : "good";
}
