/** From (locate, reference) to an order: the hash against a Map, the pages against their promises about memory. */
import { describe, expect, test } from "bun:test";
import { OrderHash } from "../../../src/books/order-hash.ts";
import { OrderIndex } from "../../../src/books/order-index.ts";
import { Prng } from "../../../src/core/prng.ts";

const U32 = 4294967296;

describe("order hash", () => {
  test.each([1, 2, 3])("agrees with a Map over many inserts and removals (seed %d)", (seed) => {
    const prng = new Prng(seed);
    const hash = new OrderHash();
    const model = new Map<string, number>();
    const keys: [number, number, number][] = [];
    let handle = 0;
    for (let step = 0; step < 60_000; step++) {
      // Few distinct words, so that keys differ in one part only, and runs of neighbours form.
      const key: [number, number, number] = [prng.below(4) * 0x40000000, prng.below(5000), prng.below(3)];
      const name = key.join();
      const known = model.get(name);
      expect(hash.find(...key)).toBe(known ?? 0);
      if (known === undefined && prng.chance(step < 30_000 ? 0.9 : 0.3)) {
        hash.insert(...key, ++handle);
        model.set(name, handle);
        keys.push(key);
      } else if (keys.length > 0) {
        const victim = keys.splice(prng.below(keys.length), 1)[0]!;
        hash.remove(...victim);
        model.delete(victim.join());
        expect(hash.find(...victim)).toBe(0);
      }
      expect(hash.count).toBe(model.size);
    }
    for (const key of keys) expect(hash.find(...key)).toBe(model.get(key.join())!);
    for (const key of keys) hash.remove(...key);
    expect(hash.count).toBe(0);
    expect(keys.every((key) => hash.find(...key) === 0)).toBe(true);
  });

  test("words count by their bits, signed or not", () => {
    const hash = new OrderHash();
    hash.insert(0xffffffff, 0x80000000, 7, 1);
    expect(hash.find(-1, 0x80000000 | 0, 7)).toBe(1);
    hash.remove(-1, 0x80000000 | 0, 7);
    expect(hash.find(0xffffffff, 0x80000000, 7)).toBe(0);
  });
});

describe("order index", () => {
  const put = (index: OrderIndex, reference: number, handle: number, liveCount = handle, locate = 1) =>
    index.insert(Math.floor(reference / U32), reference | 0, locate, handle, liveCount);
  const take = (index: OrderIndex, reference: number, handle: number, locate = 1) =>
    index.remove(Math.floor(reference / U32), reference | 0, locate, handle);
  const direct = (index: OrderIndex, reference: number) => index.direct(Math.floor(reference / U32), reference | 0);

  test("dense references are direct, up to 2^34", () => {
    const index = new OrderIndex();
    const references = [0, 1, 16_383, 16_384, U32 - 1, U32, 4 * U32 - 1];
    for (const [i, reference] of references.entries()) put(index, reference, i + 1);
    expect(references.map((reference) => direct(index, reference))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(index.hash.count).toBe(0);
    put(index, 4 * U32, 8);
    expect([direct(index, 4 * U32), index.hash.count]).toEqual([0, 1]);
  });

  test("a page goes when its last order leaves, and comes back empty", () => {
    const index = new OrderIndex();
    put(index, 5, 1);
    put(index, 6, 2);
    put(index, 20_000, 3);
    expect(index.pageCount).toBe(2);
    take(index, 5, 1);
    expect(index.pageCount).toBe(2);
    take(index, 6, 2);
    expect(index.pageCount).toBe(1);
    put(index, 1_000_000, 4);
    expect(direct(index, 1_000_000)).toBe(4);
    expect(direct(index, 1_000_000 - (1_000_000 % 16_384) + 5)).toBe(0);
  });

  test("sparse references do not eat the memory: beyond some pages they are hashed", () => {
    const index = new OrderIndex();
    for (let i = 1; i <= 10_000; i++) put(index, i * 1_000_000, i);
    expect(index.pageCount).toBeLessThan(600);
    expect(index.pageCount + index.hash.count).toBe(10_000);
    for (let i = 1; i <= 10_000; i++) {
      const handle = direct(index, i * 1_000_000) || index.hash.find(Math.floor((i * 1e6) / U32), (i * 1e6) | 0, 1);
      expect(handle).toBe(i);
      take(index, i * 1_000_000, i);
    }
    expect([index.pageCount, index.hash.count]).toEqual([0, 0]);
  });

  test("the second instrument of a reference is hashed, whoever leaves first", () => {
    for (const firstOut of [1, 2]) {
      const index = new OrderIndex();
      put(index, 77, 1, 1, 10);
      put(index, 77, 2, 2, 20);
      expect([direct(index, 77), index.hash.find(0, 77, 20)]).toEqual([1, 2]);
      if (firstOut === 1) take(index, 77, 1, 10);
      else take(index, 77, 2, 20);
      expect([direct(index, 77), index.hash.find(0, 77, 20)]).toEqual(firstOut === 1 ? [0, 2] : [1, 0]);
    }
  });

  test("a bound on pages is kept", () => {
    const index = new OrderIndex(2);
    for (let i = 1; i <= 5; i++) put(index, i * 100_000, i);
    expect([index.pageCount, index.hash.count]).toEqual([2, 3]);
  });

  test("clear forgets all", () => {
    const index = new OrderIndex(1);
    put(index, 1, 1);
    put(index, 100_000, 2);
    index.clear();
    expect([direct(index, 1), index.hash.find(0, 100_000, 1), index.pageCount, index.hash.count]).toEqual([0, 0, 0, 0]);
  });
});
