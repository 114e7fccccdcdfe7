/** The ITCH table itself: its layout, its answers to bad bytes, and messages written down by hand. */
import { describe, expect, test } from "bun:test";
import {
  decodeItch,
  encodeItch,
  type FieldSpec,
  fieldBytes,
  ITCH_BYTES,
  ITCH_BYTES_MAX,
  ITCH_TYPES,
  ITCH50,
  Itch,
  type ItchMessage,
  type ItchType,
} from "../../../src/wire/itch50.ts";

/** Length, then offset:width of every body field, as the specification's tables have them. */
const LAYOUT: Record<ItchType, string> = {
  S: "12 11:1",
  R: "39 11:8 19:1 20:1 21:4 25:1 26:1 27:2 29:1 30:1 31:1 32:1 33:1 34:4 38:1",
  H: "25 11:8 19:1 20:1 21:4",
  Y: "20 11:8 19:1",
  L: "26 11:4 15:8 23:1 24:1 25:1",
  V: "35 11:8 19:8 27:8",
  W: "12 11:1",
  K: "28 11:8 19:4 23:1 24:4",
  J: "35 11:8 19:4 23:4 27:4 31:4",
  h: "21 11:8 19:1 20:1",
  A: "36 11:8 19:1 20:4 24:8 32:4",
  F: "40 11:8 19:1 20:4 24:8 32:4 36:4",
  E: "31 11:8 19:4 23:8",
  C: "36 11:8 19:4 23:8 31:1 32:4",
  X: "23 11:8 19:4",
  D: "19 11:8",
  U: "35 11:8 19:8 27:4 31:4",
  P: "44 11:8 19:1 20:4 24:8 32:4 36:8",
  Q: "40 11:8 19:8 27:4 31:8 39:1",
  B: "19 11:8",
  I: "50 11:8 19:8 27:1 28:8 36:4 40:4 44:4 48:1 49:1",
  N: "20 11:8 19:1",
  O: "48 11:8 19:1 20:4 24:4 28:4 32:8 40:4 44:4",
};

function fieldsOf(type: ItchType): FieldSpec[] {
  return Object.values(ITCH50[type].fields as Record<string, FieldSpec>);
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

describe("layout", () => {
  test("there are 23 types, all with a type byte of their own", () => {
    expect(ITCH_TYPES.length).toBe(23);
    expect(Object.values<number>(Itch).sort()).toEqual(ITCH_TYPES.map((type) => type.charCodeAt(0)).sort());
    expect(ITCH_BYTES.filter((bytes) => bytes > 0).length).toBe(23);
    expect(Math.max(...ITCH_BYTES)).toBe(ITCH_BYTES_MAX);
  });

  test.each(ITCH_TYPES)("%s is laid out as specified", (type) => {
    const fields = fieldsOf(type).map((spec) => `${spec[0]}:${fieldBytes(spec)}`);
    expect([ITCH50[type].bytes, ...fields].join(" ")).toBe(LAYOUT[type]);
  });

  test.each(ITCH_TYPES)("%s is covered by its fields, without overlap", (type) => {
    const covered = new Uint8Array(ITCH50[type].bytes);
    covered.fill(1, 0, 11);
    for (const spec of fieldsOf(type))
      for (let i = 0; i < fieldBytes(spec); i++) covered[spec[0] + i] = covered[spec[0] + i]! + 1;
    expect([...covered]).toEqual(new Array(ITCH50[type].bytes).fill(1));
  });
});

describe("messages written by hand", () => {
  const add: ItchMessage = {
    type: "A",
    stockLocate: 13,
    trackingNumber: 2,
    timestampNs: 34_200_000_000_001,
    orderReference: 0x0102030405060708n,
    side: "B",
    shares: 100,
    stock: "AAPL",
    priceE4: 1_822_500,
  };
  const addBytes = fromHex("41 000d 0002 1f1aced9f001 0102030405060708 42 00000064 4141504c20202020 001bcf24");

  test("an add order decodes and encodes", () => {
    expect(decodeItch(addBytes, 0, 36)).toEqual(add);
    const bytes = new Uint8Array(36);
    expect(encodeItch(add, bytes)).toBe(36);
    expect(bytes).toEqual(addBytes);
  });

  test("64-bit fields keep all their bits", () => {
    const bytes = fromHex("42 0000 0000 000000000000 ffffffffffffffff");
    const message = decodeItch(bytes, 0, 19);
    expect(message).toMatchObject({ type: "B", matchNumber: 2n ** 64n - 1n });
  });

  test("an unknown code is passed through", () => {
    const bytes = fromHex("53 0000 0000 000000000001 7e");
    expect(decodeItch(bytes, 0, 12)).toMatchObject({ type: "S", eventCode: "~", timestampNs: 1 });
  });
});

describe("bad bytes", () => {
  test.each(ITCH_TYPES)("%s of a wrong length is said to be so", (type) => {
    const bytes = new Uint8Array(64);
    bytes[0] = type.charCodeAt(0);
    const expected = ITCH50[type].bytes;
    for (const found of [1, 11, expected - 1, expected + 1, 64]) {
      expect(decodeItch(bytes, 0, found)).toEqual({ type: "wrong_length", typeByte: bytes[0]!, found, expected });
    }
  });

  test("an unknown type, and nothing at all", () => {
    const bytes = Uint8Array.of(0x7a, 0, 0);
    expect(decodeItch(bytes, 0, 3)).toEqual({ type: "unknown_type", typeByte: 0x7a, found: 3, expected: 0 });
    expect(decodeItch(bytes, 0, 0)).toEqual({ type: "unknown_type", typeByte: 0, found: 0, expected: 0 });
  });
});
