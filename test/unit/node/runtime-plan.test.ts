/** Who may spin, who has a CPU of its own, and what is said when it cannot be had. */
import { describe, expect, test } from "bun:test";
import { pinProblems, planRuntime } from "../../../src/node/runtime-plan.ts";
import type { RuntimeSettings } from "../../../src/node/settings.ts";

const cpus = (count: number) => Array.from({ length: count }, (_, i) => i);
const OFF: RuntimeSettings["pin"] = { mode: "off", ingest: [], shards: [] };

function plan(given: Partial<RuntimeSettings>, channels: number, shards: number, cpuCount: number) {
  const runtime: RuntimeSettings = { idle: "auto", spinNs: 50_000, pin: OFF, warmUpNs: 300e6, ...given };
  const { ingest, shards: books, notes } = planRuntime(runtime, channels, shards, cpus(cpuCount));
  const threads = [...ingest, ...books.flat()];
  return { threads, idle: threads.map((thread) => thread.idle), cpus: threads.map((thread) => thread.cpu), notes };
}

describe("idle", () => {
  test("auto parks on two cores, and spins for a while where cores are to spare", () => {
    expect(plan({}, 1, 0, 1).idle).toEqual(["park"]);
    expect(plan({}, 1, 0, 2).idle).toEqual(["park"]);
    expect(plan({}, 1, 0, 3).idle).toEqual(["adaptive"]);
    expect(plan({}, 1, 2, 4).idle).toEqual(["adaptive", "adaptive", "park"]);
    expect(plan({}, 2, 1, 4).idle).toEqual(["adaptive", "adaptive", "park", "park"]);
  });

  test.each(["spin", "adaptive"] as const)("%s is never given to more threads than there are spare cores", (idle) => {
    for (let cpuCount = 1; cpuCount <= 8; cpuCount++) {
      for (let shards = 0; shards <= 4; shards++) {
        const { idle: idles, notes } = plan({ idle }, 1, shards, cpuCount);
        const spinning = idles.filter((one) => one === idle).length;
        expect(spinning).toBe(Math.min(1 + shards, cpuCount - 1));
        expect(idles.lastIndexOf(idle)).toBe(spinning - 1);
        expect(notes.length).toBe(spinning < 1 + shards ? 1 : 0);
      }
    }
  });

  test("park is park", () => {
    expect(plan({ idle: "park" }, 2, 2, 64).idle).toEqual(Array(6).fill("park"));
  });

  test("every thread is told its warm-up and how long to spin", () => {
    for (const thread of plan({ warmUpNs: 7, spinNs: 9 }, 2, 2, 4).threads)
      expect(thread).toMatchObject({ warmUpNs: 7, spinNs: 9 });
  });
});

describe("pins", () => {
  test("auto takes the highest CPUs, and none where the rest would have none", () => {
    expect(plan({ pin: { ...OFF, mode: "auto" } }, 1, 2, 8).cpus).toEqual([7, 6, 5]);
    const small = plan({ pin: { ...OFF, mode: "auto" } }, 1, 1, 2);
    expect(small.cpus).toEqual([-1, -1]);
    expect(small.notes.join()).toContain("2 CPUs are not enough for 2 hot threads");
  });

  test("given ones go to threads in order; too few leave threads free, too many are said to be", () => {
    const pin: RuntimeSettings["pin"] = { mode: "given", ingest: [1], shards: [2, 3, 4] };
    expect(plan({ pin }, 2, 2, 8).cpus).toEqual([1, -1, 2, 3, 4, -1]);
    const { cpus: taken, notes } = plan({ pin }, 1, 0, 8);
    expect(taken).toEqual([1]);
    expect(notes.join()).toContain("3 CPUs for 0 threads");
  });

  test("a CPU that the process may not use is named, with those that it may", () => {
    const describeCpus = (list: readonly number[]) => list.join("+");
    const pin: RuntimeSettings["pin"] = { mode: "given", ingest: [9], shards: [1, 8] };
    expect(pinProblems(pin, [0, 1, 2], describeCpus)).toEqual([
      { key: "runtime.pin.ingest", found: "CPU 9", expected: "CPUs that this process may use: 0+1+2" },
      { key: "runtime.pin.shards", found: "CPU 8", expected: "CPUs that this process may use: 0+1+2" },
    ]);
    expect(pinProblems(OFF, [0], describeCpus)).toEqual([]);
  });
});
