/**
 * What the receive suites share: numbered payloads, groups that no other run uses, taking packets out of a receiver of
 * any path, and leaving nothing open. Only loopback, or namespaces that the test has made.
 */
import { readFileSync } from "node:fs";
import { clock } from "../../../src/io/clock.ts";
import {
  availability,
  type OpenedReceiver,
  openReceiver,
  RECEIVE_PATHS,
  type ReceivePath,
  type ReceiverOptions,
} from "../../../src/io/receive-path.ts";
import { openUdpSender, type UdpSender } from "../../../src/io/udp-sender.ts";
import { openUdpUnicast, type UdpUnicast } from "../../../src/io/udp-unicast.ts";
import { waitReadable } from "../../../src/io/wait.ts";

/** A packet, copied out. */
export interface Taken {
  readonly bytes: Uint8Array;
  readonly stampNs: number;
  readonly truncated: boolean;
}

const DEADLINE_NS = 5e9;
const waiting = new Int32Array(new ArrayBuffer(4));

/** The paths that this process may use. */
export const AVAILABLE: readonly ReceivePath[] = RECEIVE_PATHS.filter((path) => availability(path).isAvailable);
export const RINGS = ["packet-ring-v2", "packet-ring-v3"] as const;

/** Why a suite is skipped for a path; undefined when it is not. */
export function skipReason(path: ReceivePath): string | undefined {
  const { isAvailable, reason } = availability(path);
  return isAvailable ? undefined : reason;
}

let groupCount = 0;

/** A group of this process's own: other programs may be sending on loopback too. */
export function nextGroup(): string {
  groupCount++;
  const { pid } = process;
  return `239.${100 + (pid >> 16)}.${(pid >> 8) & 255}.${((pid & 255) + groupCount * 37) % 254}`;
}

/** Numbers a payload in its first four bytes (if there is room), and fills the rest from its number. */
export function payload(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(length));
  for (let i = 0; i < length; i++) bytes[i] = (number * 31 + i * 7) & 0xff;
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function numberOf(packet: Taken): number {
  return new DataView(packet.bytes.buffer).getUint32(0);
}

/** Takes packets until there are `count`. Throws when they do not come. */
export async function take(opened: OpenedReceiver, count: number): Promise<Taken[]> {
  const { receiver } = opened;
  const taken: Taken[] = [];
  const deadlineNs = clock.monotonicNs() + DEADLINE_NS;
  while (taken.length < count) {
    const got = receiver.receive();
    for (let i = 0; i < got; i++) taken.push(copyOf(opened, i));
    if (got > 0) continue;
    if (clock.monotonicNs() > deadlineNs) throw new Error(`${taken.length} of ${count} packets came on ${opened.path}`);
    await idle(opened);
  }
  return taken;
}

/** Takes packets until nothing has come for twenty times as long as any path keeps one back. */
export async function drain(opened: OpenedReceiver): Promise<Taken[]> {
  const taken: Taken[] = [];
  const quietTurns = opened.needsEventLoop ? 10 : 1;
  for (let quietCount = 0; quietCount < quietTurns; ) {
    const got = opened.receiver.receive();
    for (let i = 0; i < got; i++) taken.push(copyOf(opened, i));
    if (got > 0 || (await idle(opened, 20))) quietCount = 0;
    else quietCount++;
  }
  return taken;
}

/** Until something may have arrived. False: it has not. */
export async function idle(opened: OpenedReceiver, timeoutMs = 10): Promise<boolean> {
  if (opened.needsEventLoop) {
    await new Promise((resolve) => setImmediate(resolve));
    return false;
  }
  waiting[0] = opened.receiver.fd;
  return waitReadable(waiting, 1, timeoutMs) > 0;
}

function copyOf({ receiver }: OpenedReceiver, i: number): Taken {
  const start = receiver.packetOffset(i);
  const bytes = receiver.bytes.slice(start, start + receiver.packetLength(i));
  return { bytes, stampNs: receiver.packetStampNs(i), truncated: receiver.packetTruncated(i) };
}

type Closable = { close(): void };

/** Everything that a test opens, closed in its end whatever happens. */
export class Opened {
  readonly #all: Closable[] = [];

  keep<T extends Closable>(thing: T): T {
    this.#all.push(thing);
    return thing;
  }

  receiver(options: Partial<ReceiverOptions> & { path: ReceiverOptions["path"]; group: string }): OpenedReceiver {
    const opened = openReceiver({ port: 0, interface: "lo", receiveBufferBytes: 1 << 20, ...options });
    this.keep(opened.receiver);
    return opened;
  }

  sender(group: string, port: number, interfaceName = "lo"): UdpSender {
    return this.keep(openUdpSender({ address: group, port, interface: interfaceName }));
  }

  unicast(address: string): UdpUnicast {
    return this.keep(openUdpUnicast({ address, port: 0 }));
  }

  close(): void {
    while (this.#all.length > 0) this.#all.pop()!.close();
  }
}

export function sendAll(sender: UdpSender, payloads: readonly Uint8Array[]): void {
  for (const bytes of payloads)
    if (!sender.send(bytes, 0, bytes.byteLength)) throw new Error("the kernel took no packet");
}

/** Whether this host is a member of a group on an interface. */
export function isMember(group: string, interfaceName: string): boolean {
  const [a, b, c, d] = group.split(".").map(Number);
  const hex = [d, c, b, a].map((byte) => byte!.toString(16).padStart(2, "0").toUpperCase()).join("");
  let isOn = false;
  for (const line of readFileSync("/proc/thread-self/net/igmp", "utf8").split("\n")) {
    const device = /^\d+\s+(\S+)\s*:/.exec(line)?.[1];
    if (device !== undefined) isOn = device === interfaceName;
    else if (isOn && line.trim().startsWith(hex)) return true;
  }
  return false;
}
