/** The message ring: whole records, in order, none lost, at every place of the ring and from thread to thread. */
import { describe, expect, test } from "bun:test";
import { MessageRing } from "../../../src/bus/message-ring.ts";
import { AssertionError } from "../../../src/core/assert.ts";
import { checkRecord, tryWriteRecord } from "../../support/ring-records.ts";

const CAPACITY = 4096;

/** Both ends as two threads would have them. */
function ends(capacityBytes = CAPACITY): [writer: MessageRing, reader: MessageRing] {
  const writer = MessageRing.create(capacityBytes);
  return [writer, MessageRing.attach(writer.buffer)];
}

function write(ring: MessageRing, payload: Uint8Array, sequence: number): boolean {
  const at = ring.tryClaim(payload.length);
  if (at < 0) return false;
  ring.bytes.set(payload, at);
  ring.commit(1, payload.length, sequence, -sequence);
  return true;
}

describe("one record at a time", () => {
  test("an empty ring has nothing", () => {
    const [writer, reader] = ends();
    expect(reader.next()).toBe(false);
    writer.publish();
    expect(reader.next()).toBe(false);
    expect([writer.depthBytes, writer.capacityBytes]).toEqual([0, CAPACITY]);
  });

  test("a record is seen when it is published, not before, and is whole", () => {
    const [writer, reader] = ends();
    expect(write(writer, new Uint8Array([1, 2, 3]), 2 ** 52)).toBe(true);
    expect(reader.next()).toBe(false);
    writer.publish();
    expect(reader.next()).toBe(true);
    const { kind, payloadBytes, sequence, tsRecvNs, payloadOffset, bytes, view } = reader;
    expect([kind, payloadBytes, sequence, tsRecvNs]).toEqual([1, 3, 2 ** 52, -(2 ** 52)]);
    expect([...bytes.slice(payloadOffset, payloadOffset + 3)]).toEqual([1, 2, 3]);
    expect(view.getUint16(payloadOffset)).toBe(0x0102);
    expect(reader.next()).toBe(false);
  });

  test("a claim that is not committed leaves nothing behind", () => {
    const [writer, reader] = ends();
    for (let n = 1; n <= 2000; n++) {
      writer.tryClaim(500);
      writer.tryClaim(17);
      expect(tryWriteRecord(writer, n)).toBe(true);
      writer.publish();
      expect(reader.next()).toBe(true);
      expect(checkRecord(reader, n)).toBe("");
      expect(reader.next()).toBe(false);
      reader.release();
    }
  });

  test("records of every length cross the end of the ring at every place", () => {
    for (let length = 0; length <= 260; length++) {
      const [writer, reader] = ends();
      const payload = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
      const rounds = Math.ceil((3 * CAPACITY) / (length + 24));
      for (let round = 0; round < rounds; round++) {
        expect(write(writer, payload, round)).toBe(true);
        writer.publish();
        expect(reader.next()).toBe(true);
        expect([reader.sequence, reader.payloadBytes]).toEqual([round, length]);
        expect(reader.bytes.slice(reader.payloadOffset, reader.payloadOffset + length)).toEqual(payload);
        reader.release();
      }
      expect(writer.depthBytes).toBe(0);
    }
  });
});

