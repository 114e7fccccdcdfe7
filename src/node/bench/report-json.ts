/** The report as JSON: everything in the table, and every sample behind it. snake_case, as all such JSON. Pure. */
import type { Summary } from "./statistics.ts";
import type { BenchReport, FigureResult } from "./suite.ts";

/** Changes when a field changes its meaning. */
const FORMAT = 1;

export function reportToJson(report: BenchReport): Record<string, unknown> {
  const { machine, suites } = report;
  return {
    format: FORMAT,
    machine: {
      cpu: machine.cpu,
      cores: machine.cores,
      memory_bytes: machine.memoryBytes,
      kernel: machine.kernel,
      architecture: machine.architecture,
      huge_pages: machine.hugePages,
      bun: machine.bun,
      fathom: machine.fathom,
      commit: machine.commit,
      compiler: machine.compiler,
      load_average: machine.loadAverage,
    },
    suites: suites.map((suite) => ({
      name: suite.name,
      title: suite.title,
      runs: suite.runs,
      unjudged: suite.unjudged ?? null,
      disagreements: suite.disagreements,
      figures: suite.figures.map(figureToJson),
      cases: suite.cases.map((entry) => ({
        name: entry.name,
        title: entry.title,
        missing: entry.missing ?? null,
        samples: entry.samples,
        checks: entry.checks,
      })),
    })),
  };
}

function figureToJson(figure: FigureResult): Record<string, unknown> {
  const { value, against, limit } = figure;
  return {
    title: figure.title,
    case: figure.case,
    measure: figure.measure,
    unit: figure.unit,
    value: value === undefined ? null : summaryToJson(value),
    against:
      against === undefined
        ? null
        : { case: against.case, value: summaryToJson(against.value), ratio: summaryToJson(against.ratio) },
    judged: figure.judged,
    limit: limit === undefined ? null : { must: limit.must, aim: limit.aim ?? null, better: limit.better },
    verdict: figure.verdict?.replace(" ", "_") ?? null,
    note: figure.note ?? null,
  };
}

function summaryToJson({ count, median, min, max, spread }: Summary): Record<string, number> {
  return { count, median, min, max, spread };
}
