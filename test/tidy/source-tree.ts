/**
 * The tree that is checked: its files, and the syntax trees of the TypeScript ones. Parsing is done by the compiler
 * that also checks the types, once for the whole tree.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { API } from "typescript/unstable/async";

export const REPOSITORY = join(import.meta.dir, "../..");
export const CANARY = join(import.meta.dir, "canary");

export interface TextFile {
  /** From the tree's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

export interface CodeFile extends TextFile {
  readonly tree: SourceFile;
  /** Line, from 1, of a position in the text. */
  lineAt(position: number): number;
}

export interface SourceTree {
  readonly root: string;
  readonly texts: readonly TextFile[];
  readonly code: readonly CodeFile[];
}

const TEXT_SUFFIX = /\.(ts|js|json|md|toml|html|css|svg|c|txt)$|(^|\/)(run|\.gitignore|\.npmrc)$/;

/** Reads the tree under `root`: what git tracks and what it would take, without what it ignores. */
export async function readTree(root: string): Promise<SourceTree> {
  const paths = listFiles(root).filter((path) => root === CANARY || !path.startsWith("test/tidy/canary/"));
  const texts = paths.filter((path) => TEXT_SUFFIX.test(path)).map((path) => readText(root, path));
  return { root, texts, code: await parseAll(root, texts) };
}

function listFiles(root: string): string[] {
  const git = Bun.spawnSync(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    stderr: "ignore",
  });
  if (git.exitCode === 0) {
    const names = git.stdout.toString().split("\0");
    return names.filter((name) => name !== "" && existsSync(join(root, name))).sort();
  }
  // No git here (a source archive): everything but what is never part of the project.
  const all = [...new Bun.Glob("**").scanSync({ cwd: root, dot: true, onlyFiles: true })];
  return all.filter((path) => !/^(node_modules|dist|\.git)\//.test(path) && statSync(join(root, path)).isFile()).sort();
}

function readText(root: string, path: string): TextFile {
  const text = readFileSync(join(root, path), "utf8");
  return { path, text, lines: text.split("\n") };
}

async function parseAll(root: string, texts: readonly TextFile[]): Promise<CodeFile[]> {
  const api = new API({ cwd: REPOSITORY });
  try {
    const config = join(import.meta.dir, "tsconfig.json");
    const snapshot = await api.updateSnapshot({ openProjects: [config] });
    const project = snapshot.getProject(config);
    if (project === undefined) throw new Error(`the compiler does not open ${relative(REPOSITORY, config)}`);
    const files: CodeFile[] = [];
    for (const text of texts.filter(({ path }) => path.endsWith(".ts"))) {
      const tree = await project.program.getSourceFile(join(root, text.path));
      if (tree === undefined) throw new Error(`${text.path} is in no project: see test/tidy/tsconfig.json`);
      files.push({ ...text, tree, lineAt: (position) => tree.getLineAndCharacterOfPosition(position).line + 1 });
    }
    return files;
  } finally {
    await api.close();
  }
}

/** Calls `visit` with every node of a file, parents first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

/** Where a node's own text begins, past the blanks and comments before it. */
export function startOf(node: Node, file: CodeFile): number {
  return node.getStart(file.tree);
}
