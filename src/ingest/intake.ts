/**
 * A channel's intake: one datagram at a time from parsing to arbitration. Bad ones are refused whole and counted by
 * kind; those of another session are counted, or begin a new one; of each line is kept what it brought, won, lost and
 * how far ahead it was. Owned by a channel, used by its thread alone; hot, no allocation but at the start of a session.
 */
import {
  MOLD_HEADER_BYTES,
  MOLD_STATUS_BAD_FIRST,
  MoldHeader,
  MoldStatus,
  parseMold,
  readSession,
  sameSession,
} from "../wire/moldudp64.ts";
import type { Arbiter } from "./arbiter.ts";
import type { BadPacketSamples } from "./bad-packets.ts";
import type { MessageSink } from "./contract.ts";
import { BadPacket } from "./counters.ts";
import type { LeadTable } from "./lead-table.ts";
import type { LineMonitor } from "./line-monitor.ts";
import { PacketStash } from "./packet-stash.ts";
import type { Recovery } from "./recovery.ts";
import { SessionTracker, SessionVerdict } from "./session-tracker.ts";

export class Intake {
  /** The session followed, as text; "" before the first. */
  session = "";
  sessionCount = 0;
  /** Set by the channel before it hands packets in. */
  nowNs = 0;
  /** When a line last spoke of what is next in the session followed (late copies prove nothing); its packet's stamp. */
  heardNs = Number.NEGATIVE_INFINITY;
  stampNs = 0;
  readonly sessions: SessionTracker;
  /** One after the session's last message, once its end was announced; -1 before. */
  #endSequence = -1;
  readonly #arbiter: Arbiter;
  readonly #recovery: Recovery;
  readonly #sink: MessageSink;
  /** The lines, and behind them the one of re-request answers. */
  readonly #monitors: readonly LineMonitor[];
  readonly #repairLine: number;
  readonly #leads: LeadTable;
  readonly #bad: BadPacketSamples;
  readonly #beforeReset: () => void;
  readonly #stash = new PacketStash();
  /** The last packet that lay too far ahead to be believed, and what its header said. */
  readonly #far = new PacketStash();
  #farSequence = 0;
  #farCount = 0;
  readonly #header = new MoldHeader();

  constructor(
    arbiter: Arbiter,
    recovery: Recovery,
    sink: MessageSink,
    monitors: readonly LineMonitor[],
    leads: LeadTable,
    bad: BadPacketSamples,
    silenceNs: number,
    beforeReset: () => void,
  ) {
    this.#beforeReset = beforeReset;
    this.#arbiter = arbiter;
    this.#recovery = recovery;
    this.#sink = sink;
    this.#monitors = monitors;
    this.#repairLine = monitors.length - 1;
    this.#leads = leads;
    this.#bad = bad;
    this.sessions = new SessionTracker(monitors.length - 1, silenceNs);
  }

  /** A datagram of which the receiver had no room for the whole. */
  truncated(line: number, bytes: Uint8Array, offset: number, length: number, stampNs: number): void {
    this.#refuse(line, BadPacket.truncated, bytes, offset, length, stampNs);
  }

  /** A datagram of `line` (the last line: an answer to a re-request). */
  datagram(line: number, bytes: Uint8Array, view: DataView, offset: number, length: number, stampNs: number): void {
    const status = parseMold(view, offset, length, this.#header);
    if (status >= MOLD_STATUS_BAD_FIRST) {
      this.#refuse(line, BadPacket.ofMoldStatus(status), bytes, offset, length, stampNs);
      return;
    }
    if (line === this.#repairLine) {
      if (!this.sessions.known || !sameSession(bytes, offset, this.sessions.current)) this.#monitors[line]!.foreign();
      else this.#take(line, status, bytes, view, offset, length, stampNs);
      return;
    }
    const verdict = this.sessions.judge(line, bytes, offset, this.nowNs);
    if (verdict === SessionVerdict.current) this.#take(line, status, bytes, view, offset, length, stampNs);
    else if (verdict === SessionVerdict.begin) this.#begin(line, status, bytes, view, offset, length, stampNs);
    else {
      if (verdict === SessionVerdict.foreign) this.#monitors[line]!.foreign();
      if (verdict === SessionVerdict.newCandidate) this.#dropStash();
      if (verdict !== SessionVerdict.foreign) this.#stash.put(line, bytes, offset, length, stampNs);
    }
  }

  /** What was kept aside was of no session that has come to anything. */
  #dropStash(): void {
    const stash = this.#stash;
    for (let i = 0; i < stash.count; i++) this.#monitors[stash.line[i]!]!.foreign();
    stash.clear();
  }

