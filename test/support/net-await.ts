/** Waiting in tests: turns the crank until a condition holds, and fails with what was being waited for. */
import { clock } from "../../src/io/clock.ts";
import { waitReadable } from "../../src/io/wait.ts";

const TIMEOUT_NS = 10e9;
const NO_FDS = new Int32Array(1);

/** Calls `turn(nowNs)` until `done()`; between turns it gives the machine a moment. Throws after ten seconds. */
export function turnUntil(what: string, done: () => boolean, turn: (nowNs: number) => void): void {
  const beganNs = clock.monotonicNs();
  while (!done()) {
    const nowNs = clock.monotonicNs();
    if (nowNs - beganNs > TIMEOUT_NS) throw new Error(`waited in vain for: ${what}`);
    turn(nowNs);
    waitReadable(NO_FDS, 0, 1);
  }
}

let groupsUsed = 0;

/** A multicast group that no other test (process) uses. */
export function uniqueGroup(): string {
  groupsUsed++;
  return `239.${192 + (process.pid % 63)}.${(process.pid >> 6) % 256}.${groupsUsed % 256}`;
}
