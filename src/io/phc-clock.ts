/**
 * A network card's own clock (PTP hardware clock, /dev/ptpN) against the system clock. Reads both and changes neither.
 *
 * Source: clock_gettime(2), "Dynamic clocks"; linux Documentation/driver-api/ptp.rst. The card is read between two
 * readings of the system clock; half the narrowest window bounds the error of the comparison.
 */
import { closeSync, openSync } from "node:fs";
import { addressOf, asPointer, libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCKFD = 3;
const TRIES = 10;

export interface PhcReading {
  /** System clock minus the card's clock, nanoseconds; a card on TAI is ahead by the leap seconds. */
  readonly offsetNs: number;
  /** Bound on the error of that difference. */
  readonly errorNs: number;
}

/** Undefined when the card's clock may not be read, or is none. */
export function comparePhc(clockIndex: number): PhcReading | undefined {
  let fd: number;
  try {
    fd = openSync(`/dev/ptp${clockIndex}`, "r");
  } catch {
    return undefined;
  }
  try {
    return compareClocks(CLOCK_REALTIME, (~fd << 3) | CLOCKFD);
  } finally {
    closeSync(fd);
  }
}

/** `clockId` minus `otherId`, the best of a few tries; undefined when either cannot be read. */
export function compareClocks(clockId: number, otherId: number): PhcReading | undefined {
  let best: PhcReading | undefined;
  for (let i = 0; i < TRIES; i++) {
    const before = readClock(clockId);
    const other = readClock(otherId);
    const after = readClock(clockId);
    if (before === undefined || other === undefined || after === undefined) return undefined;
    const windowNs = Number(after - before);
    // A step of the clock in between makes the window worthless.
    if (windowNs < 0 || (best !== undefined && windowNs / 2 >= best.errorNs)) continue;
    best = { offsetNs: Number(before - other) + windowNs / 2, errorNs: windowNs / 2 };
  }
  return best;
}

function readClock(clockId: number): bigint | undefined {
  const words = new BigInt64Array(new ArrayBuffer(16));
  const bytes = new Uint8Array(words.buffer);
  if (libc().clock_gettime(clockId, asPointer(addressOf(bytes))) !== 0) return undefined;
  return words[0]! * 1_000_000_000n + words[1]!;
}
