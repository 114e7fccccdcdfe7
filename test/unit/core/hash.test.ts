/** The state hash compares replicas of different machines and versions: its value is a contract, not a detail. */
import { describe, expect, test } from "bun:test";
import { hashText32, StateHash } from "../../../src/core/hash.ts";

function digestOf(feed: (hash: StateHash) => void): string {
  const hash = new StateHash();
  feed(hash);
  return hash.digest();
}

function digestOfWords(...words: number[]): string {
  return digestOf((hash) => {
    for (const word of words) hash.u32(word);
  });
}

function digestOfTexts(...texts: string[]): string {
  return digestOf((hash) => {
    for (const text of texts) hash.text(text);
  });
}

describe("StateHash", () => {
  test("has the values that it had in version 0.1: a change here breaks every stored hash", () => {
    expect(digestOf(() => {})).toBe("ebb6c2283cd6e3f3");
    expect(digestOf((hash) => hash.u32(1))).toBe("c5ae99066edbc674");
    expect(digestOf((hash) => hash.u53(2 ** 53 - 1))).toBe("317fc05b1374793a");
    expect(digestOf((hash) => hash.text("ZBAA"))).toBe("d4f978923e867939");
  });

  test("only the bits of a word count, not its sign", () => {
    expect(digestOf((hash) => hash.u32(-1))).toBe(digestOf((hash) => hash.u32(0xffffffff)));
  });

  test("order, zeros and the high word of a large number all matter", () => {
    const digests = [
      digestOfWords(1, 2),
      digestOfWords(2, 1),
      digestOfWords(1, 2, 0),
      digestOfWords(0, 1, 2),
      digestOf((hash) => hash.u53(2 ** 32 + 2)),
      digestOf((hash) => hash.u53(2 ** 33 + 2)),
      digestOfTexts("ab", "c"),
      digestOfTexts("a", "bc"),
    ];
    // The fifth is the same two words as the first.
    expect(digests[4]).toBe(digests[0]!);
    expect(new Set(digests).size).toBe(digests.length - 1);
  });

  test("reading the digest does not disturb it, and reset forgets everything", () => {
    const hash = new StateHash();
    hash.u32(5);
    hash.digest();
    hash.u32(6);
    expect(hash.digest()).toBe(digestOfWords(5, 6));
    hash.reset();
    expect(hash.digest()).toBe(digestOf(() => {}));
  });

  test("200,000 neighbouring states have 200,000 digests", () => {
    const digests = new Set<string>();
    for (let i = 0; i < 100_000; i++) digests.add(digestOf((hash) => hash.u32(i)));
    for (let i = 0; i < 100_000; i++) digests.add(digestOfWords(i, 7));
    expect(digests.size).toBe(200_000);
  });
});

describe("hashText32", () => {
  test("has the values that place symbols on shards: a change here moves every instrument", () => {
    expect(["", "A", "AAPL", "ZBAA"].map(hashText32)).toEqual([2872998923, 1294499476, 2272979962, 1238140022]);
  });

  test("spreads symbols evenly over a few shards", () => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const counts = [0, 0, 0, 0, 0];
    for (const a of letters) for (const b of letters) for (const c of letters) counts[hashText32(a + b + c) % 5]!++;
    const mean = 26 ** 3 / 5;
    for (const count of counts) expect(Math.abs(count - mean)).toBeLessThan(mean * 0.06);
  });
});
