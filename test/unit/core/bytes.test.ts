/** Integers and texts as they lie on the wire: exact, at any offset, and nothing outside their bytes is touched. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hex, readAscii, readU48, readU64, writeAscii, writeU48, writeU64 } from "../../../src/core/bytes.ts";

function memory(): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(24).fill(0xee);
  return { bytes, view: new DataView(bytes.buffer) };
}

describe("48 and 64 bits", () => {
  test("48 bits: what is written is read, big-endian, in its six bytes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.nat(18), (value, offset) => {
        const { bytes, view } = memory();
        writeU48(view, offset, value);
        expect(readU48(view, offset)).toBe(value);
        expect(hex(bytes, offset, 6)).toBe(value.toString(16).padStart(12, "0"));
        expect(bytes.filter((_, i) => i < offset || i >= offset + 6).every((byte) => byte === 0xee)).toBe(true);
      }),
    );
  });

  test("64 bits: exact up to 2^53", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(16), (value, offset) => {
        const { view } = memory();
        writeU64(view, offset, value);
        expect(readU64(view, offset)).toBe(value);
        expect(view.getBigUint64(offset)).toBe(BigInt(value));
      }),
    );
  });

  test("64 bits above 2^53 are rounded, never wrapped", () => {
    const { view } = memory();
    view.setBigUint64(0, 2n ** 64n - 1n);
    expect(readU64(view, 0)).toBe(2 ** 64);
  });
});

describe("ASCII", () => {
  test("padding on the right goes, inside and on the left it stays", () => {
    const bytes = new TextEncoder().encode(" A B    ");
    expect(readAscii(bytes, 0, 8)).toBe(" A B");
    expect(readAscii(new Uint8Array([0x41, 0, 0]), 0, 3)).toBe("A");
    expect(readAscii(new Uint8Array([0x20, 0x20]), 0, 2)).toBe("");
  });

  test("a text is padded with spaces or cut to its field", () => {
    const { bytes } = memory();
    writeAscii(bytes, 2, 4, "AB");
    writeAscii(bytes, 8, 4, "ABCDEFGH");
    expect(hex(bytes, 1, 6)).toBe("ee41422020ee");
    expect(hex(bytes, 7, 6)).toBe("ee41424344ee");
  });

  test("a long dump of bad input is cut", () => {
    expect(hex(new Uint8Array(100), 0, 100, 2)).toBe("0000…");
  });
});
