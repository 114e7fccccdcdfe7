/** BinaryFILE: chunked anywhere it is the same file, cut anywhere it gives the whole messages and says where. */
import { describe, expect, test } from "bun:test";
import {
  type BinaryFileEnd,
  BinaryFileFramer,
  writeBinaryFileEnd,
  writeBinaryFileHead,
  writeBinaryFileMessage,
} from "../../../src/wire/binaryfile.ts";

/** Messages of all sorts of lengths, and where each record begins. */
function makeFile(lengths: number[], ended = false): { bytes: Uint8Array; offsets: number[]; messages: string[] } {
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length + 2, 0) + (ended ? 2 : 0));
  const view = new DataView(bytes.buffer);
  const offsets: number[] = [];
  const messages: string[] = [];
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    const message = Uint8Array.from({ length }, (_, k) => (i * 31 + k) & 0xff);
    offsets.push(at);
    messages.push(Buffer.from(message).toString("hex"));
    at += writeBinaryFileMessage(view, bytes, at, message, 0, length);
  }
  if (ended) writeBinaryFileEnd(view, at);
  return { bytes, offsets, messages };
}

interface Found {
  messages: string[];
  offsets: number[];
  end: BinaryFileEnd;
}

/** Reads with every chunk in memory of its own, wiped once it is used up: nothing may be read from it later. */
function read(chunks: Uint8Array[]): Found {
  const framer = new BinaryFileFramer();
  const found: Omit<Found, "end"> = { messages: [], offsets: [] };
  for (const chunk of chunks) {
    const memory = Uint8Array.from(chunk);
    framer.feed(memory);
    while (framer.next()) {
      const message = framer.bytes.subarray(framer.offset, framer.offset + framer.length);
      found.messages.push(Buffer.from(message).toString("hex"));
      expect(framer.view.getUint8(framer.offset)).toBe(message[0]!);
      found.offsets.push(framer.messageFileOffset);
    }
    memory.fill(0xff);
  }
  return { ...found, end: framer.end() };
}

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

const WHOLE: BinaryFileEnd = { cutOffset: undefined, endOffset: undefined, trailingBytes: 0 };
const FILE = makeFile([36, 19, 1, 50, 12, 12, 31, 2, 40, 35, 23]);

describe("chunks", () => {
  test("a whole file as one chunk is read in place", () => {
    const framer = new BinaryFileFramer();
    framer.feed(FILE.bytes);
    let messages = 0;
    while (framer.next()) {
      expect(framer.bytes).toBe(FILE.bytes);
      expect(framer.view.buffer).toBe(FILE.bytes.buffer);
      messages++;
    }
    expect(messages).toBe(FILE.messages.length);
    expect(framer.end()).toEqual(WHOLE);
  });

  test("split in two at every byte, the file is the same", () => {
    const expected = { messages: FILE.messages, offsets: FILE.offsets, end: WHOLE };
    for (let at = 0; at <= FILE.bytes.length; at++)
      expect(read([FILE.bytes.subarray(0, at), FILE.bytes.subarray(at)])).toEqual(expected);
  });

  test.each([1, 2, 3, 5, 20, 37, 52])("in chunks of %d bytes, the file is the same", (size) => {
    const expected = { messages: FILE.messages, offsets: FILE.offsets, end: WHOLE };
    expect(read(chunksOf(FILE.bytes, size))).toEqual(expected);
  });

  test("messages of up to 65,535 bytes pass, however they are cut", () => {
    const file = makeFile([65_535, 1, 40_000, 65_535, 3]);
    const expected = { messages: file.messages, offsets: file.offsets, end: WHOLE };
    for (const size of [999, 4096, 65_536, 65_537, 131_074]) expect(read(chunksOf(file.bytes, size))).toEqual(expected);
  });

  test("a large message whose length is itself cut", () => {
    const file = makeFile([65_535, 5_000]);
    const [first, second, third] = [
      file.bytes.subarray(0, 1),
      file.bytes.subarray(1, 9_000),
      file.bytes.subarray(9_000),
    ];
    expect(read([first, second, third])).toEqual({ messages: file.messages, offsets: file.offsets, end: WHOLE });
  });

  test("a chunk that is a part of larger memory is read where it is", () => {
    const around = new Uint8Array(FILE.bytes.length + 20).fill(0xaa);
    around.set(FILE.bytes, 10);
    expect(read([around.subarray(10, 10 + FILE.bytes.length)]).messages).toEqual(FILE.messages);
  });

  test("a chunk fed before the last was used up is our bug", () => {
    const framer = new BinaryFileFramer();
    framer.feed(FILE.bytes);
    expect(framer.next()).toBe(true);
    expect(() => framer.feed(FILE.bytes)).toThrow("used up");
  });
});

describe("the end of a file", () => {
  test("cut at every byte: whole messages come out, and the cut is where its record begins", () => {
    for (let length = 0; length <= FILE.bytes.length; length++) {
      const wholeCount = FILE.offsets.filter((at, i) => at + 2 + FILE.messages[i]!.length / 2 <= length).length;
      const wholeEnd = wholeCount === FILE.offsets.length ? FILE.bytes.length : FILE.offsets[wholeCount]!;
      const expected = {
        messages: FILE.messages.slice(0, wholeCount),
        offsets: FILE.offsets.slice(0, wholeCount),
        end: { ...WHOLE, cutOffset: wholeEnd === length ? undefined : wholeEnd },
      };
      for (const size of [FILE.bytes.length, 7])
        expect(read(chunksOf(FILE.bytes.subarray(0, length), size))).toEqual(expected);
    }
  });

  test("an end-of-session record ends it; what comes after is counted and not read", () => {
    const { bytes, messages } = makeFile([12, 36], true);
    const trailing = Buffer.concat([bytes, FILE.bytes]);
    for (const size of [1, 2, 3, 16, 1000]) {
      expect(read(chunksOf(bytes, size))).toMatchObject({ messages, end: { ...WHOLE, endOffset: 52 } });
      const found = read(chunksOf(trailing, size));
      expect(found.messages).toEqual(messages);
      expect(found.end).toEqual({ cutOffset: undefined, endOffset: 52, trailingBytes: FILE.bytes.length });
    }
  });

  test("an empty file is whole", () => {
    expect(read([])).toEqual({ messages: [], offsets: [], end: WHOLE });
    expect(read([new Uint8Array(0), new Uint8Array(0)])).toEqual({ messages: [], offsets: [], end: WHOLE });
  });
});

test("offsets stay exact past 4 GiB", () => {
  const recordBytes = 65_537;
  const chunk = new Uint8Array(recordBytes * 1024);
  const view = new DataView(chunk.buffer);
  for (let at = 0; at < chunk.length; at += recordBytes) writeBinaryFileHead(view, at, 65_535);
  const framer = new BinaryFileFramer();
  const chunkCount = 70;
  let messages = 0;
  let lastOffset = 0;
  for (let i = 0; i < chunkCount; i++) {
    framer.feed(chunk);
    while (framer.next()) {
      messages++;
      lastOffset = framer.messageFileOffset;
    }
  }
  framer.feed(chunk.subarray(0, 3));
  expect(framer.next()).toBe(false);
  expect(messages).toBe(1024 * chunkCount);
  expect(lastOffset).toBe((messages - 1) * recordBytes);
  expect(framer.end().cutOffset).toBe(messages * recordBytes);
  expect(messages * recordBytes).toBeGreaterThan(2 ** 32);
});
