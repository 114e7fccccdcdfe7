/** How long a file and a function may be, with the ratchets of those that are over today. */
import type { Node } from "typescript/unstable/ast";
import { isCallExpression, isFunctionLikeDeclaration, isIdentifier } from "typescript/unstable/ast";
import type { Finding } from "./findings.ts";
import type { Limits } from "./house.ts";
import { type CodeFile, startOf, type TextFile, walk } from "./source-tree.ts";

/** Checks sizes, and remembers which ratchets were met, to find those that can be lowered. */
export class SizeRules {
  readonly #limits: Limits;
  readonly #ratchets: Readonly<Record<string, number>>;
  readonly #met = new Map<string, number>();

  constructor(limits: Limits, ratchets: Readonly<Record<string, number>>) {
    this.#limits = limits;
    this.#ratchets = ratchets;
  }

  file({ path, lines }: TextFile): Finding[] {
    if (!/\.(ts|css|html)$/.test(path)) return [];
    // The last line's end makes one empty line more.
    const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
    return this.#check(path, count, this.#limits.fileLinesMax, { rule: "file-length", path, line: 0 });
  }

  functions(file: CodeFile): Finding[] {
    const findings: Finding[] = [];
    walk(file.tree, (node) => {
      if (!isFunctionLikeDeclaration(node) || isSuite(node)) return;
      const start = file.lineAt(startOf(node, file));
      const count = file.lineAt(node.end) - start + 1;
      const key = `${file.path}#${functionName(node)}`;
      const place = { rule: "function-length" as const, path: file.path, line: start };
      findings.push(...this.#check(key, count, this.#limits.functionLinesMax, place));
    });
    return findings;
  }

  /** Ratchets that are looser than what they hold, or hold nothing any more. */
  ratchetFindings(): Finding[] {
    return Object.entries(this.#ratchets).flatMap(([key, allowed]) => {
      const count = this.#met.get(key);
      if (count === allowed) return [];
      const message =
        count === undefined ? "within the limit now: take the ratchet out" : `lower the ratchet to ${count}`;
      return [{ rule: "ratchet" as const, path: key.split("#")[0]!, line: 0, message: `${key}: ${message}` }];
    });
  }

  #check(key: string, count: number, limit: number, place: Pick<Finding, "rule" | "path" | "line">): Finding[] {
    if (count <= limit) return [];
    const allowed = this.#ratchets[key];
    if (allowed !== undefined && count <= allowed) {
      this.#met.set(key, count);
      return [];
    }
    return [{ ...place, message: `${key}: ${count} lines, at most ${allowed ?? limit}` }];
  }
}

/** A test suite is a list of tests, each of which is measured; the list may be long. */
function isSuite(node: Node): boolean {
  const call = node.parent;
  return isCallExpression(call) && /^describe(\.|$)/.test(call.expression.getText());
}

/** A function's own name, or that of what it is assigned to. */
export function functionName(node: Node & { name?: Node }): string {
  if (node.name) return node.name.getText();
  const holder = node.parent as Node & { name?: Node };
  return holder.name && isIdentifier(holder.name) ? holder.name.text : "anonymous";
}
