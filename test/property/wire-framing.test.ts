/** Framing: whatever messages go in, however the stream is cut, the same messages come out. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { BinaryFileFramer, writeBinaryFileMessage } from "../../src/wire/binaryfile.ts";
import {
  MOLD_BLOCK_HEAD_BYTES,
  MOLD_HEADER_BYTES,
  MoldHeader,
  MoldPacketWriter,
  MoldStatus,
  parseMold,
  sameSession,
  sessionBytes,
} from "../../src/wire/moldudp64.ts";
import { SoupParser, writeSequenced } from "../../src/wire/soupbintcp.ts";
import { anyMessageBytes } from "./wire-arbitraries.ts";

const messagesArbitrary = fc.array(anyMessageBytes, { maxLength: 60 });
/** Chunk sizes, used round and round. */
const cutsArbitrary = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 });
const RUNS = { numRuns: 200 };

type Write = (view: DataView, bytes: Uint8Array, off: number, from: Uint8Array, fromOff: number, n: number) => number;

function streamOf(messages: Uint8Array[], write: Write): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(messages.length * 64);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const message of messages) at += write(view, bytes, at, message, 0, message.length);
  return bytes.slice(0, at);
}

/** Copies, so that nothing can be read from a chunk that is gone. */
function* chunksOf(bytes: Uint8Array, cuts: number[]): Generator<Uint8Array> {
  let i = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = cuts[i++ % cuts.length]!;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

test("BinaryFILE", () => {
  fc.assert(
    fc.property(messagesArbitrary, cutsArbitrary, (messages, cuts) => {
      const framer = new BinaryFileFramer();
      const found: Uint8Array[] = [];
      for (const chunk of chunksOf(streamOf(messages, writeBinaryFileMessage), cuts)) {
        framer.feed(chunk);
        while (framer.next()) found.push(framer.bytes.slice(framer.offset, framer.offset + framer.length));
        chunk.fill(0xff);
      }
      expect(found).toEqual(messages);
      expect(framer.end().cutOffset).toBeUndefined();
    }),
    RUNS,
  );
});

test("SoupBinTCP", () => {
  fc.assert(
    fc.property(messagesArbitrary, cutsArbitrary, (messages, cuts) => {
      const parser = new SoupParser();
      const found: Uint8Array[] = [];
      for (const chunk of chunksOf(streamOf(messages, writeSequenced), cuts)) {
        expect(parser.feed(chunk, 0, chunk.length)).toBe(chunk.length);
        while (parser.next())
          found.push(parser.bytes.slice(parser.payloadOffset, parser.payloadOffset + parser.payloadBytes));
      }
      expect(found).toEqual(messages);
      expect(parser.pendingBytes).toBe(0);
    }),
    RUNS,
  );
});

test("MoldUDP64: the packets of a writer, of any size, hold every message once and in sequence", () => {
  const session = sessionBytes("S1");
  fc.assert(
    fc.property(
      messagesArbitrary,
      fc.integer({ min: 72, max: 1400 }),
      fc.integer({ min: 1, max: 2 ** 52 }),
      (messages, payloadBytesMax, firstSequence) => {
        const packets: Uint8Array[] = [];
        const writer = new MoldPacketWriter(payloadBytesMax);
        writer.begin(session, firstSequence);
        for (const message of messages) {
          if (writer.append(message, 0, message.length)) continue;
          packets.push(writer.bytes.slice(0, writer.finish()));
          writer.begin(session, writer.sequence + writer.count);
          expect(writer.append(message, 0, message.length)).toBe(true);
        }
        packets.push(writer.bytes.slice(0, writer.finish()));
        expect(readAll(packets, session, firstSequence, payloadBytesMax)).toEqual(messages);
      },
    ),
    RUNS,
  );
});

function readAll(packets: Uint8Array[], session: Uint8Array, firstSequence: number, bytesMax: number): Uint8Array[] {
  const header = new MoldHeader();
  const found: Uint8Array[] = [];
  for (const packet of packets) {
    const view = new DataView(packet.buffer as ArrayBuffer);
    expect(packet.length).toBeLessThanOrEqual(bytesMax);
    const isEmpty = packets.length === 1 && packet.length === MOLD_HEADER_BYTES;
    expect(parseMold(view, 0, packet.length, header)).toBe(isEmpty ? MoldStatus.heartbeat : MoldStatus.data);
    expect(sameSession(packet, 0, session)).toBe(true);
    expect(header.sequence).toBe(firstSequence + found.length);
    let at = MOLD_HEADER_BYTES;
    for (let i = 0; i < header.count; i++) {
      const length = view.getUint16(at);
      at += MOLD_BLOCK_HEAD_BYTES;
      found.push(packet.slice(at, at + length));
      at += length;
    }
  }
  return found;
}
