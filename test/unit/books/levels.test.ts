/** The sorted run of one side: keys, searches, shifts. */
import { expect, test } from "bun:test";
import { closeGap, openGap, priceKey, upperBound } from "../../../src/books/levels.ts";
import { Prng } from "../../../src/core/prng.ts";

test("keys ascend towards the best price, over the whole u32 range", () => {
  const prices = [0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff];
  const keys = (side: number) => prices.map((price) => priceKey(side, price | 0));
  expect(keys(0)).toEqual(keys(0).toSorted((a, b) => a - b));
  expect(keys(1)).toEqual(keys(1).toSorted((a, b) => b - a));
  expect(new Set(keys(0)).size).toBe(prices.length);
});

test("a run kept by search and shift is a sorted set, at every depth of change", () => {
  const prng = new Prng(9);
  const run = new Int32Array(2 * 400);
  const model: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    const key = prng.below(380) - 190;
    const i = upperBound(run, model.length, key);
    expect(i).toBe(model.filter((other) => other <= key).length);
    if (model[i - 1] === key) {
      closeGap(run, i - 1, model.length);
      model.splice(i - 1, 1);
    } else {
      openGap(run, i, model.length);
      model.splice(i, 0, key);
      run[i * 2] = key;
      run[i * 2 + 1] = key * 3;
    }
  }
  expect(Array.from(run.subarray(0, model.length * 2))).toEqual(model.flatMap((key) => [key, key * 3]));
});
