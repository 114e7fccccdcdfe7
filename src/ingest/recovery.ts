/**
 * How a channel gets whole: where to start in a session, when a hole is a gap, whom to ask for it, when to take a
 * snapshot and when to give up. Owned by a channel and driven by it; the arbiter does the counting of sequences.
 *
 * ```
 * settling ──(nothing missed, or re-request, or now)──> live ──gap──> re-request ──budget spent──┐
 *    └────────(GLIMPSE)──> snapshot ──G──> live <──────────────── snapshot, or give up ─────────┘
 * ```
 * What always holds: once messages were given up, or the start was missed, `inDoubt` stays until a snapshot or a new
 * session. A join converges if the snapshot is spun faster than the reorder buffer fills, or if there is a re-request
 * server: the buffer keeps what came first (a snapshot shows the moment of its login), and what it had no room for is a
 * hole like any other.
 */
import type { Arbiter } from "./arbiter.ts";
import type { MessageSink } from "./contract.ts";
import { type GlimpseClient, GlimpseProgress } from "./glimpse-client.ts";
import type { LineMonitor } from "./line-monitor.ts";
import type { ChannelSettings } from "./options.ts";
import type { RerequestClient } from "./rerequest-client.ts";

export type RecoveryPhase = "settling" | "snapshot" | "live";

/** Held-back messages handed on in one call. */
const DRAIN_PER_WORK_MAX = 16_384;

export class Recovery {
  phase: RecoveryPhase = "settling";
  /** The books' truth is in doubt: something was lost that nothing has made good. */
  inDoubt = false;
  readonly #arbiter: Arbiter;
  readonly #sink: MessageSink;
  readonly #settings: ChannelSettings;
  readonly #lines: readonly LineMonitor[];
  readonly #rerequest: RerequestClient | undefined;
  readonly #glimpse: GlimpseClient | undefined;
  readonly #beforeLoss: () => void;
  #settledNs = 0;
  /** Something of the session has been handed on. */
  #hasBegun = false;
  /** No message has been whole since the last snapshot: the next one is not taken at once. */
  #freshSnapshot = false;

  constructor(
    arbiter: Arbiter,
    sink: MessageSink,
    settings: ChannelSettings,
    lines: readonly LineMonitor[],
    rerequest: RerequestClient | undefined,
    glimpse: GlimpseClient | undefined,
    beforeLoss: () => void,
  ) {
    this.#beforeLoss = beforeLoss;
    this.#arbiter = arbiter;
    this.#sink = sink;
    this.#settings = settings;
    this.#lines = lines;
    this.#rerequest = rerequest;
    this.#glimpse = glimpse;
  }

  /** Whether what is lost on the lines can be had from anywhere else. */
  get canRepair(): boolean {
    return this.#rerequest !== undefined || this.#glimpse !== undefined;
  }

