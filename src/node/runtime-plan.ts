/**
 * How the hot threads (one ingest thread a channel, and its shards) share the machine: what each does with nothing to
 * do, and which CPU is its own. Decided once, on the main thread, from the settings and the CPUs that there are; posted
 * to the workers. Pure.
 */
import type { RuntimeSettings } from "./settings.ts";

export type IdleStrategy = "park" | "spin" | "adaptive";

/** What one hot thread is told. */
export interface ThreadPlan {
  readonly idle: IdleStrategy;
  /** How long an adaptive thread spins after the last work. */
  readonly spinNs: number;
  /** The CPU that it pins itself to after its warm-up; -1: none. */
  readonly cpu: number;
  /** At most so long for the warm-up; 0: none. */
  readonly warmUpNs: number;
}

export interface RuntimePlan {
  /** By channel. */
  readonly ingest: readonly ThreadPlan[];
  /** By channel, then by shard. */
  readonly shards: readonly (readonly ThreadPlan[])[];
  /** What could not be had as asked, in words for the log. */
  readonly notes: readonly string[];
}

/** A thread of which nothing special is asked, such as a shard of a replay. */
export const PLAIN_THREAD: ThreadPlan = { idle: "park", spinNs: 0, cpu: -1, warmUpNs: 0 };

/**
 * CPUs that spinning threads must leave to others: one for the main thread and the engine's helpers. Where nobody has
 * asked for spinning, one more for what else runs on the machine.
 */
const NEEDED_CPUS_ASKED = 1;
const NEEDED_CPUS_AUTO = 2;

/** `shards`: a channel's book threads. `cpus`: those that this process may use. */
export function planRuntime(
  runtime: RuntimeSettings,
  channels: number,
  shards: number,
  cpus: readonly number[],
): RuntimePlan {
  const hotCount = channels * (1 + shards);
  const notes: string[] = [];
  const idles = planIdle(runtime.idle, hotCount, cpus.length, notes);
  const pinned = planPins(runtime.pin, channels, shards, cpus, notes);
  const thread = (place: number): ThreadPlan => ({
    idle: idles[place]!,
    spinNs: runtime.spinNs,
    cpu: pinned[place]!,
    warmUpNs: runtime.warmUpNs,
  });
  return {
    ingest: Array.from({ length: channels }, (_, channel) => thread(channel)),
    shards: Array.from({ length: channels }, (_, channel) =>
      Array.from({ length: shards }, (_, shard) => thread(channels + channel * shards + shard)),
    ),
    notes,
  };
}

/** By thread, ingest threads first: they are nearest to the wire, so what may spin is given to them. */
function planIdle(asked: RuntimeSettings["idle"], hotCount: number, cpuCount: number, notes: string[]): IdleStrategy[] {
  const wanted = asked === "auto" ? "adaptive" : asked;
  const spareCount = Math.max(0, cpuCount - (asked === "auto" ? NEEDED_CPUS_AUTO : NEEDED_CPUS_ASKED));
  const spinnerCount = wanted === "park" ? 0 : Math.min(spareCount, hotCount);
  if (asked !== "auto" && wanted !== "park" && spinnerCount < hotCount) {
    const room = `${spinnerCount} of ${hotCount} hot threads may spin on ${cpuCount} CPUs`;
    notes.push(`runtime.idle = "${asked}": ${room}, the others park`);
  }
  return Array.from({ length: hotCount }, (_, place) => (place < spinnerCount ? wanted : "park"));
}

/** By thread, in the same order; -1: not pinned. */
function planPins(
  pin: RuntimeSettings["pin"],
  channels: number,
  shards: number,
  cpus: readonly number[],
  notes: string[],
): number[] {
  const hotCount = channels * (1 + shards);
  const none = Array.from({ length: hotCount }, () => -1);
  if (pin.mode === "off") return none;
  if (pin.mode === "auto") {
    if (cpus.length > hotCount) return none.map((_, place) => cpus[cpus.length - 1 - place]!);
    notes.push(`runtime.pin = "auto": ${cpus.length} CPUs are not enough for ${hotCount} hot threads and the rest`);
    return none;
  }
  const [ingest, books] = [none.slice(0, channels), none.slice(channels)];
  const place = (role: "ingest" | "shards", given: readonly number[], room: number[]) => {
    for (const [i, cpu] of given.entries()) if (i < room.length) room[i] = cpu;
    if (given.length > room.length)
      notes.push(`runtime.pin.${role}: ${given.length} CPUs for ${room.length} threads, the last are not used`);
  };
  place("ingest", pin.ingest, ingest);
  place("shards", pin.shards, books);
  return [...ingest, ...books];
}

/** A CPU that the settings name and that this process may not use. */
export interface PinProblem {
  readonly key: string;
  readonly found: string;
  readonly expected: string;
}

/** What is wrong with the CPUs in the settings on this machine. `describe`: CPUs as "0-3,8". */
export function pinProblems(
  pin: RuntimeSettings["pin"],
  cpus: readonly number[],
  describe: (cpus: readonly number[]) => string,
): PinProblem[] {
  const problems: PinProblem[] = [];
  for (const [key, given] of [
    ["runtime.pin.ingest", pin.ingest] as const,
    ["runtime.pin.shards", pin.shards] as const,
  ]) {
    const strange = given.filter((cpu) => !cpus.includes(cpu));
    if (strange.length === 0) continue;
    const found = strange.length === 1 ? `CPU ${strange[0]}` : `CPUs ${describe(strange)}`;
    problems.push({ key, found, expected: `CPUs that this process may use: ${describe(cpus)}` });
  }
  return problems;
}
