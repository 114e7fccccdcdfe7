/** 5,000 real packets of IEX DEEP (2023-10-02): the capture and its UDP framing, and IEX's own counters inside. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { CaptureReader } from "../../../src/wire/capture.ts";
import { extractUdp, parseIpv4, UdpDatagram, UdpStatus } from "../../../src/wire/udp-frame.ts";
import { realData } from "./real-data.ts";

const folder = realData("iex-deep");
/** Of an IEX transport segment; little-endian. */
const SEGMENT_HEAD_BYTES = 40;

interface Totals {
  packets: number;
  messages: number;
  seconds: number[];
}

function readAll(file: Uint8Array, chunkBytes: number): Totals {
  const reader = new CaptureReader();
  const datagram = new UdpDatagram();
  const group = parseIpv4("233.215.21.4");
  const totals: Totals = { packets: 0, messages: 0, seconds: [] };
  for (let at = 0; at < file.length; at += chunkBytes) {
    reader.feed(file.subarray(at, at + chunkBytes));
    while (reader.next()) {
      const { packet, view } = reader;
      const status = extractUdp(view, packet.offset, packet.length, packet.originalLength, packet.linkType, datagram);
      expect(status).toBe(UdpStatus.ok);
      expect(datagram.destinationIpv4).toBe(group!);
      expect(datagram.destinationPort).toBe(10_378);
      expect(view.getUint16(datagram.payloadOffset + 12, true)).toBe(datagram.payloadLength - SEGMENT_HEAD_BYTES);
      totals.messages += view.getUint16(datagram.payloadOffset + 14, true);
      totals.packets++;
      totals.seconds.push(packet.seconds + packet.nanoseconds / 1e9);
    }
  }
  expect(reader.end()).toEqual({ cutOffset: undefined, problem: undefined });
  return totals;
}

test.skipIf(!folder)("every packet is a datagram to the feed's group, whole to the byte", async () => {
  const file = Bun.gunzipSync(await Bun.file(join(folder!, "test.pcap.gz")).bytes());
  const whole = readAll(file, file.length);
  expect(whole.packets).toBe(5000);
  expect(whole.messages).toBe(48_325);
  expect(new Date(whole.seconds[0]! * 1000).toISOString().slice(0, 10)).toBe("2023-10-02");
  for (let i = 1; i < whole.seconds.length; i++)
    expect(whole.seconds[i]!).toBeGreaterThanOrEqual(whole.seconds[i - 1]!);
  expect(readAll(file, 1000)).toEqual(whole);
});
