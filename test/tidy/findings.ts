/** What a rule says about a place, and the markers in the source that let one exception stand, with its reason. */
import type { TextFile } from "./source-tree.ts";

/** The names of the rules, as findings and markers say them. */
export const RULES = [
  "import-direction",
  "package",
  "banned-name",
  "banned-module",
  "hot-file",
  "file-length",
  "function-length",
  "line-length",
  "ratchet",
  "file-name",
  "header",
  "leftover",
  "focused-test",
  "unit-in-name",
  "top-level",
  "machine-trace",
  "docs",
  "allow-marker",
] as const;
export type Rule = (typeof RULES)[number];

export interface Finding {
  readonly rule: Rule;
  readonly path: string;
  /** From 1; 0 when it is about the file as a whole. */
  readonly line: number;
  readonly message: string;
}

export function findingText({ rule, path, line, message }: Finding): string {
  return `${path}${line > 0 ? `:${line}` : ""}: ${rule}: ${message}`;
}

const MARKER = /(?:\/\/|\/\*|<!--|#)\s*tidy: allow(?:\s+(\S+))?(?:\s+(.*?))?\s*(?:\*\/|-->)?\s*$/;

interface Marker {
  readonly path: string;
  readonly line: number;
  /** The line that it lets stand: its own, or the next one when it has a line of its own. */
  readonly allowedLine: number;
  readonly rule: string;
  readonly reason: string;
  used: boolean;
}

/**
 * Takes out the findings that a marker allows: at the end of the line itself, on a line of its own before it, or
 * anywhere in the file for a finding about the whole file. A marker without a known rule and a reason, or that allows
 * nothing, is a finding.
 */
export function applyMarkers(findings: readonly Finding[], files: readonly TextFile[]): Finding[] {
  const markers = files.flatMap(markersOf);
  const left = findings.filter((finding) => {
    const marker = markers.find(
      (candidate) =>
        candidate.path === finding.path &&
        candidate.rule === finding.rule &&
        candidate.reason !== "" &&
        (finding.line === 0 || finding.line === candidate.allowedLine),
    );
    if (marker) marker.used = true;
    return marker === undefined;
  });
  for (const { path, line, rule, reason, used } of markers) {
    const place = { rule: "allow-marker", path, line } as const;
    if (!(RULES as readonly string[]).includes(rule)) left.push({ ...place, message: `no rule is called "${rule}"` });
    else if (reason === "") left.push({ ...place, message: `say why ${rule} may be broken here` });
    else if (!used) left.push({ ...place, message: `nothing here breaks ${rule} any more: take the marker away` });
  }
  return left;
}

function markersOf({ path, lines }: TextFile): Marker[] {
  return lines.flatMap((text, i) => {
    const match = MARKER.exec(text);
    if (!match) return [];
    const isAlone =
      text
        .slice(0, match.index)
        .replaceAll(/\/\*.*?\*\//g, "")
        .trim() === "";
    const allowedLine = isAlone ? i + 2 : i + 1;
    return [{ path, line: i + 1, allowedLine, rule: match[1] ?? "", reason: match[2] ?? "", used: false }];
  });
}
