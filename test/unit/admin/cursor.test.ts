/** Promises: a cursor comes back as the row it was made of, and nothing that was not made here passes for one. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeCursor, encodeCursor } from "../../../src/admin/cursor.ts";

test("every row comes back, and its cursor needs no escaping in a query", () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: "grapheme" }), (symbol, channel) => {
      const cursor = encodeCursor({ symbol, channel });
      expect(cursor).toMatch(/^[A-Za-z0-9_-]*$/);
      expect(decodeCursor(cursor)).toEqual({ symbol, channel });
    }),
  );
});

test("what was not made here is no cursor, and never throws", () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  for (const text of [
    "",
    "x",
    "%%%",
    encode(null),
    encode({}),
    encode(["A"]),
    encode(["A", 1]),
    encode(["A", "b", "c"]),
  ]) {
    expect(decodeCursor(text)).toBeUndefined();
  }
  fc.assert(fc.property(fc.string(), (text) => void decodeCursor(text)));
});