  #refuse(line: number, kind: number, bytes: Uint8Array, offset: number, length: number, stampNs: number): void {
    this.#monitors[line]!.bad(kind);
    this.#bad.add(line, kind, bytes, offset, length, stampNs);
  }

  /** A session begins with this packet, and with those of it that were kept aside. */
  #begin(
    line: number,
    status: MoldStatus,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    stampNs: number,
  ): void {
    const nowNs = this.nowNs;
    const stash = this.#stash;
    const sequence = this.#header.sequence;
    if (this.sessions.known) {
      this.#beforeReset();
      this.#sink.reset();
    }
    const sameAsStash = stash.count > 0 && sameSession(bytes, offset, stash.bytes);
    this.sessions.begin(line, bytes, offset, nowNs);
    this.session = readSession(bytes, offset);
    this.sessionCount++;
    this.#endSequence = -1;
    for (const monitor of this.#monitors) monitor.reset(nowNs);
    this.#leads.reset();
    this.#far.clear();
    this.#recovery.begin(this.session, sequence, nowNs);
    if (sameAsStash) {
      for (let i = 0; i < stash.count; i++) {
        const kept = parseMold(stash.view, stash.offset[i]!, stash.length[i]!, this.#header);
        this.#take(
          stash.line[i]!,
          kept,
          stash.bytes,
          stash.view,
          stash.offset[i]!,
          stash.length[i]!,
          stash.stampNs[i]!,
        );
      }
    }
    if (sameAsStash) stash.clear();
    else this.#dropStash();
    parseMold(view, offset, length, this.#header);
    this.#take(line, status, bytes, view, offset, length, stampNs);
  }

  /** A packet of the current session, its header in `#header`. */
  #take(
    line: number,
    status: MoldStatus,
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    stampNs: number,
  ): void {
    const nowNs = this.nowNs;
    const monitor = this.#monitors[line]!;
    const { sequence, count } = this.#header;
    const isRepair = line === this.#repairLine;
    if (!isRepair && this.#restarted(line, sequence + count, status !== MoldStatus.data)) {
      this.#begin(line, status, bytes, view, offset, length, stampNs);
      return;
    }
    monitor.heard(length, nowNs, stampNs);
    if (!isRepair) {
      this.#recovery.seen(sequence, nowNs);
      this.stampNs = stampNs;
      if (sequence + count >= this.#arbiter.nextSequence) this.heardNs = nowNs;
    }
    if (status === MoldStatus.data) this.#data(line, bytes, view, offset, length, stampNs);
    else if (isRepair) return;
    else if (status === MoldStatus.heartbeat) {
      if (!this.#arbiter.note(sequence, nowNs)) return;
      monitor.heartbeat(sequence, nowNs);
      this.#borneOut();
    } else this.#announceEnd(line, bytes, offset, length, stampNs);
  }

  #restarted(line: number, end: number, isHeartbeat: boolean): boolean {
    const lineHigh = this.#monitors[line]!.highSequence;
    return this.sessions.restarted(line, end, isHeartbeat, lineHigh, this.#arbiter.nextSequence, this.nowNs);
  }

  #data(line: number, bytes: Uint8Array, view: DataView, offset: number, length: number, stampNs: number): void {
    const nowNs = this.nowNs;
    const arbiter = this.#arbiter;
    const { sequence, count } = this.#header;
    const isRepair = line === this.#repairLine;
    const blocks = offset + MOLD_HEADER_BYTES;
    const blockBytes = length - MOLD_HEADER_BYTES;
    const droppedBefore = arbiter.droppedCount;
    let fresh = arbiter.packet(bytes, view, blocks, blockBytes, sequence, count, stampNs, isRepair, nowNs);
    if (arbiter.overflowed && !this.#recovery.canRepair) {
      // Nobody can be asked: give up what is missing, and take this packet behind it.
      arbiter.droppedCount = droppedBefore;
      const isJump = arbiter.jumpSequence >= 0;
      if (isJump && this.#farSequence < sequence) this.#takeFar();
      this.#recovery.skipAhead(sequence, nowNs);
      fresh = arbiter.packet(bytes, view, blocks, blockBytes, sequence, count, stampNs, isRepair, nowNs);
      if (isJump) this.#takeFar();
    } else if (!isRepair && arbiter.isFar(sequence)) {
      this.#far.clear();
      this.#far.put(line, bytes, offset, length, stampNs);
      this.#farSequence = sequence;
      this.#farCount = count;
    }
    const dropped = arbiter.droppedCount - droppedBefore;
    this.#monitors[line]!.data(sequence, count, fresh, dropped, nowNs);
    if (!isRepair) this.#leads.packet(line, sequence, stampNs);
    if (this.#endSequence >= 0 && sequence + count > this.#endSequence) {
      // The session was said to have ended before these messages, and yet here they are.
      this.#endSequence = -1;
      this.sessions.ended = false;
    }
  }

  /** A sequence was noted: if it bears out a jump that nobody can be asked about, the packet kept aside is taken. */
  #borneOut(): void {
    if (this.#arbiter.jumpSequence >= 0 && !this.#recovery.canRepair) this.#takeFar();
  }

  /** The packet that was not believed has been borne out, or nothing more can come that would: it is taken. */
  #takeFar(): void {
    const { bytes, view, offset, length, line, stampNs, count: kept } = this.#far;
    const sequence = this.#farSequence;
    const count = this.#farCount;
    this.#far.clear();
    if (kept === 0 || sequence + count <= this.#arbiter.nextSequence) return;
    const at = offset[0]! + MOLD_HEADER_BYTES;
    const blockBytes = length[0]! - MOLD_HEADER_BYTES;
    if (this.#arbiter.isFar(sequence)) this.#recovery.skipAhead(sequence, this.nowNs);
    this.#arbiter.droppedCount -= count;
    const fresh = this.#arbiter.packet(bytes, view, at, blockBytes, sequence, count, stampNs[0]!, false, this.nowNs);
    this.#monitors[line[0]!]!.takenLater(sequence, count, fresh, this.nowNs);
  }

  /** The end of a capture. What still waits to be borne out is all there is: it is believed. */
  finish(): void {
    if (this.#far.count === 0 || !this.#arbiter.isFar(this.#farSequence)) return;
    this.#arbiter.note(this.#farSequence, this.nowNs);
    this.#takeFar();
  }

  #announceEnd(line: number, bytes: Uint8Array, offset: number, length: number, stampNs: number): void {
    const { sequence } = this.#header;
    if (sequence < this.#arbiter.highSequence) {
      this.#refuse(line, BadPacket.endBeforeLast, bytes, offset, length, stampNs);
      return;
    }
    if (!this.#arbiter.note(sequence, this.nowNs)) return;
    this.#monitors[line]!.endOfSession(sequence, this.nowNs);
    this.#borneOut();
    this.#endSequence = sequence;
  }

  /** The session is over once its end was announced and everything before it has been handed on. */
  checkEnd(): void {
    if (this.#endSequence < 0 || this.sessions.ended || this.#recovery.phase !== "live") return;
    if (this.#arbiter.nextSequence >= this.#endSequence) this.sessions.ended = true;
  }
}
