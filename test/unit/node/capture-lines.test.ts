/** Finding a feed in a capture: its session, its lines, and what else was on the wire. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCaptureLines, LINES_MAX } from "../../../src/node/capture-lines.ts";
import { add, directory } from "../../support/books.ts";
import { moldPackets, onTwoLines, pcapFile } from "../../support/captures.ts";
import { pcapHead, pcapRecord } from "../wire/capture-file.ts";
import { ethernet, GROUP_IPV4, ipv4, udp } from "../wire/frame-bytes.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fathom-lines-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const messages = [directory(1, "AAPL"), ...Array.from({ length: 99 }, (_, i) => add(1, i + 1, "B", 1, 10_000))];
const frames = (...frames: Uint8Array[]) =>
  Buffer.concat([pcapHead(), ...frames.map((bytes, i) => pcapRecord({ seconds: i, fraction: 0, bytes }))]);

describe("the lines", () => {
  test("of the session with the most messages, the busiest first; other sessions are named", async () => {
    const main = onTwoLines(moldPackets(messages), { lossA: 0.5 });
    const other = onTwoLines(moldPackets(messages.slice(0, 10), "YESTERDAY"));
    const found = await findCaptureLines([write("a.pcap", pcapFile(main)), write("b.pcap", pcapFile(other))]);
    expect(found).toMatchObject({ session: "CAPTURE", otherSessions: ["YESTERDAY"], sequenceZeroCount: 0 });
    expect(found.lines).toEqual([
      { destination: "233.54.12.2:26477", messageCount: 100 },
      { destination: "233.54.12.1:26477", messageCount: expect.any(Number) },
    ]);
    expect(found.lines[1]!.messageCount).toBeWithin(1, 100);
  });

  test("are no more than a channel can have", async () => {
    const payload = moldPackets(messages)[0]!;
    const destinations = Array.from({ length: LINES_MAX + 3 }, (_, i) => {
      const packet = ipv4(udp(payload));
      packet.set([233, 54, 13, i + 1], 16);
      return ethernet(0x0800, packet);
    });
    const { lines } = await findCaptureLines([write("many.pcap", frames(...destinations))]);
    expect(lines.length).toBe(LINES_MAX);
  });
});

describe("what is none of it", () => {
  test("frames without a datagram are counted by kind; datagrams of something else are not a line", async () => {
    const tcp = ethernet(0x0800, ipv4(udp(new Uint8Array(30)), { protocol: 6 }));
    const arp = ethernet(0x0806, new Uint8Array(28));
    const fragment = ethernet(0x0800, ipv4(udp(new Uint8Array(30)), { fragment: 0x2000 }));
    const other = ethernet(0x0800, ipv4(udp(new TextEncoder().encode("M-SEARCH * HTTP/1.1\r\n"))));
    const found = await findCaptureLines([write("none.pcap", frames(tcp, arp, fragment, other))]);
    expect(found).toMatchObject({ session: "", lines: [], otherSessions: [] });
    expect(Object.values(found.skippedFrames)).toEqual([1, 1, 1]);
  });

  test("packets with sequence 0 are counted, and still say where the feed is", async () => {
    const payload = moldPackets(messages)[0]!;
    payload.fill(0, 0, 18);
    const found = await findCaptureLines([write("zero.pcap", frames(ethernet(0x0800, ipv4(udp(payload)))))]);
    expect(found.sequenceZeroCount).toBe(1);
    expect(found.lines).toMatchObject([{ destination: `${GROUP_IPV4.join(".")}:26477` }]);
  });

  test("an empty file and one that is not there are errors with a name", async () => {
    await expect(findCaptureLines([write("empty.pcap", new Uint8Array(0))])).rejects.toMatchObject({
      code: "file-empty",
    });
    await expect(findCaptureLines([join(folder, "absent.pcap")])).rejects.toMatchObject({ code: "file-not-found" });
  });
});
