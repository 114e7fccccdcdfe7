/**
 * Opening what a packet ring stands on: the AF_PACKET socket with its filter and its mapped memory, and an ordinary UDP
 * socket beside it that holds the group's membership (or the unicast port) and is never given a packet. Cold: runs once
 * a receiver. Needs CAP_NET_RAW.
 *
 * What always holds: the filter is there before the socket is bound, so nothing else ever enters the ring; after
 * `close` the ring's memory belongs to the kernel again and its addresses read as zeros, so a view kept too long harms
 * nobody.
 */
import { toArrayBuffer } from "bun:ffi";
import { FathomError } from "../core/assert.ts";
import { type NetworkInterface, resolveInterface } from "./interfaces.ts";
import { addressOf, asPointer, Errno, errno, errnoText, libc } from "./libc.ts";
import { attachFilter, datagramProgram, refuseAllProgram } from "./packet-ring-filter.ts";
import {
  AF_PACKET,
  ETH_P_IP,
  HEADERS_BYTES,
  PACKET_IGNORE_OUTGOING,
  PACKET_RX_RING,
  PACKET_STATISTICS,
  PACKET_VERSION,
  SOL_PACKET,
  TPACKET_V2,
  TPACKET_V3,
  V2,
  V3,
} from "./packet-ring-layout.ts";
import {
  bindOrClose,
  boundPort,
  getIntOption,
  isMulticast,
  openSocket,
  parseIpv4,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  setBytesOption,
  setIntOption,
} from "./sockets.ts";
import { joinOrClose, type UdpReceiverOptions } from "./udp-receiver.ts";

/**
 * V2: a frame a packet, handed over one by one. V3: blocks of many packets, handed over full or after a millisecond.
 */
export type RingVersion = 2 | 3;

export interface RingGeometry {
  blockBytes: number;
  blockCount: number;
  /** V2: the room for one packet, a power of two that divides a block. */
  frameBytes: number;
  frameCount: number;
}

const PACKET_BYTES_DEFAULT = 9216;
const BLOCK_BYTES = 64 * 1024;
const BLOCK_COUNT_MIN = 4;
const RING_BYTES_MAX = 2 ** 30;
const FRAME_BYTES_MIN = 256;
/** struct tpacket_block_desc, and room for the pad before the first packet. */
const BLOCK_HEADER_BYTES = 64;
/** How long V3 keeps a block that is not full. The kernel counts in milliseconds. */
const BLOCK_TIMEOUT_MS = 1;

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
/** Above every address that a program can have; a failed mmap is 2^64 − 1. */
const ADDRESS_MAX = 2 ** 52;
const SIOCGIFMTU = 0x8921;
/** struct ifreq: name, then the answer. */
const IFREQ_BYTES = 40;
const IFREQ_VALUE_OFFSET = 16;

/**
 * Sizes for a ring that takes datagrams of `packetBytesMax` whole and has at least `ringBytes` of room (but no more
 * than a GiB). Small blocks: the kernel hands a block over whole, and one it cannot fill while we read is a block lost.
 */
export function ringGeometry(version: RingVersion, packetBytesMax: number, ringBytes: number): RingGeometry {
  const packetRoom = (version === 2 ? V2 : V3).networkOffset + HEADERS_BYTES + packetBytesMax;
  const frameBytes = powerOfTwoFrom(Math.max(packetRoom, FRAME_BYTES_MIN));
  const blockNeed = version === 2 ? frameBytes : powerOfTwoFrom(packetRoom + BLOCK_HEADER_BYTES);
  const blockBytes = Math.max(BLOCK_BYTES, blockNeed);
  const wanted = Math.ceil(Math.min(ringBytes, RING_BYTES_MAX) / blockBytes);
  const blockCount = Math.max(wanted, BLOCK_COUNT_MIN);
  return { blockBytes, blockCount, frameBytes, frameCount: (blockBytes / frameBytes) * blockCount };
}

function powerOfTwoFrom(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}

