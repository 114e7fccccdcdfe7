/** The line of a dumped book, letter by letter: other tools are compared against it. */
import { expect, test } from "bun:test";
import { bookToJson } from "../../../src/books/book-json.ts";
import { add, applyAll, directory, ENGINES, itch } from "../../support/books.ts";

test.each(ENGINES)("a dumped book has the shape that other tools compare against: %s", (_name, make) => {
  const engine = make();
  applyAll(
    engine,
    directory(1, "ZBAA"),
    itch("H", 1, { tradingState: "T" }),
    add(1, 12, "B", 100, 70_600),
    add(1, 2n ** 64n - 1n, "B", 2787, 70_600),
    add(1, 3, "S", 5, 0xffffffff),
  );
  expect(JSON.stringify(bookToJson(engine.book(1)!))).toBe(
    '{"stock_locate":1,"symbol":"ZBAA","state":"T","bids":[{"price":7.06,"shares":2887,"orders":2}],' +
      '"asks":[{"price":429496.7295,"shares":5,"orders":1}]}',
  );
  expect(bookToJson(engine.book(1, { queue: true })!).bids[0]!.queue).toEqual([
    { order_ref: "12", shares: 100 },
    { order_ref: "18446744073709551615", shares: 2787 },
  ]);
});
