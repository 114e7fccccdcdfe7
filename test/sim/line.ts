/**
 * One simulated line: the exchange's packets go in, and come out to the channel as a `PacketReceiver` would give them,
 * after whatever the plan does to them. Seeded; the same calls meet the same faults.
 *
 * Packets are not copied: the receiver's bytes are the tape's packets, whose header is written on delivery. Only what
 * is damaged, and heartbeats, are made in the scratch behind them.
 */

import { writeU64 } from "../../src/core/bytes.ts";
import type { Prng } from "../../src/core/prng.ts";
import type { PacketReceiver } from "../../src/ingest/transport.ts";
import {
  MOLD_STATUS_BAD_FIRST,
  MoldHeader,
  parseMold,
  writeMoldEndOfSession,
  writeMoldHeartbeat,
} from "../../src/wire/moldudp64.ts";
import { damage } from "./damage.ts";
import { type Packing, SCRATCH_BYTES } from "./tape.ts";
import { TimeQueue } from "./time-queue.ts";
import type { Episode, SimClock } from "./world.ts";

export interface LineFaults {
  /** Share of packets lost, in bursts of up to so many. */
  loss: number;
  burstMax: number;
  duplicate: number;
  /** Share of packets that are late, and by how much at most: time, or so many packets. */
  reorder: number;
  reorderNsMax: number;
  reorderPacketsMax: number;
  delayNs: number;
  jitterNs: number;
  /** Share of packets with a false length or count, or cut short. */
  damage: number;
  heartbeatLoss: number;
  /** Bits flip and no checksum notices. */
  flips: number;
}

export const NO_FAULTS: LineFaults = {
  loss: 0,
  burstMax: 1,
  duplicate: 0,
  reorder: 0,
  reorderNsMax: 0,
  reorderPacketsMax: 0,
  delayNs: 20_000,
  jitterNs: 0,
  damage: 0,
  heartbeatLoss: 0,
  flips: 0,
};

const BATCH = 64;
const DAMAGED_SLOT_BYTES = 2048;
const DUPLICATE_NS_MAX = 200e6;
const KIND = { whole: 0, damaged: 1, flipped: 2, control: 3 } as const;
const KINDS = 4;
const PACKETS_MAX = 2 ** 24;

interface Control {
  episode: Episode;
  sequence: number;
  isEnd: boolean;
  /** A packet sent before it was full, up to this message; -1: none, a heartbeat or the session's end. */
  packet: number;
  end: number;
}

export class SimLine implements PacketReceiver {
  bytes: Uint8Array;
  view: DataView;
  readonly dropCount = 0;
  readonly fd = -1;
  /** Before this nothing gets through. */
  deadUntilNs = 0;
  faults: LineFaults;
  /** Packets handed to the channel, and of those the damaged ones. */
  deliveredCount = 0;
  damagedCount = 0;
  readonly #line: number;
  readonly #clock: SimClock;
  readonly #prng: Prng;
  readonly #queue = new TimeQueue();
  readonly #episodes: Episode[] = [];
  readonly #controls: Control[] = [];
  readonly #header = new MoldHeader();
  readonly #offset = new Int32Array(BATCH);
  readonly #length = new Int32Array(BATCH);
  /** Of the episode on the air: the next packet to send. */
  #next = 0;
  /** Messages of it that have gone out, in packets that were not full too. */
  #flushed = 0;
  #lossLeft = 0;
  #lastDueNs = 0;
  #packetNs = 0;
  #sentNs = 0;

  constructor(line: number, clock: SimClock, faults: LineFaults, prng: Prng, first: Episode) {
    this.#line = line;
    this.#clock = clock;
    this.faults = faults;
    this.#prng = prng;
    this.bytes = first.packings[line]!.bytes;
    this.view = first.packings[line]!.view;
  }

  begin(episode: Episode): void {
    this.#episodes[episode.index] = episode;
    this.#next = 0;
    this.#flushed = 0;
  }

