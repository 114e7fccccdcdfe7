/**
 * The beat of a hot thread: when a turn begins, whether it is worth another straight away, and when to sleep. One a
 * thread; reads the clock once a turn.
 */
import { clock } from "../io/clock.ts";
import { LoopMeter } from "../observe/loop-meter.ts";
import type { ThreadPlan } from "./runtime-plan.ts";

export class DutyCycle {
  readonly meter = new LoopMeter();
  /** How long the thread spins after its last work; Infinity: for ever. */
  readonly #spinNs: number;
  #nowNs = 0;
  #workedNs = 0;

  constructor({ idle, spinNs }: Pick<ThreadPlan, "idle" | "spinNs">) {
    this.#spinNs = idle === "spin" ? Number.POSITIVE_INFINITY : idle === "adaptive" ? spinNs : 0;
  }

  /** A turn begins; returns the time on CLOCK_MONOTONIC. */
  begin(): number {
    const nowNs = clock.monotonicNs();
    this.#nowNs = nowNs;
    this.meter.begin(nowNs);
    return nowNs;
  }

  /**
   * The turn has done `work`. True: there is nothing to do, and the caller is to sleep until there is, at most
   * `timeoutMs`.
   */
  end(work: number, timeoutMs: number): boolean {
    if (work > 0) {
      this.#workedNs = this.#nowNs;
      this.meter.worked(work);
      return false;
    }
    if (this.#nowNs - this.#workedNs < this.#spinNs) return false;
    this.meter.sleeps(timeoutMs * 1e6);
    return true;
  }
}
