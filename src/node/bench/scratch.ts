/** The bench's own folder on the disk: tapes and compiled yardsticks. Taken away at the end unless asked to keep. */
// tidy: allow banned-module folders are made, renamed and taken away here and nowhere else in the product
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FathomError } from "../../core/assert.ts";
import { openAppender } from "../../io/disk.ts";

/** Where tapes are kept unless `--tapes` says otherwise. */
export function defaultTapeFolder(): string {
  return join(tmpdir(), "fathom-bench");
}

/** Makes the folder, and says whether it was not there before. Throws `folder-unwritable`. */
export function makeFolder(path: string): boolean {
  try {
    return mkdirSync(path, { recursive: true }) !== undefined;
  } catch (cause) {
    throw new FathomError("folder-unwritable", `cannot make the folder ${path}: ${String(cause)}`, { cause });
  }
}

/** Takes a file or a folder away, with all that is in it; nothing happens when it is not there. */
export function removePath(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Puts a finished file in its place. */
export function movePath(from: string, to: string): void {
  renameSync(from, to);
}

/** Makes a new folder of a name of its own among the system's temporary ones. */
export function makeTemporaryFolder(prefix: string): string {
  return mkdtempSync(join(tmpdir(), prefix));
}

/** Writes a whole text file. */
export function writeText(path: string, text: string): void {
  const bytes = new TextEncoder().encode(text);
  const file = openAppender(path);
  file.write(bytes, 0, bytes.length);
  file.close();
}
