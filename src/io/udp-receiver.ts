/**
 * One line's receiver: a UDP socket joined to a multicast group (any-source or source-specific) on a named interface,
 * or bound to a unicast address. Pull model: `receive` takes a batch without waiting, and the packets are read in
 * place.
 *
 * What always holds: the socket hears only the group it joined (IP_MULTICAST_ALL off, bound to the group's address);
 * each packet has the kernel's receive stamp; what the kernel dropped is counted.
 */
import { FathomError } from "../core/assert.ts";
import { type NetworkInterface, resolveInterface } from "./interfaces.ts";
import { Errno, errnoText, libc } from "./libc.ts";
import { PacketBatch } from "./packet-batch.ts";
import {
  AF_INET,
  bindOrClose,
  boundPort,
  IP_ADD_MEMBERSHIP,
  IP_MULTICAST_ALL,
  IPPROTO_IP,
  isMulticast,
  MCAST_JOIN_SOURCE_GROUP,
  openSocket,
  parseIpv4,
  receiveQueueBytes,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOL_SOCKET,
  setBytesOption,
  setIntOption,
  sizeBuffer,
} from "./sockets.ts";

export interface UdpReceiverOptions {
  /** Multicast group, or a unicast address of this machine. */
  group: string;
  /** 0: any free one, see `localPort`. */
  port: number;
  /** Interface name or its IPv4 address. Not needed for a unicast address. */
  interface: string;
  /** Take the group from this sender only (source-specific multicast). */
  source?: string;
  receiveBufferBytes: number;
  /** Packets a system call; default 64. */
  batch?: number;
  /** The longest datagram taken whole; default 9216, which holds a jumbo frame. */
  packetBytesMax?: number;
}

const BATCH_DEFAULT = 64;
const PACKET_BYTES_DEFAULT = 9216;

export class UdpReceiver extends PacketBatch {
  readonly fd: number;
  readonly localPort: number;
  /** What the kernel granted, in the unit it was asked in: less than asked for means net.core.rmem_max caps it. */
  readonly receiveBufferBytes: number;
  #closed = false;

  constructor(fd: number, receiveBufferBytes: number, batch: number, packetBytesMax: number) {
    super(fd, batch, packetBytesMax);
    this.fd = fd;
    this.receiveBufferBytes = receiveBufferBytes;
    this.localPort = boundPort(fd);
  }

  override receive(): number {
    return this.#closed ? 0 : super.receive();
  }

  /** How much of `receiveBufferBytes` is in use. A system call. */
  queueBytes(): number {
    return this.#closed ? 0 : receiveQueueBytes(this.fd);
  }

  /** Leaves the group and gives the port back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    libc().close(this.fd);
  }
}

/**
 * Opens and joins. Throws `interface-not-found`, `bad-address`, `port-in-use`, `address-not-local` or
 * `group-join-failed`, each saying which group, port and interface, and why.
 */
export function openUdpReceiver(options: UdpReceiverOptions): UdpReceiver {
  const group = parseIpv4(options.group);
  const multicast = isMulticast(group);
  const network = multicast ? resolveInterface(options.interface) : undefined;
  const source = options.source === undefined ? undefined : parseIpv4(options.source);
  if (source && isMulticast(source))
    throw new FathomError("bad-address", `the source ${options.source} of ${options.group} is itself a group`, {
      hint: "a source is the address of the machine that sends the feed",
    });
  const what = `receiving ${options.group}:${options.port}${network ? ` on ${network.name}` : ""}`;
  const fd = openSocket(SOCK_DGRAM);
  // Several receivers of one host may share a group's port; a unicast port has one owner.
  if (multicast) setIntOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  bindOrClose(fd, options.group, options.port, what);
  if (network) joinOrClose(fd, options, network, source);
  setIntOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  setIntOption(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  const granted = sizeBuffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBufferBytes);
  return new UdpReceiver(fd, granted, options.batch ?? BATCH_DEFAULT, options.packetBytesMax ?? PACKET_BYTES_DEFAULT);
}

/** Joins the group that `options` names on the interface, or closes the socket and throws `group-join-failed`. */
export function joinOrClose(
  fd: number,
  options: UdpReceiverOptions,
  network: NetworkInterface,
  source: Uint8Array | undefined,
): void {
  const code = join(fd, parseIpv4(options.group), network.index, source);
  if (code === 0) return;
  libc().close(fd);
  throw joinError(options, network.name, code);
}

function join(fd: number, group: Uint8Array, interfaceIndex: number, source: Uint8Array | undefined): number {
  // Without this the socket also hears groups that other programs on this host have joined on the same port.
  const code = setIntOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  if (code !== 0) return code;
  if (!source) return setBytesOption(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership(group, interfaceIndex));
  return setBytesOption(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, sourceMembership(group, interfaceIndex, source));
}

/** struct ip_mreqn: group, local address (when joining, the index is enough), interface index. */
export function membership(group: Uint8Array, interfaceIndex: number, address?: Uint8Array): Uint8Array {
  const request = new Uint8Array(new ArrayBuffer(12));
  request.set(group, 0);
  if (address) request.set(address, 4);
  new DataView(request.buffer).setInt32(8, interfaceIndex, true);
  return request;
}

/** struct group_source_req: interface index @0, group's sockaddr_storage @8, source's @136. */
function sourceMembership(group: Uint8Array, interfaceIndex: number, source: Uint8Array): Uint8Array {
  const request = new Uint8Array(new ArrayBuffer(264));
  new DataView(request.buffer).setUint32(0, interfaceIndex, true);
  request[8] = AF_INET;
  request.set(group, 12);
  request[136] = AF_INET;
  request.set(source, 140);
  return request;
}

function joinError(options: UdpReceiverOptions, interfaceName: string, code: number): FathomError {
  const from = options.source ? ` from ${options.source}` : "";
  const hint =
    code === Errno.ENODEV || code === Errno.EADDRNOTAVAIL
      ? `check that ${interfaceName} is up and has multicast enabled ("ip link show ${interfaceName}")`
      : code === Errno.ENOBUFS
        ? "raise net.ipv4.igmp_max_memberships (or igmp_max_msf for sources)"
        : `check the group address and that ${interfaceName} carries it`;
  return new FathomError(
    "group-join-failed",
    `cannot join ${options.group}:${options.port}${from} on ${interfaceName}: ${errnoText(code)}`,
    { hint },
  );
}
