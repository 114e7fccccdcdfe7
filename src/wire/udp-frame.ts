/**
 * The UDP datagram inside a captured frame: link layer, VLAN tags, IPv4 or IPv6, UDP. Hot: fills a struct, makes
 * nothing. The payload is cut to the UDP length, so that Ethernet padding never looks like data. Fragments and frames
 * that the capture cut are refused. Checksums are not looked at: captures on the sending host have none yet.
 *
 * Sources: RFC 768, 791, 8200; link types as registered at tcpdump.org.
 */

export const UdpStatus = {
  ok: 0,
  /** The capture kept less of the frame than was on the wire. */
  snapped: 1,
  unknownLinkType: 2,
  /** The frame ends inside one of its headers, or a header claims more than there is. */
  shortFrame: 3,
  notIp: 4,
  /** An IP version or header length that cannot be. */
  badIpHeader: 5,
  notUdp: 6,
  /** Part of a datagram. Feeds do not fragment; nothing is put together here. */
  fragment: 7,
  /** A UDP length below 8 or past the end of the IP packet. */
  badUdpLength: 8,
} as const;
export type UdpStatus = (typeof UdpStatus)[keyof typeof UdpStatus];
/** snake_case, by status; for counters, logs and JSON. */
export const UDP_STATUS_NAMES = [
  "ok",
  "snapped",
  "unknown_link_type",
  "short_frame",
  "not_ip",
  "bad_ip_header",
  "not_udp",
  "fragment",
  "bad_udp_length",
] as const;
export const UDP_STATUS_COUNT = UDP_STATUS_NAMES.length;

export const LinkType = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const VLAN_TAG_BYTES = 4;
/** More tags than any network stacks: the end of the walk for made-up frames. */
const VLAN_TAGS_MAX = 4;
const PROTOCOL_UDP = 17;
const IPV6_HEAD_BYTES = 40;
const IPV6_HOP_BY_HOP = 0;
const IPV6_FRAGMENT = 44;
const IPV6_DESTINATION_OPTIONS = 60;
const IPV6_EXTENSIONS_MAX = 8;
const UDP_HEAD_BYTES = 8;

/** Filled by `extractUdp`; make one and keep it. Offsets are into the memory that was handed in. */
export class UdpDatagram {
  ipVersion: 4 | 6 = 4;
  /** 4 or 16 bytes, by `ipVersion`. */
  sourceAddressOffset = 0;
  destinationAddressOffset = 0;
  /** The addresses as unsigned numbers, to compare with `parseIpv4`; 0 for IPv6. */
  sourceIpv4 = 0;
  destinationIpv4 = 0;
  sourcePort = 0;
  destinationPort = 0;
  payloadOffset = 0;
  payloadLength = 0;
}

/**
 * Finds the UDP datagram in a frame of `length` captured bytes at `offset`; `originalLength` is what was on the wire.
 * `out` is only to be read when the answer is `ok`.
 */
export function extractUdp(
  view: DataView,
  offset: number,
  length: number,
  originalLength: number,
  linkType: number,
  out: UdpDatagram,
): UdpStatus {
  if (length < originalLength) return UdpStatus.snapped;
  const end = offset + length;
  switch (linkType) {
    case LinkType.ethernet:
      return fromEthertype(view, offset + 12, offset + 14, end, out);
    case LinkType.linuxCooked:
      return fromEthertype(view, offset + 14, offset + 16, end, out);
    case LinkType.linuxCooked2:
      return fromEthertype(view, offset, offset + 20, end, out);
    case LinkType.raw:
    case LinkType.rawBsd:
    case LinkType.rawOpenBsd:
    case LinkType.ipv4:
    case LinkType.ipv6:
      return fromIp(view, offset, end, out);
    case LinkType.null:
    case LinkType.loop:
      return fromIp(view, offset + 4, end, out);
    default:
      return UdpStatus.unknownLinkType;
  }
}

/** `typeAt`: where the EtherType is; `at`: where what it speaks of begins. */
function fromEthertype(view: DataView, typeAt: number, at: number, end: number, out: UdpDatagram): UdpStatus {
  if (at > end) return UdpStatus.shortFrame;
  let ethertype = view.getUint16(typeAt);
  let body = at;
  for (let tags = 0; isVlan(ethertype) && tags < VLAN_TAGS_MAX; tags++) {
    if (body + VLAN_TAG_BYTES > end) return UdpStatus.shortFrame;
    ethertype = view.getUint16(body + 2);
    body += VLAN_TAG_BYTES;
  }
  if (ethertype === ETHERTYPE_IPV4) return fromIpv4(view, body, end, out);
  if (ethertype === ETHERTYPE_IPV6) return fromIpv6(view, body, end, out);
  return UdpStatus.notIp;
}

