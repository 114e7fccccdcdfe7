/** The snapshot's order list against a Map, which keeps insertion order by itself. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { ImageOrders } from "../../src/exchange/image-orders.ts";

/** References that collide in the low word, the high word, both far apart and dense. */
const reference = fc.record({
  high: fc.constantFrom(0, 1, 0x1fffff),
  low: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(0x80000000, 0xffffffff, 0x7fffffff)),
});
const operation = fc.record({
  kind: fc.constantFrom("add", "add", "add", "reduce", "remove"),
  reference,
  shares: fc.integer({ min: 1, max: 9 }),
});

function sameOrders(image: ImageOrders, model: Map<number, number>): void {
  const listed: [number, number][] = [];
  for (let record = image.first; record !== 0; record = image.next(record))
    listed.push([image.reference(record), image.shares(record)]);
  expect(listed).toEqual([...model]);
  expect(image.count).toBe(model.size);
}

test("any adds, reductions and removals: oldest first, found by reference, nothing else", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120, size: "max" }), (operations) => {
      const image = new ImageOrders();
      const model = new Map<number, number>();
      for (const { kind, reference: ref, shares } of operations) {
        const key = ref.high * 2 ** 32 + ref.low;
        const record = image.find(ref.high, ref.low);
        expect(record !== 0).toBe(model.has(key));
        if (kind === "add" && record === 0) {
          image.add(ref.high, ref.low, 7, 0x42, shares, 100, 0, 34_200e9);
          model.set(key, shares);
        } else if (kind === "remove" && record !== 0) {
          image.remove(record);
          model.delete(key);
        } else if (kind === "reduce" && record !== 0) {
          image.reduce(record, shares);
          const left = model.get(key)! - shares;
          if (left > 0) model.set(key, left);
          else model.delete(key);
        }
      }
      sameOrders(image, model);
    }),
    { numRuns: 300 },
  );
});

test("tens of thousands of orders, most of them gone again", () => {
  const image = new ImageOrders();
  const model = new Map<number, number>();
  for (let i = 1; i <= 60_000; i++) {
    image.add(0, i * 3, 65_535, 0x53, i, 4_294_967_295, 0x5a4d4b41, 86_399_999_999_999);
    model.set(i * 3, i);
    if (i % 4 === 0) continue;
    const gone = 3 * (1 + ((i * 7919) % i));
    const record = image.find(0, gone);
    if (record !== 0) image.remove(record);
    model.delete(gone);
  }
  sameOrders(image, model);
  const record = image.first;
  expect(image.locate(record)).toBe(65_535);
  expect(image.sideByte(record)).toBe(0x53);
  expect(image.priceE4(record)).toBe(4_294_967_295);
  expect(image.attribution(record)).toBe(0x5a4d4b41);
  expect(image.tsNs(record)).toBe(86_399_999_999_999);
});
