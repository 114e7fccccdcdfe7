/** GLIMPSE's end of snapshot: the number however it is padded. */
import { describe, expect, test } from "bun:test";
import {
  GLIMPSE_END_BYTES,
  GlimpseEnd,
  GlimpseStatus,
  parseGlimpseEnd,
  writeGlimpseEnd,
} from "../../../src/wire/glimpse.ts";

function parse(text: string): number | string {
  const out = new GlimpseEnd();
  const bytes = new TextEncoder().encode(`__${text}__`);
  const status = parseGlimpseEnd(bytes, 2, text.length, out);
  return status === GlimpseStatus.ok ? out.sequence : `status ${status}`;
}

test.each([
  ["right-justified with spaces", `G${"12345".padStart(20)}`],
  ["right-justified with zeros", `G${"12345".padStart(20, "0")}`],
  ["left-justified", `G${"12345".padEnd(20)}`],
  ["in the middle", `G${"12345".padStart(12).padEnd(20)}`],
])("a number %s is read", (_name, text) => {
  expect(parse(text)).toBe(12345);
});

test("what is written is read back, right-justified", () => {
  const bytes = new Uint8Array(GLIMPSE_END_BYTES);
  for (const sequence of [0, 1, 14_757_701, Number.MAX_SAFE_INTEGER]) {
    expect(writeGlimpseEnd(bytes, 0, sequence)).toBe(21);
    const text = new TextDecoder().decode(bytes);
    expect(text).toBe(`G${String(sequence).padStart(20)}`);
    expect(parse(text)).toBe(sequence);
  }
});

describe("refused", () => {
  test.each([
    ["another message", `A${"1".padStart(20)}`, GlimpseStatus.wrongType],
    ["nothing", "", GlimpseStatus.wrongType],
    ["a byte too few", `G${"1".padStart(19)}`, GlimpseStatus.wrongLength],
    ["a byte too many", `G${"1".padStart(21)}`, GlimpseStatus.wrongLength],
    ["blank", `G${" ".repeat(20)}`, GlimpseStatus.badSequence],
    ["a letter", `G${"12a".padStart(20)}`, GlimpseStatus.badSequence],
    ["a minus", `G${"-12".padStart(20)}`, GlimpseStatus.badSequence],
    ["two numbers", `G${"1 2".padStart(20)}`, GlimpseStatus.badSequence],
    ["past 2^53", `G${"9".repeat(20)}`, GlimpseStatus.badSequence],
  ])("%s", (_name, text, status) => {
    expect(parse(text)).toBe(`status ${status}`);
  });
});
