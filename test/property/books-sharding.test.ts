/** What the books are does not depend on how many shards keep them, or on which instrument is where. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { APPLY_STATUS_BAD_FIRST, APPLY_STATUS_COUNT } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { combineHashes } from "../../src/books/state-hash.ts";
import { apply, applyAll, everything } from "../support/books.ts";
import { anyMessage, OPENING, SYMBOLS } from "../support/books-arbitraries.ts";
import { BooksRig, type RigOptions } from "../support/books-rig.ts";

const TABLE = Object.fromEntries(SYMBOLS.map((symbol, i) => [symbol, i]));
const RIGS: [name: string, options: RigOptions][] = [
  ["inline", { shards: 0 }],
  ["1 shard", { shards: 1 }],
  ["2 shards by hash", { shards: 2 }],
  ["2 shards by range", { shards: 2, by: "range" }],
  ["4 shards by hash", { shards: 4 }],
  ["4 shards by range", { shards: 4, by: "range", ranges: ["AAPL", "GOOG", "MSFT"] }],
  ["4 shards by table, one instrument each", { shards: 4, by: "table", table: TABLE }],
];

/** Several stretches of a session, with a cut after each. */
const stretches = fc.array(fc.array(anyMessage, { maxLength: 120, size: "max" }), { minLength: 1, maxLength: 4 });

test.each(RIGS)("the same cuts, counts and hashes as the naive book: %s", (_name, options) => {
  fc.assert(
    fc.property(stretches, fc.boolean(), (tape, isReset) => {
      const rig = new BooksRig(options);
      const naive = new NaiveBooks();
      const bad = new Array<number>(APPLY_STATUS_COUNT).fill(0);
      const open = () => {
        applyAll(naive, ...OPENING);
        rig.play(OPENING);
      };
      open();
      for (const [i, messages] of tape.entries()) {
        if (isReset && i === 1) {
          naive.reset();
          rig.dispatcher.reset();
          open();
        }
        for (const message of messages) {
          const status = apply(naive, message);
          bad[status]! += status >= APPLY_STATUS_BAD_FIRST ? 1 : 0;
          rig.message(message);
        }
        // Not at the end of a batch: the cut stands behind what was handed on, not behind what was published.
        const { books, hashes, ...answer } = rig.cut({
          locates: null,
          books: { queue: true, tradeMax: 1000 },
          hash: true,
        });
        const expected = everything(naive);
        expect(books).toEqual(expected.books as typeof books);
        expect(hashes).toEqual(expected.hashes);
        expect(answer).toMatchObject({
          sequence: rig.sequence,
          orderCount: expected.orderCount,
          instrumentCount: expected.instrumentCount,
          stateHash: combineHashes(expected.hashes, "state"),
          sessionHash: combineHashes(expected.hashes, "session"),
          feed: { ...expected.feed, tsEventNs: rig.dispatcher.tsEventNs },
        });
        // Asked for one instrument, its shard alone answers, and knows the whole feed's state all the same.
        for (const [k, locate] of naive.locates().entries()) {
          const one = rig.cut({ locates: [locate], hash: true });
          expect(one.feed).toEqual(answer.feed);
          expect(one.hashes).toEqual([expected.hashes[k]!]);
        }
      }
      rig.turn();
      expect(rig.badCounts()).toEqual(bad);
    }),
    { numRuns: 30 },
  );
});
