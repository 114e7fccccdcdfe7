/**
 * A UDP socket that talks to many peers: the re-request server's and client's. Never blocks. What is received lies in
 * `bytes` from 0 until the next `receive`.
 */
import { FathomError } from "../core/assert.ts";
import { addressOf, asPointer, errno, errnoText, type Libc, libc, type NativeBytes } from "./libc.ts";
import { PacketBatch } from "./packet-batch.ts";
import {
  bindOrClose,
  boundPort,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  openSocket,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOCKADDR_BYTES,
  SOL_SOCKET,
  setIntOption,
  sizeBuffer,
  socketAddress,
} from "./sockets.ts";

export interface UdpUnicastOptions {
  /** Address to bind; "0.0.0.0" for any. */
  address: string;
  /** 0: any free one, see `localPort`. */
  port: number;
  /** Default 4 MiB each way. */
  bufferBytes?: number;
  /** The longest datagram taken whole; default 9216. */
  packetBytesMax?: number;
}

const BUFFER_BYTES = 4 * 1024 * 1024;
const PACKET_BYTES_DEFAULT = 9216;
const BATCH = 16;
const FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;

export class UdpUnicast {
  readonly fd: number;
  readonly localPort: number;
  readonly #libc: Libc = libc();
  readonly #batch: PacketBatch;
  /** One view a slot, made once, so that each packet begins at 0. */
  readonly #slots: Uint8Array[] = [];
  readonly #views: DataView[] = [];
  readonly #destination = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  readonly #destinationAddress: number;
  #destinationText = "";
  #destinationPort = -1;
  #source: NativeBytes | undefined;
  #sourceAddress = 0;
  #count = 0;
  #current = -1;
  #closed = false;

  constructor(fd: number, packetBytesMax: number) {
    this.fd = fd;
    this.localPort = boundPort(fd);
    this.#batch = new PacketBatch(fd, BATCH, packetBytesMax);
    this.#destinationAddress = addressOf(this.#destination);
    for (let i = 0; i < BATCH; i++) {
      const at = this.#batch.packetOffset(i);
      this.#slots.push(this.#batch.bytes.subarray(at, at + this.#batch.slotBytes));
      this.#views.push(new DataView(this.#batch.bytes.buffer, at, this.#batch.slotBytes));
    }
  }

  /** The next datagram's length, or -1 when there is none. */
  receive(): number {
    if (this.#closed) return -1;
    if (this.#current + 1 >= this.#count) {
      this.#count = this.#batch.receive();
      this.#current = -1;
      if (this.#count === 0) return -1;
    }
    this.#current++;
    return this.#batch.packetLength(this.#current);
  }

  /** The datagram that `receive` returned, from 0. */
  get bytes(): Uint8Array {
    return this.#slots[Math.max(this.#current, 0)]!;
  }

  get view(): DataView {
    return this.#views[Math.max(this.#current, 0)]!;
  }

  /** The kernel's receive stamp, ns since the epoch base. */
  get stampNs(): number {
    return this.#batch.packetStampNs(Math.max(this.#current, 0));
  }

  get truncated(): boolean {
    return this.#batch.packetTruncated(Math.max(this.#current, 0));
  }

  /** Who sent it. Makes a string. */
  get peerAddress(): string {
    return this.#batch.packetAddress(Math.max(this.#current, 0));
  }

  get peerPort(): number {
    return this.#batch.packetPort(Math.max(this.#current, 0));
  }

  /** One datagram to an IPv4 address. False: not sent. */
  sendTo(bytes: Uint8Array, offset: number, length: number, address: string, port: number): boolean {
    if (this.#closed) return false;
    if (port !== this.#destinationPort || address !== this.#destinationText) {
      this.#destination.set(socketAddress(address, port));
      this.#destinationText = address;
      this.#destinationPort = port;
    }
    return this.#send(bytes, offset, length, this.#destinationAddress);
  }

  /** One datagram back to whoever sent the one in hand; no address is parsed or made. */
  reply(bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.#closed || this.#current < 0) return false;
    const name = this.#batch.packetNameOffset(this.#current);
    return this.#send(bytes, offset, length, addressOf(this.#batch.bytes) + name);
  }

  #send(bytes: Uint8Array, offset: number, length: number, destination: number): boolean {
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceAddress = addressOf(bytes);
    }
    const address = asPointer(this.#sourceAddress + offset);
    return this.#libc.sendto(this.fd, address, length, FLAGS, asPointer(destination), SOCKADDR_BYTES) >= 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source = undefined;
    libc().close(this.fd);
  }
}

/** Opens and binds. Throws `port-in-use`, `address-not-local`, `bad-address` or `bind-failed`. */
export function openUdpUnicast(options: UdpUnicastOptions): UdpUnicast {
  const fd = openSocket(SOCK_DGRAM);
  bindOrClose(fd, options.address, options.port, "a UDP socket");
  const code = setIntOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (code !== 0) {
    libc().close(fd);
    throw new FathomError("socket-failed", `receive stamps are refused: ${errnoText(code || errno())}`);
  }
  sizeBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.bufferBytes ?? BUFFER_BYTES);
  sizeBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.bufferBytes ?? BUFFER_BYTES);
  return new UdpUnicast(fd, options.packetBytesMax ?? PACKET_BYTES_DEFAULT);
}
