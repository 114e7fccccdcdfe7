/** The report as a table for people: a line a figure, the machine above, what went wrong below. Pure. */
import { formatCount } from "../../core/units.ts";
import type { Machine } from "./machine.ts";
import type { Limit, Summary } from "./statistics.ts";
import type { BenchReport, FigureResult, SuiteResult } from "./suite.ts";

/** How a verdict is to be shown, for whoever prints in colour. */
export type Tone = "title" | "good" | "bad" | "plain" | "dim";
export type Paint = (text: string, tone: Tone) => string;

const plain: Paint = (text) => text;
const HEADINGS = ["figure", "median", "min – max", "spread", "peer", "ratio", "min – max", "must", "aim", ""];
/** Columns of text; the others are numbers and stand to the right. */
const LEFT = new Set([0, 4, 9]);

export function machineText(machine: Machine): string {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB`;
  const processor = `${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.architecture}`;
  const system = `Linux ${machine.kernel}, huge pages ${machine.hugePages}, load ${machine.loadAverage.toFixed(1)}`;
  const programs = `fathom ${machine.fathom} (${machine.commit}), Bun ${machine.bun}; ${machine.compiler}`;
  return `${processor}\n${system}\n${programs}`;
}

/** One suite: its title, its figures in columns, and its notes. */
export function suiteText(suite: SuiteResult, paint: Paint = plain): string {
  const rows = suite.figures.map((figure) => cells(figure));
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (LEFT.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
  const lines = [
    `${paint(suite.name, "title")}: ${suite.title}`,
    paint(`  ${line(HEADINGS).join("  ").trimEnd()}`, "dim"),
    ...suite.figures.map((figure, i) => `  ${paintRow(line(rows[i]!), figure, paint)}`.trimEnd()),
    ...notes(suite).map((note) => `  ${note}`),
    ...suite.disagreements.map((text) => paint(`  WRONG: the runs do not agree on ${text}`, "bad")),
  ];
  return lines.join("\n");
}

export function reportText(report: BenchReport, paint: Paint = plain): string {
  return [machineText(report.machine), ...report.suites.map((suite) => suiteText(suite, paint))].join("\n\n");
}

function cells(figure: FigureResult): string[] {
  const { title, value, against, unit, limit, judged } = figure;
  if (value === undefined)
    return [title, "—", ...new Array<string>(5).fill(""), ...limitCells(limit, judged, unit), ""];
  return [
    title,
    quantity(value.median, unit),
    range(value, unit),
    `${(value.spread * 100).toFixed(0)} %`,
    against === undefined ? "" : `${against.case} ${quantity(against.value.median, unit)}`,
    against === undefined ? "" : ratio(against.ratio.median),
    against === undefined ? "" : `${ratio(against.ratio.min)} – ${ratio(against.ratio.max)}`,
    ...limitCells(limit, judged, unit),
    figure.verdict ?? "",
  ];
}

function paintRow(row: readonly string[], figure: FigureResult, paint: Paint): string {
  const tone = figure.verdict === undefined ? "plain" : figure.verdict === "missed" ? "bad" : "good";
  return [...row.slice(0, -1), paint(row.at(-1)!, tone)].join("  ");
}

function limitCells(limit: Limit | undefined, judged: "value" | "ratio", unit: string): [string, string] {
  if (limit === undefined) return ["", ""];
  const sign = limit.better === "lower" ? "≤" : "≥";
  const bound = (value: number) => (judged === "ratio" ? `${sign} ${value} ×` : `${sign} ${value} ${unit}`.trimEnd());
  return [bound(limit.must), limit.aim === undefined ? "" : bound(limit.aim)];
}

/** "152.1 ns", "1.3 ms", "48.2 MB", "12". */
export function quantity(value: number, unit: string): string {
  if (unit === "ns" && value >= 1e6) return `${significant(value / 1e6)} ms`;
  if (unit === "ns" && value >= 1e4) return `${significant(value / 1e3)} µs`;
  if (unit === "B" && value >= 1e6) return `${significant(value / 1e6)} MB`;
  if (unit === "B" && value >= 1e4) return `${significant(value / 1e3)} kB`;
  return `${significant(value)} ${unit}`.trimEnd();
}

function range(summary: Summary, unit: string): string {
  return `${quantity(summary.min, unit)} – ${quantity(summary.max, unit)}`;
}

function ratio(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Enough digits to tell one run from another, and no more. */
function significant(value: number): string {
  if (value >= 1e4) return formatCount(value);
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
}

function notes(suite: SuiteResult): string[] {
  const lines = new Set(suite.figures.flatMap(({ note }) => (note === undefined ? [] : [note])));
  if (suite.unjudged !== undefined) lines.add(`not judged: ${suite.unjudged}`);
  for (const entry of suite.cases) {
    const slowness = sharedMachine(entry.samples);
    if (slowness > 1.2)
      lines.add(`${entry.name} took ${slowness.toFixed(1)} × its CPU time: others were at work on this machine`);
  }
  return [...lines];
}

/** Wall time over CPU time, where both were taken: well above 1, the machine had other things to do. */
function sharedMachine(samples: SuiteResult["cases"][number]["samples"]): number {
  const [cpu, wall] = [samples["cpu_ns_per_message"], samples["wall_ns_per_message"]];
  if (cpu === undefined || wall === undefined) return 1;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return sum(cpu) === 0 ? 1 : sum(wall) / sum(cpu);
}
