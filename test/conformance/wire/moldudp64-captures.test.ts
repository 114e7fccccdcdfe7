/**
 * Real MoldUDP64 packets of Nasdaq, BX and PSX: each capture file is named after the one message type in it. In the
 * folders of 2023-08-22 whoever published them has zeroed addresses, session and sequence; the messages are real.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CaptureReader } from "../../../src/wire/capture.ts";
import { decodeItch, encodeItch, type ItchMessage, type ItchType } from "../../../src/wire/itch50.ts";
import { MOLD_HEADER_BYTES, MoldHeader, MoldStatus, parseMold, readSession } from "../../../src/wire/moldudp64.ts";
import { extractUdp, formatIpAddress, UdpDatagram, UdpStatus } from "../../../src/wire/udp-frame.ts";
import { realData } from "./real-data.ts";

const folder = realData("moldudp64");
const REWRITTEN = ".20230822";

/** First match wins: what a file's name says its messages are. */
const TYPE_BY_NAME: [RegExp, ItchType][] = [
  [/^OrderDelete/, "D"],
  [/^OrderExecutedWithPrice/, "C"],
  [/^OrderExecuted/, "E"],
  [/^OrderReplace/, "U"],
  [/^OrderCancel/, "X"],
  [/^AddOrder(No)Mpid/i, "A"],
  [/^AddOrder(With)?Mpid/i, "F"],
  [/^(NonCrossTrade|TradeMessageNon-cross)/, "P"],
  [/^CrossTrade/, "Q"],
  [/^StockTradingAction/, "H"],
  [/^RegSho/i, "Y"],
  [/^MarketParticipantPosition/, "L"],
  [/^NetOrderImbalance/, "I"],
  [/^RetailInterest/, "N"],
  [/^LULDAuctionCollar/, "J"],
  [/^SystemEvent/, "S"],
];

interface Packet {
  group: string;
  session: string;
  status: MoldStatus;
  sequence: number;
  messages: ItchMessage[];
}

async function readCapture(path: string): Promise<Packet[]> {
  const reader = new CaptureReader();
  const datagram = new UdpDatagram();
  const header = new MoldHeader();
  const packets: Packet[] = [];
  reader.feed(new Uint8Array(await Bun.file(path).arrayBuffer()));
  while (reader.next()) {
    const { offset, length, originalLength, linkType } = reader.packet;
    expect(extractUdp(reader.view, offset, length, originalLength, linkType, datagram)).toBe(UdpStatus.ok);
    const { payloadOffset, payloadLength } = datagram;
    const status = parseMold(reader.view, payloadOffset, payloadLength, header);
    packets.push({
      group: `${formatIpAddress(reader.view, datagram.destinationAddressOffset, 4)}:${datagram.destinationPort}`,
      session: readSession(reader.bytes, payloadOffset),
      status,
      sequence: header.sequence,
      messages: readBlocks(reader, payloadOffset, payloadLength, header.count),
    });
  }
  expect(reader.end()).toEqual({ cutOffset: undefined, problem: undefined });
  return packets;
}

function readBlocks(reader: CaptureReader, offset: number, length: number, count: number): ItchMessage[] {
  const messages: ItchMessage[] = [];
  let at = offset + MOLD_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    const bytes = reader.view.getUint16(at);
    at += 2;
    const message = decodeItch(reader.bytes, at, bytes);
    expect(message).toHaveProperty("timestampNs");
    const again = new Uint8Array(bytes);
    expect(encodeItch(message as ItchMessage, again)).toBe(bytes);
    expect(Buffer.from(again).toString("hex")).toBe(Buffer.from(reader.bytes.subarray(at, at + bytes)).toString("hex"));
    messages.push(message as ItchMessage);
    at += bytes;
  }
  expect(at).toBe(offset + length);
  return messages;
}

function captures(): { feed: string; name: string }[] {
  if (!folder) return [];
  const feeds = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return feeds.flatMap((feed) => readdirSync(join(folder, feed.name)).map((name) => ({ feed: feed.name, name })));
}

describe.skipIf(!folder)("MoldUDP64 captures", () => {
  const files = captures();
  const named = files.filter(({ name }) => name !== "Multiple.Packets.pcap");

  test.each(named)("$feed/$name holds what its name says", async ({ feed, name }) => {
    const expected = TYPE_BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
    expect(expected).toBeDefined();
    const packets = await readCapture(join(folder!, feed, name));
    expect(packets.length).toBeGreaterThan(0);
    for (const packet of packets) {
      expect(packet.messages.map((message) => message.type)).toEqual(new Array(packet.messages.length).fill(expected));
      if (feed.endsWith(REWRITTEN)) {
        expect(packet).toMatchObject({ status: MoldStatus.sequenceZero, sequence: 0, session: "", group: "0.0.0.0:0" });
        expect(packet.messages.length).toBe(1);
      } else {
        expect(packet.status).toBe(MoldStatus.data);
        expect(packet.sequence).toBeGreaterThan(0);
        const isNasdaq = feed.startsWith("Nasdaq");
        expect(packet.session).toBe(isNasdaq ? "000010059B" : "000010059D");
        expect(packet.group).toBe(isNasdaq ? "233.54.12.111:26477" : "233.49.196.40:25475");
      }
    }
  });

  test("two packets with one and 38 messages", async () => {
    const packets = await readCapture(join(folder!, "Nasdaq.Equities.TotalView.Itch.v5.0", "Multiple.Packets.pcap"));
    expect(packets.map((packet) => packet.messages.length)).toEqual([1, 38]);
    expect(packets[1]!.sequence).toBe(19_009_117);
    const types = packets[1]!.messages.map((message) => message.type);
    expect(types.filter((type) => type === "A").length).toBe(36);
    expect(types.filter((type) => type === "F").length).toBe(2);
  });

  test("all together: the counts that are known of them", async () => {
    const counts: Record<string, number> = {};
    for (const { feed, name } of files)
      for (const packet of await readCapture(join(folder!, feed, name)))
        for (const { type } of packet.messages) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).toEqual({
      A: 53,
      D: 18,
      F: 17,
      U: 17,
      E: 16,
      H: 16,
      P: 15,
      X: 15,
      C: 15,
      Y: 15,
      L: 6,
      I: 6,
      N: 5,
      Q: 5,
      J: 5,
      S: 3,
    });
  });
});
