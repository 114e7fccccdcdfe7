/** Bad messages, held against every engine: a status each, and nothing changed but the book's doubt. */
import { describe, expect, test } from "bun:test";
import { APPLY_STATUS_NAMES, ApplyStatus, type BookEngine } from "../../../src/books/contract.ts";
import { ITCH_BYTES_MAX, ITCH_TYPES } from "../../../src/wire/itch50.ts";
import { add, apply, applyAll, directory, ENGINES, everything, itch } from "../../support/books.ts";

const order = { orderReference: 1n };
const U = (from: bigint, to: bigint, shares = 10) =>
  itch("U", 1, { originalOrderReference: from, newOrderReference: to, shares, priceE4: 100 });

/** Against a book that holds orders 1 (100 shares) and 2 of instrument 1, and 3 of instrument 2. */
const CASES: [what: string, status: ApplyStatus, message: Uint8Array][] = [
  ["nothing at all", ApplyStatus.unknownType, new Uint8Array(0)],
  ["a type that does not exist", ApplyStatus.unknownType, new Uint8Array([0x7a, 0, 1])],
  ["an add cut short", ApplyStatus.wrongLength, add(1, 9, "B", 1, 1).slice(0, 35)],
  ["an add with a byte too many", ApplyStatus.wrongLength, new Uint8Array([...add(1, 9, "B", 1, 1), 0])],
  ["just a type", ApplyStatus.wrongLength, new Uint8Array([0x41])],
  ["an add for a locate never announced", ApplyStatus.unknownLocate, add(7, 9, "B", 1, 1)],
  ["an execution for a locate never announced", ApplyStatus.unknownLocate, itch("E", 7, order)],
  ["a halt for a locate never announced", ApplyStatus.unknownLocate, itch("H", 7, { tradingState: "H" })],
  ["a participant for a locate never announced", ApplyStatus.unknownLocate, itch("L", 7)],
  ["a side that is neither", ApplyStatus.badSide, add(1, 9, "X", 1, 1)],
  ["a side that is neither, of 0 shares", ApplyStatus.badSide, add(1, 1, "b", 0, 1)],
  ["an add of 0 shares", ApplyStatus.zeroShares, add(1, 9, "B", 0, 1)],
  ["an add of 0 shares of a reference in use", ApplyStatus.zeroShares, add(1, 1, "B", 0, 1)],
  ["an add of a reference in use", ApplyStatus.duplicateOrder, add(1, 1, "S", 5, 7)],
  [
    "an attributed add of a reference in use",
    ApplyStatus.duplicateOrder,
    itch("F", 1, { ...order, side: "B", shares: 1 }),
  ],
  ["an execution of 0 shares", ApplyStatus.zeroShares, itch("E", 1, order)],
  ["an execution with price of 0 shares", ApplyStatus.zeroShares, itch("C", 1, order)],
  ["a cancel of 0 shares of an unknown order", ApplyStatus.zeroShares, itch("X", 1, { orderReference: 9n })],
  [
    "an execution of an unknown order",
    ApplyStatus.unknownOrder,
    itch("E", 1, { orderReference: 9n, executedShares: 1 }),
  ],
  [
    "an execution of another instrument's order",
    ApplyStatus.unknownOrder,
    itch("E", 1, { orderReference: 3n, executedShares: 1 }),
  ],
  [
    "an execution with price of an unknown order",
    ApplyStatus.unknownOrder,
    itch("C", 1, { orderReference: 9n, executedShares: 1 }),
  ],
  [
    "a cancel of an unknown order",
    ApplyStatus.unknownOrder,
    itch("X", 1, { orderReference: 2n ** 63n, canceledShares: 1 }),
  ],
  ["a delete of an unknown order", ApplyStatus.unknownOrder, itch("D", 1, { orderReference: 9n })],
  ["a delete of another instrument's order", ApplyStatus.unknownOrder, itch("D", 1, { orderReference: 3n })],
  ["an execution beyond the shares left", ApplyStatus.sharesExceeded, itch("E", 1, { ...order, executedShares: 101 })],
  ["an execution far beyond them", ApplyStatus.sharesExceeded, itch("E", 1, { ...order, executedShares: 0xffffffff })],
  ["an execution with price beyond them", ApplyStatus.sharesExceeded, itch("C", 1, { ...order, executedShares: 101 })],
  ["a cancel beyond them", ApplyStatus.sharesExceeded, itch("X", 1, { ...order, canceledShares: 101 })],
  ["a replace by 0 shares", ApplyStatus.zeroShares, U(9n, 9n, 0)],
  ["a replace of an unknown order", ApplyStatus.unknownOrder, U(9n, 10n)],
  ["a replace of another instrument's order", ApplyStatus.unknownOrder, U(3n, 10n)],
  ["a replace by a reference in use", ApplyStatus.duplicateOrder, U(1n, 2n)],
  ["a replace by itself", ApplyStatus.duplicateOrder, U(1n, 1n)],
  ["another symbol for a known locate", ApplyStatus.locateConflict, directory(1, "IBM")],
  ["a symbol of another locate for a known one", ApplyStatus.locateConflict, directory(1, "MSFT")],
  ["another locate for a known symbol", ApplyStatus.locateConflict, directory(5, "AAPL")],
];
const DOUBTS: ApplyStatus[] = [
  ApplyStatus.unknownOrder,
  ApplyStatus.duplicateOrder,
  ApplyStatus.sharesExceeded,
  ApplyStatus.zeroShares,
  ApplyStatus.badSide,
];

