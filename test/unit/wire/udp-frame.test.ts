/** UDP out of frames: every link type and header the feeds come in, and every frame that must be refused. */
import { describe, expect, test } from "bun:test";
import {
  extractUdp,
  formatIpAddress,
  LinkType,
  parseIpv4,
  UDP_STATUS_COUNT,
  UdpDatagram,
  UdpStatus,
} from "../../../src/wire/udp-frame.ts";
import { concat } from "./capture-file.ts";
import { ethernet, extension, GROUP_IPV6, ipv4, ipv6, linuxCooked, linuxCooked2, udp } from "./frame-bytes.ts";

const PAYLOAD = new TextEncoder().encode("payload");
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const DATAGRAM = udp(PAYLOAD);

/** Extracts in the middle of other bytes; `cut` is how many bytes of the frame the capture did not keep. */
function extract(frame: Uint8Array, linkType: number = LinkType.ethernet, cut = 0) {
  const around = new Uint8Array(frame.length + 40).fill(0x45);
  around.set(frame, 20);
  const view = new DataView(around.buffer);
  const out = new UdpDatagram();
  const status = extractUdp(view, 20, frame.length - cut, frame.length, linkType, out);
  if (status !== UdpStatus.ok) return status;
  return {
    from: `${formatIpAddress(view, out.sourceAddressOffset, out.ipVersion)} ${out.sourcePort}`,
    to: `${formatIpAddress(view, out.destinationAddressOffset, out.ipVersion)} ${out.destinationPort}`,
    payload: new TextDecoder().decode(around.subarray(out.payloadOffset, out.payloadOffset + out.payloadLength)),
    ipv4: [out.sourceIpv4, out.destinationIpv4],
  };
}

const OVER_IPV4 = {
  from: "206.200.127.138 49653",
  to: "233.54.12.111 26477",
  payload: "payload",
  ipv4: [parseIpv4("206.200.127.138")!, parseIpv4("233.54.12.111")!],
};
const OVER_IPV6 = { from: "fe80::1 49653", to: "ff3e::1234 26477", payload: "payload", ipv4: [0, 0] };

describe("found", () => {
  test.each([
    ["Ethernet", ethernet(IPV4, ipv4(DATAGRAM)), LinkType.ethernet],
    ["one VLAN tag", ethernet(IPV4, ipv4(DATAGRAM), [0x8100]), LinkType.ethernet],
    ["QinQ", ethernet(IPV4, ipv4(DATAGRAM), [0x88a8, 0x8100]), LinkType.ethernet],
    ["old QinQ", ethernet(IPV4, ipv4(DATAGRAM), [0x9100, 0x8100]), LinkType.ethernet],
    ["Linux cooked", linuxCooked(IPV4, ipv4(DATAGRAM)), LinkType.linuxCooked],
    ["Linux cooked 2", linuxCooked2(IPV4, ipv4(DATAGRAM)), LinkType.linuxCooked2],
    ["raw IP", ipv4(DATAGRAM), LinkType.raw],
    ["raw IP, BSD's number", ipv4(DATAGRAM), LinkType.rawBsd],
    ["raw IP, OpenBSD's number", ipv4(DATAGRAM), LinkType.rawOpenBsd],
    ["IPv4 as a link type", ipv4(DATAGRAM), LinkType.ipv4],
    ["BSD loopback", concat(Uint8Array.of(2, 0, 0, 0), ipv4(DATAGRAM)), LinkType.null],
    ["OpenBSD loopback", concat(Uint8Array.of(0, 0, 0, 2), ipv4(DATAGRAM)), LinkType.loop],
    ["IP options", ethernet(IPV4, ipv4(DATAGRAM, { options: [7, 7, 4, 0, 0, 0, 0, 0] })), LinkType.ethernet],
    ["the longest IP options", ipv4(DATAGRAM, { options: new Array(40).fill(1) }), LinkType.raw],
    ["no don't-fragment flag", ipv4(DATAGRAM, { fragment: 0 }), LinkType.raw],
    ["Ethernet padding", concat(ethernet(IPV4, ipv4(DATAGRAM)), new Uint8Array(11)), LinkType.ethernet],
    ["UDP shorter than its packet", ipv4(concat(DATAGRAM, new Uint8Array(5))), LinkType.raw],
  ])("IPv4: %s", (_name, frame, linkType) => {
    expect(extract(frame, linkType)).toEqual(OVER_IPV4);
  });

  test.each([
    ["Ethernet", ethernet(IPV6, ipv6(DATAGRAM)), LinkType.ethernet],
    ["VLAN", ethernet(IPV6, ipv6(DATAGRAM), [0x8100]), LinkType.ethernet],
    ["Linux cooked", linuxCooked(IPV6, ipv6(DATAGRAM)), LinkType.linuxCooked],
    ["raw IP", ipv6(DATAGRAM), LinkType.raw],
    ["IPv6 as a link type", ipv6(DATAGRAM), LinkType.ipv6],
    ["BSD loopback", concat(Uint8Array.of(30, 0, 0, 0), ipv6(DATAGRAM)), LinkType.null],
    ["hop-by-hop options", ipv6(extension(17, 0, DATAGRAM), 0), LinkType.raw],
    ["hop-by-hop and destination options", ipv6(extension(60, 1, extension(17, 2, DATAGRAM)), 0), LinkType.raw],
    ["padding", concat(ethernet(IPV6, ipv6(DATAGRAM)), new Uint8Array(6)), LinkType.ethernet],
  ])("IPv6: %s", (_name, frame, linkType) => {
    expect(extract(frame, linkType)).toEqual(OVER_IPV6);
  });

  test("an empty datagram", () => {
    expect(extract(ipv4(udp(new Uint8Array(0))), LinkType.raw)).toMatchObject({ payload: "" });
  });
});

