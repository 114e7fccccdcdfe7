/** `fathom doctor`: what about this machine is not as a feed handler wants it, and what to type. */
import type { Command } from "commander";
import { ExitStatus } from "../core/assert.ts";
import { clockFacts, type Diagnosis, diagnose } from "../node/doctor.ts";
import { type Finding, VERDICTS, type Verdict, worstVerdict } from "../node/doctor-finding.ts";
import { type ClockReport, clockReport } from "../node/doctor-rts25.ts";
import { printClockReport } from "./doctor-clock.ts";
import { printJson, printLine, type Style, styled } from "./output.ts";
import { addSettingsOptions, type SettingsOptions, settingsFrom } from "./settings-options.ts";
import { wrapped } from "./wrap.ts";

interface DoctorOptions extends SettingsOptions {
  clock?: boolean;
  json?: boolean;
}

const STYLES: Readonly<Record<Verdict, Style>> = {
  ok: "green",
  advice: "cyan",
  unknown: "dim",
  degraded: "yellow",
  bad: "red",
};
const VERDICT_WIDTH = 9;
const INDENT = 4 + VERDICT_WIDTH;

export function registerDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .summary("look this machine over for the settings, and say what to change and how")
    .description(
      "Looks at the interfaces that the settings name, the kernel's way to the socket, CPUs, memory, disk, " +
        "clock, the " +
        "engine and this user's rights. Changes nothing. Works without any rights; what cannot be asked says so.",
    );
  addSettingsOptions(command)
    .option("--clock", "only the clock, as a report in the form that RTS 25 asks for")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      `
Verdicts:
  ok        as it should be
  advice    works; changing it lowers latency or leaves more room
  unknown   could not be asked here
  degraded  runs, and can lose data, time or protection
  bad       \`fathom run\` will not start, or not hear its lines

Examples:
  fathom doctor --config fathom.toml
  fathom doctor --clock --json >> clock-reports.jsonl    for the yearly review, from cron

Exit status: 0 good, 3 degraded (with --clock: not kept, or not within clock.error_bound_max), 1 bad, 78 bad settings.`,
    )
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { settings, file } = settingsFrom(options);
  if (options.clock) {
    const report = clockReport(await clockFacts(settings), settings);
    if (options.json) printJson(reportJson(report));
    else printClockReport(report);
    if (!report.isInBound) process.exitCode = ExitStatus.degraded;
    return;
  }
  const diagnosis = await diagnose(settings, process.env);
  if (options.json) printJson(diagnosisJson(diagnosis, file));
  else printDiagnosis(diagnosis, file, settings.node.name);
  process.exitCode = exitStatusOf(diagnosis.verdict);
}

/** What a verdict ends with. */
export function exitStatusOf(verdict: Verdict): ExitStatus {
  if (verdict === "bad") return ExitStatus.failure;
  return verdict === "degraded" ? ExitStatus.degraded : ExitStatus.ok;
}

function countsOf(diagnosis: Diagnosis): Record<Verdict, number> {
  const findings = diagnosis.sections.flatMap((section) => section.findings);
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)])) as Record<Verdict, number>;
}

function diagnosisJson(diagnosis: Diagnosis, file: string | undefined) {
  return {
    verdict: diagnosis.verdict,
    counts: countsOf(diagnosis),
    settings_file: file ?? null,
    sections: diagnosis.sections.map(({ name, findings }) => ({
      name,
      verdict: worstVerdict(findings),
      findings: findings.map(({ check, verdict, found, change, command, write }) => ({
        check,
        verdict,
        found,
        change: change ?? null,
        command: command ?? null,
        write: write ?? null,
      })),
    })),
  };
}

function reportJson(report: ClockReport) {
  const { divergence, granularity, reference } = report;
  return {
    regulation: "(EU) 2017/574 (RTS 25)",
    measured_at: report.measuredAtNs,
    measured_at_utc: report.measuredAt,
    system: report.system,
    reference,
    traceability: report.traceability,
    divergence: { estimate_ns: divergence.estimateNs, max_ns: divergence.maxNs, how: divergence.how },
    granularity: {
      recorded_ns: granularity.recordedNs,
      clock_step_ns: granularity.clockStepNs,
      clock_source: granularity.clockSource,
    },
    stamping_points: report.stampingPoints,
    requirements: report.requirements.map(({ activity, divergenceMaxNs, granularityMaxNs, isMet }) => ({
      activity,
      divergence_max_ns: divergenceMaxNs,
      granularity_max_ns: granularityMaxNs,
      met: isMet,
    })),
    in_bound: report.isInBound,
    operator_must_add: report.operatorMustAdd,
  };
}

function printDiagnosis(diagnosis: Diagnosis, file: string | undefined, node: string): void {
  printLine(`${styled("fathom doctor", "bold")}  ${node}, for ${file ?? "the default settings"}`);
  for (const { name, findings } of diagnosis.sections) {
    printLine(`\n${styled(name, "bold")}`);
    const checkWidth = Math.max(...findings.map(({ check }) => check.length));
    for (const finding of findings) printFinding(finding, checkWidth);
  }
  const counts = countsOf(diagnosis);
  const parts = VERDICTS.filter((verdict) => counts[verdict] > 0).map(
    (verdict) => styled(`${counts[verdict]} ${verdict}`, STYLES[verdict]) + whichOf(diagnosis, verdict),
  );
  printLine(`\n${parts.join(", ")}`);
  if (diagnosis.sections.some(({ findings }) => findings.some(({ command }) => command?.startsWith("sysctl -w")))) {
    printLine(styled("To keep a sysctl over a restart, write it into /etc/sysctl.d/90-fathom.conf.", "dim"));
  }
}

/** Of the two verdicts that matter, where they stand on the page. */
function whichOf({ sections }: Diagnosis, verdict: Verdict): string {
  if (verdict !== "degraded" && verdict !== "bad") return "";
  const places = sections.flatMap(({ name, findings }) =>
    findings.filter((finding) => finding.verdict === verdict).map(({ check }) => `${name}: ${check}`),
  );
  return ` (${places.join(", ")})`;
}

function printFinding({ check, verdict, found, change, command, write }: Finding, checkWidth: number): void {
  const width = process.stdout.columns ?? 110;
  const indent = INDENT + checkWidth + 2;
  const lines = wrapped(found, Math.max(30, width - indent));
  const label = styled(verdict.padEnd(VERDICT_WIDTH), STYLES[verdict]);
  printLine(`  ${label}  ${check.padEnd(checkWidth)}  ${lines[0] ?? ""}`);
  const pad = " ".repeat(indent);
  for (const line of lines.slice(1)) printLine(pad + line);
  if (change !== undefined) {
    for (const line of wrapped(change, Math.max(30, width - indent))) printLine(pad + styled(line, "dim"));
  }
  // One line whatever its length: it is there to be copied.
  if (command !== undefined) printLine(`${pad}$ ${styled(command, "bold")}`);
  if (write !== undefined) {
    for (const line of wrapped(`into ${write.where}:`, Math.max(30, width - indent)))
      printLine(pad + styled(line, "dim"));
    printLine(`${pad}  ${styled(write.text, "bold")}`);
  }
}
