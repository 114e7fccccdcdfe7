/**
 * Sending datagrams to one address: a feed's multicast line, or a unicast copy of it. Never blocks; a datagram that the
 * kernel has no room for is not sent, and the caller is told.
 */
import { assert, FathomError } from "../core/assert.ts";
import { resolveInterface } from "./interfaces.ts";
import { addressOf, asPointer, Errno, errno, errnoText, type Libc, libc, type NativeBytes } from "./libc.ts";
import {
  boundPort,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IPPROTO_IP,
  isMulticast,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  openSocket,
  parseIpv4,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOCK_DGRAM,
  SOCKADDR_BYTES,
  setBytesOption,
  setIntOption,
  sizeBuffer,
  socketAddress,
} from "./sockets.ts";
import { membership } from "./udp-receiver.ts";

export interface UdpSenderOptions {
  address: string;
  port: number;
  /** Multicast: leave by this interface (name or IPv4 address). */
  interface?: string;
  /** Multicast: routers it may pass; default 0, this host only. */
  ttl?: number;
  /** Multicast: also heard on this host; default true. */
  loop?: boolean;
  /** Default 4 MiB. */
  sendBufferBytes?: number;
}

const SEND_BUFFER_BYTES = 4 * 1024 * 1024;
const SEND_BATCH_MAX = 64;
const HEADER_BYTES = 64;
const IOVEC_BYTES = 16;
const FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;

export class UdpSender {
  readonly fd: number;
  readonly localPort: number;
  readonly #libc: Libc = libc();
  /** sendmmsg's headers, then their iovecs. */
  readonly #headers = new Uint32Array(new ArrayBuffer(SEND_BATCH_MAX * (HEADER_BYTES + IOVEC_BYTES)));
  readonly #headersAddress: number;
  #source: NativeBytes | undefined;
  #sourceAddress = 0;
  #closed = false;

  constructor(fd: number) {
    this.fd = fd;
    this.localPort = boundPort(fd);
    this.#headersAddress = addressOf(this.#headers);
    const view = new DataView(this.#headers.buffer);
    for (let i = 0; i < SEND_BATCH_MAX; i++) {
      const iovecAt = SEND_BATCH_MAX * HEADER_BYTES + i * IOVEC_BYTES;
      view.setBigUint64(i * HEADER_BYTES + 16, BigInt(this.#headersAddress + iovecAt), true);
      view.setBigUint64(i * HEADER_BYTES + 24, 1n, true);
    }
  }

  #locate(bytes: Uint8Array): number {
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceAddress = addressOf(bytes);
    }
    return this.#sourceAddress;
  }

  /** One datagram. False: not sent (no room in the kernel, or closed). */
  send(bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.#closed) return false;
    const address = asPointer(this.#locate(bytes) + offset);
    if (this.#libc.send(this.fd, address, length, FLAGS) >= 0) return true;
    // A unicast peer that is not there yet refuses a datagram; the refusal is reported on the next call, which is
    // then not sent: send it again.
    return errno() === Errno.ECONNREFUSED && this.#libc.send(this.fd, address, length, FLAGS) >= 0;
  }

  /** `count` (at most 64) datagrams in one system call. Returns how many were sent, from the first on. */
  sendBatch(bytes: Uint8Array, offsets: Int32Array, lengths: Int32Array, count: number): number {
    assert(count <= SEND_BATCH_MAX, "at most 64 datagrams a batch");
    if (this.#closed || count === 0) return 0;
    const base = this.#locate(bytes);
    const words = this.#headers;
    for (let i = 0; i < count; i++) {
      const word = (SEND_BATCH_MAX * HEADER_BYTES + i * IOVEC_BYTES) >> 2;
      const address = base + offsets[i]!;
      words[word] = address >>> 0;
      words[word + 1] = address / 4294967296;
      words[word + 2] = lengths[i]!;
    }
    const sent = this.#libc.sendmmsg(this.fd, asPointer(this.#headersAddress), count, FLAGS);
    return Math.max(sent, 0);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#source = undefined;
    libc().close(this.fd);
  }
}

/** Opens a sender. Throws `interface-not-found`, `bad-address` or `send-failed` (no route, interface down). */
export function openUdpSender(options: UdpSenderOptions): UdpSender {
  const destination = socketAddress(options.address, options.port);
  const network = options.interface === undefined ? undefined : resolveInterface(options.interface);
  const fd = openSocket(SOCK_DGRAM);
  if (isMulticast(parseIpv4(options.address))) {
    if (network) {
      // The address becomes the datagrams' source address, which source-specific receivers ask for.
      const source = parseIpv4(network.address || "0.0.0.0");
      setBytesOption(fd, IPPROTO_IP, IP_MULTICAST_IF, membership(parseIpv4("0.0.0.0"), network.index, source));
    }
    setIntOption(fd, IPPROTO_IP, IP_MULTICAST_TTL, options.ttl ?? 0);
    setIntOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, (options.loop ?? true) ? 1 : 0);
  }
  sizeBuffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.sendBufferBytes ?? SEND_BUFFER_BYTES);
  if (libc().connect(fd, asPointer(addressOf(destination)), SOCKADDR_BYTES) !== 0) {
    const code = errno();
    libc().close(fd);
    const by = network ? ` by ${network.name}` : "";
    throw new FathomError("send-failed", `cannot send to ${options.address}:${options.port}${by}: ${errnoText(code)}`, {
      hint: 'name the interface to send by, or check the routes ("ip route get")',
    });
  }
  return new UdpSender(fd);
}
