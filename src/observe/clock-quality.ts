/**
 * How well this machine's clock is kept: one verdict from what the kernel, chrony and ptp4l say, and the bounds that
 * follow from it for stamps. Pure.
 *
 * What always holds: a bound is only given when every part of it is known; a clock that follows nothing has none. With
 * chrony and ptp4l both in step, chrony is believed: it alone knows the system clock itself, where ptp4l may
 * keep a card's.
 */
import type { KernelClock } from "../io/adjtimex.ts";
import type { PhcReading } from "../io/phc-clock.ts";
import { type ChronyTracking, chronyErrorBoundNs, chronyIsLocal, chronyIsSynchronised } from "./clock-chrony.ts";
import { type PtpStatus, ptpErrorBoundNs } from "./clock-ptp.ts";

export const CLOCK_SOURCES = ["ptp", "chrony", "kernel", "none"] as const;
export type ClockSource = (typeof CLOCK_SOURCES)[number];

export interface ClockQuality {
  /** Whose word this is. */
  readonly source: ClockSource;
  /** The clock is being kept to a reference outside this machine. */
  readonly disciplined: boolean;
  /** System clock minus UTC as far as is known: above zero, the clock is ahead. Null: not known. */
  readonly offsetNs: number | null;
  /** How far from UTC the system clock can be, either way, when it was checked. Null: no bound can be given. */
  readonly errorBoundNs: number | null;
  /** The same of the receiving card's own clock, which hardware stamps are read from. */
  readonly cardErrorBoundNs: number | null;
  /** What the clock is kept to: "192.0.2.1 (this machine is at stratum 2)", "GNSS by PTP …"; "": unknown. */
  readonly reference: string;
  /** How offset and bound were come by, or why there is none, in a sentence. */
  readonly how: string;
  /** How fast the bound grows until the next look, in parts per million. */
  readonly driftPpm: number;
  /** When this was asked: ns since the epoch base, on the clock that it is about. */
  readonly checkedAtNs: number;
}

/** What was found; undefined where there is none, with the reason in `chronyReason` and `ptpReason`. */
export interface ClockEvidence {
  readonly checkedAtNs: number;
  readonly kernel: KernelClock | undefined;
  readonly chrony: ChronyTracking | undefined;
  readonly chronyReason: string;
  readonly ptp: PtpStatus | undefined;
  readonly ptpReason: string;
  /** System clock against the clock of ptp4l's card, where that can be read. */
  readonly phc: PhcReading | undefined;
}

/** How far an oscillator that is kept may wander between two looks: RFC 5905's PHI. */
const DRIFT_PPM_DEFAULT = 15;
const NS_PER_S = 1e9;

/** The verdict. */
export function judgeClock(evidence: ClockEvidence): ClockQuality {
  const { chrony, ptp, kernel } = evidence;
  if (chrony && chronyIsSynchronised(chrony)) return judgeChrony(evidence, chrony);
  if (ptp?.isFollowing) {
    const judged = judgePtp(evidence, ptp);
    if (judged) return judged;
  }
  if (kernel && !kernel.isUnsynchronised) return judgeKernel(evidence, kernel);
  return undisciplined(evidence);
}

function judgeChrony(evidence: ClockEvidence, chrony: ChronyTracking): ClockQuality {
  const name = chrony.referenceName === "" ? `reference ${chrony.referenceId}` : chrony.referenceName;
  return {
    source: "chrony",
    disciplined: true,
    offsetNs: chrony.offsetNs,
    errorBoundNs: chronyErrorBoundNs(chrony),
    cardErrorBoundNs: cardBound(evidence.ptp),
    reference: `${name} (this machine is at stratum ${chrony.stratum})`,
    how: "chronyc tracking: |offset| + root dispersion + root delay / 2",
    driftPpm: Math.max(DRIFT_PPM_DEFAULT, chrony.skewPpm + Math.abs(chrony.residualFrequencyPpm)),
    checkedAtNs: evidence.checkedAtNs,
  };
}

/** Undefined when ptp4l keeps a card's clock and nothing shows that the system clock is kept to that. */
function judgePtp(evidence: ClockEvidence, ptp: PtpStatus): ClockQuality | undefined {
  const { kernel, phc, checkedAtNs } = evidence;
  const master = `PTP grandmaster ${ptp.grandmasterIdentity || "unknown"}`;
  const common = {
    source: "ptp",
    cardErrorBoundNs: cardBound(ptp),
    reference: ptp.timeSource === "" ? master : `${ptp.timeSource} by ${master}`,
    driftPpm: DRIFT_PPM_DEFAULT,
    checkedAtNs,
  } as const;
  const isKept = kernel !== undefined && !kernel.isUnsynchronised;
  const bound = ptpErrorBoundNs(ptp);
  if (ptp.stamping === "software") {
    if (!isKept) return undefined;
    const why = "pmc: |offset| + mean path delay + the grandmaster's accuracy";
    const how = bound === undefined ? `no bound: ${missingOf(ptp)}` : why;
    return { ...common, disciplined: true, offsetNs: ptp.offsetNs ?? null, errorBoundNs: bound ?? null, how };
  }
  if (phc === undefined || ptp.utcOffsetSeconds === undefined) {
    if (!isKept) return undefined;
    const missing = phc === undefined ? "the card's clock cannot be read here" : "the master gives no UTC offset";
    const how =
      `no bound: ptp4l keeps the card's clock, and ${missing}, so the way from there to the ` +
      `system clock is unmeasured`;
    return { ...common, disciplined: true, offsetNs: null, errorBoundNs: null, how };
  }
  // The card is on TAI, the system on UTC.
  const legNs = phc.offsetNs + ptp.utcOffsetSeconds * NS_PER_S;
  const offsetNs = legNs + (ptp.offsetNs ?? 0);
  const isNear = Math.abs(legNs) < NS_PER_S / 1000;
  if (!isKept && !isNear) return undefined;
  const known = bound === undefined ? null : bound + Math.abs(legNs) + phc.errorNs;
  const how =
    known === null
      ? `no bound: ${missingOf(ptp)}`
      : "pmc: |offset| + mean path delay + the grandmaster's accuracy; and the system clock read against the card's";
  return { ...common, disciplined: true, offsetNs, errorBoundNs: known, how };
}

