/** Files that only this user may read, the folders they lie in, and the sockets that processes leave behind. Cold. */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FathomError } from "../core/assert.ts";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Writes a new file of mode 0600, and its folder where there is none. Throws `file-unwritable`. */
export function writePrivateFile(path: string, text: string): void {
  ensureFolder(dirname(path));
  try {
    // Exclusive: a file that somebody else has put there meanwhile is not written to.
    writeFileSync(path, text, { mode: FILE_MODE, flag: "wx" });
    chmodSync(path, FILE_MODE);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Whether anybody but the owner may read the file. */
export function isReadableByOthers(path: string): boolean {
  return (lstatSync(path).mode & 0o077) !== 0;
}

/** Makes a folder of mode 0700, and those above it, where there is none. Throws `file-unwritable`. */
export function ensureFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Removes a socket file; false, and nothing done, when there is something else at the path. */
export function removeSocketFile(path: string): boolean {
  try {
    if (!lstatSync(path).isSocket()) return false;
    unlinkSync(path);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** `remove` takes it away with all that is in it. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** A folder of one's own below the system's temporary one. */
export function makeTemporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function unwritable(path: string, cause: unknown): FathomError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FathomError("file-unwritable", `cannot write ${path}: ${reason}`, {
    hint: "Give another place (node.state_dir, admin.token_file, admin.socket), or make it writable.",
    cause,
  });
}
