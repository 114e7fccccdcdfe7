/** The fast book is the naive book: on every tape, good or bad, message by message. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { FastBooks } from "../../src/books/builder.ts";
import type { BookEngine } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { apply, applyAll, everything } from "../support/books.ts";
import { anyMessage, OPENING } from "../support/books-arbitraries.ts";

const FAST: [name: string, make: () => BookEngine][] = [
  ["as it comes", () => new FastBooks()],
  ["with pools that must grow", () => new FastBooks({ orderCapacity: 2 })],
  ["with two index pages, the rest hashed", () => new FastBooks({ indexPageMax: 2 })],
  ["with all references hashed", () => new FastBooks({ indexPageMax: 0 })],
];
/** Messages between two looks at everything. */
const LOOK_EVERY = 25;

/** A tape in several sessions. */
const tape = fc.array(fc.array(anyMessage, { maxLength: 300, size: "max" }), { minLength: 1, maxLength: 2 });

test.each(FAST)("the same statuses, images and hashes: %s", (_name, make) => {
  fc.assert(
    fc.property(tape, (sessions) => {
      const [naive, fast] = [new NaiveBooks(), make()];
      for (const messages of sessions) {
        naive.reset();
        fast.reset();
        applyAll(naive, ...OPENING);
        applyAll(fast, ...OPENING);
        for (const [i, message] of messages.entries()) {
          expect(apply(fast, message)).toBe(apply(naive, message));
          if (i % LOOK_EVERY === 0) expect(everything(fast)).toEqual(everything(naive));
        }
        expect(everything(fast)).toEqual(everything(naive));
        for (const locate of naive.locates()) {
          for (const level of [...naive.book(locate, { queue: true })!.bids]) {
            for (const { orderReference } of level.queue!)
              expect(fast.order(locate, orderReference)).toEqual(naive.order(locate, orderReference));
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});