  /** A session begins for us, at `sequence`. */
  begin(session: string, sequence: number, nowNs: number): void {
    this.#glimpse?.stop();
    if (this.#glimpse) this.#glimpse.feedSession = session;
    this.#rerequest?.reset();
    this.#arbiter.hold(sequence, nowNs);
    this.phase = "settling";
    this.inDoubt = false;
    this.#hasBegun = false;
    this.#freshSnapshot = false;
    this.#settledNs = nowNs + this.#settings.gapWaitNs;
    if (this.#startsWhole()) this.#decide(nowNs);
  }

  /** A packet of the session is about to be handled: while settling, the earliest one counts. */
  seen(sequence: number, nowNs: number): void {
    if (this.phase !== "settling" || sequence >= this.#arbiter.nextSequence) return;
    this.#arbiter.lower(sequence, nowNs);
    if (this.#startsWhole()) this.#decide(nowNs);
  }

  #startsWhole(): boolean {
    return this.#arbiter.nextSequence === 1 && this.#settings.join !== "glimpse";
  }

  /** Everything that time brings. Returns how much was done. */
  drive(session10: Uint8Array, nowNs: number, stampNs: number): number {
    if (this.phase === "settling") {
      if (nowNs < this.#settledNs) return 0;
      this.#decide(nowNs);
    }
    if (this.phase === "snapshot") return this.#takeSnapshot(nowNs, stampNs);
    const arbiter = this.#arbiter;
    const work = arbiter.drain(DRAIN_PER_WORK_MAX);
    if (arbiter.overflowed) this.#overflowed(nowNs);
    if (this.phase !== "live") return work;
    if (arbiter.knowsFurther) arbiter.follow(nowNs);
    if (arbiter.missing.count === 0) {
      if (this.#freshSnapshot) this.#glimpse?.settled();
      this.#freshSnapshot = false;
      // What was asked for has come: the requests are closed.
      if (this.#rerequest && this.#rerequest.outstanding > 0) this.#rerequest.drive(arbiter.missing, session10, nowNs);
      return work;
    }
    if (!this.#openGaps(nowNs)) return work;
    const sent = this.#rerequest?.drive(arbiter.missing, session10, nowNs) ?? 0;
    this.#considerLoss(nowNs);
    return work + sent;
  }

  /** Where to begin, now that the first packets of all lines have been seen. */
  #decide(nowNs: number): void {
    const lowest = this.#arbiter.nextSequence;
    const { join } = this.#settings;
    if (join === "from-start" && !this.canRepair && lowest > this.#settings.reorderMessagesMax) {
      // What was missed is more than can be tracked, and nobody has it.
      this.#arbiter.loseBeginning(lowest, nowNs);
      this.inDoubt = true;
      this.#goLive(lowest, nowNs);
    } else if (join === "from-start" || (lowest === 1 && join !== "glimpse")) this.#goLive(1, nowNs);
    else if (this.#glimpse && join !== "now") this.#beginSnapshot(nowNs);
    else if (this.#rerequest && join !== "now") this.#goLive(1, nowNs);
    else {
      this.inDoubt = lowest > 1;
      this.#goLive(lowest, nowNs);
    }
  }

  #goLive(sequence: number, nowNs: number): void {
    this.phase = "live";
    this.#hasBegun = true;
    this.#arbiter.start(sequence, nowNs);
    this.#arbiter.follow(nowNs);
    this.#arbiter.drain(DRAIN_PER_WORK_MAX);
  }

  #beginSnapshot(nowNs: number): void {
    this.phase = "snapshot";
    this.#arbiter.pause();
    this.#rerequest?.reset();
    // On joining, a server that is a little behind the lines will do; from then on the books do not go back.
    const sequenceMin = this.#hasBegun ? this.#arbiter.nextSequence : 1;
    this.#glimpse!.start(sequenceMin, nowNs, this.#freshSnapshot);
  }

  #takeSnapshot(nowNs: number, stampNs: number): number {
    const glimpse = this.#glimpse!;
    const before = glimpse.messageCount;
    if (glimpse.doWork(nowNs, stampNs) === GlimpseProgress.done) {
      this.#sink.snapshotEnd(glimpse.nextSequence);
      this.inDoubt = false;
      this.#freshSnapshot = true;
      this.#goLive(glimpse.nextSequence, nowNs);
    }
    return glimpse.messageCount - before;
  }

  /** There was no room for what came. */
  #overflowed(nowNs: number): void {
    if (this.#glimpse) this.#beginSnapshot(nowNs);
    else if (this.#rerequest) this.#arbiter.clearOverflow();
    else this.skipAhead(Number.POSITIVE_INFINITY, nowNs);
  }

  /** Without anybody to ask, and no room left: what is missing at the front, before `sequence`, is lost. */
  skipAhead(sequence: number, nowNs: number): void {
    const arbiter = this.#arbiter;
    if (this.phase === "settling") this.#decide(nowNs);
    const behindHole = arbiter.missing.count > 0 ? arbiter.missing.end[0]! : 0;
    const to = Math.min(Math.max(behindHole, arbiter.jumpSequence), sequence);
    arbiter.clearOverflow();
    if (to > arbiter.nextSequence) this.#giveUp(to, nowNs);
  }

  /** Holes that have waited long enough, or that every line has passed, are gaps. Whether there are any. */
  #openGaps(nowNs: number): boolean {
    const missing = this.#arbiter.missing;
    const passed = this.#passedByAll();
    for (let i = 0; i < missing.count; i++) {
      if (missing.gap[i]! >= 0) continue;
      const waited = nowNs - missing.openedNs[i]! >= this.#settings.gapWaitNs;
      if (waited || missing.end[i]! <= passed) missing.openGap(i, nowNs);
    }
    return this.#arbiter.gaps.openCount > 0;
  }

  /** How far all lines have come; with one line alone, which may just be out of order, nothing counts as passed. */
  #passedByAll(): number {
    if (this.#lines.length < 2) return 0;
    let passed = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#lines.length; i++) passed = Math.min(passed, this.#lines[i]!.highSequence);
    return passed;
  }

  /** Whether the hole at the front is past hope, and what then. */
  #considerLoss(nowNs: number): void {
    const { missing } = this.#arbiter;
    if (missing.count === 0 || missing.gap[0]! < 0) return;
    const end = missing.end[0]!;
    let to = -1;
    if (this.#rerequest) to = this.#rerequest.givenUp(missing.first[0]!, end);
    else if (nowNs - missing.openedNs[0]! >= this.#settings.gapGiveUpNs) to = end;
    if (to < 0) return;
    this.#arbiter.disbelieve();
    if (this.#glimpse) this.#beginSnapshot(nowNs);
    else this.#giveUp(to, nowNs);
  }

  #giveUp(sequence: number, nowNs: number): void {
    this.#beforeLoss();
    if (this.#arbiter.giveUp(sequence, nowNs) > 0) this.inDoubt = true;
    this.#arbiter.drain(DRAIN_PER_WORK_MAX);
  }

  /** Nothing more will come (the end of a capture): hands on all that is held, over whatever is missing. */
  finish(nowNs: number): void {
    const arbiter = this.#arbiter;
    if (this.phase === "settling") this.#decide(nowNs);
    if (this.phase === "snapshot") {
      this.#glimpse!.stop();
      this.inDoubt = true;
      this.#goLive(arbiter.nextSequence, nowNs);
    }
    this.#giveUp(arbiter.highSequence, nowNs);
    while (arbiter.drain(DRAIN_PER_WORK_MAX) > 0);
  }
}
