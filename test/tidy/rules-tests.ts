/** A test that was singled out while working on it must not stay so: the others would never run again. */
import { isCallExpression, isPropertyAccessExpression } from "typescript/unstable/ast";
import type { Finding } from "./findings.ts";
import { type CodeFile, startOf, walk } from "./source-tree.ts";

export function focusedTestFindings(file: CodeFile): Finding[] {
  if (!file.path.startsWith("test/")) return [];
  const findings: Finding[] = [];
  walk(file.tree, (node) => {
    if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return;
    const name = node.expression.getText();
    if (!/^(test|it|describe)\.(only|todo)$/.test(name)) return;
    findings.push({
      rule: "focused-test",
      path: file.path,
      line: file.lineAt(startOf(node, file)),
      message: `${name}(`,
    });
  });
  return findings;
}
