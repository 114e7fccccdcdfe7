/**
 * Giving a hot thread a CPU of its own. A worker calls `pinThread` on itself after its warm-up, then `moveHelpers`: the
 * engine's compiler and collector threads, the main thread and all others leave that CPU. Pinning the whole process
 * instead would put them all onto it, to fight the hot thread.
 *
 * A pinned thread is called `pin3:4711`, its CPU and its own number, in `top -H` too. By that name any other thread of
 * the process, each with its own copy of this module, knows it and lets it be. The number is there because a thread
 * that a pinned one starts inherits name and CPU; it is a helper all the same.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { FathomError } from "../core/assert.ts";
import { errno, errnoText, libc } from "./libc.ts";
import { formatCpuList, onlineCpus, permittedCpus, setThreadCpus, threadCpus } from "./pin-cpu-set.ts";

const TASKS = "/proc/self/task";
const PINNED_NAME = /^pin(\d+):(\d+)$/;

export interface CpuLists {
  /** CPUs that are running. */
  readonly online: readonly number[];
  /** Those that this process may use: less than all in a container or under a cpuset. */
  readonly allowed: readonly number[];
  /** Those of them that a thread of this process is pinned to. */
  readonly pinned: readonly number[];
}

export interface HelperMove {
  /** Threads that could run on a pinned CPU and now cannot. */
  readonly movedCount: number;
  /** Where all threads that are not pinned may run. Empty: every allowed CPU is pinned, so nobody was moved. */
  readonly spareCpus: readonly number[];
}

interface Thread {
  readonly id: number;
  readonly cpus: readonly number[];
  /** The CPU it is pinned to. */
  readonly pinnedCpu: number | undefined;
}

export class PinnedThread {
  readonly cpu: number;
  /** The kernel's number for the thread. */
  readonly threadId: number;
  readonly #name: string;
  #pinned = true;

  /** For `pinThread`. */
  constructor(cpu: number, threadId: number, name: string) {
    this.cpu = cpu;
    this.threadId = threadId;
    this.#name = name;
  }

  /**
   * Moves all others away from pinned CPUs. Threads that start later begin where their parent ran: call it again then.
   */
  moveHelpers(): HelperMove {
    return moveHelperThreads();
  }

  /** Lets the thread run wherever the process may, but not on CPUs that others are pinned to. */
  unpin(): void {
    if (!this.#pinned) return;
    this.#pinned = false;
    const { allowed, pinned } = listCpus();
    renameThread(this.threadId, this.#name);
    setThreadCpus(
      this.threadId,
      allowed.filter((cpu) => cpu === this.cpu || !pinned.includes(cpu)),
    );
  }
}

/** The CPUs of this machine and this process. */
export function listCpus(): CpuLists {
  return { online: onlineCpus(), allowed: permittedCpus(), pinned: pinnedCpus(threads()) };
}

/**
 * Pins the calling thread to a CPU. Throws `cpu-not-allowed` when the process may not use it, `cpu-taken` when another
 * thread of the process is pinned to it, `pin-failed` when the kernel refuses.
 */
export function pinThread(cpu: number): PinnedThread {
  const threadId = libc().gettid();
  const allowed = permittedCpus();
  if (!allowed.includes(cpu))
    throw new FathomError("cpu-not-allowed", `CPU ${cpu} is not among those this process may use`, {
      hint: `choose one of ${formatCpuList(allowed)}, or widen the process's cpuset`,
    });
  const other = threads().find((thread) => thread.pinnedCpu === cpu && thread.id !== threadId);
  if (other)
    throw new FathomError("cpu-taken", `thread ${other.id} of this process is pinned to CPU ${cpu} already`, {
      hint: "give each pinned thread a CPU of its own",
    });
  const name = threadName(threadId);
  if (!setThreadCpus(0, [cpu]))
    throw new FathomError("pin-failed", `cannot pin this thread to CPU ${cpu}: ${errnoText(errno())}`);
  renameThread(threadId, `pin${cpu}:${threadId}`);
  return new PinnedThread(cpu, threadId, name);
}

/** Keeps every thread of this process that is not pinned away from CPUs that others are pinned to. From any thread. */
export function moveHelperThreads(): HelperMove {
  const all = threads();
  const pinned = pinnedCpus(all);
  // Each alone may be allowed fewer CPUs than the process; together they have those that it was started with.
  const spareCpus = [...new Set(all.flatMap((thread) => thread.cpus))]
    .filter((cpu) => !pinned.includes(cpu))
    .sort((a, b) => a - b);
  if (spareCpus.length === 0) return { movedCount: 0, spareCpus };
  let movedCount = 0;
  for (const thread of all) {
    if (thread.pinnedCpu !== undefined || !thread.cpus.some((cpu) => pinned.includes(cpu))) continue;
    // A thread that the pinned one started has inherited its one CPU, and gets all the others.
    const kept = thread.cpus.filter((cpu) => spareCpus.includes(cpu));
    if (setThreadCpus(thread.id, kept.length > 0 ? kept : spareCpus)) movedCount++;
  }
  return { movedCount, spareCpus };
}

function pinnedCpus(all: readonly Thread[]): number[] {
  return all.flatMap((thread) => thread.pinnedCpu ?? []).sort((a, b) => a - b);
}

/** The process's threads that are there just now. */
function threads(): Thread[] {
  return readdirSync(TASKS).map((entry) => {
    const id = Number(entry);
    const match = PINNED_NAME.exec(threadName(id));
    return { id, cpus: threadCpus(id), pinnedCpu: Number(match?.[2]) === id ? Number(match![1]) : undefined };
  });
}

/** "" when the thread has just ended. */
function threadName(threadId: number): string {
  try {
    return readFileSync(`${TASKS}/${threadId}/comm`, "utf8").trimEnd();
  } catch {
    return "";
  }
}

/** The kernel keeps 15 letters. */
function renameThread(threadId: number, name: string): void {
  writeFileSync(`${TASKS}/${threadId}/comm`, name);
}
