/** Flags: base units out of what people write, and words that teach when it is something else. */
import { describe, expect, test } from "bun:test";
import { InvalidArgumentError } from "commander";
import * as namespace from "../../../src/cli/options.ts";

const options = { ...namespace };

describe("options", () => {
  test("become base units", () => {
    expect(options.durationNs("15s")).toBe(15e9);
    expect(options.count("10M")).toBe(10_000_000);
    expect(options.ratio("2%")).toBe(0.02);
    expect(options.timeOfDayNs("09:30:00.000000001")).toBe(34_200e9 + 1);
    expect(options.endpoint("127.0.0.1:26410")).toEqual({ address: "127.0.0.1", port: 26_410 });
    expect([options.speed("10x"), options.speed("0.5x"), options.speed("max")]).toEqual([10, 0.5, Infinity]);
    expect(options.port("0")).toBe(0);
    expect(options.symbolList("ZB*,!ZBA", ["AAPL"])).toEqual(["AAPL", "ZB*", "!ZBA"]);
    expect(options.keyValue("books.symbols=A=B")).toEqual([
      { key: "books.symbols", value: "A=B", flag: "--set books.symbols=A=B" },
    ]);
  });

  test.each([
    ["durationNs", "15", "a duration such as"],
    ["count", "-1", "a count such as"],
    ["positiveCount", "0", "a count above 0"],
    ["ratio", "150%", "a share from 0 to 1"],
    ["timeOfDayNs", "25:00", "a time of day such as"],
    ["endpoint", "localhost", "an address and a port"],
    ["speed", "0x", 'a speed such as "1x"'],
    ["port", "65536", "an integer from 0 to 65535"],
    ["positiveInteger", "0", "an integer from 1"],
    ["symbolList", "A,,B", "symbols such as"],
    ["keyValue", "books.shards", "a key and a value"],
  ] as const)("%s refuses %p", (name, given, expected) => {
    const parse: (given: string) => unknown = options[name];
    expect(() => parse(given)).toThrow(InvalidArgumentError);
    expect(() => parse(given)).toThrow(expected);
  });
});
