/** The newest of each instrument: once however often it changed, told apart by kind, and honest after an overrun. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { BookEvents } from "../../../src/books/book-events.ts";
import { FastBooks } from "../../../src/books/builder.ts";
import { ConflatingReader, UNSURE_BIT } from "../../../src/bus/conflating-reader.ts";
import { decodeEvent, EventWord } from "../../../src/bus/event-record.ts";
import { EventWriter } from "../../../src/bus/event-writer.ts";
import { add, apply, applyAll, directory, itch } from "../../support/books.ts";
import { makeRing } from "../../support/event-records.ts";

function make(capacityRecords = 1024) {
  const { ring } = makeRing("a SharedArrayBuffer", { capacityRecords });
  const reader = new ConflatingReader(ring, { name: "dashboard" });
  const events = new BookEvents(new EventWriter(ring));
  const books = new FastBooks();
  books.tell(events);
  const taken = () => {
    reader.poll();
    const texts: string[] = [];
    for (let at = reader.take(); at >= 0; at = reader.take()) {
      const { kind, locate, side, priceE4, amount } = decodeEvent(reader.words, reader.doubles, at);
      const unsure = (reader.words[at + EventWord.head]! & UNSURE_BIT) !== 0 ? " unsure" : "";
      texts.push(`${kind} ${locate} ${side} ${priceE4} ${amount}${unsure}`);
    }
    return texts;
  };
  applyAll(books, directory(1, "AAPL"), directory(2, "MSFT"));
  return { ring, reader, events, books, taken };
}

test("each side's newest top, once, in the order in which they first changed", () => {
  const { reader, events, books, taken } = make();
  applyAll(books, add(2, 1, "S", 10, 60), add(1, 2, "B", 10, 50), add(1, 3, "B", 5, 51), add(2, 4, "S", 5, 60));
  events.publish();
  expect(reader.poll()).toBe(2);
  expect(reader.pendingCount).toBe(2);
  expect(taken()).toEqual(["top_of_book 2 S 60 15", "top_of_book 1 B 51 5"]);
  expect(taken()).toEqual([]);
  applyAll(books, itch("D", 1, { orderReference: 3n }));
  events.publish();
  expect(taken()).toEqual(["top_of_book 1 B 50 10"]);
});

test("trades, imbalances, quality and each status are told apart; what is off the tape is no trade", () => {
  const { events, books, taken } = make();
  applyAll(
    books,
    add(1, 1, "B", 100, 50),
    itch("P", 1, { shares: 7, priceE4: 49 }),
    itch("E", 1, { orderReference: 1n, executedShares: 10 }),
    itch("C", 1, { orderReference: 1n, executedShares: 20, printable: "N", executionPriceE4: 48 }),
    itch("I", 1, { currentReferencePriceE4: 47 }),
    itch("H", 1, { tradingState: "H" }),
    itch("Y", 1, { regShoAction: "1" }),
    itch("H", 1, { tradingState: "T" }),
  );
  events.quality(0);
  events.publish();
  expect(taken().map((text) => text.split(" ").slice(0, 4).join(" "))).toEqual([
    "top_of_book 1 B 50",
    "execute 1 B 50",
    "imbalance 1  47",
    "status 1  0",
    "status 1  0",
    "quality 0  0",
  ]);
});

test("after an overrun every entry is unsure until something newer has come", () => {
  const { reader, events, books, taken } = make(64);
  applyAll(books, add(1, 1, "B", 10, 50), add(2, 2, "B", 10, 70));
  events.publish();
  expect(taken()).toHaveLength(2);
  for (let n = 10; n < 200; n++) applyAll(books, add(1, n, "B", 1, 50));
  events.publish();
  const after = taken();
  expect(reader.reader.overrunCount).toBe(1);
  expect(after).toEqual(["top_of_book 1 B 50 200", "top_of_book 2 B 70 10 unsure"]);
  applyAll(books, add(2, 3, "B", 1, 70));
  events.publish();
  expect(taken()).toEqual(["top_of_book 2 B 70 11"]);
});

test("a reset forgets all, also what waits to be taken", () => {
  const { reader, events, books, taken } = make();
  applyAll(books, add(1, 1, "B", 10, 50));
  books.reset();
  applyAll(books, directory(5, "NEW"), add(5, 1, "S", 3, 9));
  events.publish();
  expect(taken()).toEqual(["top_of_book 5 S 9 3"]);
  expect(reader.resetCount).toBe(1);
});

test("what is kept of many instruments is what was written last, whenever one looks", () => {
  const step = fc.record({ locate: fc.integer({ min: 1, max: 300 }), isBid: fc.boolean(), take: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
      const { reader, events, books } = make(8192);
      const newest = new Map<string, number>();
      const seen = new Map<string, number>();
      const takeSome = (most: number) => {
        reader.poll();
        for (let i = 0, at = 0; i < most && at >= 0; i++) {
          at = reader.take();
          if (at < 0) break;
          const { locate, side, priceE4 } = decodeEvent(reader.words, reader.doubles, at);
          seen.set(`${locate} ${side}`, priceE4);
          expect(priceE4).toBe(newest.get(`${locate} ${side}`)!);
        }
      };
      for (const [n, { locate, isBid, take }] of steps.entries()) {
        apply(books, directory(locate, `S${locate}`));
        // Always better than what is there, so always a new top.
        const priceE4 = isBid ? 1000 + n : 1000 - n;
        applyAll(books, add(locate, n, isBid ? "B" : "S", 1, priceE4));
        newest.set(`${locate} ${isBid ? "B" : "S"}`, priceE4);
        events.publish();
        if (take < 5) takeSome(take);
      }
      takeSome(Number.POSITIVE_INFINITY);
      expect(seen).toEqual(newest);
      expect(reader.reader.overrunCount).toBe(0);
    }),
    { numRuns: 40 },
  );
});