export class RingSocket {
  readonly fd: number;
  readonly geometry: RingGeometry;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly localPort: number;
  readonly network: NetworkInterface;
  readonly packetBytesMax: number;
  readonly #holdFd: number;
  readonly #address: number;
  /** struct tpacket_stats_v3 (packets, drops, freezes) and the length of it. */
  readonly #statistics = new Uint32Array(new ArrayBuffer(16));
  readonly #statisticsAddress = addressOf(this.#statistics);
  #closed = false;

  /** Throws what `openUdpReceiver` throws, `packet-socket-not-permitted`, `packet-socket-missing`, `ring-refused`. */
  constructor(version: RingVersion, options: UdpReceiverOptions) {
    const group = parseIpv4(options.group);
    const source = options.source === undefined ? undefined : parseIpv4(options.source);
    this.network = ringInterface(options, group);
    this.#holdFd = openHold(options, group, this.network, source);
    this.localPort = options.port === 0 ? boundPort(this.#holdFd) : options.port;
    let fd = -1;
    try {
      this.packetBytesMax = options.packetBytesMax ?? packetBytesDefault(this.#holdFd, this.network.name);
      this.geometry = ringGeometry(version, this.packetBytesMax, options.receiveBufferBytes);
      fd = openPacketSocket();
      const filter = { group, source, port: this.localPort, interfaceIndex: this.network.index };
      attachFilter(fd, datagramProgram(filter, HEADERS_BYTES + this.packetBytesMax));
      this.#address = mapRing(fd, version, this.geometry);
      bindToInterface(fd, this.network);
    } catch (error) {
      if (fd >= 0) libc().close(fd);
      libc().close(this.#holdFd);
      throw error;
    }
    this.fd = fd;
    const buffer = toArrayBuffer(asPointer(this.#address), 0, ringBytes(this.geometry));
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }

  /** Packets thrown away for want of room since the last call; the kernel starts again from zero. */
  takeDropCount(): number {
    const address = this.#statisticsAddress;
    this.#statistics[3] = 12;
    const result = libc().getsockopt(
      this.fd,
      SOL_PACKET,
      PACKET_STATISTICS,
      asPointer(address),
      asPointer(address + 12),
    );
    return result === 0 ? this.#statistics[1]! : 0;
  }

  /** An interface that goes down leaves an error on the socket, and poll(2) then returns at once until it is taken. */
  clearError(): void {
    getIntOption(this.fd, SOL_SOCKET, SO_ERROR);
  }

  /** Leaves the group and gives the ring's memory back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The mapping holds the socket. Empty pages take its place, because views of it may still be about.
    mapOver(this.#address, ringBytes(this.geometry));
    libc().close(this.fd);
    libc().close(this.#holdFd);
  }
}

function ringBytes(geometry: RingGeometry): number {
  return geometry.blockBytes * geometry.blockCount;
}

/**
 * A ring hears one interface: the one named, or for a unicast address without one the interface that has it. What a
 * host sends to its own address never leaves by that interface: it comes by loopback.
 */
function ringInterface(options: UdpReceiverOptions, group: Uint8Array): NetworkInterface {
  if (group[0] === 127) return resolveInterface("127.0.0.1");
  return resolveInterface(isMulticast(group) ? options.interface : options.interface || options.group);
}

/**
 * The ordinary socket. A multicast one needs no port: unbound it hears nothing at all. A unicast one is bound, so that
 * the port has one owner and the kernel does not answer the sender that nobody listens; its filter keeps it empty.
 */
function openHold(
  options: UdpReceiverOptions,
  group: Uint8Array,
  network: NetworkInterface,
  source: Uint8Array | undefined,
): number {
  const fd = openSocket(SOCK_DGRAM);
  const multicast = isMulticast(group);
  if (!multicast || options.port === 0) {
    const what = `receiving ${options.group}:${options.port} on ${network.name}`;
    bindOrClose(fd, options.group, options.port, what);
    attachFilter(fd, refuseAllProgram());
  }
  if (multicast) joinOrClose(fd, options, network, source);
  return fd;
}

/** No datagram that came whole is longer than the interface's largest packet. */
function packetBytesDefault(fd: number, interfaceName: string): number {
  const request = new Uint8Array(new ArrayBuffer(IFREQ_BYTES));
  for (let i = 0; i < interfaceName.length; i++) request[i] = interfaceName.charCodeAt(i);
  if (libc().ioctl(fd, SIOCGIFMTU, asPointer(addressOf(request))) !== 0) return PACKET_BYTES_DEFAULT;
  const packetBytes = new DataView(request.buffer).getInt32(IFREQ_VALUE_OFFSET, true);
  return Math.min(PACKET_BYTES_DEFAULT, packetBytes - HEADERS_BYTES);
}

/**
 * Opens an AF_PACKET socket that hears nothing yet. Throws `packet-socket-not-permitted` or `packet-socket-missing`.
 */
export function openPacketSocket(): number {
  const fd = libc().socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) return fd;
  const code = errno();
  if (code === Errno.EPERM || code === Errno.EACCES)
    throw new FathomError("packet-socket-not-permitted", `a packet ring needs CAP_NET_RAW: ${errnoText(code)}`, {
      hint: 'give it to the binary ("setcap cap_net_raw+ep fathom"), or use the receive path recvmmsg',
    });
  throw new FathomError("packet-socket-missing", `this kernel opens no packet socket: ${errnoText(code)}`, {
    hint: "use the receive path recvmmsg",
  });
}

/** Makes the ring and maps it; returns its address. */
function mapRing(fd: number, version: RingVersion, geometry: RingGeometry): number {
  // Ours alone would be heard twice on the loopback interface: going out, and coming in. Older kernels lack the option,
  // and there the packet type tells them apart.
  setIntOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  let code = setIntOption(fd, SOL_PACKET, PACKET_VERSION, version === 2 ? TPACKET_V2 : TPACKET_V3);
  if (code !== 0) throw ringRefused(code, geometry);
  // struct tpacket_req: four words. V3 adds the block time-out, private room, features.
  const request = new Uint32Array(new ArrayBuffer(version === 2 ? 16 : 28));
  request.set([geometry.blockBytes, geometry.blockCount, geometry.frameBytes, geometry.frameCount]);
  if (version === 3) request[4] = BLOCK_TIMEOUT_MS;
  code = setBytesOption(fd, SOL_PACKET, PACKET_RX_RING, new Uint8Array(request.buffer));
  if (code !== 0) throw ringRefused(code, geometry);
  const flags = MAP_SHARED | MAP_POPULATE;
  const mapped = libc().mmap(asPointer(0), ringBytes(geometry), PROT_READ | PROT_WRITE, flags, fd, 0);
  const address = Number(mapped);
  if (address <= 0 || address > ADDRESS_MAX) throw ringRefused(errno(), geometry);
  return address;
}

function ringRefused(code: number, geometry: RingGeometry): FathomError {
  const mebibytes = ringBytes(geometry) / 2 ** 20;
  return new FathomError("ring-refused", `the kernel refused a packet ring of ${mebibytes} MiB: ${errnoText(code)}`, {
    hint: "make receive_buffer_bytes smaller, or use the receive path recvmmsg",
  });
}

function mapOver(address: number, lengthBytes: number): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  libc().mmap(asPointer(address), lengthBytes, PROT_READ, flags, -1, 0);
}

/** From here on packets arrive. */
function bindToInterface(fd: number, network: NetworkInterface): void {
  // struct sockaddr_ll: family @0, protocol (big-endian) @2, interface index @4.
  const address = new Uint8Array(new ArrayBuffer(20));
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_IP);
  view.setInt32(4, network.index, true);
  if (libc().bind(fd, asPointer(addressOf(address)), address.byteLength) === 0) return;
  const code = errno();
  throw new FathomError("bind-failed", `cannot hear packets on ${network.name}: ${errnoText(code)}`, {
    hint: `check that ${network.name} is up ("ip link show ${network.name}")`,
  });
}
