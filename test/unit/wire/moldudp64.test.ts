/** MoldUDP64: what is a packet and what is not, and that what we write is what we read. */
import { describe, expect, test } from "bun:test";
import {
  MOLD_COUNT_END,
  MOLD_HEADER_BYTES,
  MOLD_STATUS_BAD_FIRST,
  MOLD_STATUS_COUNT,
  MoldHeader,
  MoldPacketWriter,
  MoldStatus,
  parseMold,
  parseMoldRequest,
  readSession,
  sameSession,
  sessionBytes,
  writeMoldEndOfSession,
  writeMoldHeartbeat,
  writeMoldRequest,
} from "../../../src/wire/moldudp64.ts";

const SESSION = sessionBytes("000010059B");

/** A packet as its bytes say, nothing checked: `count` may lie. */
function packet(sequence: number, count: number, ...body: number[]): Uint8Array {
  const bytes = new Uint8Array(MOLD_HEADER_BYTES + body.length);
  writeMoldRequest(new DataView(bytes.buffer), bytes, 0, SESSION, sequence, count);
  bytes.set(body, MOLD_HEADER_BYTES);
  return bytes;
}

/** Parses in the middle of other bytes, so that a read past the end would be seen. */
function parse(bytes: Uint8Array, parser = parseMold): { status: MoldStatus; sequence: number; count: number } {
  const around = new Uint8Array(bytes.length + 64).fill(0);
  around.set(bytes, 32);
  const out = new MoldHeader();
  const status = parser(new DataView(around.buffer), 32, bytes.length, out);
  return { status, sequence: out.sequence, count: out.count };
}

describe("good packets", () => {
  test("data, as the bytes of a real header", () => {
    const bytes = Uint8Array.from(
      Buffer.from("30303030313030353942 0000000000e12f4d 0001 0003 414243".replaceAll(" ", ""), "hex"),
    );
    expect(parse(bytes)).toEqual({ status: MoldStatus.data, sequence: 0xe12f4d, count: 1 });
    expect(readSession(bytes, 0)).toBe("000010059B");
    expect(sameSession(bytes, 0, SESSION)).toBe(true);
    expect(sameSession(bytes, 0, sessionBytes("000010059C"))).toBe(false);
  });

  test("blocks of no length count like any other", () => {
    expect(parse(packet(5, 3, 0, 0, 0, 1, 0x41, 0, 0))).toEqual({ status: MoldStatus.data, sequence: 5, count: 3 });
  });

  test("a heartbeat and an end of session carry the next sequence and no messages", () => {
    const bytes = new Uint8Array(20);
    const view = new DataView(bytes.buffer);
    expect(writeMoldHeartbeat(view, bytes, 0, SESSION, 77)).toBe(20);
    expect(parse(bytes)).toEqual({ status: MoldStatus.heartbeat, sequence: 77, count: 0 });
    expect(writeMoldEndOfSession(view, bytes, 0, SESSION, 78)).toBe(20);
    expect(view.getUint16(18)).toBe(MOLD_COUNT_END);
    expect(parse(bytes)).toEqual({ status: MoldStatus.endOfSession, sequence: 78, count: 0 });
  });

  test("the last sequence that a double holds", () => {
    const last = Number.MAX_SAFE_INTEGER - 1;
    expect(parse(packet(last, 1, 0, 0))).toEqual({ status: MoldStatus.data, sequence: last, count: 1 });
  });
});

