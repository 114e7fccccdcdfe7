/** `fathom check`: are the settings good, what is in force and why, and can this machine do it. */
import type { Command } from "commander";
import { ExitStatus, FathomError } from "../core/assert.ts";
import { originText, problemText, type ResolvedSettings, SettingsError, settingsSchema } from "../node/settings.ts";
import { machineFindings } from "../node/settings-machine.ts";
import { settingKeys, variableOfPath } from "../node/settings-tree.ts";
import { printJson, printLine, sayLine, styled } from "./output.ts";
import { addSettingsOptions, type SettingsOptions, settingsFrom } from "./settings-options.ts";

interface CheckOptions extends SettingsOptions {
  resolved?: boolean;
  keys?: boolean;
  json?: boolean;
}

export function registerCheck(program: Command): void {
  const command = program
    .command("check")
    .summary("check the settings, and say what is in force and why")
    .description(
      "Reads the settings as `fathom run` would, and says what is wrong with them, one line a problem: where, which " +
        "key, what was found, what was expected. Then asks this machine whether it can do what they say.",
    );
  addSettingsOptions(command)
    .option("--resolved", "print every setting in force, and where each value came from")
    .option("--keys", "print every key there is: what it takes, its default, its variable, what it means")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      `
Examples:
  fathom check --config fathom.toml            is it good?
  fathom check --resolved                      what is in force, and why
  FATHOM_BOOKS_SHARDS=2 fathom check --resolved

Exit status: 0 good, 3 good but not all of it can be had on this machine, 78 bad settings.`,
    )
    .action(check);
}

function check(options: CheckOptions): void {
  if (options.keys) {
    printKeys(options.json === true);
    return;
  }
  let resolved: ResolvedSettings;
  try {
    resolved = settingsFrom(options);
  } catch (error) {
    if (!options.json || !(error instanceof FathomError)) throw error;
    printBad(error);
    return;
  }
  const findings = machineFindings(resolved.settings);
  if (options.json) printJson({ ok: true, file: resolved.file ?? null, findings, settings: resolved.entries });
  else printGood(resolved, options.resolved === true, findings);
  if (findings.length > 0) process.exitCode = ExitStatus.degraded;
}

function printBad(error: FathomError): void {
  const problems =
    error instanceof SettingsError
      ? error.problems.map((problem) => ({ ...problem, text: problemText(problem) }))
      : [{ text: error.message }];
  printJson({ ok: false, code: error.code, problems });
  process.exitCode = error.exitStatus;
}

function printGood(resolved: ResolvedSettings, all: boolean, findings: readonly string[]): void {
  if (all) printResolved(resolved);
  for (const finding of findings) sayLine(`${styled("not here", "yellow", process.stderr)}: ${finding}`);
  const channels = resolved.settings.channels.map(
    (channel) => `${channel.name} (line ${channel.lines.map((line) => line.name).join(", ")})`,
  );
  const changed = resolved.entries.filter((entry) => entry.source !== "default").length;
  sayLine(
    `${styled("good", "green", process.stderr)}: ${resolved.file ?? "no settings file"}: ` +
      `${changed} of ${resolved.entries.length} settings given, the rest default; channels: ${channels.join(", ")}`,
  );
}

function printResolved(resolved: ResolvedSettings): void {
  const rows = resolved.entries.map(
    (entry) => [entry.key, entry.value === null ? "{}" : JSON.stringify(entry.value), originText(entry)] as const,
  );
  const keyWidth = Math.max(...rows.map(([key]) => key.length));
  const valueWidth = Math.min(40, Math.max(...rows.map(([, value]) => value.length)));
  for (const [key, value, origin] of rows) {
    printLine(`${key.padEnd(keyWidth)} = ${value.padEnd(valueWidth)}  ${styled(`# ${origin}`, "dim")}`);
  }
}

function printKeys(json: boolean): void {
  const keys = settingKeys(settingsSchema(process.env)).map((key) => ({
    key: key.path,
    expected: key.kind.expected,
    default: key.fallback ?? null,
    required: key.fallback === undefined && key.optional !== true,
    variable: variableOfPath(key.path),
    meaning: key.meaning,
  }));
  if (json) {
    printJson(keys);
    return;
  }
  for (const { key, expected, default: fallback, required, variable, meaning } of keys) {
    const given = required ? "must be given" : fallback === null ? "may be left out" : JSON.stringify(fallback);
    printLine(`${styled(key, "bold")}\n  ${meaning}\n  takes ${expected}; default: ${given}; ${variable}\n`);
  }
}
