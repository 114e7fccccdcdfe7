/** The doctor on memory: huge pages, shared memory, swap, and what a process may lock. */
import { type FileSystem, readFact, readFactNumber, readFileSystem } from "../io/machine-files.ts";
import { heldCapabilities, parseLimit } from "../io/machine-rights.ts";
import { type Finding, ok, SERVICE_UNIT, unknown, wants, wantsWritten } from "./doctor-finding.ts";

export interface MemoryFacts {
  /** "always", "madvise" or "never". */
  readonly hugePages: string | undefined;
  readonly sharedMemory: FileSystem | undefined;
  /** Swap devices and files in use. */
  readonly swaps: readonly string[];
  readonly swappiness: number | undefined;
  readonly availableBytes: number | undefined;
  readonly lockLimitBytes: number | undefined;
  readonly mayLockAll: boolean;
}

const HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled";
const SHARED_MEMORY = "/dev/shm";
const SHARED_BYTES_MIN = 256 * 2 ** 20;
const AVAILABLE_BYTES_MIN = 2 ** 30;
const LOCK_BYTES_MIN = 64 * 2 ** 20;

export function memoryFacts(): MemoryFacts {
  const availableKb = /^MemAvailable:\s+(\d+) kB$/m.exec(readFact("/proc/meminfo").text ?? "")?.[1];
  return {
    hugePages: /\[(\w+)\]/.exec(readFact(HUGE_PAGES).text ?? "")?.[1],
    sharedMemory: readFileSystem(SHARED_MEMORY),
    swaps: (readFact("/proc/swaps").text ?? "")
      .split("\n")
      .slice(1)
      .flatMap((line) => line.split(/\s+/)[0] || []),
    swappiness: readFactNumber("/proc/sys/vm/swappiness"),
    availableBytes: availableKb === undefined ? undefined : Number(availableKb) * 1024,
    lockLimitBytes: parseLimit(readFact("/proc/self/limits").text ?? "", "Max locked memory")?.soft,
    mayLockAll: heldCapabilities(readFact("/proc/self/status").text ?? "").includes("ipc_lock"),
  };
}

export function memoryFindings(facts: MemoryFacts): Finding[] {
  return [
    availableFinding(facts),
    hugePagesFinding(facts),
    sharedFinding(facts),
    swapFinding(facts),
    lockFinding(facts),
  ];
}

function availableFinding({ availableBytes }: MemoryFacts): Finding {
  const check = "memory";
  if (availableBytes === undefined) return unknown(check, "the kernel does not say how much is free");
  const found = `${gib(availableBytes)} to be had`;
  if (availableBytes >= AVAILABLE_BYTES_MIN) return ok(check, found);
  const change =
    "a full day of all Nasdaq instruments takes about 1 GiB; stop what is not needed, or take fewer symbols";
  return wants("degraded", check, found, change, "ps aux --sort=-rss | head");
}

function hugePagesFinding({ hugePages }: MemoryFacts): Finding {
  const check = "huge-pages";
  if (hugePages === undefined) return unknown(check, "the kernel does not say whether it makes huge pages by itself");
  if (hugePages !== "always") return ok(check, `transparent huge pages: ${hugePages}`);
  const change = "the kernel may stop a thread to put one together; let programs ask for them instead";
  return wants("advice", check, "transparent huge pages: always", change, `echo madvise > ${HUGE_PAGES}`);
}

function sharedFinding({ sharedMemory }: MemoryFacts): Finding {
  const check = "shared-memory";
  if (sharedMemory === undefined || sharedMemory.folder !== SHARED_MEMORY) {
    const change = "rings that other processes read lie there";
    const command = `mkdir -p ${SHARED_MEMORY} && mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs ${SHARED_MEMORY}`;
    return wants("degraded", check, `${SHARED_MEMORY} is not there`, change, command);
  }
  const found = `${gib(sharedMemory.freeBytes)} of ${gib(sharedMemory.totalBytes)} free in ${SHARED_MEMORY}`;
  if (sharedMemory.freeBytes >= SHARED_BYTES_MIN) return ok(check, found);
  const change = "rings that other processes read lie there (a container needs --shm-size)";
  return wants("degraded", check, found, change, `mount -o remount,size=1G ${SHARED_MEMORY}`);
}

function swapFinding({ swaps, swappiness }: MemoryFacts): Finding {
  const check = "swap";
  if (swaps.length === 0) return ok(check, "none");
  const found = `${swaps.join(", ")}, swappiness ${swappiness ?? "unknown"}`;
  if (swappiness !== undefined && swappiness <= 1) return ok(check, found);
  const change = "a book that was written out takes milliseconds to come back";
  return wants("advice", check, found, change, "sysctl -w vm.swappiness=1");
}

function lockFinding({ lockLimitBytes, mayLockAll }: MemoryFacts): Finding {
  const check = "locked-memory";
  if (mayLockAll) return ok(check, "without limit (CAP_IPC_LOCK)");
  if (lockLimitBytes === undefined) return unknown(check, "the kernel does not say how much may be locked");
  const found = lockLimitBytes === Number.POSITIVE_INFINITY ? "without limit" : `${mib(lockLimitBytes)} may be locked`;
  if (lockLimitBytes >= LOCK_BYTES_MIN) return ok(check, found);
  const change = "rings and books cannot be kept from being written out";
  return wantsWritten("advice", check, found, change, { text: "LimitMEMLOCK=infinity", where: SERVICE_UNIT });
}

/** 25275088896 → "23.5 GiB". */
export function gib(bytes: number): string {
  return bytes < 2 ** 30 ? mib(bytes) : `${Number((bytes / 2 ** 30).toPrecision(3))} GiB`;
}

function mib(bytes: number): string {
  return `${Number((bytes / 2 ** 20).toPrecision(3))} MiB`;
}
