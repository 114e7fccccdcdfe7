/**
 * Times passes of the same work twice over: by this thread's CPU time, which is what the work costs whoever else is on
 * the machine, and by the clock on the wall, which is what it took. Where nothing else runs they are the same.
 */
import { clock } from "../../io/clock.ts";

export class StopWatch {
  readonly #cpu: number[] = [];
  readonly #wall: number[] = [];
  #cpuFromNs = 0;
  #wallFromNs = 0;

  start(): void {
    this.#wallFromNs = clock.monotonicNs();
    this.#cpuFromNs = threadCpuNs();
  }

  /** Ends a pass that did `count` pieces of work. */
  stop(count: number): void {
    this.#cpu.push((threadCpuNs() - this.#cpuFromNs) / count);
    this.#wall.push((clock.monotonicNs() - this.#wallFromNs) / count);
  }

  /** Nanoseconds a piece of each pass. */
  measures(piece: string): Record<string, number[]> {
    return { [`cpu_ns_per_${piece}`]: this.#cpu, [`wall_ns_per_${piece}`]: this.#wall };
  }
}

/** CPU nanoseconds of the calling thread, user and system; its compiler and collector threads are not in it. */
function threadCpuNs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1e3;
}
