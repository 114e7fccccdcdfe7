/** The docs name only what there is: commands and their flags, npm scripts, paths in the tree. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Finding } from "./findings.ts";
import type { TextFile } from "./source-tree.ts";

export interface Documented {
  readonly program: Command;
  readonly scripts: readonly string[];
  readonly root: string;
}

export function docsFindings(file: TextFile, documented: Documented): Finding[] {
  if (!/^[A-Z]+\.md$/.test(file.path)) return [];
  // What was true of an older version stays in its entry.
  if (file.path === "CHANGELOG.md") return [];
  return codeLines(file.lines).flatMap(({ code, line }) =>
    mistakesIn(code, documented).map((message) => ({ rule: "docs" as const, path: file.path, line, message })),
  );
}

/** What stands in code spans and fences, line by line, with a line that ends in \ joined to the next. */
function codeLines(lines: readonly string[]): { code: string; line: number }[] {
  const found: { code: string; line: number }[] = [];
  let isFence = false;
  for (const [i, line] of lines.entries()) {
    if (/^\s*(```|~~~)/.test(line)) isFence = !isFence;
    else if (isFence) found.push({ code: line, line: i + 1 });
    else for (const span of line.matchAll(/`([^`]+)`/g)) found.push({ code: span[1]!, line: i + 1 });
  }
  return found;
}

function mistakesIn(code: string, { program, scripts, root }: Documented): string[] {
  const mistakes: string[] = [];
  for (const [, script] of code.matchAll(/\bnpm run (?:-s )?([a-z][a-z:-]*)/g)) {
    if (!scripts.includes(script!)) mistakes.push(`package.json has no script "${script}"`);
  }
  for (const [, words] of code.matchAll(/(?:^|[\s/$])fathom ((?:[^\s|;&#]+ ?)+)/g)) {
    mistakes.push(...commandMistakes(words!.trim().split(/\s+/), program));
  }
  for (const [path] of code.matchAll(/(?<![\w./-])(?:src|test|config|plugins)\/[\w./-]*\w/g)) {
    if (!existsSync(join(root, path))) mistakes.push(`there is no ${path}`);
  }
  return mistakes;
}

function commandMistakes(words: readonly string[], program: Command): string[] {
  const name = words[0]!;
  // `fathom --help`, or a sentence that goes on after the name.
  if (!/^[a-z][a-z-]*$/.test(name)) return [];
  const command = program.commands.find((candidate) => candidate.name() === name);
  if (command === undefined) return name === "help" ? [] : [`there is no command "fathom ${name}"`];
  const known = [command, ...command.commands].flatMap((each) => each.options.map((option) => option.long));
  return words
    .filter((word) => word.startsWith("--") && word.length > 2)
    .map((word) => word.split("=")[0]!)
    .filter((flag) => flag !== "--help" && !known.includes(flag))
    .map((flag) => `fathom ${name} has no ${flag}`);
}
