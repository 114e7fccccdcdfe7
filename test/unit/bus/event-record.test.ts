/** The layout of a record and of a ring's memory, byte by byte: programs in other languages and versions rely on it. */
import { describe, expect, test } from "bun:test";
import { EventReader } from "../../../src/bus/event-reader.ts";
import {
  decodeEvent,
  decodeSymbol,
  EVENT_BYTES,
  EVENT_KIND_NAMES,
  EVENT_LAYOUT_VERSION,
  EventDouble,
  EventFlag,
  EventKind,
  EventSide,
  EventWord,
} from "../../../src/bus/event-record.ts";
import { EventRing } from "../../../src/bus/event-ring.ts";
import { EventWriter } from "../../../src/bus/event-writer.ts";
import { ringOptions, writeEvent } from "../../support/event-records.ts";

/** One record with every byte different from its neighbours. */
function recordBytes(): DataView {
  const view = new DataView(new ArrayBuffer(EVENT_BYTES));
  view.setFloat64(0, 2 ** 52 + 1, true);
  view.setFloat64(8, 34_200_000_000_001, true);
  view.setFloat64(16, 51_234_567_890_123, true);
  view.setUint8(24, 3);
  view.setUint8(25, 2);
  view.setUint8(26, 0x43);
  view.setUint8(27, 1 | 2 | 4 | (3 << 3) | 32);
  view.setUint16(28, 65_535, true);
  view.setUint16(30, 513, true);
  view.setBigUint64(32, 0xfedcba9876543210n, true);
  view.setBigUint64(40, 0x8000000000000001n, true);
  view.setUint32(48, 4_000_000_001, true);
  view.setUint32(52, 3_000_000_001, true);
  view.setFloat64(56, 2 ** 33 + 0.5, true);
  return view;
}

test("the record: every field is where version 1 has it", () => {
  expect([EVENT_BYTES, EVENT_LAYOUT_VERSION]).toEqual([64, 1]);
  const { buffer } = recordBytes();
  expect(decodeEvent(new Int32Array(buffer), new Float64Array(buffer), 0)).toEqual({
    kind: "execute",
    sequence: 2 ** 52 + 1,
    tsEventNs: 34_200_000_000_001,
    tsRecvNs: 51_234_567_890_123,
    channel: 513,
    locate: 65_535,
    side: "S",
    code: 0x43,
    last: true,
    snapshot: true,
    printable: true,
    doubt: true,
    quality: 3,
    reference: 0xfedcba9876543210n,
    second: 0x8000000000000001n,
    priceE4: 4_000_000_001,
    shares: 3_000_000_001,
    amount: 2 ** 33 + 0.5,
  });
});

test("the record: places in typed arrays are those bytes", () => {
  const words = Object.fromEntries(Object.entries(EventWord).map(([name, word]) => [name, word * 4]));
  expect(words).toEqual({
    head: 24,
    instrument: 28,
    referenceLow: 32,
    referenceHigh: 36,
    secondLow: 40,
    secondHigh: 44,
    priceE4: 48,
    shares: 52,
  });
  const doubles = Object.fromEntries(Object.entries(EventDouble).map(([name, double]) => [name, double * 8]));
  expect(doubles).toEqual({ sequence: 0, tsEventNs: 8, tsRecvNs: 16, amount: 56 });
});

test("kinds, sides and flags keep their numbers", () => {
  expect(Object.values(EventKind)).toEqual(Array.from({ length: 20 }, (_, i) => i) as never);
  expect([...EVENT_KIND_NAMES]).toEqual([
    ...["none", "add", "reduce", "execute", "delete", "replace", "trade", "cross", "broken", "top_of_book", "level"],
    ...["status", "imbalance", "system", "directory", "reset", "snapshot_begin", "snapshot_end", "quality", "barrier"],
  ] as never);
  for (const [name, kind] of Object.entries(EventKind))
    expect(EVENT_KIND_NAMES[kind]).toBe(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) as never);
  expect({ ...EventSide, ...EventFlag }).toEqual({
    none: 0,
    bid: 1,
    ask: 2,
    last: 1,
    snapshot: 2,
    printable: 4,
    doubt: 32,
  });
});

