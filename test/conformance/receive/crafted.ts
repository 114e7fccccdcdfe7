/** Ethernet frames made by hand, right or wrong in a chosen way, and sent as they are. Needs CAP_NET_RAW. */
import { addressOf, asPointer, libc } from "../../../src/io/libc.ts";
import { parseIpv4 } from "../../../src/io/sockets.ts";

const ETHERNET_BYTES = 14;
const VLAN_BYTES = 4;
const IP_BYTES = 20;
const UDP_BYTES = 8;
const AF_PACKET = 17;
const SOCK_RAW = 3;

/** What a frame says. Lengths and checksums that are not given are right. */
export interface FrameSpec {
  destination: string;
  port: number;
  payload: Uint8Array;
  source?: string;
  destinationMac?: Uint8Array;
  vlan?: number;
  version?: number;
  options?: Uint8Array;
  headerWords?: number;
  totalBytes?: number;
  identification?: number;
  fragment?: number;
  ttl?: number;
  protocol?: number;
  ipChecksum?: number;
  udpBytes?: number;
  udpChecksum?: number;
  /** Bytes after the IP packet, as short Ethernet frames have them. */
  padBytes?: number;
}

/** Where the IPv4 header of an untagged frame begins. */
export const IP_OFFSET = ETHERNET_BYTES;

export function groupMac(group: string): Uint8Array {
  const [, b, c, d] = parseIpv4(group);
  return Uint8Array.of(1, 0, 0x5e, b! & 0x7f, c!, d!);
}

export function frame(spec: FrameSpec): Uint8Array {
  const options = spec.options ?? new Uint8Array(0);
  const ipBytes = IP_BYTES + options.length;
  const tagBytes = spec.vlan === undefined ? 0 : VLAN_BYTES;
  const start = ETHERNET_BYTES + tagBytes;
  const dataBytes = UDP_BYTES + spec.payload.length;
  const bytes = new Uint8Array(new ArrayBuffer(start + ipBytes + dataBytes + (spec.padBytes ?? 0)));
  const view = new DataView(bytes.buffer);
  bytes.set(spec.destinationMac ?? groupMac(spec.destination), 0);
  bytes.set([2, 0, 0, 0, 0, 1], 6);
  if (spec.vlan !== undefined) {
    view.setUint16(12, 0x8100);
    view.setUint16(14, spec.vlan);
  }
  view.setUint16(start - 2, 0x0800);
  bytes[start] = ((spec.version ?? 4) << 4) | (spec.headerWords ?? ipBytes / 4);
  view.setUint16(start + 2, spec.totalBytes ?? ipBytes + dataBytes);
  view.setUint16(start + 4, spec.identification ?? 0);
  view.setUint16(start + 6, spec.fragment ?? 0x4000);
  bytes[start + 8] = spec.ttl ?? 16;
  bytes[start + 9] = spec.protocol ?? 17;
  bytes.set(parseIpv4(spec.source ?? "10.77.0.1"), start + 12);
  bytes.set(parseIpv4(spec.destination), start + 16);
  bytes.set(options, start + IP_BYTES);
  const udp = start + ipBytes;
  const udpBytes = spec.udpBytes ?? dataBytes;
  view.setUint16(udp, 5000);
  view.setUint16(udp + 2, spec.port);
  view.setUint16(udp + 4, udpBytes);
  bytes.set(spec.payload, udp + UDP_BYTES);
  view.setUint16(udp + 6, spec.udpChecksum ?? udpChecksum(bytes, start, udp, udpBytes));
  view.setUint16(start + 10, spec.ipChecksum ?? ipChecksum(bytes, start, ipBytes));
  return bytes;
}

/** The right checksum of the IPv4 header at `start`, whatever stands in its place now. */
export function ipChecksum(bytes: Uint8Array, start: number, ipBytes: number): number {
  const header = bytes.slice(start, start + ipBytes);
  header.fill(0, 10, 12);
  return onesComplement(header);
}

function udpChecksum(bytes: Uint8Array, ip: number, udp: number, udpBytes: number): number {
  const datagram = bytes.slice(udp, udp + udpBytes);
  datagram.fill(0, 6, 8);
  const pseudo = Uint8Array.of(...bytes.subarray(ip + 12, ip + 20), 0, 17, udpBytes >> 8, udpBytes & 255);
  return onesComplement(Uint8Array.of(...pseudo, ...datagram)) || 0xffff;
}

function onesComplement(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Sends frames by one interface. Open it in the namespace that they leave from. */
export class FrameSender {
  readonly #fd: number;
  readonly #address = new Uint8Array(new ArrayBuffer(20));

  constructor(interfaceIndex: number) {
    this.#fd = libc().socket(AF_PACKET, SOCK_RAW, 0);
    if (this.#fd < 0) throw new Error("no packet socket");
    const view = new DataView(this.#address.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setInt32(4, interfaceIndex, true);
  }

  send(bytes: Uint8Array): void {
    const sent = libc().sendto(
      this.#fd,
      asPointer(addressOf(bytes)),
      bytes.length,
      0,
      asPointer(addressOf(this.#address)),
      this.#address.length,
    );
    if (sent !== bytes.length) throw new Error(`the interface took ${sent} of ${bytes.length} bytes`);
  }

  close(): void {
    libc().close(this.#fd);
  }
}
