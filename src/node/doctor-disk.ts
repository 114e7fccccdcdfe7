/** The doctor on the disk below `node.state_dir`: room, file system, and how fast a small write lasts. */
import { formatDuration } from "../core/units.ts";
import { measureSync, type SyncSpeed } from "../io/machine-disk.ts";
import { type FileSystem, readFileSystem } from "../io/machine-files.ts";
import { type Finding, ok, unknown, wants } from "./doctor-finding.ts";
import { gib } from "./doctor-memory.ts";
import type { Needs } from "./doctor-needs.ts";

export interface DiskFacts {
  /** Of the folder, or of the nearest one above it that is there. */
  readonly fileSystem: FileSystem | undefined;
  /** A reason in the system's words (EACCES) when nothing can be written there. */
  readonly sync: SyncSpeed | string | undefined;
}

const FREE_BYTES_DEGRADED = 2 ** 30;
const FREE_BYTES_ADVICE = 20 * 2 ** 30;
const SYNC_NS_DEGRADED = 10e6;
const SYNC_NS_ADVICE = 2e6;
const FLEETING = ["tmpfs", "ramfs"];
const REMOTE = ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs"];

export function diskFacts({ stateDir }: Needs): DiskFacts {
  const fileSystem = readFileSystem(stateDir);
  return { fileSystem, sync: fileSystem && measureSync(fileSystem.folder) };
}

export function diskFindings({ fileSystem, sync }: DiskFacts, needs: Needs): Finding[] {
  if (fileSystem === undefined) return [unknown("state-dir", `${needs.stateDir} cannot be asked about`)];
  return [folderFinding(fileSystem, sync, needs), roomFinding(fileSystem), ...syncFindings(sync)];
}

function folderFinding(fileSystem: FileSystem, sync: DiskFacts["sync"], { stateDir, makesFiles }: Needs): Finding {
  const check = "state-dir";
  const there = fileSystem.folder === stateDir ? "" : `, to be made in ${fileSystem.folder}`;
  const found = `${stateDir}${there}, on ${fileSystem.type || "an unknown file system"} (${fileSystem.mountPoint})`;
  if (typeof sync === "string") {
    const change = "this user cannot write there; give it the folder, or set node.state_dir to one that it has";
    const command = `install -d -m 700 -o ${userName()} ${stateDir}`;
    return wants(makesFiles ? "bad" : "degraded", check, `${found}: ${sync}`, change, command);
  }
  if (FLEETING.includes(fileSystem.type)) {
    return wants("degraded", check, found, "what is kept there is gone after a restart; set node.state_dir to a disk");
  }
  if (REMOTE.includes(fileSystem.type)) {
    return wants("degraded", check, found, "another machine's disk: a log may stall with the network; use a local one");
  }
  return ok(check, found);
}

function userName(): string {
  return String(process.getuid?.() ?? "USER");
}

function roomFinding({ freeBytes, totalBytes, mountPoint }: FileSystem): Finding {
  const check = "room";
  const found = `${gib(freeBytes)} of ${gib(totalBytes)} free`;
  if (freeBytes >= FREE_BYTES_ADVICE) return ok(check, found);
  const change = "a day of one Nasdaq feed is about 10 GiB of log";
  return wants(
    freeBytes < FREE_BYTES_DEGRADED ? "degraded" : "advice",
    check,
    found,
    change,
    `du -xh ${mountPoint} | sort -h | tail`,
  );
}

function syncFindings(sync: DiskFacts["sync"]): Finding[] {
  const check = "sync-speed";
  if (sync === undefined || typeof sync === "string") return [unknown(check, "nothing can be written to measure it")];
  const found =
    `${formatDuration(sync.medianNs)} for a small write to last, ${formatDuration(sync.maxNs)} at most ` +
    `(fdatasync, ${sync.writeCount} times)`;
  const change =
    "a log that waits for the disk waits that long; use a disk with a write cache that survives power loss";
  if (sync.medianNs > SYNC_NS_DEGRADED) return [wants("degraded", check, found, change)];
  if (sync.medianNs > SYNC_NS_ADVICE) return [wants("advice", check, found, change)];
  return [ok(check, found)];
}
