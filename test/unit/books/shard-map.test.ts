/** Which shard has a symbol, and which symbols are subscribed to. */
import { expect, test } from "bun:test";
import { makeShardMap } from "../../../src/books/shard-map.ts";
import { makeSymbolFilter } from "../../../src/books/symbol-filter.ts";

const SYMBOLS = Array.from({ length: 26 * 26 }, (_, i) =>
  String.fromCharCode(65 + Math.floor(i / 26), 65 + (i % 26), 65 + (i % 7)),
);
const counts = (shardOf: (symbol: string) => number, shards: number) => {
  const result = new Array<number>(shards).fill(0);
  for (const symbol of SYMBOLS) result[shardOf(symbol)]! += 1;
  return result;
};

test.each([1, 2, 3, 4, 8, 64])(
  "by hash, every symbol has one of %d shards, spread evenly, the same each time",
  (shards) => {
    const [one, other] = [makeShardMap({ by: "hash", shards }), makeShardMap({ by: "hash", shards })];
    expect(SYMBOLS.map(one)).toEqual(SYMBOLS.map(other));
    expect(counts(one, shards).reduce((sum, count) => sum + count)).toBe(SYMBOLS.length);
    if (shards <= 8) expect(Math.min(...counts(one, shards))).toBeGreaterThan(SYMBOLS.length / shards / 2);
  },
);

test("the hash map is part of the contract: symbols do not move between versions", () => {
  const shardOf = makeShardMap({ by: "hash", shards: 4 });
  expect(["AAPL", "MSFT", "ZVZZT", "BRK.A", ""].map(shardOf)).toEqual([2, 2, 3, 0, 3]);
});

test("by range: the last symbol of each shard but the last", () => {
  const shardOf = makeShardMap({ by: "range", shards: 3, ranges: ["GOOG", "MSFT"] });
  expect(["A", "GOOG", "GOOGL", "MSFT", "MSFTX", "ZZZ"].map(shardOf)).toEqual([0, 0, 1, 1, 2, 2]);
});

test.each([2, 4, 7])("by range without bounds the alphabet is split evenly over %d", (shards) => {
  const shardOf = makeShardMap({ by: "range", shards });
  const found = SYMBOLS.map(shardOf);
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  for (const count of counts(shardOf, shards)) expect(Math.abs(count - SYMBOLS.length / shards)).toBeLessThan(30);
});

test("by table, and what is not in it by hash; a table for more shards than there are is no crash", () => {
  const shardOf = makeShardMap({ by: "table", shards: 2, table: { AAPL: 1, MSFT: 0, ZZZ: 9 } });
  expect(["AAPL", "MSFT", "ZZZ"].map(shardOf)).toEqual([1, 0, 1]);
  expect(shardOf("IBM")).toBe(makeShardMap({ by: "hash", shards: 2 })("IBM"));
  expect(shardOf("constructor")).toBe(makeShardMap({ by: "hash", shards: 2 })("constructor"));
});

test("no shards and one shard are the same place", () => {
  for (const shards of [0, 1]) expect(makeShardMap({ by: "hash", shards })("AAPL")).toBe(0);
});

test.each<[patterns: string[], inside: string[], outside: string[]]>([
  [["*"], ["AAPL", "", "BRK.A"], []],
  [
    ["AAPL", "MSFT"],
    ["AAPL", "MSFT"],
    ["AAP", "AAPLX", "aapl", ""],
  ],
  [["Z*"], ["Z", "ZBAA"], ["AZ", "AAPL"]],
  [["?"], ["A"], ["", "AB"]],
  [["A?L*"], ["AXL", "AALX"], ["AL", "AAPL"]],
  [["*A*A*"], ["AA", "BANANA"], ["BAN"]],
  [["*", "!Z*", "!AAPL"], ["MSFT"], ["ZBAA", "AAPL"]],
  [["!Z*"], ["AAPL"], ["ZBAA"]],
  [["!AAPL", "A*"], ["AA"], ["AAPL", "B"]],
  [["BRK.A"], ["BRK.A"], ["BRKXA"]],
  [
    ["A+*", "B[C]", "(D)$"],
    ["A+B", "B[C]", "(D)$"],
    ["AAB", "BC", "D"],
  ],
  [[], [], ["AAPL", ""]],
])("symbols that %p take in and leave out", (patterns, inside, outside) => {
  const isSubscribed = makeSymbolFilter(patterns);
  expect(inside.filter((symbol) => !isSubscribed(symbol))).toEqual([]);
  expect(outside.filter((symbol) => isSubscribed(symbol))).toEqual([]);
});
