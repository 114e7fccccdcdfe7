/**
 * Hot. What both packet rings share: where each packet of the batch lies in the mapped ring, its stamp, and the counts.
 * The packets are read in place, in memory that the kernel lends: they are valid until the next `receive`, which gives
 * it back. One thread owns a ring.
 *
 * What always holds: the packets of a batch are in the order in which they arrived; the kernel gets its memory back in
 * that order too, and never while a packet in it may still be read.
 */

import { clock } from "./clock.ts";
import { DatagramCheck } from "./packet-ring-check.ts";
import { STATUS_USER } from "./packet-ring-layout.ts";
import { RingSocket, type RingVersion } from "./packet-ring-socket.ts";
import { parseIpv4 } from "./sockets.ts";
import type { UdpReceiverOptions } from "./udp-receiver.ts";

const BATCH_DEFAULT = 256;
const NS_PER_S = 1e9;
/** How many empty calls go by between looks at the socket's error and the kernel's count of drops. */
const EMPTY_CALLS = 1024;

export abstract class PacketRing {
  /** The whole ring. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly fd: number;
  readonly localPort: number;
  /** The ring's size. */
  readonly receiveBufferBytes: number;
  /** Packets thrown away for want of room, as far as the kernel has told. */
  dropCount = 0;
  protected readonly batch: number;
  protected readonly words: Int32Array;
  protected readonly check: DatagramCheck;
  protected readonly socket: RingSocket;
  protected closed = false;
  readonly #baseSeconds = clock.epochBaseSeconds;
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #truncated: Uint8Array;
  readonly #stampsNs: Float64Array;
  #emptyCount = 0;

  constructor(version: RingVersion, options: UdpReceiverOptions) {
    const socket = new RingSocket(version, options);
    this.socket = socket;
    this.fd = socket.fd;
    this.localPort = socket.localPort;
    this.bytes = socket.bytes;
    this.view = new DataView(socket.bytes.buffer);
    this.words = socket.words;
    this.receiveBufferBytes = socket.bytes.byteLength;
    // A quarter of the frames at most is lent, or the kernel runs dry.
    this.batch = Math.max(1, Math.min(options.batch ?? BATCH_DEFAULT, socket.geometry.frameCount >> 2));
    this.#offsets = new Int32Array(this.batch);
    this.#lengths = new Int32Array(this.batch);
    this.#truncated = new Uint8Array(this.batch);
    this.#stampsNs = new Float64Array(this.batch);
    this.check = new DatagramCheck(socket.words, {
      group: parseIpv4(options.group),
      port: socket.localPort,
      source: options.source === undefined ? undefined : parseIpv4(options.source),
      interfaceIndex: socket.network.index,
      isLoopback: socket.network.name === "lo",
      packetBytesMax: socket.packetBytesMax,
    });
  }

  /** Gives the last batch back and takes what has arrived since, at most a batch. Never waits. */
  abstract receive(): number;

  /** How much of the ring holds packets that have arrived and not been taken. */
  abstract queueBytes(): number;

  /** Where the payload begins in `bytes`. */
  packetOffset(i: number): number {
    return this.#offsets[i]!;
  }

  packetLength(i: number): number {
    return this.#lengths[i]!;
  }

  packetTruncated(i: number): boolean {
    return this.#truncated[i] !== 0;
  }

  /** When the kernel took the packet, ns since the epoch base. */
  packetStampNs(i: number): number {
    return this.#stampsNs[i]!;
  }

  /** Packets that came and were not taken: fragments, wrong checksums or lengths. */
  get refusedCount(): number {
    return this.check.refusedCount;
  }

  /** Of those, datagrams that came in fragments. Only `recvmmsg` puts them together. */
  get fragmentedCount(): number {
    return this.check.fragmentedCount;
  }

  /**
   * How many of the `count` frames or blocks from `first` on, in a ring of `total` of `stepBytes` each with its status
   * at `statusAt`, the kernel has handed over. It fills them in order: the first that it has not is found by halving.
   */
  protected arrivedCount(first: number, count: number, total: number, stepBytes: number, statusAt: number): number {
    if (this.closed) return 0;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = ((first + middle) % total) * stepBytes + statusAt;
      if ((Atomics.load(this.words, at >> 2) & STATUS_USER) === 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Keeps the packet that `check` has just taken as the batch's i-th. */
  protected keep(i: number, payloadAt: number, seconds: number, nanoseconds: number): void {
    this.#offsets[i] = payloadAt;
    this.#lengths[i] = this.check.payloadBytes;
    this.#truncated[i] = this.check.truncated;
    this.#stampsNs[i] = ((seconds >>> 0) - this.#baseSeconds) * NS_PER_S + nanoseconds;
  }

  /** The kernel says that it lost packets: asks how many. */
  protected countDrops(): void {
    this.dropCount += this.socket.takeDropCount();
  }

  /** Nothing has arrived. Now and then, looks at what nobody else would tell. */
  protected empty(): number {
    if (++this.#emptyCount >= EMPTY_CALLS) {
      this.#emptyCount = 0;
      this.socket.clearError();
      this.countDrops();
    }
    return 0;
  }

  /** Leaves the group and gives the ring's memory back; `bytes` reads as zeros from then on. */
  close(): void {
    if (this.closed) return;
    this.countDrops();
    this.closed = true;
    this.socket.close();
  }
}
