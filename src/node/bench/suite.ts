/**
 * The words of the bench. A suite is a set of cases that do the same work in different ways; cases are run by turns
 * (A B C A B C …), each run in a process of its own, so that neither compiled code nor memory leaks from one into the
 * next. A run gives samples of named measures, and checks: words that must be the same in every case that gives them.
 * Figures are what we promise: a measure of a case, by itself or against a peer, held against its limit.
 */
import type { Machine } from "./machine.ts";
import type { Limit, Summary, Verdict } from "./statistics.ts";

/** What one run of a case found. */
export interface CaseRun {
  /** By measure, such as `cpu_ns_per_message`: one sample a pass. The run counts as their median. */
  readonly measures: Readonly<Record<string, readonly number[]>>;
  /** By name, such as `digest`: held against the same name of all other runs and cases of the suite. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface BenchCase {
  /** Kebab-case, unique in its suite. */
  readonly name: string;
  /** What it does, for people. */
  readonly title: string;
  /** Runs at most: a slow peer need not be asked as often. */
  readonly runMax?: number;
  run(): Promise<CaseRun>;
}

/** A case that cannot be run here. Its figures say so instead of a number. */
export interface MissingCase {
  readonly name: string;
  readonly title: string;
  readonly missing: string;
}

export interface FigureSpec {
  /** For people: "full book, 10 M messages". */
  readonly title: string;
  readonly case: string;
  readonly measure: string;
  readonly unit: string;
  /** The peer's case: gives a column of ratios `case / peer`, or is what `judged` is about. */
  readonly against?: string;
  /** The peer's measure, where it is called otherwise. */
  readonly againstMeasure?: string;
  /** What the limit is about. Default: the value. */
  readonly judged?: "value" | "ratio";
  readonly limit?: Limit;
}

export interface SuitePlan {
  readonly title: string;
  readonly cases: readonly (BenchCase | MissingCase)[];
  readonly figures: readonly FigureSpec[];
  /** Why the limits do not count this time (a short run, a small tape); the columns stay. */
  readonly unjudged?: string;
}

export interface FigureResult {
  readonly title: string;
  readonly case: string;
  readonly measure: string;
  readonly unit: string;
  /** Absent: `note` says why. */
  readonly value?: Summary;
  readonly against?: { readonly case: string; readonly value: Summary; readonly ratio: Summary };
  readonly judged: "value" | "ratio";
  readonly limit?: Limit;
  readonly verdict?: Verdict;
  readonly note?: string;
}

export interface SuiteResult {
  readonly name: string;
  readonly title: string;
  readonly runs: number;
  readonly cases: readonly {
    readonly name: string;
    readonly title: string;
    readonly missing?: string;
    /** By measure, the sample of each run. */
    readonly samples: Readonly<Record<string, readonly number[]>>;
    readonly checks: Readonly<Record<string, string>>;
  }[];
  readonly figures: readonly FigureResult[];
  /** Checks that were not the same everywhere. Anything here means that the numbers are of wrong work. */
  readonly disagreements: readonly string[];
  readonly unjudged?: string;
}

export interface BenchReport {
  readonly machine: Machine;
  readonly suites: readonly SuiteResult[];
}
