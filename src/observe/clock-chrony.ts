/**
 * chrony's word on the system clock: the one line of `chronyc -c tracking`, parsed. Pure.
 *
 * Source: chronyc(1), "tracking" and "-c"; the 14 fields are those of the report for people, in its order and in base
 * units, without signs in words. Checked against chrony 4.3.
 */
const FIELD_COUNT = 14;
const NS_PER_S = 1e9;
/** 127.127.1.1: the `local` directive, which is this machine's own clock posing as a reference. */
const LOCAL_REFERENCE_ID = "7F7F0101";
const NO_REFERENCE_ID = "00000000";

export type LeapStatus = "normal" | "insert-second" | "delete-second" | "not-synchronised";

export interface ChronyTracking {
  /** Eight hexadecimal digits: an address, or the letters of a reference clock's name. */
  readonly referenceId: string;
  /** The server's address or the reference clock's name; "" when there is none. */
  readonly referenceName: string;
  readonly stratum: number;
  /** When the reference was last measured, seconds since 1970 (UTC); 0: never. */
  readonly referenceTimeSeconds: number;
  /** System clock minus the reference as chrony knows it: above zero, the clock is ahead. */
  readonly offsetNs: number;
  readonly lastOffsetNs: number;
  readonly rmsOffsetNs: number;
  /** By how much the clock would go wrong if left alone; above zero, it would run fast. */
  readonly frequencyPpm: number;
  readonly residualFrequencyPpm: number;
  /** Bound on the error of the frequency. */
  readonly skewPpm: number;
  readonly rootDelayNs: number;
  readonly rootDispersionNs: number;
  readonly updateIntervalSeconds: number;
  readonly leapStatus: LeapStatus;
}

const LEAP_STATUSES: Readonly<Record<string, LeapStatus>> = {
  Normal: "normal",
  "Insert second": "insert-second",
  "Delete second": "delete-second",
  "Not synchronised": "not-synchronised",
};

/** The line of `chronyc -c tracking`, or undefined when it is something else (an error, another version). */
export function parseChronyTracking(text: string): ChronyTracking | undefined {
  const fields = text.trim().split(",");
  if (fields.length !== FIELD_COUNT || !/^[0-9A-F]{8}$/.test(fields[0]!)) return undefined;
  const numbers = fields.slice(2, 13).map((field) => (field === "" ? Number.NaN : Number(field)));
  const leapStatus = LEAP_STATUSES[fields[13]!];
  if (numbers.some((value) => !Number.isFinite(value)) || leapStatus === undefined) return undefined;
  const [stratum, time, correction, last, rms, frequency, residual, skew, delay, dispersion, interval] = numbers;
  return {
    referenceId: fields[0]!,
    referenceName: fields[1]!,
    stratum: stratum!,
    referenceTimeSeconds: time!,
    // chrony says what is to be added to the clock; people ask how far it is ahead. (0 - x: no negative zero.)
    offsetNs: 0 - correction! * NS_PER_S,
    lastOffsetNs: last! * NS_PER_S,
    rmsOffsetNs: rms! * NS_PER_S,
    frequencyPpm: frequency!,
    residualFrequencyPpm: residual!,
    skewPpm: skew!,
    rootDelayNs: delay! * NS_PER_S,
    rootDispersionNs: dispersion! * NS_PER_S,
    updateIntervalSeconds: interval!,
    leapStatus,
  };
}

/** Whether chrony follows a reference that is not this machine itself. */
export function chronyIsSynchronised(tracking: ChronyTracking): boolean {
  const { leapStatus, referenceId } = tracking;
  return leapStatus !== "not-synchronised" && referenceId !== NO_REFERENCE_ID && !chronyIsLocal(tracking);
}

/** Whether the "reference" is the `local` directive. */
export function chronyIsLocal(tracking: ChronyTracking): boolean {
  return tracking.referenceId === LOCAL_REFERENCE_ID;
}

/**
 * How far the system clock can be from UTC, so long as the primary reference is right: |offset| + root dispersion +
 * root delay / 2. The dispersion is as of the question, so a lost server makes the bound grow.
 */
export function chronyErrorBoundNs(tracking: ChronyTracking): number {
  return Math.abs(tracking.offsetNs) + tracking.rootDispersionNs + tracking.rootDelayNs / 2;
}
