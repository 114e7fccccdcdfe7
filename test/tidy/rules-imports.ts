/** Imports go down the table of rooms only, packages into the rooms that are theirs, and the OS behind `io/`. */
import { dirname, join } from "node:path/posix";
import type { Node } from "typescript/unstable/ast";
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isStringLiteral,
  SyntaxKind,
} from "typescript/unstable/ast";
import type { Finding } from "./findings.ts";
import { BANNED_MODULES, OTHER_WORLDS, ROOMS } from "./house.ts";
import { type CodeFile, startOf, walk } from "./source-tree.ts";

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** `src/books/levels.ts` → `books`; `undefined` for what is in no room. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\/./.exec(path)?.[1];
}

export function importFindings(file: CodeFile): Finding[] {
  const room = roomOf(file.path);
  if (room === undefined) return [];
  if (ROOMS[room] === undefined) {
    return [{ rule: "import-direction", path: file.path, line: 0, message: `${room}/ is no room of the house` }];
  }
  return importsOf(file).flatMap((found) => importFinding(file.path, room, found));
}

function importFinding(path: string, room: string, { target, typeOnly, line }: Import): Finding[] {
  const { rooms, types = [], packages } = ROOMS[room]!;
  const place = { path, line };
  if (target.startsWith(".")) {
    const resolved = join(dirname(path), target);
    const other = roomOf(resolved);
    const reach = typeOnly ? [...rooms, ...types] : rooms;
    if (other === room || (other !== undefined && (reach.includes("*") || reach.includes(other)))) return [];
    const from = other === undefined ? resolved : `${other}/`;
    const message = `${room}/ may not import ${typeOnly ? "types " : ""}from ${from}`;
    return [{ rule: "import-direction", ...place, message }];
  }
  const ban = BANNED_MODULES.find(({ name }) => target === name || target.startsWith(`${name}/`));
  if (ban && !ban.rooms.includes(room) && !OTHER_WORLDS.test(path)) {
    return [{ rule: "banned-module", ...place, message: `${target} is not for ${room}/: ${ban.instead}` }];
  }
  if (/^(node|bun):/.test(target) || target === "bun") return [];
  const owner = target.startsWith("@") ? target.split("/").slice(0, 2).join("/") : target.split("/")[0]!;
  if (packages.includes(owner)) return [];
  const hint = packages.length === 0 ? "no packages" : packages.join(", ");
  return [{ rule: "package", ...place, message: `${room}/ imports ${hint}; found ${target}` }];
}

function importsOf(file: CodeFile): Import[] {
  const imports: Import[] = [];
  walk(file.tree, (node) => {
    const found = importOf(node);
    if (found) imports.push({ ...found, line: file.lineAt(startOf(node, file)) });
  });
  return imports;
}

function importOf(node: Node): { target: string; typeOnly: boolean } | undefined {
  if (isImportDeclaration(node) && isStringLiteral(node.moduleSpecifier)) {
    return { target: node.moduleSpecifier.text, typeOnly: /^import\s+type\b/.test(node.getText()) };
  }
  if (isExportDeclaration(node) && node.moduleSpecifier && isStringLiteral(node.moduleSpecifier)) {
    return { target: node.moduleSpecifier.text, typeOnly: node.isTypeOnly };
  }
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument) && isStringLiteral(node.argument.literal)) {
    return { target: node.argument.literal.text, typeOnly: true };
  }
  if (isCallExpression(node)) {
    const isImport = node.expression.kind === SyntaxKind.ImportKeyword || node.expression.getText() === "require";
    const target = node.arguments[0];
    if (isImport && target && isStringLiteral(target)) return { target: target.text, typeOnly: false };
  }
  return undefined;
}
