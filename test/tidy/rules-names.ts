/** Names: what may not be called where, what a file is called, and that a number of time says its unit. */
import { basename } from "node:path/posix";
import type { Node } from "typescript/unstable/ast";
import {
  isBinaryExpression,
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isNumericLiteral,
  isParameterDeclaration,
  isParenthesizedExpression,
  isPrivateIdentifier,
  isPropertyAccessExpression,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isVariableDeclaration,
  SyntaxKind,
} from "typescript/unstable/ast";
import type { Finding } from "./findings.ts";
import { BANNED_NAMES, FILE_NAME, OTHER_WORLDS, UNITLESS_NAME } from "./house.ts";
import { roomOf } from "./rules-imports.ts";
import { type CodeFile, startOf, type TextFile, walk } from "./source-tree.ts";

export function fileNameFindings({ path }: TextFile): Finding[] {
  if (!/^(src|test|plugins)\//.test(path) || FILE_NAME.test(basename(path))) return [];
  if (basename(path) === "tsconfig.json") return [];
  return [{ rule: "file-name", path, line: 0, message: "files are called in kebab-case" }];
}

export function bannedNameFindings(file: CodeFile): Finding[] {
  const room = roomOf(file.path);
  if (room === undefined || OTHER_WORLDS.test(file.path)) return [];
  const findings: Finding[] = [];
  walk(file.tree, (node) => {
    const name = usedName(node);
    const ban = BANNED_NAMES.find((candidate) => candidate.name === name && !candidate.rooms.includes(room));
    if (!ban) return;
    const line = file.lineAt(startOf(node, file));
    findings.push({
      rule: "banned-name",
      path: file.path,
      line,
      message: `${ban.name} is banned here: ${ban.instead}`,
    });
  });
  return findings;
}

/** The name that a node uses, in the form of the table; "" when it uses none that could be in it. */
function usedName(node: Node): string {
  if (isPropertyAccessExpression(node)) {
    const owner = node.expression;
    if (isIdentifier(owner)) return owner.text === "console" ? "console" : `${owner.text}.${node.name.text}`;
    // globalThis.Date.now and the like.
    if (isPropertyAccessExpression(owner) && owner.expression.getText() === "globalThis") {
      return `${owner.name.text}.${node.name.text}`;
    }
  }
  if (isNewExpression(node) && isIdentifier(node.expression)) {
    if (node.expression.text === "Worker") return "new Worker()";
    return node.arguments === undefined || node.arguments.length === 0 ? `new ${node.expression.text}()` : "";
  }
  return isCallExpression(node) && isIdentifier(node.expression) ? node.expression.text : "";
}

export function unitFindings(file: CodeFile): Finding[] {
  const findings: Finding[] = [];
  walk(file.tree, (node) => {
    const isDeclaration =
      isVariableDeclaration(node) ||
      isParameterDeclaration(node) ||
      isPropertyDeclaration(node) ||
      isPropertySignatureDeclaration(node);
    if (!isDeclaration || !(isIdentifier(node.name) || isPrivateIdentifier(node.name))) return;
    if (!UNITLESS_NAME.test(node.name.text.replace("#", ""))) return;
    const isNumber = node.type?.kind === SyntaxKind.NumberKeyword || (node.initializer && isNumeric(node.initializer));
    if (!isNumber) return;
    const message = `${node.name.text} is a number without a unit: end its name in Ns, Ms or Seconds`;
    findings.push({ rule: "unit-in-name", path: file.path, line: file.lineAt(startOf(node, file)), message });
  });
  return findings;
}

/** A number as far as the syntax shows: a literal, or one inside a sum or product. */
function isNumeric(node: Node): boolean {
  if (isNumericLiteral(node)) return true;
  if (isParenthesizedExpression(node)) return isNumeric(node.expression);
  return isBinaryExpression(node) && (isNumeric(node.left) || isNumeric(node.right));
}
