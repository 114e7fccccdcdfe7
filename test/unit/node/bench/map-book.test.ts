/** The builders that the bench holds against each other build the same books. */
import { describe, expect, test } from "bun:test";
import { Prng } from "../../../../src/core/prng.ts";
import { type DigestedBook, digestBooks } from "../../../../src/node/bench/book-digest.ts";
import { makeBuilder } from "../../../../src/node/bench/timed-builder.ts";
import { BinaryFileFramer } from "../../../../src/wire/binaryfile.ts";
import { encodeItch } from "../../../../src/wire/itch50.ts";
import { MarketFlow } from "../../../support/market-flow.ts";

const MESSAGES = 20_000;

function randomTape(seed: number): Uint8Array {
  const flow = new MarketFlow(8, seed);
  const bytes = new Uint8Array((MESSAGES + 100) * 52);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const opening = flow.opening();
  for (let i = 0; i < MESSAGES; i++) {
    const length = encodeItch(i < opening.length ? opening[i]! : flow.next(), bytes, at + 2);
    view.setUint16(at, length);
    at += 2 + length;
  }
  return bytes.subarray(0, at);
}

function build(builder: "fathom" | "map-book" | "naive", tape: Uint8Array) {
  const built = makeBuilder(builder);
  const framer = new BinaryFileFramer();
  framer.feed(tape);
  expect(built.run(framer, Number.POSITIVE_INFINITY)).toBe(MESSAGES);
  expect(built.badCount).toBe(0);
  return built;
}

/** What `itch-book.c` does, word by word. */
function digestByBigInt(books: readonly DigestedBook[]): string {
  const MASK = (1n << 64n) - 1n;
  let h = 0xcbf29ce484222325n;
  const mix = (value: bigint) => {
    h = ((h ^ value) * 0x100000001b3n) & MASK;
    h ^= h >> 29n;
  };
  for (const { locate, bids, asks } of books) {
    for (const [side, levels] of [bids, asks].entries()) {
      for (const level of levels) {
        for (const order of level.queue!) {
          mix(BigInt(locate * 2 + side));
          mix(BigInt(level.priceE4));
          mix(order.orderReference);
          mix(BigInt(order.shares));
        }
      }
    }
  }
  return h.toString(16).padStart(16, "0");
}

describe("maps and objects", () => {
  test.each([1, 2, 3])("the books are the naive book's and the fast book's, order by order (seed %d)", (seed) => {
    const tape = randomTape(seed);
    const naive = build("naive", tape);
    const map = build("map-book", tape);
    expect(map.orderCount).toBe(naive.orderCount);
    expect(naive.orderCount).toBeGreaterThan(100);
    const images = (books: Iterable<DigestedBook>) =>
      [...books].map(({ locate, bids, asks }) => ({ locate, bids, asks }));
    expect(images(map.books())).toEqual(images(naive.books()));
    expect(digestBooks(map.books())).toEqual(digestBooks(naive.books()));
    const fast = build("fathom", tape);
    expect(digestBooks(fast.books())).toEqual(digestBooks(naive.books()));
    expect(fast.stateHash()).toBe(naive.stateHash()!);
  });
});

describe("digest", () => {
  test("two 32-bit halves give what 64 bits give, for references and prices of every size", () => {
    const prng = new Prng(7);
    const order = () => ({
      orderReference: (BigInt(prng.u32()) << 32n) | BigInt(prng.u32()),
      shares: prng.u32(),
    });
    const level = () => ({ priceE4: prng.u32(), shares: 0, orders: 3, queue: [order(), order(), order()] });
    const books = Array.from({ length: 50 }, (_, i) => ({
      locate: i === 49 ? 65_535 : i + 1,
      bids: [level(), level()],
      asks: [level()],
    }));
    expect(digestBooks(books)).toEqual({ digest: digestByBigInt(books), orders: 450 });
  });

  test("two orders of a level that have changed places give another digest", () => {
    const [a, b] = [
      { orderReference: 1n, shares: 100 },
      { orderReference: 2n, shares: 100 },
    ];
    const book = (queue: { orderReference: bigint; shares: number }[]) => ({
      locate: 1,
      bids: [{ priceE4: 10_000, shares: 200, orders: 2, queue }],
      asks: [],
    });
    expect(digestBooks([book([a!, b!])]).digest).not.toBe(digestBooks([book([b!, a!])]).digest);
  });
});
