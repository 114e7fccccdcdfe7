/** Pinning, on the real scheduler: a worker that takes a CPU for itself, and everything else leaving it. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { FathomError } from "../../../src/core/assert.ts";
import { listCpus, moveHelperThreads, type PinnedThread, pinThread } from "../../../src/io/pin.ts";
import { formatCpuList, onlineCpus, parseCpuList, setThreadCpus, threadCpus } from "../../../src/io/pin-cpu-set.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FathomError) return error.code;
    throw error;
  }
  return "none";
}

function threadIds(): number[] {
  return readdirSync("/proc/self/task").map(Number);
}

/** What the kernel itself says that a thread may run on; nothing when the thread has just ended. */
function kernelCpus(threadId: number): number[] {
  const path = `/proc/self/task/${threadId}/status`;
  if (!existsSync(path)) return [];
  return parseCpuList(/Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(path, "utf8"))![1]!);
}

function nameOf(threadId: number): string {
  return readFileSync(`/proc/self/task/${threadId}/comm`, "utf8").trimEnd();
}

let pinned: PinnedThread | undefined;
afterEach(() => {
  pinned?.unpin();
  pinned = undefined;
  for (const id of threadIds()) setThreadCpus(id, onlineCpus());
});

describe("CPU lists", () => {
  test("are read and written in the kernel's form", () => {
    expect(parseCpuList("0-3,8,10-11\n")).toEqual([0, 1, 2, 3, 8, 10, 11]);
    expect(parseCpuList("0")).toEqual([0]);
    expect(parseCpuList("\n")).toEqual([]);
    expect(formatCpuList([0, 1, 2, 3, 8, 10, 11])).toBe("0-3,8,10-11");
    expect(formatCpuList([])).toBe("");
  });

  test("the allowed ones are those that the kernel grants, also when the asking thread runs on fewer", () => {
    const { online, allowed } = listCpus();
    expect(online.length).toBeGreaterThan(0);
    for (const cpu of allowed) expect(online).toContain(cpu);
    setThreadCpus(0, [allowed[0]!]);
    expect(listCpus().allowed).toEqual(allowed);
    expect(threadCpus(0)).toEqual([allowed[0]!]);
  });
});

describe("pinThread", () => {
  const [first, ...rest] = listCpus().allowed;

  test("keeps the thread on its CPU, names it, and undoes both", () => {
    const before = kernelCpus(process.pid);
    const name = nameOf(process.pid);
    pinned = pinThread(first!);
    expect(pinned.threadId).toBe(process.pid);
    expect(kernelCpus(process.pid)).toEqual([first!]);
    expect(nameOf(process.pid)).toBe(`pin${first}:${process.pid}`);
    expect(listCpus().pinned).toEqual([first!]);
    pinned.unpin();
    expect(kernelCpus(process.pid)).toEqual(before);
    expect(nameOf(process.pid)).toBe(name);
    expect(listCpus().pinned).toEqual([]);
  });

  test("a CPU that there is not is refused, saying which there are", () => {
    expect(codeOf(() => pinThread(9999))).toBe("cpu-not-allowed");
    expect(codeOf(() => pinThread(-1))).toBe("cpu-not-allowed");
  });

  test.skipIf(rest.length === 0)("all other threads leave the CPU, and nobody else may be pinned to it", async () => {
    const worker = new Worker(new URL("./pin-worker.ts", import.meta.url));
    const answer = () =>
      new Promise<unknown>((resolve) => worker.addEventListener("message", (e) => resolve(e.data), { once: true }));
    try {
      const ready = answer();
      worker.postMessage({ cpu: rest[0] });
      const { threadId, moved } = (await ready) as {
        threadId: number;
        moved: { movedCount: number; spareCpus: number[] };
      };
      expect(threadId).not.toBe(process.pid);
      expect(kernelCpus(threadId)).toEqual([rest[0]!]);
      expect(moved.movedCount).toBeGreaterThan(0);
      expect(moved.spareCpus).not.toContain(rest[0]!);
      // The engine starts threads when it likes; one that the worker has started since is on its CPU, and moves now.
      const strays = () => threadIds().filter((id) => id !== threadId && kernelCpus(id).includes(rest[0]!));
      let left = strays();
      for (let turns = 0; turns < 100 && left.length > 0; turns++) {
        moveHelperThreads();
        left = strays();
      }
      expect(left).toEqual([]);
      expect(codeOf(() => pinThread(rest[0]!))).toBe("cpu-taken");
    } finally {
      worker.terminate();
    }
  });

  test.skipIf(rest.length === 0)("with every CPU pinned, nobody is moved", () => {
    pinned = pinThread(first!);
    const others = threadIds().filter((id) => id !== process.pid);
    for (const id of others) setThreadCpus(id, [first!]);
    expect(moveHelperThreads()).toEqual({ movedCount: 0, spareCpus: [] });
  });
});
