/**
 * Looks after the clock's quality while fathom runs: asks the kernel, chrony and ptp4l every few seconds on the main
 * thread, by child processes with a time-out, and keeps the last verdict. One look at a time: a slow one delays the
 * next. Nothing here is on the way of a message.
 */
import { HybridClock, type HybridStamp, type TimeReading } from "../core/hybrid-clock.ts";
import { type KernelClock, readKernelClock } from "../io/adjtimex.ts";
import { clock } from "../io/clock.ts";
import { runCommand } from "../io/command.ts";
import { readNetworkCard } from "../io/network-card.ts";
import { comparePhc, type PhcReading } from "../io/phc-clock.ts";
import { fileExists } from "../io/text-file.ts";
import { every } from "../io/timer.ts";
import { type ChronyTracking, parseChronyTracking } from "./clock-chrony.ts";
import { PMC_QUESTIONS, type PtpStatus, parsePmc } from "./clock-ptp.ts";
import { type ClockEvidence, type ClockQuality, judgeClock, stampBound } from "./clock-quality.ts";

export interface ClockProbeOptions {
  /** ptp4l's management socket. */
  readonly ptpSocket: string;
  /** Where chronyd is asked: an address or a socket's path; "": where chronyc looks by itself. */
  readonly chronyAddress: string;
}

export const CLOCK_PROBE_DEFAULTS: ClockProbeOptions = { ptpSocket: "/var/run/ptp4l", chronyAddress: "" };

const COMMAND_TIMEOUT_MS = 2_000;
/** Verdicts older than this many intervals are not believed: the monitor itself has stopped. */
const INTERVALS_BELIEVED = 4;
/** A machine whose clock is further ahead than this, beyond both bounds, does not move this one's hybrid clock. */
const AHEAD_MAX_NS = 1e9;

/** Asks all there are, once. Never rejects, never blocks the event loop for long. */
export async function lookAtClock(options: ClockProbeOptions = CLOCK_PROBE_DEFAULTS): Promise<ClockEvidence> {
  const [chrony, ptp] = await Promise.all([askChrony(options), askPtp(options)]);
  return {
    checkedAtNs: clock.realtimeNs(),
    kernel: askKernel(),
    chrony: chrony.answer,
    chronyReason: chrony.reason,
    ptp: ptp.answer,
    ptpReason: ptp.reason,
    phc: readPhc(ptp.answer),
  };
}

function askKernel(): KernelClock | undefined {
  try {
    return readKernelClock();
  } catch {
    return undefined;
  }
}

async function askChrony(options: ClockProbeOptions): Promise<{ answer: ChronyTracking | undefined; reason: string }> {
  const where = options.chronyAddress === "" ? [] : ["-h", options.chronyAddress];
  // -n: no names are looked up, so nothing is asked of the network.
  const result = await runCommand(["chronyc", "-n", "-c", ...where, "tracking"], { timeoutMs: COMMAND_TIMEOUT_MS });
  if (result.end === "absent") return { answer: undefined, reason: "chrony is not installed" };
  if (result.end !== "done") return { answer: undefined, reason: "chronyc did not answer in time" };
  const answer = result.exitStatus === 0 ? parseChronyTracking(result.stdout) : undefined;
  return { answer, reason: answer ? "" : "chrony is installed, and chronyd does not answer" };
}

async function askPtp(options: ClockProbeOptions): Promise<{ answer: PtpStatus | undefined; reason: string }> {
  const { ptpSocket } = options;
  if (!fileExists(ptpSocket)) return { answer: undefined, reason: "ptp4l does not run" };
  const command = ["pmc", "-u", "-b", "0", "-s", ptpSocket, ...PMC_QUESTIONS];
  const result = await runCommand(command, { timeoutMs: COMMAND_TIMEOUT_MS });
  if (result.end === "absent") return { answer: undefined, reason: "pmc is not installed" };
  if (/Permission denied/.test(result.stderr)) {
    return { answer: undefined, reason: `this user may not ask ptp4l (${ptpSocket}; pmc needs root)` };
  }
  const answer = parsePmc(result.stdout);
  return { answer, reason: answer ? "" : `nobody answers on ${ptpSocket}` };
}

function readPhc(ptp: PtpStatus | undefined): PhcReading | undefined {
  if (ptp?.stamping !== "hardware" || ptp.interfaceName === undefined) return undefined;
  const clockIndex = readNetworkCard(ptp.interfaceName)?.stamps?.clockIndex;
  return clockIndex === undefined ? undefined : comparePhc(clockIndex);
}

export interface ClockMonitorOptions extends ClockProbeOptions {
  readonly intervalNs: number;
  /** Told when the verdict's source or discipline changes, and of the first one. */
  readonly onChange?: (quality: ClockQuality) => void;
}

export class ClockMonitor {
  readonly #options: ClockMonitorOptions;
  readonly #hybrid = new HybridClock({ aheadMaxNs: AHEAD_MAX_NS });
  #quality: ClockQuality | undefined;
  #checkedMonotonicNs = 0;
  #looking: Promise<void> | undefined;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ClockMonitorOptions) {
    this.#options = options;
  }

  /** Looks once, and from then on every interval. */
  start(): void {
    void this.look();
    this.#stopTimer = every(this.#options.intervalNs / 1e6, () => void this.look());
  }

  /** The last verdict; undefined before the first, and when the last one is too old to be believed. */
  get quality(): ClockQuality | undefined {
    const ageNs = clock.monotonicNs() - this.#checkedMonotonicNs;
    return ageNs > this.#options.intervalNs * INTERVALS_BELIEVED ? undefined : this.#quality;
  }

  /** A hybrid stamp of what happens here now; its bound is the clock's, Infinity while nothing bounds it. */
  stamp(): HybridStamp {
    return this.#hybrid.next(this.#now());
  }

  /** The stamp of another machine's message on arrival; undefined when its own is too far ahead to be believed. */
  receive(message: HybridStamp): HybridStamp | undefined {
    return this.#hybrid.receive(this.#now(), message);
  }

  #now(): TimeReading {
    const nowNs = clock.realtimeNs();
    const { quality } = this;
    const boundNs = quality && stampBound(quality, "kernel", nowNs).errorBoundNs;
    const epochNs = BigInt(clock.epochBaseSeconds) * 1_000_000_000n + BigInt(Math.round(nowNs));
    return { epochNs, boundNs: boundNs ?? Number.POSITIVE_INFINITY };
  }

  /** Looks now, or joins the look that is under way. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer?.();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const before = this.#quality;
    const quality = judgeClock(await lookAtClock(this.#options));
    this.#quality = quality;
    this.#checkedMonotonicNs = clock.monotonicNs();
    const isNews = before?.source !== quality.source || before.disciplined !== quality.disciplined;
    if (isNews && !this.#isClosed) this.#options.onChange?.(quality);
  }
}
