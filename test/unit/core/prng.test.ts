/** The generator behind every seeded run: the published algorithm, the same on every machine, and uniform. */
import { describe, expect, test } from "bun:test";
import { Prng } from "../../../src/core/prng.ts";

const MASK = 0xffffffffn;
const rotate = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & MASK;

/** xoshiro128** seeded by splitmix32, written from the papers in exact integers. */
class Reference {
  #state: bigint[] = [];

  constructor(seed: number) {
    let x = BigInt(seed >>> 0) ^ BigInt(Math.floor(seed / 2 ** 32));
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9n) & MASK;
      let z = x;
      z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & MASK;
      z = ((z ^ (z >> 15n)) * 0x735a2d97n) & MASK;
      this.#state.push(z ^ (z >> 15n));
    }
    // Never the all-zero state.
    this.#state[3]! |= 1n;
  }

  u32(): number {
    const s = this.#state as [bigint, bigint, bigint, bigint];
    const result = (rotate((s[1] * 5n) & MASK, 7n) * 9n) & MASK;
    const shifted = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11n);
    return Number(result);
  }
}

describe("Prng", () => {
  test("is xoshiro128** seeded by splitmix32", () => {
    for (const seed of [0, 1, 42, 0xffffffff, 2 ** 40 + 17]) {
      const prng = new Prng(seed);
      const reference = new Reference(seed);
      for (let i = 0; i < 1000; i++) expect(prng.u32()).toBe(reference.u32());
    }
  });

  test("a seed above 2^32 is another seed than its low half", () => {
    expect(new Prng(2 ** 32 + 5).u32()).not.toBe(new Prng(5).u32());
  });

  test("float and below are uniform", () => {
    const prng = new Prng(7);
    const buckets = new Array<number>(16).fill(0);
    const drawCount = 160_000;
    for (let i = 0; i < drawCount; i++) {
      const value = prng.below(16);
      expect(value >= 0 && value < 16 && Number.isInteger(value)).toBe(true);
      buckets[value]!++;
    }
    const expected = drawCount / 16;
    const chiSquare = buckets.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 15 degrees of freedom: above 37.7 once in a thousand seeds.
    expect(chiSquare).toBeLessThan(37.7);
  });

  test("between includes both ends, and chance follows its probability", () => {
    const prng = new Prng(3);
    const seen = new Set<number>();
    let hits = 0;
    for (let i = 0; i < 20_000; i++) {
      seen.add(prng.between(-2, 2));
      if (prng.chance(0.05)) hits++;
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(Math.abs(hits - 1000)).toBeLessThan(150);
  });

  test("geometric and exponential have their means", () => {
    const prng = new Prng(11);
    let geometric = 0;
    let exponential = 0;
    const drawCount = 100_000;
    for (let i = 0; i < drawCount; i++) {
      geometric += prng.geometric(0.25);
      exponential += prng.exponential(40);
    }
    expect(Math.abs(geometric / drawCount - 3)).toBeLessThan(0.1);
    expect(Math.abs(exponential / drawCount - 40)).toBeLessThan(1);
  });

  test("a fork does not shift what its parent draws later, whatever it draws itself", () => {
    const quiet = new Prng(9);
    const busy = new Prng(9);
    quiet.fork();
    const child = busy.fork();
    for (let i = 0; i < 100; i++) child.u32();
    expect(quiet.u32()).toBe(busy.u32());
  });
});
