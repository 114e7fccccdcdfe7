/**
 * The house rules as a test, over the whole tree, and over a canary that breaks every one of them: a checker that
 * does not see the canary's faults would not see ours.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json";
import { makeProgram } from "../../src/cli/program.ts";
import { checkTree } from "./checker.ts";
import { findingText, RULES } from "./findings.ts";
import { HOT_FILES, LIMITS, RATCHETS } from "./house.ts";
import { CANARY, REPOSITORY, readTree } from "./source-tree.ts";

setDefaultTimeout(60_000);
const common = { program: makeProgram(), scripts: Object.keys(packageJson.scripts) };

test("the house is tidy", async () => {
  const findings = checkTree(await readTree(REPOSITORY), { ...common, limits: LIMITS, ratchets: RATCHETS });
  expect(findings.map(findingText)).toEqual([]);
});

test("the table of hot files names only what there is", () => {
  expect(Object.keys(HOT_FILES).filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
});

test("the canary is reported: every fault, at its line, and nothing else", async () => {
  const tree = await readTree(CANARY);
  const limits = { ...LIMITS, fileLinesMax: 40, functionLinesMax: 10 };
  const ratchets = {
    "src/core/ratchet-met.ts#tooLong": 11,
    "src/core/ratchet-loose.ts#tooLong": 20,
    "src/core/gone.ts": 50,
  };
  const found = checkTree(tree, { ...common, limits, ratchets }).map(
    ({ rule, path, line }) => `${path}:${line} ${rule}`,
  );

  // A line says what must be found on it by `canary: rule`, a file what must be found of it by `canary-file: rule`.
  const expected = tree.texts.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) => [
      ...[...line.matchAll(/canary: ([a-z-]+)/g)].map((match) => `${path}:${i + 1} ${match[1]}`),
      ...[...line.matchAll(/canary-file: ([a-z-]+)/g)].map((match) => `${path}:0 ${match[1]}`),
    ]),
  );
  expected.push("src/core/gone.ts:0 ratchet");
  expect(found.sort()).toEqual(expected.sort());
  const rulesFound = new Set(found.map((text) => text.split(" ")[1]));
  expect(RULES.filter((rule) => !rulesFound.has(rule))).toEqual([]);
});
