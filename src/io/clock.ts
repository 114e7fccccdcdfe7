/**
 * The clocks. Monotonic time drives timers and every `doWork(nowNs)`; real time stamps what comes in.
 *
 * A real-time stamp is kept as nanoseconds since the *epoch base*, UTC midnight of the day the process started: such
 * a number is exact in a double for a hundred days, where nanoseconds since 1970 are not. The base is one for the whole
 * process: the main thread fixes it on first use and hands it to each worker, which calls `adoptEpochBase` first thing.
 */
import { addressOf, asPointer, libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_THREAD_CPUTIME_ID = 3;
const SECONDS_PER_DAY = 86_400;
const NS_PER_S = 1e9;
const TWO_32 = 4294967296;

/** What the stages see of time; the simulator has one of its own. */
export interface Clock {
  /** Nanoseconds of CLOCK_MONOTONIC: the same clock in every thread and process of this machine. */
  monotonicNs(): number;
  /** Nanoseconds of CLOCK_REALTIME since `epochBaseSeconds`. */
  realtimeNs(): number;
  readonly epochBaseSeconds: number;
}

/** struct timespec as 32-bit words: seconds low, seconds high, nanoseconds low, nanoseconds high. */
const timespec = new Uint32Array(new ArrayBuffer(16));
const timespecAddress = addressOf(timespec);

class SystemClock implements Clock {
  #epochBaseSeconds = -1;

  get epochBaseSeconds(): number {
    if (this.#epochBaseSeconds < 0) {
      const seconds = readSeconds(CLOCK_REALTIME);
      this.#epochBaseSeconds = seconds - (seconds % SECONDS_PER_DAY);
    }
    return this.#epochBaseSeconds;
  }

  monotonicNs(): number {
    return readSeconds(CLOCK_MONOTONIC) * NS_PER_S + timespec[2]!;
  }

  realtimeNs(): number {
    const base = this.epochBaseSeconds;
    return (readSeconds(CLOCK_REALTIME) - base) * NS_PER_S + timespec[2]!;
  }

  /**
   * Nanoseconds that the calling thread has run on a CPU: what work costs, without the time in which others had it.
   * A system call, so some ten times the price of the other clocks.
   */
  threadCpuNs(): number {
    return readSeconds(CLOCK_THREAD_CPUTIME_ID) * NS_PER_S + timespec[2]!;
  }

  /** In a worker, before any stamp is taken: the base that the main thread handed over. */
  adoptEpochBase(epochBaseSeconds: number): void {
    this.#epochBaseSeconds = epochBaseSeconds;
  }
}

/** The machine's clocks. */
export const clock = new SystemClock();

/** A stamp as nanoseconds since 1970, the form in which JSON carries it. */
export function epochNsText(stampNs: number, epochBaseSeconds: number = clock.epochBaseSeconds): string {
  return (BigInt(epochBaseSeconds) * 1_000_000_000n + BigInt(Math.round(stampNs))).toString();
}

function readSeconds(clockId: number): number {
  libc().clock_gettime(clockId, asPointer(timespecAddress));
  return timespec[1]! * TWO_32 + timespec[0]!;
}
