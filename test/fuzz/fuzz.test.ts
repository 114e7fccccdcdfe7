/**
 * A little of the fuzzer at every run; millions of inputs by `bun test/fuzz/run.ts --inputs 10M`. And its canary: a
 * decoder that believes the counts it reads is caught.
 */
import { expect, test } from "bun:test";
import { FuzzFailure, fuzzAll, fuzzBlock } from "./fuzzer.ts";
import { credulousTarget, makeTargets } from "./targets.ts";

const INPUTS = 60_000;

for (const target of makeTargets())
  test(`${target.name}: whatever comes, what must hold holds`, () => {
    const given = fuzzAll([target], INPUTS * Math.min(target.weight, 1) * 0.1, 1);
    expect(given.get(target.name)).toBeGreaterThan(0);
  });

test("a decoder that believes what it reads is caught", () => {
  expect(() => fuzzBlock(credulousTarget(), 1)).toThrow(FuzzFailure);
});