test("a directory event carries its symbol in place of the reference", () => {
  const view = recordBytes();
  for (const [i, letter] of [..."ZVZZT   "].entries()) view.setUint8(32 + i, letter.charCodeAt(0));
  expect(decodeSymbol(new Int32Array(view.buffer), 0)).toBe("ZVZZT");
});

describe("the ring's memory", () => {
  const options = ringOptions({
    name: "itch-0",
    channel: "naïve",
    shard: 2,
    capacityRecords: 64,
    firstPosition: 2 ** 31 * 5 + 7,
    slotCount: 4,
  });

  test("the data header of version 1", () => {
    const ring = EventRing.createForThreads(options);
    const writer = new EventWriter(ring);
    writeEvent(writer, 77);
    writer.publish();
    writer.beat(123.5);
    const view = new DataView(ring.threadMemory.data);
    const text = (at: number) => new TextDecoder().decode(new Uint8Array(ring.threadMemory.data).slice(at, at + 8));
    expect([text(0), view.getUint32(8, true), view.getUint32(12, true)]).toEqual(["FTHMRING", 1, 4096]);
    expect([view.getUint32(16, true), view.getUint32(20, true)]).toEqual([64, 64]);
    expect([view.getUint32(24, true), view.getUint32(28, true)]).toEqual([process.pid, 1]);
    expect(view.getFloat64(40, true)).toBe(1_700_000_000);
    expect([view.getUint32(56, true), view.getUint32(60, true)]).toEqual([3, 2]);
    expect([text(64), text(128)]).toEqual(["naïve\0\0", "itch-0\0\0"]);
    expect(view.getFloat64(192, true)).toBe(2 ** 31 * 5 + 7);
    // Head, half-laps, limit.
    expect([256, 260, 264].map((at) => view.getUint32(at, true))).toEqual([2 ** 31 + 8, 5, 2 ** 31 + 7 + 8]);
    expect(view.getFloat64(320, true)).toBe(123.5);
    // The record of position 7 + 5 * 2^31 is in slot 7 of 64.
    expect(view.getFloat64(4096 + 7 * 64, true)).toBe(77);
    expect(ring.threadMemory.data.byteLength).toBe(4096 + 64 * 64);
  });

  test("the control header and slots of version 1", () => {
    const ring = EventRing.createForThreads(options);
    const readers = ["first", "second"].map(
      (name) => new EventReader(ring, { name, policy: name === "first" ? "conflate" : "lossless-block", nowNs: 9 }),
    );
    readers[1]!.beat(55);
    const view = new DataView(ring.threadMemory.control);
    const bytes = new Uint8Array(ring.threadMemory.control);
    expect(new TextDecoder().decode(bytes.slice(0, 8))).toBe("FTHCRING");
    expect([8, 12, 64, 128].map((at) => view.getUint32(at, true))).toEqual([1, 4, 0, 0b10]);
    const slot = 256 + 192;
    // The state: attached, for the first time.
    expect([view.getUint32(slot, true), view.getUint32(slot + 4, true)]).toEqual([2 ** 31 + 7, 4 | 1]);
    expect([8, 16, 72].map((at) => view.getFloat64(slot + at, true))).toEqual([2 ** 31 * 5 + 7, 55, 0]);
    expect([view.getUint32(slot + 64, true), view.getUint32(slot + 68, true)]).toEqual([process.pid, 0]);
    expect(view.getUint32(256 + 68, true)).toBe(2);
    expect(view.getFloat64(slot + 88, true)).toBe(9);
    expect(new TextDecoder().decode(bytes.slice(slot + 128, slot + 136))).toBe("second\0\0");
    expect(bytes.length).toBe(256 + 4 * 192);
  });
});
