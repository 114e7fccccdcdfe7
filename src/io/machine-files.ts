/**
 * What the kernel says of the machine in files below /proc and /sys, and of the disks below a folder. A file that is
 * not there or may not be read is an answer with its reason, never an exception. Cold: only `doctor` and the clock
 * watch read these.
 */
import { accessSync, constants, readdirSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";

/** What a file says, trimmed; or why it cannot be read. */
export interface Fact {
  readonly text: string | undefined;
  readonly reason: string;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "this kernel has no such file",
  EACCES: "this user may not read it",
  EPERM: "this user may not read it",
  EINVAL: "the driver does not say",
  EOPNOTSUPP: "the driver does not say",
};

/** A whole small file. */
export function readFact(path: string): Fact {
  try {
    return { text: readFileSync(path, "utf8").trim(), reason: "" };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    return { text: undefined, reason: `${path}: ${REASONS[code] ?? code}` };
  }
}

/** A file with one number in it; undefined when it is not that. */
export function readFactNumber(path: string): number | undefined {
  const { text } = readFact(path);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The names in a folder, sorted; empty when it is not there. */
export function listNames(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Whether this user may write to what is there. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export interface FileSystem {
  /** The part of the path that is there. */
  readonly folder: string;
  readonly mountPoint: string;
  /** "ext4", "xfs", "tmpfs", …; "" when unknown. */
  readonly type: string;
  readonly totalBytes: number;
  /** For a user without special rights. */
  readonly freeBytes: number;
}

/** The file system of a folder that may not be there yet; undefined when nothing can be asked. */
export function readFileSystem(path: string): FileSystem | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bsize, blocks, bavail } = statfsSync(folder);
      const mount = mountOf(readFact("/proc/self/mounts").text ?? "", folder);
      return {
        folder,
        mountPoint: mount?.point ?? "",
        type: mount?.type ?? "",
        totalBytes: bsize * blocks,
        freeBytes: bsize * bavail,
      };
    } catch {
      if (folder === dirname(folder)) return undefined;
    }
  }
}

/** Of the lines of /proc/self/mounts, the last of the longest mount point that holds the folder. */
export function mountOf(mounts: string, folder: string): { point: string; type: string } | undefined {
  let found: { point: string; type: string } | undefined;
  for (const line of mounts.split("\n")) {
    const [, rawPoint, type] = line.split(" ");
    if (rawPoint === undefined || type === undefined) continue;
    const point = rawPoint.replace(/\\040/g, " ");
    const holds = point === "/" || folder === point || folder.startsWith(`${point}/`);
    if (holds && (found === undefined || point.length >= found.point.length)) found = { point, type };
  }
  return found;
}
