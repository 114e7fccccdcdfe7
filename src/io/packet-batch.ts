/**
 * One recvmmsg(2) batch: a fixed piece of memory into which the kernel writes up to `batch` datagrams a call, with the
 * source address, the receive stamp and the drop count of each. Owned by one socket and used by its thread alone; after
 * construction nothing is allocated.
 *
 * ```
 * bytes: [ mmsghdr 64 B × batch | iovec 16 B × batch | control 64 B × batch | names 16 B × batch | data slot × batch ]
 * ```
 * A packet is valid until the next `receive`. A datagram longer than its slot is cut by the kernel and says so.
 */
import { assert } from "../core/assert.ts";
import { clock } from "./clock.ts";
import { addressOf, asPointer, type Libc, libc } from "./libc.ts";
import { formatIpv4, MSG_DONTWAIT, SO_RXQ_OVFL, SO_TIMESTAMPNS, SOCKADDR_BYTES, SOL_SOCKET } from "./sockets.ts";

const HEADER_BYTES = 64;
const IOVEC_BYTES = 16;
/** Room for both control messages, the stamp (32 B) and the drop count (24 B): the second appears only after a drop. */
const CONTROL_BYTES = 64;
const CMSG_HEADER_BYTES = 16;
const MSG_TRUNC = 0x20;
const NS_PER_S = 1e9;
const TWO_32 = 4294967296;

export class PacketBatch {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly slotBytes: number;
  /** Datagrams that the kernel has thrown away for want of buffer, as the last packet with a count reported it. */
  dropCount = 0;
  readonly #libc: Libc = libc();
  readonly #fd: number;
  readonly #batch: number;
  readonly #u32: Uint32Array;
  readonly #address: number;
  readonly #controlAt: number;
  readonly #namesAt: number;
  readonly #dataAt: number;
  readonly #stampsNs: Float64Array;
  #dropWord = 0;

  /** `slotBytes`: the longest datagram that is taken whole. */
  constructor(fd: number, batch: number, slotBytes: number) {
    assert(batch >= 1 && batch <= 1024, "batch between 1 and 1024");
    this.#fd = fd;
    this.#batch = batch;
    this.slotBytes = Math.ceil(slotBytes / 64) * 64;
    this.#controlAt = batch * (HEADER_BYTES + IOVEC_BYTES);
    this.#namesAt = this.#controlAt + batch * CONTROL_BYTES;
    this.#dataAt = this.#namesAt + batch * SOCKADDR_BYTES;
    const buffer = new ArrayBuffer(this.#dataAt + batch * this.slotBytes);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#stampsNs = new Float64Array(batch);
    this.#address = addressOf(this.bytes);
    for (let i = 0; i < batch; i++) this.#lay(i);
  }

  #lay(i: number): void {
    const header = i * HEADER_BYTES;
    const iovec = this.#batch * HEADER_BYTES + i * IOVEC_BYTES;
    this.#pointer(header, this.#namesAt + i * SOCKADDR_BYTES);
    this.#pointer(header + 16, iovec);
    this.#u32[(header + 24) >> 2] = 1;
    this.#pointer(header + 32, this.#controlAt + i * CONTROL_BYTES);
    this.#pointer(iovec, this.#dataAt + i * this.slotBytes);
    this.#u32[(iovec + 8) >> 2] = this.slotBytes;
    this.#arm(i);
  }

  #pointer(at: number, target: number): void {
    this.view.setBigUint64(at, BigInt(this.#address + target), true);
  }

  /** What the kernel overwrites with lengths of its own has to be set again before each use. */
  #arm(i: number): void {
    this.#u32[(i * HEADER_BYTES + 8) >> 2] = SOCKADDR_BYTES;
    this.#u32[(i * HEADER_BYTES + 40) >> 2] = CONTROL_BYTES;
  }

  /** Takes what has arrived, at most a batch, without waiting. Returns the number of packets (0: none, or an error). */
  receive(): number {
    const count = this.#libc.recvmmsg(this.#fd, asPointer(this.#address), this.#batch, MSG_DONTWAIT, asPointer(0));
    if (count <= 0) return 0;
    for (let i = 0; i < count; i++) {
      this.#readControl(i);
      this.#arm(i);
    }
    return count;
  }

  #readControl(i: number): void {
    const u32 = this.#u32;
    const start = this.#controlAt + i * CONTROL_BYTES;
    const end = start + u32[(i * HEADER_BYTES + 40) >> 2]!;
    let stampNs = -1;
    let at = start;
    while (at + CMSG_HEADER_BYTES <= end) {
      const word = at >> 2;
      const length = u32[word]!;
      if (length < CMSG_HEADER_BYTES) break;
      if (u32[word + 2] === SOL_SOCKET) {
        const type = u32[word + 3];
        if (type === SO_TIMESTAMPNS) {
          const seconds = u32[word + 5]! * TWO_32 + u32[word + 4]!;
          stampNs = (seconds - clock.epochBaseSeconds) * NS_PER_S + u32[word + 6]!;
        } else if (type === SO_RXQ_OVFL) this.#countDrops(u32[word + 4]!);
      }
      at += (length + 7) & ~7;
    }
    this.#stampsNs[i] = stampNs >= 0 ? stampNs : clock.realtimeNs();
  }

  /** The kernel's count has 32 bits and wraps; ours goes on. */
  #countDrops(word: number): void {
    this.dropCount += (word - this.#dropWord) >>> 0;
    this.#dropWord = word;
  }

  packetOffset(i: number): number {
    return this.#dataAt + i * this.slotBytes;
  }

  /** Bytes received; of a truncated packet, those that fitted. */
  packetLength(i: number): number {
    return this.#u32[(i * HEADER_BYTES + 56) >> 2]!;
  }

  packetTruncated(i: number): boolean {
    return (this.#u32[(i * HEADER_BYTES + 48) >> 2]! & MSG_TRUNC) !== 0;
  }

  /** The kernel's receive stamp, ns since the epoch base. */
  packetStampNs(i: number): number {
    return this.#stampsNs[i]!;
  }

  /** The sender's address as text; makes a string, so not for every packet. */
  packetAddress(i: number): string {
    return formatIpv4(this.bytes, this.#namesAt + i * SOCKADDR_BYTES + 4);
  }

  packetPort(i: number): number {
    return this.view.getUint16(this.#namesAt + i * SOCKADDR_BYTES + 2);
  }

  /** Where in `bytes` the sender's sockaddr_in lies. */
  packetNameOffset(i: number): number {
    return this.#namesAt + i * SOCKADDR_BYTES;
  }
}
