/**
 * One line of the feed on its way out, with the faults it is asked to have: packets lost, sent twice, sent out of
 * order, all late by a fixed time. Seeded: the same packets meet the same faults. Nothing is allocated per packet.
 *
 * Owned by one `Publisher`. A packet held back goes after some later ones, or after a short while when nothing
 * follows.
 */
import { Prng } from "../core/prng.ts";
import { NS_PER_MS } from "../core/units.ts";
import type { UdpSender } from "../io/udp-sender.ts";

export interface LineFaults {
  /** Shares of the packets, 0 … 1. */
  readonly loss?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  /** Every packet goes out this much later, ns. */
  readonly delayNs?: number;
}

export interface LineCounts {
  /** Packets that the line was given. */
  packets: number;
  /** Datagrams that the kernel took. */
  sent: number;
  sentBytes: number;
  lost: number;
  duplicated: number;
  reordered: number;
  /** Datagrams that the kernel had no room for. */
  failed: number;
}

const HELD_MAX = 8;
/** A packet out of order goes after one to so many later ones. */
const REORDER_BY_MAX = 4;
const HELD_NS_MAX = 5 * NS_PER_MS;
/** Packets under way on a delayed line; a power of two. When there are more the oldest goes early. */
const DELAYED_MAX = 4096;

/** Copies of packets that wait. */
class PacketPool {
  readonly bytes: Uint8Array;
  readonly lengths: Int32Array;
  readonly dueNs: Float64Array;
  readonly slotBytes: number;

  constructor(count: number, slotBytes: number) {
    this.bytes = new Uint8Array(new ArrayBuffer(count * slotBytes));
    this.lengths = new Int32Array(count);
    this.dueNs = new Float64Array(count);
    this.slotBytes = slotBytes;
  }

  put(slot: number, bytes: Uint8Array, offset: number, length: number, dueNs: number): void {
    const at = slot * this.slotBytes;
    for (let i = 0; i < length; i++) this.bytes[at + i] = bytes[offset + i]!;
    this.lengths[slot] = length;
    this.dueNs[slot] = dueNs;
  }
}

export class LineOutput {
  readonly counts: LineCounts = { packets: 0, sent: 0, sentBytes: 0, lost: 0, duplicated: 0, reordered: 0, failed: 0 };
  readonly #sender: UdpSender;
  readonly #prng: Prng;
  readonly #loss: number;
  readonly #duplicate: number;
  readonly #reorder: number;
  readonly #delayNs: number;
  /** Held back for reordering: due by packet count in `#heldUntil` or by time. Length 0 = free. */
  readonly #held: PacketPool;
  readonly #heldUntil = new Float64Array(HELD_MAX);
  #heldCount = 0;
  /** Under way on a delayed line: a ring. */
  readonly #delayed: PacketPool | undefined;
  #delayedHead = 0;
  #delayedTail = 0;

  constructor(sender: UdpSender, faults: LineFaults, seed: number, packetBytesMax: number) {
    this.#sender = sender;
    this.#prng = new Prng(seed);
    this.#loss = faults.loss ?? 0;
    this.#duplicate = faults.duplicate ?? 0;
    this.#reorder = faults.reorder ?? 0;
    this.#delayNs = faults.delayNs ?? 0;
    this.#held = new PacketPool(HELD_MAX, packetBytesMax);
    this.#delayed = this.#delayNs > 0 ? new PacketPool(DELAYED_MAX, packetBytesMax) : undefined;
  }

  /** One packet of the feed. */
  send(bytes: Uint8Array, offset: number, length: number, nowNs: number): void {
    this.counts.packets++;
    const isLost = this.#loss > 0 && this.#prng.chance(this.#loss);
    const isHeld = this.#reorder > 0 && this.#prng.chance(this.#reorder);
    const isTwice = this.#duplicate > 0 && this.#prng.chance(this.#duplicate);
    if (isLost) this.counts.lost++;
    else if (isHeld && this.#heldCount < HELD_MAX) this.#hold(bytes, offset, length, nowNs);
    else {
      this.#pass(bytes, offset, length, nowNs);
      if (isTwice) {
        this.counts.duplicated++;
        this.#pass(bytes, offset, length, nowNs);
      }
    }
    if (this.#heldCount > 0) this.#release(nowNs, false);
  }

  /** Sends what has become due. Returns how many packets. */
  doWork(nowNs: number): number {
    const before = this.counts.sent + this.counts.failed;
    if (this.#heldCount > 0) this.#release(nowNs, false);
    while (this.#delayedHead < this.#delayedTail && this.#delayed!.dueNs[this.#delayedHead % DELAYED_MAX]! <= nowNs)
      this.#sendOldest();
    return this.counts.sent + this.counts.failed - before;
  }

  /** When the next waiting packet is due, Infinity when none waits. */
  get nextDueNs(): number {
    let dueNs =
      this.#delayedHead < this.#delayedTail ? this.#delayed!.dueNs[this.#delayedHead % DELAYED_MAX]! : Infinity;
    if (this.#heldCount > 0)
      for (let slot = 0; slot < HELD_MAX; slot++)
        if (this.#held.lengths[slot] !== 0) dueNs = Math.min(dueNs, this.#held.dueNs[slot]!);
    return dueNs;
  }

  /** Sends everything that still waits, whenever it was due. */
  flush(nowNs: number): void {
    this.#release(nowNs, true);
    while (this.#delayedHead < this.#delayedTail) this.#sendOldest();
  }

  close(): void {
    this.#sender.close();
  }

  #hold(bytes: Uint8Array, offset: number, length: number, nowNs: number): void {
    let slot = 0;
    while (this.#held.lengths[slot] !== 0) slot++;
    this.#held.put(slot, bytes, offset, length, nowNs + HELD_NS_MAX);
    this.#heldUntil[slot] = this.counts.packets + this.#prng.between(1, REORDER_BY_MAX);
    this.#heldCount++;
    this.counts.reordered++;
  }

  #release(nowNs: number, all: boolean): void {
    const held = this.#held;
    for (let slot = 0; slot < HELD_MAX && this.#heldCount > 0; slot++) {
      const length = held.lengths[slot]!;
      if (length === 0) continue;
      if (!all && this.counts.packets < this.#heldUntil[slot]! && nowNs < held.dueNs[slot]!) continue;
      held.lengths[slot] = 0;
      this.#heldCount--;
      this.#pass(held.bytes, slot * held.slotBytes, length, nowNs);
    }
  }

  #pass(bytes: Uint8Array, offset: number, length: number, nowNs: number): void {
    const delayed = this.#delayed;
    if (delayed === undefined) {
      this.#transmit(bytes, offset, length);
      return;
    }
    if (this.#delayedTail - this.#delayedHead === DELAYED_MAX) this.#sendOldest();
    delayed.put(this.#delayedTail++ % DELAYED_MAX, bytes, offset, length, nowNs + this.#delayNs);
  }

  #sendOldest(): void {
    const slot = this.#delayedHead++ % DELAYED_MAX;
    this.#transmit(this.#delayed!.bytes, slot * this.#delayed!.slotBytes, this.#delayed!.lengths[slot]!);
  }

  #transmit(bytes: Uint8Array, offset: number, length: number): void {
    if (this.#sender.send(bytes, offset, length)) {
      this.counts.sent++;
      this.counts.sentBytes += length;
    } else this.counts.failed++;
  }
}