function open(make: () => BookEngine): BookEngine {
  const engine = make();
  applyAll(engine, directory(1, "AAPL"), directory(2, "MSFT"));
  applyAll(engine, add(1, 1, "B", 100, 5000, 77), add(1, 2, "S", 50, 6000, 78), add(2, 3, "B", 10, 7000, 79));
  return engine;
}

describe.each(ENGINES)("bad messages: %s", (_name, make) => {
  test.each(CASES)("%s", (_what, status, message) => {
    const engine = open(make);
    const before = everything(engine);
    expect(APPLY_STATUS_NAMES[apply(engine, message)]).toBe(APPLY_STATUS_NAMES[status]);
    const doubt = DOUBTS.includes(status) ? 1 : 0;
    expect([1, 2, 7].map((locate) => engine.doubtCount(locate))).toEqual([doubt, 0, 0]);
    before.books[0]!.instrument.doubtCount += doubt;
    const after = everything(engine);
    expect({ ...after, hashes: [] }).toEqual({ ...before, hashes: [] });
    // The state hash is of what the book holds; doubt belongs to the session.
    expect(after.hashes.map((hash) => hash.state)).toEqual(before.hashes.map((hash) => hash.state));
    expect(after.hashes[0]!.session === before.hashes[0]!.session).toBe(doubt === 0);
  });

  test("another instrument may use the same reference", () => {
    const engine = open(make);
    applyAll(engine, add(2, 1, "S", 1, 1), itch("D", 2, { orderReference: 1n }));
    expect(engine.order(1, 1n)!.shares).toBe(100);
  });

  test("every type of every wrong length is refused", () => {
    const engine = open(make);
    const before = everything(engine);
    for (const type of ITCH_TYPES) {
      const message = itch(type, 1);
      for (let length = 1; length <= ITCH_BYTES_MAX + 2; length++) {
        if (length === message.length) continue;
        const bytes = new Uint8Array(length);
        bytes.set(message.subarray(0, length));
        expect(apply(engine, bytes)).toBe(ApplyStatus.wrongLength);
      }
    }
    expect(everything(engine)).toEqual(before);
  });

  test("a reset takes the doubt away", () => {
    const engine = open(make);
    apply(engine, itch("D", 1, { orderReference: 9n }));
    apply(engine, itch("D", 1, { orderReference: 9n }));
    expect(engine.book(1)!.instrument.doubtCount).toBe(2);
    engine.reset();
    applyAll(engine, directory(1, "AAPL"));
    expect(engine.doubtCount(1)).toBe(0);
  });
});
