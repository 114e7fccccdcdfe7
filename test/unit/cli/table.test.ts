/** Tables for a terminal: they fit, and say so when something was cut. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { bar, fit, tableLines } from "../../../src/cli/table.ts";

const COLUMNS = [
  { title: "NAME", width: 6 },
  { title: "COUNT", width: 5, align: "right" },
  { title: "NOTE", width: 4 },
] as const;

test("columns are as wide as they say, numbers to the right, what is too long cut", () => {
  expect(
    tableLines(
      COLUMNS,
      [
        ["demo a", "12", "ok"],
        ["a long name", "1234567", "x"],
      ],
      40,
    ),
  ).toEqual(["NAME    COUNT  NOTE", "demo a     12  ok", "a lon…  1234…  x"]);
});

test("columns that do not fit are left out from the right, and no line is longer than asked", () => {
  for (let width = 6; width < 30; width++) {
    for (const line of tableLines(COLUMNS, [["abcdefgh", "1", "note"]], width))
      expect([...line].length).toBeLessThanOrEqual(width);
  }
  expect(tableLines(COLUMNS, [], 12)).toEqual(["NAME"]);
});

test("a text is fitted to the letter, whatever letters it has", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii" }), fc.integer({ min: 1, max: 20 }), (text, width) => {
      expect([...fit(text, width)].length).toBe(width);
      expect([...fit(text, width, "right")].length).toBe(width);
    }),
  );
});

test("a bar grows by eighths, and stays within its width", () => {
  expect([bar(0, 2), bar(0.0625, 2), bar(0.5, 2), bar(0.75, 2), bar(1, 2), bar(7, 2), bar(-1, 2)]).toEqual([
    "  ",
    "▏ ",
    "█ ",
    "█▌",
    "██",
    "██",
    "  ",
  ]);
});