describe("refused", () => {
  const deep = (levels: number): Uint8Array => (levels === 0 ? DATAGRAM : extension(60, 0, deep(levels - 1)));
  test.each([
    ["a first fragment", ipv4(DATAGRAM, { fragment: 0x2000 }), UdpStatus.fragment],
    ["a later fragment", ipv4(DATAGRAM, { fragment: 0x00b9 }), UdpStatus.fragment],
    ["an IPv6 fragment", ipv6(extension(17, 0, DATAGRAM), 44), UdpStatus.fragment],
    ["TCP", ipv4(DATAGRAM, { protocol: 6 }), UdpStatus.notUdp],
    ["TCP over IPv6", ipv6(DATAGRAM, 6), UdpStatus.notUdp],
    ["more IPv6 options than any packet has", ipv6(deep(20), 60), UdpStatus.notUdp],
    ["IPv6 options past the end", ipv6(Uint8Array.of(17, 200, 0, 0, 0, 0, 0, 0), 0), UdpStatus.badUdpLength],
    ["IPv6 options cut", ipv6(Uint8Array.of(17, 0, 0), 0), UdpStatus.badIpHeader],
    ["an IP header length below 20", ipv4(DATAGRAM, { versionAndLength: 0x44 }), UdpStatus.badIpHeader],
    ["an IP length below its header", ipv4(DATAGRAM, { totalBytes: 19 }), UdpStatus.badIpHeader],
    ["an IP length past the frame", ipv4(DATAGRAM, { totalBytes: 36 }), UdpStatus.shortFrame],
    ["an IPv6 length past the frame", ipv6(DATAGRAM, 17, DATAGRAM.length + 1), UdpStatus.shortFrame],
    ["an IPv6 jumbogram", ipv6(DATAGRAM, 17, 0), UdpStatus.badUdpLength],
    ["another IP version", ipv4(DATAGRAM, { versionAndLength: 0x75 }), UdpStatus.notIp],
    ["a UDP length below its header", ipv4(udp(PAYLOAD, 7)), UdpStatus.badUdpLength],
    ["a UDP length of 0", ipv4(udp(PAYLOAD, 0)), UdpStatus.badUdpLength],
    ["a UDP length past the packet", ipv4(udp(PAYLOAD, 16)), UdpStatus.badUdpLength],
    ["half a UDP header", ipv4(DATAGRAM.subarray(0, 7)), UdpStatus.badUdpLength],
    ["nothing", new Uint8Array(0), UdpStatus.shortFrame],
  ])("%s", (_name, packet, status) => {
    expect(extract(packet, LinkType.raw)).toBe(status);
  });

  test.each([
    ["ARP", ethernet(0x0806, ipv4(DATAGRAM)), LinkType.ethernet, UdpStatus.notIp],
    ["an 802.3 length", ethernet(0x0040, ipv4(DATAGRAM)), LinkType.ethernet, UdpStatus.notIp],
    ["IPv6 said to be IPv4", ethernet(IPV4, ipv6(DATAGRAM)), LinkType.ethernet, UdpStatus.badIpHeader],
    [
      "IPv4 said to be IPv6",
      ethernet(IPV6, ipv4(concat(DATAGRAM, DATAGRAM))),
      LinkType.ethernet,
      UdpStatus.badIpHeader,
    ],
    ["tags without end", ethernet(IPV4, ipv4(DATAGRAM), new Array(9).fill(0x8100)), LinkType.ethernet, UdpStatus.notIp],
    ["IEEE 802.11", ethernet(IPV4, ipv4(DATAGRAM)), 105, UdpStatus.unknownLinkType],
  ])("%s", (_name, frame, linkType, status) => {
    expect(extract(frame, linkType)).toBe(status);
  });

  test.each([
    ["Ethernet", ethernet(IPV4, ipv4(DATAGRAM), [0x88a8, 0x8100]), LinkType.ethernet],
    ["Ethernet with IPv6", ethernet(IPV6, ipv6(extension(17, 0, DATAGRAM), 0)), LinkType.ethernet],
    ["Linux cooked", linuxCooked(IPV4, ipv4(DATAGRAM)), LinkType.linuxCooked],
    ["Linux cooked 2", linuxCooked2(IPV4, ipv4(DATAGRAM)), LinkType.linuxCooked2],
    ["BSD loopback", concat(Uint8Array.of(2, 0, 0, 0), ipv4(DATAGRAM)), LinkType.null],
  ])("%s that ends anywhere too early", (_name, frame, linkType) => {
    for (let length = 0; length < frame.length; length++)
      expect(extract(frame.subarray(0, length), linkType)).toBe(UdpStatus.shortFrame);
  });

  test("a frame of which the capture kept less than there was", () => {
    const frame = concat(ethernet(IPV4, ipv4(DATAGRAM)), new Uint8Array(11));
    expect(extract(frame, LinkType.ethernet, 1)).toBe(UdpStatus.snapped);
  });

  test("every status has a name", () => {
    expect(Object.values(UdpStatus).sort((a, b) => a - b)).toEqual(
      Array.from({ length: UDP_STATUS_COUNT }, (_, i) => i) as UdpStatus[],
    );
  });
});

describe("addresses", () => {
  test("IPv4 from text", () => {
    expect(parseIpv4("233.215.21.4")).toBe(233 * 2 ** 24 + 215 * 2 ** 16 + 21 * 2 ** 8 + 4);
    for (const text of ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", "a.b.c.d", " 1.2.3.4"]) {
      expect(parseIpv4(text)).toBeUndefined();
    }
  });

  test.each([
    ["ff3e::1234", GROUP_IPV6],
    ["::", new Array(16).fill(0)],
    ["::1", [...new Array(15).fill(0), 1]],
    ["2001::", [0x20, 1, ...new Array(14).fill(0)]],
    ["1:0:2::3:0:4", [0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4]],
    ["1:0:2:3:4:5:6:7", [0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7]],
  ])("IPv6 to text: %s", (text, bytes) => {
    expect(formatIpAddress(new DataView(Uint8Array.from(bytes).buffer), 0, 6)).toBe(text);
  });
});