describe("a full ring", () => {
  test("says so, keeps what it has, and takes more as soon as some is released", () => {
    const [writer, reader] = ends();
    let written = 0;
    let read = 0;
    for (let round = 0; round < 50; round++) {
      while (tryWriteRecord(writer, written + 1)) written++;
      writer.publish();
      expect(writer.depthBytes).toBeGreaterThan(CAPACITY - 96);
      expect(writer.depthBytes).toBeLessThanOrEqual(CAPACITY);
      for (let i = 0; i < 5 + round; i++) {
        expect(reader.next()).toBe(true);
        expect(checkRecord(reader, ++read)).toBe("");
      }
      // Read, but still in use until it is released.
      expect(tryWriteRecord(writer, written + 1)).toBe(false);
      reader.release();
    }
    while (reader.next()) expect(checkRecord(reader, ++read)).toBe("");
    expect(read).toBe(written);
  });

  test("the longest payload fits again and again, wherever the ring stands", () => {
    const [writer, reader] = ends();
    const payload = new Uint8Array(writer.payloadBytesMax).fill(9);
    for (let n = 0; n < 100; n++) {
      expect(write(writer, new Uint8Array((n * 40) % 900), n)).toBe(true);
      expect(write(writer, payload, n)).toBe(true);
      writer.publish();
      expect(reader.next() && reader.next()).toBe(true);
      expect(reader.payloadBytes).toBe(payload.length);
      reader.release();
    }
    expect(() => writer.tryClaim(payload.length + 1)).toThrow(AssertionError);
  });

  test.each([100, 4095, 5000, 2 ** 31])("a capacity of %d is refused", (capacityBytes) => {
    expect(() => MessageRing.create(capacityBytes)).toThrow(AssertionError);
  });
});

test("positions wrap round 2^32 units without anyone noticing", () => {
  const { buffer } = MessageRing.create(CAPACITY);
  // Head and tail, as they are after 32 GiB.
  const words = new Int32Array(buffer);
  words[0] = words[16] = -300;
  const writer = MessageRing.attach(buffer);
  const reader = MessageRing.attach(buffer);
  let written = 0;
  let read = 0;
  for (let round = 0; round < 20; round++) {
    while (tryWriteRecord(writer, written + 1)) written++;
    writer.publish();
    expect(writer.depthBytes).toBeGreaterThan(CAPACITY - 96);
    while (reader.next()) expect(checkRecord(reader, ++read)).toBe("");
    reader.release();
    expect([read, writer.depthBytes]).toEqual([written, 0]);
  }
  expect(words[0]).toBeGreaterThan(0);
});

test("a side that attaches late finds what was published before it came", () => {
  const writer = MessageRing.create(CAPACITY);
  for (let n = 1; n <= 10; n++) tryWriteRecord(writer, n);
  writer.publish();
  const reader = MessageRing.attach(writer.buffer);
  for (let n = 1; n <= 10; n++) {
    expect(reader.next()).toBe(true);
    expect(checkRecord(reader, n)).toBe("");
  }
  reader.release();
  const second = MessageRing.attach(writer.buffer);
  expect(tryWriteRecord(second, 11)).toBe(true);
  second.publish();
  expect(reader.next()).toBe(true);
  expect(checkRecord(reader, 11)).toBe("");
});

test("waiting ends at once when there is something to wait for no more", () => {
  const [writer, reader] = ends();
  const begin = Bun.nanoseconds();
  tryWriteRecord(writer, 1);
  writer.publish();
  reader.wait(10_000);
  expect(reader.next()).toBe(true);
  while (tryWriteRecord(writer, 2));
  reader.release();
  writer.waitForRoom(10_000);
  expect(Bun.nanoseconds() - begin).toBeLessThan(5e9);
});

// Small: both sides are full and empty all the time. Large: the writer runs ahead.
test.each([
  [4096, 1],
  [4096, 40],
  [1 << 20, 300],
])("two threads: a million records through %d bytes, in order and whole (release every %d)", async (bytes, every) => {
  const count = every === 1 ? 200_000 : 1_000_000;
  const ring = MessageRing.create(bytes);
  const worker = new Worker(new URL("../../support/ring-reader-worker.ts", import.meta.url));
  try {
    const answer = new Promise<{ read: number; wrong: string }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
    worker.postMessage({ buffer: ring.buffer, count, releaseEvery: every });
    let stalls = 0;
    for (let n = 1; n <= count; n++) {
      while (!tryWriteRecord(ring, n)) {
        stalls++;
        ring.publish();
        ring.waitForRoom(1000);
      }
      if (n % 64 === 0) ring.publish();
    }
    ring.publish();
    expect(await answer).toEqual({ read: count, wrong: "" });
    expect(ring.depthBytes).toBe(0);
    if (bytes === 4096) expect(stalls).toBeGreaterThan(0);
  } finally {
    worker.terminate();
  }
});
