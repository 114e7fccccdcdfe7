/**
 * Runs the cases of a suite by turns and makes figures of what they found. Knows nothing of what a case does.
 */
import { assert } from "../../core/assert.ts";
import { median, pairRatios, summarize, verdictOf } from "./statistics.ts";
import type { BenchCase, CaseRun, FigureResult, FigureSpec, MissingCase, SuitePlan, SuiteResult } from "./suite.ts";

/** Told before each run. `run` counts from 1. */
export type OnRun = (suite: string, caseName: string, run: number, runs: number) => void;

/** All runs of one case, as they came. */
type Runs = Map<string, CaseRun[]>;

export async function runSuite(name: string, plan: SuitePlan, runs: number, onRun: OnRun): Promise<SuiteResult> {
  const found: Runs = new Map(plan.cases.map((entry) => [entry.name, []]));
  assert(found.size === plan.cases.length, `two cases of ${name} have one name`);
  const runnable = plan.cases.filter((entry): entry is BenchCase => "run" in entry);
  for (let run = 1; run <= runs; run++) {
    for (const entry of runnable) {
      if (run > (entry.runMax ?? runs)) continue;
      onRun(name, entry.name, run, Math.min(runs, entry.runMax ?? runs));
      found.get(entry.name)!.push(await entry.run());
    }
  }
  return {
    name,
    title: plan.title,
    runs,
    cases: plan.cases.map((entry) => ({
      name: entry.name,
      title: entry.title,
      ...("missing" in entry ? { missing: entry.missing } : {}),
      samples: samplesOf(found.get(entry.name)!),
      checks: found.get(entry.name)![0]?.checks ?? {},
    })),
    figures: plan.figures.map((spec) => figureOf(spec, plan, found)),
    disagreements: disagreementsOf(found),
    ...(plan.unjudged === undefined ? {} : { unjudged: plan.unjudged }),
  };
}

/** One sample a run: the median of its passes. */
function sample(runs: readonly CaseRun[], measure: string): number[] {
  return runs.flatMap((run) => (run.measures[measure] === undefined ? [] : [median(run.measures[measure])]));
}

function samplesOf(runs: readonly CaseRun[]): Record<string, number[]> {
  const names = new Set(runs.flatMap((run) => Object.keys(run.measures)));
  return Object.fromEntries([...names].map((name) => [name, sample(runs, name)]));
}

function figureOf(spec: FigureSpec, plan: SuitePlan, found: Runs): FigureResult {
  const judged = spec.judged ?? "value";
  const limit = spec.limit === undefined ? {} : { limit: spec.limit };
  const head = { title: spec.title, case: spec.case, measure: spec.measure, unit: spec.unit, judged, ...limit };
  const samples = sample(found.get(spec.case)!, spec.measure);
  const value = summarize(samples);
  if (value === undefined) return { ...head, note: missingNote(plan, spec.case) };
  if (spec.against === undefined) return { ...head, value, ...verdictPart(value.median, spec, plan) };
  const peers = sample(found.get(spec.against)!, spec.againstMeasure ?? spec.measure);
  const peer = summarize(peers);
  const ratio = summarize(pairRatios(samples, peers));
  if (peer === undefined || ratio === undefined) {
    const verdict = judged === "value" ? verdictPart(value.median, spec, plan) : {};
    return { ...head, value, ...verdict, note: missingNote(plan, spec.against) };
  }
  const judgedValue = judged === "ratio" ? ratio.median : value.median;
  const against = { case: spec.against, value: peer, ratio };
  return { ...head, value, against, ...verdictPart(judgedValue, spec, plan) };
}

function verdictPart(value: number, spec: FigureSpec, plan: SuitePlan): Pick<FigureResult, "verdict"> {
  if (spec.limit === undefined || plan.unjudged !== undefined) return {};
  return { verdict: verdictOf(value, spec.limit) };
}

function missingNote(plan: SuitePlan, caseName: string): string {
  const entry = plan.cases.find((candidate): candidate is MissingCase | BenchCase => candidate.name === caseName);
  assert(entry !== undefined, `a figure is about the case ${caseName}, which is not in its suite`);
  return "missing" in entry ? `no ${caseName}: ${entry.missing}` : `${caseName} measured nothing of the kind`;
}

/** One line for each check that came out in more than one way. */
function disagreementsOf(found: Runs): string[] {
  const answers = new Map<string, Map<string, Set<string>>>();
  for (const [caseName, runs] of found) {
    for (const [check, value] of runs.flatMap((run) => Object.entries(run.checks))) {
      const byValue = answers.get(check) ?? new Map<string, Set<string>>();
      answers.set(check, byValue);
      byValue.set(value, (byValue.get(value) ?? new Set()).add(caseName));
    }
  }
  return [...answers].flatMap(([check, byValue]) => {
    if (byValue.size === 1) return [];
    return [`${check}: ${[...byValue].map(([value, cases]) => `${value} by ${[...cases].join(", ")}`).join("; ")}`];
  });
}
