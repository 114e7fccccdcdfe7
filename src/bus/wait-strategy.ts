/**
 * What a reader does when a poll has found nothing. Fast and wasteful to slow and frugal: `spin` looks again at once
 * and takes a whole CPU; `yield` lets others run in between; `park` sleeps in the kernel until the writer wakes it; and
 * `adaptive` spins for a bounded while, then yields, then parks. More spinning threads than CPUs make everything slow
 * (a spinner on the writer's CPU holds it up for milliseconds): `adaptive` is the default everywhere.
 *
 * Always holds: the writer makes a system call only for readers that are parked; each flags itself, looks once more,
 * and then lets the kernel compare the head and sleep in one step, so no wake-up is missed. Hot; allocates nothing.
 */
import { clock } from "../io/clock.ts";
import { futexWaitAny, yieldThread } from "../io/futex.ts";
import type { EventReader } from "./event-reader.ts";

export const WAIT_KINDS = ["spin", "yield", "park", "adaptive"] as const;
export type WaitKind = (typeof WAIT_KINDS)[number];

export interface WaitOptions {
  /** Looks in one `idle` of a spinning strategy, and how many of those `adaptive` makes before it yields. */
  spinTurns?: number;
  spinCount?: number;
  /** Yields of `adaptive` before it parks. */
  yieldCount?: number;
  /** The longest sleep: how late the caller can see that it is to stop. */
  parkTimeoutNs?: number;
}

/** About 1 µs of looking. */
const SPIN_TURNS = 500;
/** Together some 20 µs: as long as it takes to be woken. */
const SPIN_COUNT = 20;
const YIELD_COUNT = 10;
const PARK_TIMEOUT_NS = 10e6;

export class WaitStrategy {
  readonly kind: WaitKind;
  readonly #spinTurns: number;
  readonly #spinsMax: number;
  readonly #yieldsMax: number;
  readonly #parkTimeoutNs: number;
  /** Polls that found nothing since the last that did. */
  #idleCount = 0;

  constructor(kind: WaitKind, options: WaitOptions = {}) {
    this.kind = kind;
    this.#spinTurns = options.spinTurns ?? SPIN_TURNS;
    this.#parkTimeoutNs = options.parkTimeoutNs ?? PARK_TIMEOUT_NS;
    const isAlways = (one: WaitKind) => (kind === one ? Number.POSITIVE_INFINITY : 0);
    const isAdaptive = kind === "adaptive";
    this.#spinsMax = isAdaptive ? (options.spinCount ?? SPIN_COUNT) : isAlways("spin");
    this.#yieldsMax = this.#spinsMax + (isAdaptive ? (options.yieldCount ?? YIELD_COUNT) : isAlways("yield"));
  }

  /** After a poll that found something. */
  reset(): void {
    this.#idleCount = 0;
  }

  /** After a poll that found nothing: returns when it is worth polling again, or the time is up. */
  idle(reader: EventReader): void {
    const count = this.#idleCount++;
    if (count < this.#spinsMax) reader.spin(this.#spinTurns);
    else if (count < this.#yieldsMax) yieldThread();
    else reader.park(this.#parkTimeoutNs);
  }

  /** The same for several rings, after all were polled in vain: returns when one of them has something. */
  idleAny(readers: readonly EventReader[]): void {
    const count = this.#idleCount++;
    if (count < this.#spinsMax) spinAny(readers, this.#spinTurns);
    else if (count < this.#yieldsMax) yieldThread();
    else parkAny(readers, this.#parkTimeoutNs);
  }
}

function spinAny(readers: readonly EventReader[], turns: number): void {
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < readers.length; i++) if (readers[i]!.spin(1)) return;
  }
}

/** Words to wait on, and what they hold, for `futexWaitAny`; this thread's own. */
const addresses = new Float64Array(128);
const expected = new Int32Array(128);

/** Sleeps until the writer of any of the rings (128 at most) publishes, at most so long. */
export function parkAny(readers: readonly EventReader[], timeoutNs: number): void {
  let isIdle = true;
  for (let i = 0; i < readers.length; i++) {
    const reader = readers[i]!;
    if (!reader.beginPark()) isIdle = false;
    addresses[i] = reader.ring.headAddress;
    expected[i] = reader.headSeen;
  }
  const isPrivate = readers.length > 0 && !readers[0]!.ring.data.isProcessShared;
  if (isIdle) futexWaitAny(addresses, expected, readers.length, clock.monotonicNs() + timeoutNs, isPrivate);
  for (let i = 0; i < readers.length; i++) readers[i]!.endPark();
}
