/** What can be seen in the text alone: how long it is, how it opens, and what must not have stayed behind in it. */
import type { Finding } from "./findings.ts";
import { type Limits, MACHINE_TRACES, TOP_LEVEL } from "./house.ts";
import type { TextFile } from "./source-tree.ts";

const WRITTEN = /\.(ts|css|html|md|toml)$|^\.ci\/run$/;
/** The rules hold the words that they look for. */
const RULES_THEMSELVES = /^test\/tidy\//;
/** What people write in an editor line by line; prose and markup have lines of their own kind. */
const BOUND_WIDTH = /\.(ts|css|toml)$|^\.ci\/run$/;

export function lengthFindings({ path, lines }: TextFile, limits: Limits): Finding[] {
  if (!BOUND_WIDTH.test(path)) return [];
  return lines.flatMap((line, i) => {
    const count = [...line].length;
    // A link cannot be broken.
    if (count <= limits.lineLettersMax || /https?:\/\/\S+$/.test(line)) return [];
    const message = `${count} letters, at most ${limits.lineLettersMax}`;
    return [{ rule: "line-length" as const, path, line: i + 1, message }];
  });
}

export function headerFindings({ path, text }: TextFile): Finding[] {
  if (!/^(src|test|plugins)\/.*\.ts$|^build\.ts$/.test(path) || text.startsWith("/**")) return [];
  return [
    { rule: "header", path, line: 0, message: "open with a /** comment: what it owns, who may call, what holds" },
  ];
}

export function leftoverFindings({ path, lines }: TextFile): Finding[] {
  if (!WRITTEN.test(path) || RULES_THEMSELVES.test(path)) return [];
  return lines.flatMap((line, i) => {
    const word = /(?:\/\/|\/?\*|<!--|#).*?\b(TODO|FIXME|XXX|HACK)\b/.exec(line)?.[1];
    if (word === undefined) return [];
    return [{ rule: "leftover" as const, path, line: i + 1, message: `${word}: do it, or open an issue` }];
  });
}

export function traceFindings({ path, lines }: TextFile): Finding[] {
  if (RULES_THEMSELVES.test(path)) return [];
  return lines.flatMap((line, i) => {
    const trace = MACHINE_TRACES.map((pattern) => pattern.exec(line)?.[0]).find((found) => found !== undefined);
    if (trace === undefined) return [];
    return [{ rule: "machine-trace" as const, path, line: i + 1, message: `"${trace}" is of one machine only` }];
  });
}

export function topLevelFindings(paths: readonly string[]): Finding[] {
  const names = new Set(paths.map((path) => path.split("/")[0]!));
  return [...names]
    .filter((name) => !TOP_LEVEL.includes(name))
    .map((path) => ({ rule: "top-level", path, line: 0, message: "nothing else stands at the top of the tree" }));
}
