/** The clock report of `fathom doctor --clock` for people: a page that can be filed as it is. */
import { formatDuration } from "../core/units.ts";
import type { ClockReport } from "../node/doctor-rts25.ts";
import { printLine, styled } from "./output.ts";
import { wrapped } from "./wrap.ts";

const LABEL_WIDTH = 16;
const TEXT_WIDTH = 92;

export function printClockReport(report: ClockReport): void {
  const { system, reference, divergence, granularity } = report;
  printLine(styled("Clock report, Commission Delegated Regulation (EU) 2017/574 (RTS 25)", "bold"));
  printLine("");
  row("measured", `${report.measuredAt} (${report.measuredAtNs} ns since 1970), by this machine's own clock`);
  row("system", `${system.host}, node ${system.node}, ${system.kernel}, fathom ${system.fathom}`);
  row("reference", reference.disciplined ? `${reference.name || "not said"}, by ${reference.source}` : "none");
  row("traceability", report.traceability);
  row("divergence", divergenceText(divergence));
  row("", divergence.how);
  const step =
    `the clock (${granularity.clockSource || "unknown"}) moves in steps of ` +
    `${formatDuration(granularity.clockStepNs)}`;
  row("granularity", `stamps are recorded in steps of ${granularity.recordedNs} ns; ${step}`);
  for (const { channel, point } of report.stampingPoints) row("stamping point", `channel ${channel}: ${point}`);
  printLine("");
  for (const { activity, divergenceMaxNs, granularityMaxNs, isMet } of report.requirements) {
    const limits = `${formatDuration(divergenceMaxNs)} / ${formatDuration(granularityMaxNs)}`;
    row(isMet ? "met" : "not met", `${limits}: ${activity}`, isMet ? "green" : "yellow");
  }
  printLine("\nThe operator must add:");
  for (const item of report.operatorMustAdd) {
    for (const [i, line] of wrapped(item, TEXT_WIDTH).entries()) printLine(`${i === 0 ? "  - " : "    "}${line}`);
  }
}

function divergenceText({ estimateNs, maxNs }: ClockReport["divergence"]): string {
  const most = maxNs === null ? "at most: not known" : `at most ${formatDuration(maxNs)} from the reference`;
  if (estimateNs === null) return most;
  const way = estimateNs < 0 ? "behind" : "ahead";
  return `${most}; estimated ${formatDuration(Math.abs(estimateNs))} ${way}`;
}

function row(label: string, text: string, style: "green" | "yellow" | "bold" = "bold"): void {
  const lines = wrapped(text, TEXT_WIDTH);
  for (const [i, line] of lines.entries()) {
    printLine(`${styled((i === 0 ? label : "").padEnd(LABEL_WIDTH), style)}${line}`);
  }
}
