/** Small text files, read whole: settings, tokens, what the kernel says under /proc. Never on a hot path. */
import { existsSync, readFileSync } from "node:fs";
import { FathomError } from "../core/assert.ts";

const REASONS: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
};

/** The file's UTF-8 text. Throws `file-unreadable`, saying which file and why. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new FathomError("file-unreadable", `cannot read ${path}: ${REASONS[code] ?? code}`, { cause: error });
  }
}

export function fileExists(path: string): boolean {
  return existsSync(path);
}
