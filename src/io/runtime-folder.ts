/**
 * Folders in memory (under /dev/shm) for what a process shares with others while it runs. Each user has a root folder
 * that nobody else can enter, each process a folder of its own in it, held by a lock that the kernel lets go when the
 * process ends, however it ends: what an ended process left is told from what is in use, and removed at the next start.
 * Cold.
 *
 *     /dev/shm/fathom-<uid>/<pid>-<number>-<name>/lock, and what its owner puts there
 */
import { closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FathomError } from "../core/assert.ts";
import { libc } from "./libc.ts";
import { isAlive } from "./process-liveness.ts";

export const RUNTIME_BASE = "/dev/shm";
const ROOT_NAME = /^fathom-(\d+)$/;
const FOLDER_NAME = /^(\d+)-\d+-(.+)$/;
const LOCK_FILE = "lock";
const FOLDER_MODE = 0o700;
const LOCK_EX = 2;
const LOCK_SH = 1;
const LOCK_NB = 4;
/** What it takes to make and lock a folder, at most. */
const MAKING_MS = 5000;
/** Another process that ends may take the root away between our making it and our folder in it. */
const ATTEMPTS_MAX = 100;

export interface RuntimeFolderEntry {
  readonly path: string;
  readonly name: string;
  readonly pid: number;
  /** Its process is there and holds it. */
  readonly isLive: boolean;
  /** Files in it besides the lock, sorted. */
  readonly files: readonly string[];
}

export class RuntimeFolder {
  readonly path: string;
  readonly #root: string;
  #lockFd: number;

  /** For `makeRuntimeFolder`. */
  constructor(root: string, path: string, lockFd: number) {
    this.#root = root;
    this.path = path;
    this.#lockFd = lockFd;
  }

  /** Removes the folder with all that is in it, and the root when it was the last. Twice is once. */
  remove(): void {
    if (this.#lockFd < 0) return;
    rmSync(this.path, { recursive: true, force: true });
    closeSync(this.#lockFd);
    this.#lockFd = -1;
    removeIfEmpty(this.#root);
  }
}

/**
 * Makes this process a folder of that name (letters, digits, `.`, `_`, `-`). Throws `runtime-folder-unsafe` when the
 * root belongs to somebody else, `runtime-folder-failed` when it cannot be made.
 */
export function makeRuntimeFolder(name: string, base = RUNTIME_BASE): RuntimeFolder {
  const root = rootOf(base);
  for (let number = 0; number < ATTEMPTS_MAX; number++) {
    ensureRoot(root);
    const path = join(root, `${process.pid}-${number}-${name}`);
    try {
      mkdirSync(path, { mode: FOLDER_MODE });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST" || code === "ENOENT") continue;
      throw unmade(path, cause);
    }
    const lockFd = openSync(join(path, LOCK_FILE), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    libc().flock(lockFd, LOCK_EX);
    return new RuntimeFolder(root, path, lockFd);
  }
  throw unmade(join(root, name), new Error(`${ATTEMPTS_MAX} names are taken`));
}

/** The folders of this user's processes; root sees those of all users. Those that vanish meanwhile are left out. */
export function listRuntimeFolders(base = RUNTIME_BASE): RuntimeFolderEntry[] {
  return rootsIn(base).flatMap((root) =>
    namesIn(root).flatMap((name) => {
      const match = FOLDER_NAME.exec(name);
      const path = join(root, name);
      const files = match ? namesIn(path) : [];
      if (!match) return [];
      const pid = Number(match[1]);
      return [{ path, name: match[2]!, pid, isLive: isLive(path, pid), files: files.filter((f) => f !== LOCK_FILE) }];
    }),
  );
}

/** Removes what processes that have ended left behind; returns how many folders. */
export function sweepRuntimeFolders(base = RUNTIME_BASE): number {
  const stale = listRuntimeFolders(base).filter((folder) => !folder.isLive);
  for (const { path } of stale) rmSync(path, { recursive: true, force: true });
  for (const root of rootsIn(base)) removeIfEmpty(root);
  return stale.length;
}

/** The lock says it; but a folder that is just being made is not locked yet. */
function isLive(path: string, pid: number): boolean {
  if (isLocked(join(path, LOCK_FILE))) return true;
  const madeMs = statOf(path)?.mtimeMs ?? 0;
  return Date.now() - madeMs < MAKING_MS && isAlive({ pid, startTicks: 0 });
}

function isLocked(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR);
  } catch {
    return false;
  }
  const isFree = libc().flock(fd, LOCK_SH | LOCK_NB) === 0;
  closeSync(fd);
  return !isFree;
}

function rootOf(base: string): string {
  return join(base, `fathom-${process.geteuid!()}`);
}

function rootsIn(base: string): string[] {
  if (process.geteuid!() !== 0) return [rootOf(base)].filter((root) => isOwnFolder(root));
  return namesIn(base)
    .filter((name) => isFolderOf(join(base, name), Number(ROOT_NAME.exec(name)?.[1] ?? -1)))
    .map((name) => join(base, name));
}

function ensureRoot(root: string): void {
  try {
    mkdirSync(root, { mode: FOLDER_MODE });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw unmade(root, cause);
  }
  // Gone again: whoever took it away has ended, and the next attempt makes it.
  if (statOf(root) === undefined || isOwnFolder(root)) return;
  throw new FathomError("runtime-folder-unsafe", `${root} is not a folder that only this user can enter`, {
    hint: `remove it ("rm -r ${root}"), or find out who put it there`,
  });
}

function isOwnFolder(path: string): boolean {
  return isFolderOf(path, process.geteuid!());
}

/** A folder of that user's own, no link, closed to all others. */
function isFolderOf(path: string, uid: number): boolean {
  const stat = statOf(path);
  return stat?.isDirectory() === true && stat.uid === uid && (stat.mode & 0o077) === 0;
}

function statOf(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function removeIfEmpty(root: string): void {
  try {
    rmdirSync(root);
  } catch {
    // Others are still in it.
  }
}

function unmade(path: string, cause: unknown): FathomError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FathomError("runtime-folder-failed", `cannot make ${path}: ${reason}`, {
    cause,
    hint: "fathom needs a writable /dev/shm (in a container: --tmpfs /dev/shm, or --shm-size)",
  });
}
