/** All rules over one tree. */
import type { Command } from "commander";
import { applyMarkers, type Finding } from "./findings.ts";
import type { Limits } from "./house.ts";
import { docsFindings } from "./rules-docs.ts";
import { hotFileFindings } from "./rules-hot.ts";
import { importFindings } from "./rules-imports.ts";
import { bannedNameFindings, fileNameFindings, unitFindings } from "./rules-names.ts";
import { SizeRules } from "./rules-sizes.ts";
import { focusedTestFindings } from "./rules-tests.ts";
import { headerFindings, leftoverFindings, lengthFindings, topLevelFindings, traceFindings } from "./rules-text.ts";
import type { SourceTree } from "./source-tree.ts";

export interface Checks {
  readonly limits: Limits;
  readonly ratchets: Readonly<Record<string, number>>;
  readonly program: Command;
  readonly scripts: readonly string[];
}

/** Everything in the tree that breaks a rule and has no marker with a reason, by path and line. */
export function checkTree(tree: SourceTree, checks: Checks): Finding[] {
  const sizes = new SizeRules(checks.limits, checks.ratchets);
  const documented = { program: checks.program, scripts: checks.scripts, root: tree.root };
  const findings = [
    ...topLevelFindings(tree.texts.map(({ path }) => path)),
    ...tree.texts.flatMap((file) => [
      ...fileNameFindings(file),
      ...headerFindings(file),
      ...lengthFindings(file, checks.limits),
      ...leftoverFindings(file),
      ...traceFindings(file),
      ...docsFindings(file, documented),
      ...sizes.file(file),
    ]),
    ...tree.code.flatMap((file) => [
      ...importFindings(file),
      ...bannedNameFindings(file),
      ...hotFileFindings(file),
      ...unitFindings(file),
      ...focusedTestFindings(file),
      ...sizes.functions(file),
    ]),
    ...sizes.ratchetFindings(),
  ];
  const left = applyMarkers(findings, tree.texts);
  return left.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
}
