/** Which packets a ring takes: headers made by hand in ordinary memory, one thing wrong at a time. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DatagramCheck } from "../../../src/io/packet-ring-check.ts";
import { HEADERS_BYTES, LINK } from "../../../src/io/packet-ring-layout.ts";
import { type FrameSpec, frame, IP_OFFSET } from "../../conformance/receive/crafted.ts";

const GROUP = "239.192.77.1";
const PORT = 26_400;
const INTERFACE = 7;
const LINK_AT = 32;
const IP_AT = 80;
/** Statuses: nobody has looked at the UDP checksum; the card has; the sender has made none yet. */
const UNCHECKED = 1;
const CHECKED = 1 | 128;
const NOT_READY = 1 | 8;

interface Place {
  interfaceIndex?: number;
  packetType?: number;
  status?: number;
  capturedBytes?: number;
  wireBytes?: number;
  source?: string;
  isLoopback?: boolean;
  packetBytesMax?: number;
}

/** Lays an IP packet into memory as the kernel does, and asks. */
function ask(packet: Uint8Array, place: Place = {}): { isTaken: boolean; check: DatagramCheck } {
  const buffer = new ArrayBuffer(Math.ceil((IP_AT + packet.length) / 16) * 16);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  // Whatever an earlier packet has left behind it.
  bytes.fill(0xa5);
  view.setInt32(LINK_AT + LINK.interfaceIndex, place.interfaceIndex ?? INTERFACE, true);
  bytes[LINK_AT + LINK.packetType] = place.packetType ?? 2;
  bytes.set(packet, IP_AT);
  const check = new DatagramCheck(new Int32Array(buffer), {
    group: Uint8Array.of(239, 192, 77, 1),
    port: PORT,
    source: place.source === undefined ? undefined : Uint8Array.from(place.source.split(".").map(Number)),
    interfaceIndex: INTERFACE,
    isLoopback: place.isLoopback ?? false,
    packetBytesMax: place.packetBytesMax ?? 1472,
  });
  const wireBytes = place.wireBytes ?? packet.length;
  const capturedBytes = place.capturedBytes ?? packet.length;
  return { isTaken: check.check(IP_AT, LINK_AT, capturedBytes, wireBytes, place.status ?? UNCHECKED), check };
}

function packet(spec: Partial<FrameSpec> = {}): Uint8Array {
  const payload = spec.payload ?? Uint8Array.from({ length: 40 }, (_, i) => i * 5);
  return frame({ destination: GROUP, port: PORT, ...spec, payload }).slice(IP_OFFSET);
}

function expectRefused(bytes: Uint8Array, place?: Place): void {
  const { isTaken, check } = ask(bytes, place);
  expect(isTaken).toBe(false);
  expect(check.refusedCount).toBe(1);
}

describe("DatagramCheck", () => {
  test("takes a right datagram of any length, with its payload's length", () => {
    for (const length of [0, 1, 2, 3, 4, 5, 20, 1471, 1472]) {
      const payload = Uint8Array.from({ length }, (_, i) => 255 - i);
      const { isTaken, check } = ask(packet({ payload }));
      expect(isTaken).toBe(true);
      expect([check.payloadBytes, check.truncated, check.refusedCount]).toEqual([length, 0, 0]);
    }
  });

  test("any one changed byte of what the checksums cover is noticed", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (payload, place, change) => {
          const bytes = packet({ payload });
          expect(ask(bytes).isTaken).toBe(true);
          const at = place % bytes.length;
          bytes[at]! ^= change;
          // A UDP checksum of zero says that there is none.
          fc.pre(bytes[26] !== 0 || bytes[27] !== 0);
          expect(ask(bytes).isTaken).toBe(false);
        },
      ),
    );
  });

  test("a checksum that the card has verified, or that was never made, is not computed", () => {
    const wrong = packet({ udpChecksum: 0x1234 });
    expectRefused(wrong, { status: UNCHECKED });
    expect(ask(wrong, { status: CHECKED }).isTaken).toBe(true);
    expect(ask(wrong, { status: NOT_READY }).isTaken).toBe(true);
    expect(ask(packet({ udpChecksum: 0 })).isTaken).toBe(true);
    // The IP header's own is always looked at.
    expectRefused(packet({ ipChecksum: 0x1234 }), { status: CHECKED });
  });

  test("refuses what is for another group, port, protocol, version or source", () => {
    expectRefused(packet({ destination: "239.192.77.2" }));
    expectRefused(packet({ port: PORT + 1 }));
    expectRefused(packet({ port: ((PORT & 255) << 8) | (PORT >> 8) }));
    expectRefused(packet({ protocol: 6 }));
    expectRefused(packet({ version: 6 }));
    expectRefused(packet(), { source: "10.77.0.3" });
    expect(ask(packet(), { source: "10.77.0.1" }).isTaken).toBe(true);
  });

  test("refuses what came by another interface, or for another host", () => {
    expectRefused(packet(), { interfaceIndex: INTERFACE + 1 });
    expectRefused(packet(), { packetType: 3 });
    expectRefused(packet(), { packetType: 4 });
    expect(ask(packet(), { packetType: 0 }).isTaken).toBe(true);
  });

  test("refuses fragments and counts them; the don't-fragment bit is none", () => {
    for (const fragment of [0x2000, 0x0001, 0x2001, 0x1fff]) {
      const { isTaken, check } = ask(packet({ fragment }));
      expect([isTaken, check.refusedCount, check.fragmentedCount]).toEqual([false, 1, 1]);
    }
    expect(ask(packet({ fragment: 0x4000 })).isTaken).toBe(true);
  });

  test("refuses IP options and headers that are too short", () => {
    expectRefused(packet({ options: Uint8Array.of(1, 1, 1, 0) }));
    expectRefused(packet({ headerWords: 4 }));
  });

  test("refuses lengths that contradict each other", () => {
    expectRefused(packet({ udpBytes: 7 }), { status: CHECKED });
    expectRefused(packet({ udpBytes: 200 }), { status: CHECKED });
    expectRefused(packet({ totalBytes: 27 }), { status: CHECKED });
    expectRefused(packet({ totalBytes: 1000 }), { status: CHECKED });
    expectRefused(packet().slice(0, 27));
  });

  test("an IP packet or a datagram shorter than the frame is cut to its own length", () => {
    const padded = ask(packet({ padBytes: 18 }));
    expect([padded.isTaken, padded.check.payloadBytes, padded.check.truncated]).toEqual([true, 40, 0]);
    const short = ask(packet({ udpBytes: 20 }));
    expect([short.isTaken, short.check.payloadBytes]).toEqual([true, 12]);
  });

  test("senders that cannot be are refused; loopback addresses only on loopback", () => {
    for (const source of ["0.0.0.0", "224.0.0.1", "239.255.0.1", "255.255.255.255", "127.0.0.1"])
      expectRefused(packet({ source }));
    expect(ask(packet({ source: "127.0.0.1" }), { isLoopback: true }).isTaken).toBe(true);
  });

  test("a datagram longer than what was captured or is wanted is cut, and says so", () => {
    const bytes = packet({ payload: new Uint8Array(500) });
    const captured = ask(bytes.slice(0, HEADERS_BYTES + 100), { wireBytes: bytes.length });
    expect([captured.isTaken, captured.check.payloadBytes, captured.check.truncated]).toEqual([true, 100, 1]);
    const wanted = ask(bytes, { packetBytesMax: 64 });
    expect([wanted.isTaken, wanted.check.payloadBytes, wanted.check.truncated]).toEqual([true, 64, 1]);
  });
});