  get #isDead(): boolean {
    return this.#clock.nowNs < this.deadUntilNs;
  }

  /**
   * Sends what is whole: packets of which all messages have been published; at an episode's end also the last piece.
   */
  send(episode: Episode): void {
    const packing = episode.packings[this.#line]!;
    const { published } = episode;
    const before = this.#next;
    const isLast = published === episode.plan.messages;
    while (this.#next < packing.count && packing.end[this.#next]! <= published) this.#packet(episode, this.#next++);
    if (isLast && this.#next < packing.count && packing.first[this.#next]! < published)
      this.#packet(episode, this.#next++);
    const sent = this.#next - before;
    if (sent === 0) return;
    const elapsedNs = this.#clock.nowNs - this.#sentNs;
    if (this.#sentNs > 0) this.#packetNs = elapsedNs / sent;
    this.#sentNs = this.#clock.nowNs;
  }

  #packet(episode: Episode, packet: number): void {
    const { faults } = this;
    const prng = this.#prng;
    if (this.#isDead || this.#isLost()) return;
    const copies = faults.duplicate > 0 && prng.chance(faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      let dueNs = this.#clock.nowNs + faults.delayNs;
      if (copy === 1) dueNs += prng.float() * DUPLICATE_NS_MAX;
      else if (faults.reorder > 0 && prng.chance(faults.reorder)) dueNs += this.#lateNs();
      else {
        if (faults.jitterNs > 0) dueNs += prng.float() * faults.jitterNs;
        this.#lastDueNs = dueNs = Math.max(dueNs, this.#lastDueNs);
      }
      let kind: number = KIND.whole;
      if (faults.damage > 0 && prng.chance(faults.damage)) kind = KIND.damaged;
      else if (faults.flips > 0 && prng.chance(faults.flips)) kind = KIND.flipped;
      this.#queue.push(dueNs, (episode.index * PACKETS_MAX + packet) * KINDS + kind);
    }
  }

  #isLost(): boolean {
    const { loss, burstMax } = this.faults;
    if (this.#lossLeft > 0) {
      this.#lossLeft--;
      return true;
    }
    if (loss === 0) return false;
    const meanBurst = (burstMax + 1) / 2;
    if (!this.#prng.chance(loss / (1 - loss) / meanBurst)) return false;
    this.#lossLeft = this.#prng.between(1, burstMax) - 1;
    return true;
  }

  #lateNs(): number {
    const { reorderNsMax, reorderPacketsMax } = this.faults;
    const byPacketsNs = this.#prng.between(0, reorderPacketsMax) * this.#packetNs;
    return Math.min(200e6, reorderPacketsMax > 0 ? byPacketsNs : this.#prng.float() * reorderNsMax);
  }

  /** Nothing more for now: sends what has been published, in a packet that is not full and comes again when it is. */
  flush(episode: Episode): void {
    const packing = episode.packings[this.#line]!;
    const packet = this.#next;
    const end = episode.published;
    if (packet >= packing.count || packing.first[packet]! >= end || this.#flushed === end) return;
    this.#flushed = end;
    if (!this.#isDead && !this.#isLost()) this.#control({ episode, sequence: 0, isEnd: false, packet, end });
  }

  #control(control: Control): void {
    this.#lastDueNs = Math.max(this.#clock.nowNs + this.faults.delayNs, this.#lastDueNs);
    this.#queue.push(this.#lastDueNs, this.#controls.length * KINDS + KIND.control);
    this.#controls.push(control);
  }

  /** Says how far the feed has come, or that the session is over. */
  speak(episode: Episode, isEnd: boolean): void {
    if (this.#isDead || this.#prng.chance(this.faults.heartbeatLoss)) return;
    this.#control({ episode, sequence: episode.nextSequence, isEnd, packet: -1, end: 0 });
  }

  /** Nothing goes wrong from here on. What is on its way stays on its way. */
  heal(): void {
    this.faults = { ...NO_FAULTS, delayNs: this.faults.delayNs };
    this.deadUntilNs = 0;
    this.#lossLeft = 0;
  }

  /** Throws away what is on its way: nobody listens yet. */
  discardDue(): void {
    while (this.#queue.nextNs <= this.#clock.nowNs) this.#queue.pop();
  }

  receive(): number {
    const { nowNs } = this.#clock;
    const queue = this.#queue;
    let count = 0;
    let of: Episode | undefined;
    let scratch = 0;
    while (count < BATCH && queue.nextNs <= nowNs && scratch + DAMAGED_SLOT_BYTES <= SCRATCH_BYTES) {
      const episode = this.#episodeOf(queue.peek());
      // A batch lies in one array: that of one episode's packets.
      if (of !== undefined && episode !== of) break;
      of = episode;
      const packing = episode.packings[this.#line]!;
      const length = this.#deliver(queue.pop(), episode, packing, packing.scratchOffset + scratch, count);
      if (length < 0) continue;
      if (this.#offset[count]! >= packing.scratchOffset) scratch += DAMAGED_SLOT_BYTES;
      this.#length[count++] = length;
    }
    if (of !== undefined) {
      this.bytes = of.packings[this.#line]!.bytes;
      this.view = of.packings[this.#line]!.view;
    }
    this.deliveredCount += count;
    return count;
  }

  get isDue(): boolean {
    return this.#queue.nextNs <= this.#clock.nowNs;
  }

  #episodeOf(value: number): Episode {
    const index = Math.floor(value / KINDS);
    if (value % KINDS === KIND.control) return this.#controls[index]!.episode;
    return this.#episodes[Math.floor(index / PACKETS_MAX)]!;
  }

  /** Puts one packet in place; its length, or -1 when it does not arrive after all. */
  #deliver(value: number, episode: Episode, packing: Packing, scratch: number, slot: number): number {
    const kind = value % KINDS;
    const index = Math.floor(value / KINDS);
    if (kind === KIND.control) {
      const { sequence, isEnd, packet, end } = this.#controls[index]!;
      const { view, bytes } = packing;
      if (packet >= 0) {
        this.#writeHeader(episode, packing, packet);
        this.#offset[slot] = scratch;
        this.#heard(episode, episode.plan.base + 1 + end);
        return this.#copy(episode, packing, packet, end, scratch);
      }
      if (isEnd) writeMoldEndOfSession(view, bytes, scratch, episode.session10, sequence);
      else writeMoldHeartbeat(view, bytes, scratch, episode.session10, sequence);
      this.#offset[slot] = scratch;
      this.#heard(episode, sequence);
      return 20;
    }
    const packet = index % PACKETS_MAX;
    this.#writeHeader(episode, packing, packet);
    // The last packet of an episode that is shorter than its tape ends early.
    const isCut = packing.end[packet]! > episode.plan.messages;
    if (kind === KIND.whole && !isCut) {
      this.#offset[slot] = packing.offset[packet]!;
      this.#heard(episode, episode.plan.base + 1 + packing.end[packet]!);
      return packing.length[packet]!;
    }
    const end = Math.min(packing.end[packet]!, episode.plan.messages);
    const length = this.#copy(episode, packing, packet, end, scratch);
    this.#offset[slot] = scratch;
    if (kind === KIND.whole) {
      this.#heard(episode, episode.plan.base + 1 + episode.plan.messages);
      return length;
    }
    return this.#damage(kind, packing, scratch, length);
  }

  #writeHeader(episode: Episode, packing: Packing, packet: number): void {
    if (packing.bears[packet] === episode.serial) return;
    packing.bears[packet] = episode.serial;
    const at = packing.offset[packet]!;
    for (let i = 0; i < 10; i++) packing.bytes[at + i] = episode.session10[i]!;
    writeU64(packing.view, at + 10, episode.plan.base + 1 + packing.first[packet]!);
  }

  #copy(episode: Episode, packing: Packing, packet: number, end: number, to: number): number {
    const from = packing.offset[packet]!;
    const first = packing.first[packet]!;
    const { offsets } = episode.tape;
    const length = 20 + offsets[end]! - offsets[first]!;
    packing.bytes.copyWithin(to, from, from + length);
    packing.view.setUint16(to + 18, end - first);
    return length;
  }

  #damage(kind: number, packing: Packing, at: number, length: number): number {
    if (kind === KIND.flipped) {
      for (let flips = this.#prng.between(1, 4); flips > 0; flips--)
        packing.bytes[at + this.#prng.below(length)]! ^= 1 << this.#prng.below(8);
      return length;
    }
    const left = damage(packing.view, at, length, this.#prng);
    // What is damaged and yet well-formed would have had a false checksum: the kernel drops it.
    if (parseMold(packing.view, at, left, this.#header) < MOLD_STATUS_BAD_FIRST) return -1;
    this.damagedCount++;
    return left;
  }

  #heard(episode: Episode, end: number): void {
    if (end > episode.highSequence) episode.highSequence = end;
    if (end >= episode.frontSequence) episode.heardNs = this.#clock.nowNs;
  }

  packetOffset(index: number): number {
    return this.#offset[index]!;
  }

  packetLength(index: number): number {
    return this.#length[index]!;
  }

  packetTruncated(): boolean {
    return false;
  }

  packetStampNs(): number {
    return this.#clock.nowNs;
  }

  close(): void {
    this.#queue.clear();
  }
}
