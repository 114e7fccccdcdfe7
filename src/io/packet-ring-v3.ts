/**
 * Hot. The packet ring with the lowest cost: blocks of many packets, handed over when they are full or a millisecond
 * old, so a packet waits half a millisecond on a quiet line and none on a busy one. Rules as in `packet-ring.ts`.
 *
 * ```
 *              #block
 *                v
 * [ kernel's | lent: [ header | packets of earlier batches | #at: #leftCount packets to come ] | kernel's ]
 * ```
 * A block goes back when all of its packets have been handed out and the next call comes.
 */
import { PacketRing } from "./packet-ring.ts";
import { HEADERS_BYTES, STATUS_KERNEL, STATUS_LOSING, STATUS_USER, V3, V3_BLOCK } from "./packet-ring-layout.ts";
import type { UdpReceiverOptions } from "./udp-receiver.ts";

export class PacketRingV3 extends PacketRing {
  readonly #blockBytes: number;
  readonly #blockCount: number;
  #block = 0;
  #isHeld = false;
  /** Where the next packet of the held block begins, and how many are left in it. */
  #at = 0;
  #leftCount = 0;

  constructor(options: UdpReceiverOptions) {
    super(3, options);
    this.#blockBytes = this.socket.geometry.blockBytes;
    this.#blockCount = this.socket.geometry.blockCount;
  }

  receive(): number {
    if (this.closed) return 0;
    // A block of which everything is refused does not end the call, but a ring full of them does.
    for (let seenCount = 0; seenCount < this.#blockCount; seenCount++) {
      while (this.#leftCount > 0) {
        const count = this.#scan();
        if (count > 0) return count;
      }
      this.#release();
      if (!this.#take()) return this.empty();
    }
    return 0;
  }

  /** Whole blocks, the one that is being read included. */
  queueBytes(): number {
    return (
      this.arrivedCount(this.#block, this.#blockCount, this.#blockCount, this.#blockBytes, V3_BLOCK.status) *
      this.#blockBytes
    );
  }

  #release(): void {
    if (!this.#isHeld) return;
    Atomics.store(this.words, (this.#block * this.#blockBytes + V3_BLOCK.status) >> 2, STATUS_KERNEL);
    this.#isHeld = false;
    if (++this.#block === this.#blockCount) this.#block = 0;
  }

  /** Takes the next block, if the kernel has handed it over. */
  #take(): boolean {
    const words = this.words;
    const at = this.#block * this.#blockBytes;
    // Atomic: the engine may not take the load out of a caller's loop, and what follows is not read before it.
    const status = Atomics.load(words, (at + V3_BLOCK.status) >> 2);
    if ((status & STATUS_USER) === 0) return false;
    if ((status & STATUS_LOSING) !== 0) this.countDrops();
    this.#isHeld = true;
    this.#leftCount = words[(at + V3_BLOCK.packetCount) >> 2]!;
    this.#at = at + words[(at + V3_BLOCK.firstOffset) >> 2]!;
    return true;
  }

  /** Walks over the held block until a batch is full or the block is done; returns how many packets were taken. */
  #scan(): number {
    const words = this.words;
    const check = this.check;
    const batch = this.batch;
    let at = this.#at;
    let leftCount = this.#leftCount;
    let count = 0;
    while (leftCount > 0 && count < batch) {
      const word = at >> 2;
      const packetAt = at + (words[word + (V3.networkWord >> 2)]! >>> 16);
      const capturedBytes = words[word + (V3.capturedBytes >> 2)]!;
      const wireBytes = words[word + (V3.wireBytes >> 2)]!;
      if (check.check(packetAt, at + V3.link, capturedBytes, wireBytes, words[word + (V3.status >> 2)]!)) {
        const seconds = words[word + (V3.seconds >> 2)]!;
        this.keep(count, packetAt + HEADERS_BYTES, seconds, words[word + (V3.nanoseconds >> 2)]!);
        count++;
      }
      at += words[word + (V3.nextOffset >> 2)]!;
      leftCount--;
    }
    this.#at = at;
    this.#leftCount = leftCount;
    return count;
  }
}
