/**
 * What the kernel knows of how well its clock is kept: adjtimex(2), asked with `modes = 0`, which reads and changes
 * nothing and needs no rights.
 *
 * Source: adjtimex(2); struct timex of linux/timex.h, the same on x64 and arm64.
 */
import { FathomError } from "../core/assert.ts";
import { addressOf, asPointer, errno, errnoText, libc } from "./libc.ts";

const STA_UNSYNC = 0x0040;
const STA_NANO = 0x2000;
const TIMEX_BYTES = 208;
const OFFSET_AT = 8;
const FREQUENCY_AT = 16;
const MAXERROR_AT = 24;
const ESTERROR_AT = 32;
const STATUS_AT = 40;
const TAI_AT = 160;
const NS_PER_US = 1_000;
/** `freq` is in parts per million with a 16-bit fraction. */
const FREQUENCY_SCALE = 65_536;

export interface KernelClock {
  /** Nobody keeps the clock, or whoever did has stopped. */
  readonly isUnsynchronised: boolean;
  /** What the kernel has still to take out of the clock. */
  readonly offsetNs: number;
  /** As the daemon that keeps the clock has said; grows by 500 ppm between its updates, 16 s at most. */
  readonly maxErrorNs: number;
  readonly estimatedErrorNs: number;
  /** How much faster the clock is made to run than its oscillator. */
  readonly frequencyPpm: number;
  /** TAI minus UTC; 0 when nobody has told the kernel. */
  readonly taiOffsetSeconds: number;
  /** The status bits as they are (STA_…). */
  readonly status: number;
}

/** Asks the kernel. Throws `clock-unreadable` where a sandbox forbids even that. */
export function readKernelClock(): KernelClock {
  const bytes = new Uint8Array(new ArrayBuffer(TIMEX_BYTES));
  if (libc().adjtimex(asPointer(addressOf(bytes))) < 0) {
    throw new FathomError("clock-unreadable", `adjtimex: ${errnoText(errno())}`);
  }
  return parseTimex(new DataView(bytes.buffer));
}

/** A filled struct timex. */
export function parseTimex(view: DataView): KernelClock {
  const status = view.getInt32(STATUS_AT, true);
  const long = (offset: number) => Number(view.getBigInt64(offset, true));
  return {
    isUnsynchronised: (status & STA_UNSYNC) !== 0,
    offsetNs: long(OFFSET_AT) * ((status & STA_NANO) !== 0 ? 1 : NS_PER_US),
    maxErrorNs: long(MAXERROR_AT) * NS_PER_US,
    estimatedErrorNs: long(ESTERROR_AT) * NS_PER_US,
    frequencyPpm: long(FREQUENCY_AT) / FREQUENCY_SCALE,
    taiOffsetSeconds: view.getInt32(TAI_AT, true),
    status,
  };
}
