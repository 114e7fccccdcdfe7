/**
 * Sleeping until a word of shared memory changes, and waking who sleeps on it: futex(2). `Atomics.wait` does the same
 * for a SharedArrayBuffer only; on mapped memory it refuses to wait, and `Atomics.notify` silently wakes nobody.
 *
 * What always holds: the kernel compares the word and goes to sleep in one step, so a change between the caller's last
 * look and the call is never slept through. A read-only mapping is enough, for both calls.
 */
import { addressOf, asPointer, Errno, errno, libc } from "./libc.ts";

const SYS_FUTEX = process.arch === "arm64" ? 98 : 202;
/** Linux 5.16 and later; the same on both machines. */
const SYS_FUTEX_WAITV = 449;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
/** The word is shared by the threads of one process only: the kernel then need not look up what is mapped there. */
const FUTEX_PRIVATE = 128;
const WAKE_ALL = 0x7fffffff;
const NS_PER_S = 1e9;
const CLOCK_MONOTONIC = 1;
/** struct futex_waitv: u64 value, u64 address, u32 flags, u32 reserved. */
const WAITER_WORDS = 6;
const WAITER_COUNT_MAX = 128;
const FUTEX2_SIZE_U32 = 2;
/** Where the kernel cannot wait for several words: a look at the others at least so often. */
const FALLBACK_SLEEP_NS = 1e6;
const TWO_32 = 4294967296;

export const FutexWait = {
  /** Woken, or for no reason at all, as the kernel may: look at the word again. */
  woken: 0,
  /** The word was not what was expected; nobody slept. */
  changed: 1,
  timedOut: 2,
  /** By a signal. */
  interrupted: 3,
} as const;
export type FutexWait = (typeof FutexWait)[keyof typeof FutexWait];

/** struct timespec as 32-bit words; this thread's own. */
const timespec = new Uint32Array(new ArrayBuffer(16));
const timespecAddress = addressOf(timespec);

/** Sleeps while the word at `address` is `expected`, at most so long. `isPrivate`: no other process has it mapped. */
export function futexWait(address: number, expected: number, timeoutNs: number, isPrivate: boolean): FutexWait {
  const seconds = Math.floor(timeoutNs / NS_PER_S);
  timespec[0] = seconds;
  timespec[2] = timeoutNs - seconds * NS_PER_S;
  const operation = isPrivate ? FUTEX_WAIT | FUTEX_PRIVATE : FUTEX_WAIT;
  const timeout = asPointer(timespecAddress);
  const result = libc().syscall(SYS_FUTEX, asPointer(address), operation, expected, timeout, null, 0);
  if (result === 0) return FutexWait.woken;
  const code = errno();
  if (code === Errno.EAGAIN) return FutexWait.changed;
  return code === Errno.ETIMEDOUT ? FutexWait.timedOut : FutexWait.interrupted;
}

const waiters = new Uint32Array(new ArrayBuffer(WAITER_WORDS * WAITER_COUNT_MAX * 4));
const waitersAddress = addressOf(waiters);
let canWaitForAny = true;

/**
 * Sleeps while each of `count` words (128 at most) is what is expected of it, until `deadlineNs` of the monotonic clock
 * at the latest. Before Linux 5.16 it sleeps on the first, and for a millisecond only.
 */
export function futexWaitAny(
  addresses: Float64Array,
  expected: Int32Array,
  count: number,
  deadlineNs: number,
  isPrivate: boolean,
): FutexWait {
  if (!canWaitForAny) return futexWait(addresses[0]!, expected[0]!, FALLBACK_SLEEP_NS, isPrivate);
  for (let i = 0; i < count; i++) {
    const at = i * WAITER_WORDS;
    waiters[at] = expected[i]!;
    waiters[at + 2] = addresses[i]! % TWO_32;
    waiters[at + 3] = Math.floor(addresses[i]! / TWO_32);
    waiters[at + 4] = isPrivate ? FUTEX2_SIZE_U32 | FUTEX_PRIVATE : FUTEX2_SIZE_U32;
  }
  const seconds = Math.floor(deadlineNs / NS_PER_S);
  timespec[0] = seconds;
  timespec[2] = deadlineNs - seconds * NS_PER_S;
  const list = asPointer(waitersAddress);
  const deadline = asPointer(timespecAddress);
  const result = libc().syscall(SYS_FUTEX_WAITV, list, count, 0, deadline, asPointer(CLOCK_MONOTONIC), 0);
  if (result >= 0) return FutexWait.woken;
  const code = errno();
  if (code === Errno.EAGAIN) return FutexWait.changed;
  if (code === Errno.ETIMEDOUT) return FutexWait.timedOut;
  if (code !== Errno.EINTR) canWaitForAny = false;
  return FutexWait.interrupted;
}

/** Wakes all who sleep on the word; returns how many there were. */
export function futexWake(address: number, isPrivate: boolean): number {
  const operation = isPrivate ? FUTEX_WAKE | FUTEX_PRIVATE : FUTEX_WAKE;
  return libc().syscall(SYS_FUTEX, asPointer(address), operation, WAKE_ALL, null, null, 0);
}

/** Lets another thread that is ready run on this CPU; returns at once when there is none. */
export function yieldThread(): void {
  libc().sched_yield();
}