/** 802.1Q, 802.1ad, and the older QinQ. */
function isVlan(ethertype: number): boolean {
  return ethertype === 0x8100 || ethertype === 0x88a8 || ethertype === 0x9100;
}

function fromIp(view: DataView, at: number, end: number, out: UdpDatagram): UdpStatus {
  if (at + 1 > end) return UdpStatus.shortFrame;
  const version = view.getUint8(at) >>> 4;
  if (version === 4) return fromIpv4(view, at, end, out);
  if (version === 6) return fromIpv6(view, at, end, out);
  return UdpStatus.notIp;
}

function fromIpv4(view: DataView, at: number, end: number, out: UdpDatagram): UdpStatus {
  if (at + 20 > end) return UdpStatus.shortFrame;
  const headBytes = (view.getUint8(at) & 0x0f) * 4;
  const totalBytes = view.getUint16(at + 2);
  if (view.getUint8(at) >>> 4 !== 4 || headBytes < 20 || totalBytes < headBytes) return UdpStatus.badIpHeader;
  if (at + totalBytes > end) return UdpStatus.shortFrame;
  if (view.getUint8(at + 9) !== PROTOCOL_UDP) return UdpStatus.notUdp;
  // More fragments, or an offset; the other two flags do not matter.
  if ((view.getUint16(at + 6) & 0x3fff) !== 0) return UdpStatus.fragment;
  out.ipVersion = 4;
  out.sourceAddressOffset = at + 12;
  out.destinationAddressOffset = at + 16;
  out.sourceIpv4 = view.getUint32(at + 12);
  out.destinationIpv4 = view.getUint32(at + 16);
  return fromUdp(view, at + headBytes, at + totalBytes, out);
}

function fromIpv6(view: DataView, at: number, end: number, out: UdpDatagram): UdpStatus {
  if (at + IPV6_HEAD_BYTES > end) return UdpStatus.shortFrame;
  if (view.getUint8(at) >>> 4 !== 6) return UdpStatus.badIpHeader;
  const ipEnd = at + IPV6_HEAD_BYTES + view.getUint16(at + 4);
  if (ipEnd > end) return UdpStatus.shortFrame;
  let next = view.getUint8(at + 6);
  let body = at + IPV6_HEAD_BYTES;
  for (let i = 0; (next === IPV6_HOP_BY_HOP || next === IPV6_DESTINATION_OPTIONS) && i < IPV6_EXTENSIONS_MAX; i++) {
    if (body + 8 > ipEnd) return UdpStatus.badIpHeader;
    next = view.getUint8(body);
    body += 8 + view.getUint8(body + 1) * 8;
  }
  if (next === IPV6_FRAGMENT) return UdpStatus.fragment;
  if (next !== PROTOCOL_UDP) return UdpStatus.notUdp;
  out.ipVersion = 6;
  out.sourceAddressOffset = at + 8;
  out.destinationAddressOffset = at + 24;
  out.sourceIpv4 = 0;
  out.destinationIpv4 = 0;
  return fromUdp(view, body, ipEnd, out);
}

function fromUdp(view: DataView, at: number, ipEnd: number, out: UdpDatagram): UdpStatus {
  if (at + UDP_HEAD_BYTES > ipEnd) return UdpStatus.badUdpLength;
  const udpBytes = view.getUint16(at + 4);
  if (udpBytes < UDP_HEAD_BYTES || at + udpBytes > ipEnd) return UdpStatus.badUdpLength;
  out.sourcePort = view.getUint16(at);
  out.destinationPort = view.getUint16(at + 2);
  out.payloadOffset = at + UDP_HEAD_BYTES;
  out.payloadLength = udpBytes - UDP_HEAD_BYTES;
  return UdpStatus.ok;
}

/** "233.54.12.111" → an unsigned number, to compare with a datagram's; undefined for anything else. */
export function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!parts) return undefined;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(parts[i]);
    if (part > 255) return undefined;
    address = address * 256 + part;
  }
  return address;
}

/** An address in the memory of a frame as text, for people. */
export function formatIpAddress(view: DataView, offset: number, ipVersion: 4 | 6): string {
  const parts: string[] = [];
  if (ipVersion === 4) {
    for (let i = 0; i < 4; i++) parts.push(String(view.getUint8(offset + i)));
    return parts.join(".");
  }
  for (let i = 0; i < 16; i += 2) parts.push(view.getUint16(offset + i).toString(16));
  return compressZeros(parts);
}

/** The longest run of two or more zero groups becomes `::` (RFC 5952). */
function compressZeros(groups: string[]): string {
  let longestFrom = 0;
  let longest = 1;
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === "0") to++;
    if (to - from > longest) {
      longestFrom = from;
      longest = to - from;
    }
  }
  if (longest === 1) return groups.join(":");
  return `${groups.slice(0, longestFrom).join(":")}::${groups.slice(longestFrom + longest).join(":")}`;
}
