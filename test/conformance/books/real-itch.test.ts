/** 10,000 real AAPL messages against the full final book that others have published for them. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { apply, ENGINES, ladder } from "../../support/books.ts";
import { realData } from "../wire/real-data.ts";

const LOCATE = 13;
const folder = realData("itch50-aapl");

const name = "AAPL, 2020-01-30: 142 levels and 215 live orders, no bad message: %s";
test.skipIf(folder === undefined).each(ENGINES)(name, (_engine, make) => {
  const file = new Uint8Array(readFileSync(`${folder}/locate-13-10k.bin`));
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const engine = make();
  let messages = 0;
  for (let at = 0; at + 2 <= file.length; messages++) {
    const length = view.getUint16(at);
    expect(apply(engine, file.subarray(at + 2, at + 2 + length))).toBe(0);
    at += 2 + length;
  }
  const final = readFileSync(`${folder}/final-depth.txt`, "utf8").trim().split("\n");
  const levels = [
    ...ladder(engine, LOCATE, "bids").map((line) => `B ${line}`),
    ...ladder(engine, LOCATE, "asks").map((line) => `S ${line}`),
  ];
  expect(levels.toSorted()).toEqual(final.toSorted());
  expect([messages, levels.length, engine.orderCount()]).toEqual([10_000, 142, 215]);
  const { instrument } = engine.book(LOCATE)!;
  expect(instrument).toMatchObject({ symbol: "AAPL", tradingState: "T", doubtCount: 0, tradeCount: 849 + 240 });
});