describe("bad packets are refused whole", () => {
  test.each([
    ["nothing", new Uint8Array(0), MoldStatus.shortHeader],
    ["a header cut by one byte", packet(1, 0).subarray(0, 19), MoldStatus.shortHeader],
    ["a count without blocks", packet(1, 1), MoldStatus.blockBeyondEnd],
    ["a count of one too many", packet(1, 2, 0, 1, 0x41), MoldStatus.blockBeyondEnd],
    ["half a block length", packet(1, 1, 0), MoldStatus.blockBeyondEnd],
    ["a block beyond the end by one", packet(1, 1, 0, 2, 0x41), MoldStatus.blockBeyondEnd],
    ["a block of 65,535", packet(1, 1, 0xff, 0xff, 0x41), MoldStatus.blockBeyondEnd],
    ["the largest count", packet(1, 0xfffe, 0, 1, 0x41), MoldStatus.blockBeyondEnd],
    ["bytes after the last block", packet(1, 1, 0, 1, 0x41, 0), MoldStatus.trailingBytes],
    ["bytes after a heartbeat", packet(1, 0, 0), MoldStatus.trailingBytes],
    ["bytes after an end of session", packet(1, MOLD_COUNT_END, 0, 1, 0x41), MoldStatus.trailingBytes],
    ["a heartbeat of sequence 0", packet(0, 0), MoldStatus.sequenceZero],
    ["messages past 2^53", packet(Number.MAX_SAFE_INTEGER, 1, 0, 0), MoldStatus.sequenceTooLarge],
    ["a sequence past 2^53", packet(2 ** 63, 1, 0, 0), MoldStatus.sequenceTooLarge],
  ] as const)("%s", (_name, bytes, status) => {
    expect(parse(bytes).status).toBe(status);
    expect(status).toBeGreaterThanOrEqual(MOLD_STATUS_BAD_FIRST);
    expect(status).toBeLessThan(MOLD_STATUS_COUNT);
  });

  test("sequence 0 has a status of its own, with blocks that can be walked", () => {
    expect(parse(packet(0, 2, 0, 1, 0x41, 0, 0))).toEqual({ status: MoldStatus.sequenceZero, sequence: 0, count: 2 });
    expect(parse(packet(0, 2, 0, 1, 0x41)).status).toBe(MoldStatus.blockBeyondEnd);
  });

  test("a good packet cut anywhere is none", () => {
    const whole = packet(9, 3, 0, 2, 1, 2, 0, 0, 0, 3, 1, 2, 3);
    expect(parse(whole).status).toBe(MoldStatus.data);
    for (let length = 0; length < whole.length; length++)
      expect(parse(whole.subarray(0, length)).status).toBeGreaterThanOrEqual(MOLD_STATUS_BAD_FIRST);
  });
});

describe("requests", () => {
  test("round trip", () => {
    expect(parse(packet(14_757_701, 38), parseMoldRequest)).toEqual({
      status: MoldStatus.data,
      sequence: 14_757_701,
      count: 38,
    });
  });

  test.each([
    ["short", packet(1, 1).subarray(0, 19), MoldStatus.shortHeader],
    ["long", packet(1, 1, 0), MoldStatus.trailingBytes],
    ["from sequence 0", packet(0, 1), MoldStatus.sequenceZero],
    ["for no messages", packet(1, 0), MoldStatus.countZero],
    ["past 2^53", packet(2 ** 60, 1), MoldStatus.sequenceTooLarge],
  ] as const)("%s is refused", (_name, bytes, status) => {
    expect(parse(bytes, parseMoldRequest).status).toBe(status);
  });
});

describe("writing packets", () => {
  const message = Uint8Array.from({ length: 50 }, (_, i) => i + 1);

  test("fills a packet to the last byte, and the next goes on with the sequence", () => {
    const writer = new MoldPacketWriter(20 + 2 * 12);
    writer.begin(SESSION, 100);
    expect(writer.append(message, 0, 10)).toBe(true);
    expect(writer.append(message, 10, 10)).toBe(true);
    expect(writer.append(message, 20, 0)).toBe(false);
    expect(writer.finish()).toBe(44);
    expect(parse(writer.bytes.subarray(0, 44))).toEqual({ status: MoldStatus.data, sequence: 100, count: 2 });
    expect([...writer.bytes.subarray(22, 32)]).toEqual([...message.subarray(0, 10)]);
    expect([...writer.bytes.subarray(34, 44)]).toEqual([...message.subarray(10, 20)]);

    writer.begin(SESSION, writer.sequence + writer.count);
    expect(writer.append(message, 20, 22)).toBe(true);
    expect(parse(writer.bytes.subarray(0, writer.finish()))).toEqual({
      status: MoldStatus.data,
      sequence: 102,
      count: 1,
    });
  });

  test("fits no more than the 1400 bytes it was not told to change", () => {
    const writer = new MoldPacketWriter();
    writer.begin(SESSION, 1);
    while (writer.append(message, 0, 50));
    expect(writer.count).toBe(Math.floor((1400 - 20) / 52));
    expect(writer.finish()).toBeLessThanOrEqual(1400);
  });

  test("a packet without a message is a heartbeat", () => {
    const writer = new MoldPacketWriter();
    writer.begin(SESSION, 12);
    expect(parse(writer.bytes.subarray(0, writer.finish())).status).toBe(MoldStatus.heartbeat);
  });

  test("a message that fits no packet is our bug", () => {
    const writer = new MoldPacketWriter(60);
    writer.begin(SESSION, 1);
    expect(() => writer.append(message, 0, 50)).toThrow("fits no packet");
  });
});
