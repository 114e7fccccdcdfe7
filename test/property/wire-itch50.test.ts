/** ITCH: whatever can be said in a message survives encoding and decoding, for every type. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeItch, encodeItch, ITCH_TYPES, ITCH50, type ItchMessage } from "../../src/wire/itch50.ts";
import { messageArbitrary, messageBytesArbitrary } from "./wire-arbitraries.ts";

const RUNS = { numRuns: 100 };

describe.each(ITCH_TYPES)("ITCH %s", (type) => {
  const length = ITCH50[type].bytes;

  test("decode gives back what was encoded", () => {
    fc.assert(
      fc.property(messageArbitrary(type), fc.nat(7), (message, offset) => {
        const bytes = new Uint8Array(64).fill(0xee);
        expect(encodeItch(message, bytes, offset)).toBe(length);
        expect(decodeItch(bytes, offset, length)).toEqual(message);
        for (let i = 0; i < offset; i++) expect(bytes[i]).toBe(0xee);
        for (let i = offset + length; i < 64; i++) expect(bytes[i]).toBe(0xee);
      }),
      RUNS,
    );
  });

  test("encode gives back the bytes that were decoded", () => {
    fc.assert(
      fc.property(messageBytesArbitrary(type), (raw) => {
        const again = new Uint8Array(length);
        encodeItch(decodeItch(raw, 0, length) as ItchMessage, again);
        expect(again).toEqual(raw);
      }),
      RUNS,
    );
  });
});
