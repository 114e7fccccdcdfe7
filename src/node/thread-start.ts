/** What a hot thread does between its warm-up and its work: takes its CPU, and says that it is ready. */
import { moveHelperThreads, pinThread } from "../io/pin.ts";
import { every } from "../io/timer.ts";
import type { ThreadPlan } from "./runtime-plan.ts";
import type { WarmUpResult } from "./warm-up.ts";

/** What became of a thread's plan. */
export interface ThreadReady {
  /** "ingest", "shard0". */
  readonly thread: string;
  readonly warmUp: WarmUpResult;
  /** -1: not pinned. */
  readonly cpu: number;
  /** Other threads that had to leave that CPU. */
  readonly movedCount: number;
}

/**
 * Pins the calling worker as its plan says, and moves the engine's helpers away: after the warm-up, whose compiler
 * threads would otherwise have shared the CPU. Throws `cpu-not-allowed`, `cpu-taken` or `pin-failed`.
 */
export function startThread(thread: string, { cpu }: ThreadPlan, warmUp: WarmUpResult): ThreadReady {
  const movedCount = cpu < 0 ? 0 : pinThread(cpu).moveHelpers().movedCount;
  return { thread, warmUp, cpu, movedCount };
}

const KEEP_CLEAR_MS = 1000;

/**
 * On the main thread: keeps all others away from pinned CPUs, since threads that the engine starts later begin where
 * their parent ran. Returns what stops it.
 */
export function keepPinnedCpusClear(): () => void {
  return every(KEEP_CLEAR_MS, () => void moveHelperThreads());
}
