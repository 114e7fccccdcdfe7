/** Lines of keys: what is said about a mistake must point where an editor can go. */
import { describe, expect, test } from "bun:test";
import { parseToml } from "../../../src/node/settings-toml.ts";

const SOURCE = `# a note with = and [brackets]
title = "one = two [three] # four"

[books]   # a table
ranges = [
  "A", # [not.a.table]
  "B]",
]
table = { AAPL = 1, "BRK.A" = 0 }
long = """
[nor.this]
key = 1
"""
'quoted key' = 1
after.dotted = 'x'

[[channels]]
name = "first"
[channels.glimpse]
address = "a"
[[channels.lines]]
name = "a"
[[channels.lines]]
name = "b"

[[channels]]
name = "second"
[[channels.lines]]
name = "c"
`;

describe("parseToml", () => {
  test("finds the line of every key, through strings, arrays, tables and arrays of tables", () => {
    const { values, lines } = parseToml(SOURCE, "x.toml");
    const expected: Record<string, number> = {
      title: 2,
      books: 4,
      "books.ranges": 5,
      "books.table": 9,
      "books.long": 10,
      "books.quoted key": 14,
      "books.after.dotted": 15,
      channels: 17,
      "channels.0": 17,
      "channels.0.name": 18,
      "channels.0.glimpse": 19,
      "channels.0.glimpse.address": 20,
      "channels.0.lines": 21,
      "channels.0.lines.0": 21,
      "channels.0.lines.0.name": 22,
      "channels.0.lines.1": 23,
      "channels.0.lines.1.name": 24,
      "channels.1": 26,
      "channels.1.name": 27,
      "channels.1.lines": 28,
      "channels.1.lines.0": 28,
      "channels.1.lines.0.name": 29,
    };
    expect(Object.fromEntries(lines)).toEqual(expected);
    expect(values).toMatchObject({ channels: [{ lines: [{ name: "a" }, { name: "b" }] }, { lines: [{ name: "c" }] }] });
  });

  test.each([
    ["a = 1\nb = \nc = 2", 2],
    ["a = 1\na = 2", 2],
    ["[x\ny = 1", 1],
    ["a = 1\n\n# note\n[b]\nc = 'open\nd = 1", 5],
    ["a = [\n1,\n2\nb = 3", 1],
    ["a = 1 b = 2", 1],
    ["\n\n=", 3],
  ])("%j is broken in line %i", (text, line) => {
    expect(() => parseToml(text, "x.toml")).toThrow(new RegExp(`^x\\.toml:${line}: not TOML: `));
  });
});
