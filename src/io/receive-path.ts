/**
 * The ways of receiving a line's datagrams, behind one contract. Whoever opens a receiver names a path in the config,
 * or says `auto` and is told which one it got and why.
 *
 * | path | rights | good at | gives up |
 * |---|---|---|---|
 * | `recvmmsg` | none | works everywhere; the default | a copy and half a microsecond of CPU a packet |
 * | `packet-ring-v2` | CAP_NET_RAW | latency: about 1 µs when polled | what all rings give up |
 * | `packet-ring-v3` | CAP_NET_RAW | CPU: about a tenth of `recvmmsg` | up to 1 ms on a quiet line |
 * | `bun-socket` | none | needs no C library | see `bun-receiver.ts` |
 *
 * What all rings give up: they hear one interface, before firewall rules and routing; they refuse fragments (counted);
 * and they do not hear what this host itself sends to a group by a real interface (by `lo` they do).
 */
import { FathomError } from "../core/assert.ts";
import { BunReceiver } from "./bun-receiver.ts";
import { libc } from "./libc.ts";
import { openPacketSocket } from "./packet-ring-socket.ts";
import { PacketRingV2 } from "./packet-ring-v2.ts";
import { PacketRingV3 } from "./packet-ring-v3.ts";
import { isMulticast, parseIpv4 } from "./sockets.ts";
import { openUdpReceiver, type UdpReceiverOptions } from "./udp-receiver.ts";

/** A line's receiver. Pull model, one thread; nothing here waits, throws or allocates after it is open. */
export interface PacketReceiver {
  /**
   * Gives the last batch back and takes what has arrived since, without waiting. Returns the number of packets, at most
   * a batch; they are valid until the next call. Wait for `fd` only after it has returned 0.
   */
  receive(): number;
  /** Where the packets lie. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where the i-th packet's payload begins in `bytes`. */
  packetOffset(i: number): number;
  /** Bytes of payload; of a truncated packet, those that fitted. */
  packetLength(i: number): number;
  packetTruncated(i: number): boolean;
  /** When it was received, ns since the epoch base. */
  packetStampNs(i: number): number;
  /** Packets thrown away for want of room, so far as is known (`countsKernelDrops`); told with the next packet. */
  readonly dropCount: number;
  /**
   * Packets that came and were refused by this path's own checks, fragments included. Absent where the kernel checks.
   */
  readonly refusedCount?: number;
  /** Of those, datagrams that came in fragments. */
  readonly fragmentedCount?: number;
  /** For `waitReadable`; negative: there is nothing to wait for. */
  readonly fd: number;
  readonly localPort: number;
  /** The room for packets that have arrived and not been taken. */
  readonly receiveBufferBytes: number;
  /**
   * How much of it is in use now. A system call on a socket: for a look now and then, not for every batch. A socket's
   * kernel gives room back a quarter of the buffer at a time while packets wait, so a busy one looks fuller than it is.
   */
  queueBytes(): number;
  /** Leaves the group and gives port and memory back. `receive` returns 0 from then on. */
  close(): void;
}

export const RECEIVE_PATHS = ["recvmmsg", "packet-ring-v2", "packet-ring-v3", "bun-socket"] as const;
export type ReceivePath = (typeof RECEIVE_PATHS)[number];

/** What a caller has to know about a path. */
export interface PathTraits {
  /** Its thread must give the event loop a turn between calls; a loop that never returns receives nothing. */
  readonly needsEventLoop: boolean;
  /** `dropCount` has what the kernel dropped. */
  readonly countsKernelDrops: boolean;
  /** A datagram that came in fragments is put together; otherwise it is refused. */
  readonly joinsFragments: boolean;
  /** Several receivers of a host may have the same group and port. */
  readonly sharesGroups: boolean;
}

const RING: PathTraits = {
  needsEventLoop: false,
  countsKernelDrops: true,
  joinsFragments: false,
  sharesGroups: true,
};

export const PATH_TRAITS: Readonly<Record<ReceivePath, PathTraits>> = {
  recvmmsg: { needsEventLoop: false, countsKernelDrops: true, joinsFragments: true, sharesGroups: true },
  "packet-ring-v2": RING,
  "packet-ring-v3": RING,
  "bun-socket": { needsEventLoop: true, countsKernelDrops: false, joinsFragments: true, sharesGroups: false },
};

export interface ReceiverOptions extends UdpReceiverOptions {
  path: ReceivePath | "auto";
  /** What `auto` goes by when it may have a ring; default latency (V2), otherwise CPU (V3). */
  prefer?: "latency" | "cpu";
}

export interface OpenedReceiver extends PathTraits {
  readonly receiver: PacketReceiver;
  readonly path: ReceivePath;
  /** Why this path, in words for a log. */
  readonly reason: string;
}

/** Whether this process may use a path on this machine, and if not why. */
export interface PathAvailability {
  readonly isAvailable: boolean;
  readonly reason: string;
}

/** Faults of a ring for which `auto` takes a socket instead; anything else a socket would meet too. */
const RING_FAULTS = new Set(["packet-socket-not-permitted", "packet-socket-missing", "ring-refused", "filter-refused"]);

/**
 * Opens a receiver and joins its group. A path that is named is taken or fails; `auto` takes the best that the
 * machine's rights allow. Throws what `openUdpReceiver` throws; for rings also `packet-socket-not-permitted`,
 * `packet-socket-missing` and `ring-refused`; `libc-missing`.
 */
export function openReceiver(options: ReceiverOptions): OpenedReceiver {
  if (options.path !== "auto") return open(options.path, options, "chosen in the config");
  if (!availability("recvmmsg").isAvailable)
    return open("bun-socket", options, "the C library cannot be called, so Bun's own socket");
  const group = parseIpv4(options.group);
  if (!isMulticast(group) && group[0] !== 127)
    return open("recvmmsg", options, "a unicast address may be reached by several interfaces, and a ring hears one");
  const path = options.prefer === "cpu" ? "packet-ring-v3" : "packet-ring-v2";
  const aim = options.prefer === "cpu" ? "costs the least CPU" : "has the lowest latency";
  try {
    return open(path, options, `packet sockets are permitted, and this path ${aim}`);
  } catch (error) {
    if (!(error instanceof FathomError && RING_FAULTS.has(error.code))) throw error;
    return open("recvmmsg", options, `no packet ring: ${error.message}`);
  }
}

function open(path: ReceivePath, options: UdpReceiverOptions, reason: string): OpenedReceiver {
  return { receiver: openPath(path, options), path, reason, ...PATH_TRAITS[path] };
}

function openPath(path: ReceivePath, options: UdpReceiverOptions): PacketReceiver {
  switch (path) {
    case "recvmmsg":
      return openUdpReceiver(options);
    case "packet-ring-v2":
      return new PacketRingV2(options);
    case "packet-ring-v3":
      return new PacketRingV3(options);
    case "bun-socket":
      return new BunReceiver(options);
  }
}

/** Tries what a path needs of the machine, and leaves nothing open. */
export function availability(path: ReceivePath): PathAvailability {
  try {
    if (path !== "bun-socket") libc();
    if (path === "packet-ring-v2" || path === "packet-ring-v3") libc().close(openPacketSocket());
    return { isAvailable: true, reason: "this process may use it" };
  } catch (error) {
    if (!(error instanceof FathomError)) throw error;
    return { isAvailable: false, reason: error.message };
  }
}