function missingOf(ptp: PtpStatus): string {
  if (ptp.offsetNs === undefined || ptp.meanPathDelayNs === undefined) return "ptp4l has not measured yet";
  return "the grandmaster does not say how accurate it is";
}

/** The clock of the card that ptp4l keeps; null when it keeps none. */
function cardBound(ptp: PtpStatus | undefined): number | null {
  return ptp?.isFollowing && ptp.stamping === "hardware" ? (ptpErrorBoundNs(ptp) ?? null) : null;
}

function judgeKernel(evidence: ClockEvidence, kernel: KernelClock): ClockQuality {
  return {
    source: "kernel",
    disciplined: true,
    offsetNs: kernel.offsetNs,
    errorBoundNs: kernel.maxErrorNs + Math.abs(kernel.offsetNs),
    cardErrorBoundNs: null,
    reference: "",
    how: "adjtimex: maximum error + |offset|, as the daemon that keeps the clock told the kernel",
    driftPpm: DRIFT_PPM_DEFAULT,
    checkedAtNs: evidence.checkedAtNs,
  };
}

function undisciplined(evidence: ClockEvidence): ClockQuality {
  const { chrony, ptp, kernel } = evidence;
  const kernelSays = kernel ? "the kernel's clock is unsynchronised" : "the kernel may not be asked";
  const chronySays = chrony
    ? chronyIsLocal(chrony)
      ? "chrony follows this machine's own clock (its local directive)"
      : "chrony runs and has no reference yet"
    : evidence.chronyReason;
  const ptpSays = ptp
    ? ptp.isFollowing
      ? "ptp4l follows a master, but nothing steers the system clock by it (phc2sys)"
      : `ptp4l follows no master (its port is ${ptp.portState || "unknown"})`
    : evidence.ptpReason;
  return {
    source: "none",
    disciplined: false,
    offsetNs: null,
    errorBoundNs: null,
    cardErrorBoundNs: cardBound(ptp),
    reference: "",
    how: `${kernelSays}; ${chronySays}; ${ptpSays}`,
    driftPpm: 0,
    checkedAtNs: evidence.checkedAtNs,
  };
}

/** Which clock a receive stamp was read from: the card's, or the system's by the kernel. */
export type StampClock = "hardware" | "kernel";

/** How far a recorded stamp can be from UTC. */
export interface StampBound {
  readonly clock: StampClock;
  /** Either way; null: nothing bounds it. The way from the wire to the kernel's stamp is not in it. */
  readonly errorBoundNs: number | null;
}

/** The bound of a stamp taken at `stampNs` (ns since the epoch base), near to when the clock was checked. */
export function stampBound(quality: ClockQuality, clock: StampClock, stampNs: number): StampBound {
  const checked = clock === "hardware" ? quality.cardErrorBoundNs : quality.errorBoundNs;
  if (checked === null) return { clock, errorBoundNs: null };
  const driftNs = (Math.abs(stampNs - quality.checkedAtNs) * quality.driftPpm) / 1e6;
  return { clock, errorBoundNs: Math.ceil(checked + driftNs) };
}

/** What `[clock]` asks for. */
export interface ClockDemand {
  readonly errorBoundMaxNs: number;
  readonly requireDisciplined: boolean;
}

/** Whether the clock is kept, and within what is allowed. */
export function isInBound(quality: ClockQuality | undefined, { errorBoundMaxNs }: ClockDemand): boolean {
  return quality?.disciplined === true && quality.errorBoundNs !== null && quality.errorBoundNs <= errorBoundMaxNs;
}

/**
 * Why the clock keeps the node from being ready; undefined: it does not. It only does where the settings ask for a
 * clock that is kept: over the public network none is within a millisecond, and a laptop is to be ready all the same.
 */
export function clockObjection(quality: ClockQuality | undefined, demand: ClockDemand): string | undefined {
  const { errorBoundMaxNs, requireDisciplined } = demand;
  if (!requireDisciplined || isInBound(quality, demand)) return undefined;
  if (quality === undefined) return "the clock has not been checked yet";
  if (!quality.disciplined) return `the clock is not disciplined: ${quality.how}`;
  const { errorBoundNs } = quality;
  if (errorBoundNs === null) return `the clock's error has no bound: ${quality.how}`;
  return (
    `the clock may be ${Math.round(errorBoundNs / 1e3)} µs from UTC, more than the ` +
    `${errorBoundMaxNs / 1e3} µs allowed`
  );
}
