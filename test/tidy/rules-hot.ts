/** What a hot file may not have: all that allocates, waits, unwinds or asks the time in the middle of a message. */
import type { Node } from "typescript/unstable/ast";
import {
  isFunctionLikeDeclaration,
  isIdentifier,
  isPropertyAccessExpression,
  SyntaxKind,
} from "typescript/unstable/ast";
import type { Finding } from "./findings.ts";
import { HOT_FILES } from "./house.ts";
import { functionName } from "./rules-sizes.ts";
import { type CodeFile, startOf } from "./source-tree.ts";

const FAULTS: Partial<Record<SyntaxKind, string>> = {
  [SyntaxKind.AsyncKeyword]: "async",
  [SyntaxKind.AwaitExpression]: "await",
  [SyntaxKind.BigIntLiteral]: "BigInt",
  [SyntaxKind.SpreadElement]: "spread",
  [SyntaxKind.SpreadAssignment]: "spread",
  [SyntaxKind.TryStatement]: "exceptions",
  [SyntaxKind.ThrowStatement]: "exceptions",
};

const LOOPS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.ForStatement,
  SyntaxKind.ForOfStatement,
  SyntaxKind.ForInStatement,
  SyntaxKind.WhileStatement,
  SyntaxKind.DoStatement,
]);

export function hotFileFindings(file: CodeFile): Finding[] {
  const cold = HOT_FILES[file.path];
  if (cold === undefined) return [];
  const findings: Finding[] = [];
  const visit = (node: Node, isInLoop: boolean) => {
    if (isFunctionLikeDeclaration(node) && cold.includes(functionName(node))) return;
    const fault = clockFault(node, file.path) ?? faultOf(node, isInLoop);
    if (fault !== undefined) {
      const message = `no ${fault} in a hot file`;
      findings.push({ rule: "hot-file", path: file.path, line: file.lineAt(startOf(node, file)), message });
    }
    const isLoop = LOOPS.has(node.kind);
    node.forEachChild((child) => visit(child, isLoop || isInLoop));
  };
  visit(file.tree, false);
  return findings;
}

function faultOf(node: Node, isInLoop: boolean): string | undefined {
  if (isInLoop && isFunctionLikeDeclaration(node)) return "closures in loops";
  if (isIdentifier(node) && node.text === "BigInt") return "BigInt";
  return FAULTS[node.kind];
}

/** `io/` is where clocks are read; elsewhere `nowNs` is handed in. */
function clockFault(node: Node, path: string): string | undefined {
  if (path.startsWith("src/io/") || !isPropertyAccessExpression(node)) return undefined;
  return node.expression.getText() === "clock" && node.name.text.endsWith("Ns") ? "reading a clock" : undefined;
}
