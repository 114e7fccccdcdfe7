/** Watched books: conflated, at their own pace, and never better than the truth. */
import { describe, expect, test } from "bun:test";
import { bookQuality } from "../../../src/books/book-shard.ts";
import type { WatchRequest } from "../../../src/books/watch.ts";
import { Quality } from "../../../src/core/quality.ts";
import { add, directory, itch } from "../../support/books.ts";
import { BooksRig } from "../../support/books-rig.ts";

const WATCH: WatchRequest = { id: 1, locate: 1, levelMax: 5, tradeMax: 2, queue: false, intervalNs: 100 };

describe.each([0, 2])("watching with %d shards", (shards) => {
  const open = () => {
    const rig = new BooksRig({ shards, by: "table", table: { AAPL: 0, MSFT: 1 } });
    rig.dispatcher.quality(Quality.ok);
    rig.play([directory(1, "AAPL"), directory(2, "MSFT")]);
    return rig;
  };
  /** What has been published since the last call: id, sequence, quality, best bid. */
  const seen = (rig: BooksRig) =>
    rig.watched
      .splice(0)
      .map(({ id, sequence, quality, image }) => [id, sequence, quality, image.bids[0]?.priceE4 ?? 0]);
  const turned = (rig: BooksRig, nowNs: number) => {
    rig.turn(nowNs);
    return seen(rig);
  };

  test("one image at once, then one when it has changed and the interval has passed, the newest only", () => {
    const rig = open();
    rig.dispatcher.watch(WATCH);
    expect(turned(rig, 1000)).toEqual([[1, 2, Quality.ok, 0]]);
    expect(turned(rig, 5000)).toEqual([]);
    rig.message(add(1, 1, "B", 1, 100));
    expect(turned(rig, 5001)).toEqual([[1, 3, Quality.ok, 100]]);
    rig.message(add(1, 2, "B", 1, 200));
    expect(turned(rig, 5050)).toEqual([]);
    rig.message(add(1, 3, "B", 1, 300));
    expect(turned(rig, 5100)).toEqual([]);
    expect(turned(rig, 5101)).toEqual([[1, 5, Quality.ok, 300]]);
    expect(turned(rig, 9000)).toEqual([]);
  });

  test("another instrument's messages are no change", () => {
    const rig = open();
    rig.dispatcher.watch(WATCH);
    turned(rig, 1000);
    rig.message(add(2, 1, "B", 1, 100));
    expect(turned(rig, 2000)).toEqual([]);
  });

  test("several watches of one book are each served at their own pace, until they end", () => {
    const rig = open();
    rig.dispatcher.watch(WATCH);
    rig.dispatcher.watch({ ...WATCH, id: 2, intervalNs: 1000 });
    expect(turned(rig, 10_000).map(([id]) => id)).toEqual([1, 2]);
    for (let i = 1; i <= 12; i++) {
      rig.message(add(1, i, "B", 1, i));
      turned(rig, 10_000 + i * 50);
    }
    rig.message(add(1, 99, "B", 1, 99));
    expect(turned(rig, 11_000).map(([id]) => id)).toEqual([1, 2]);
    rig.dispatcher.unwatch(1);
    rig.message(add(1, 100, "B", 1, 100));
    expect(turned(rig, 20_000).map(([id]) => id)).toEqual([2]);
    rig.dispatcher.unwatch(2);
    rig.dispatcher.unwatch(2);
    rig.message(add(1, 101, "B", 1, 101));
    expect(turned(rig, 30_000)).toEqual([]);
  });

  test("quality is a change, and a book in doubt is never ok", () => {
    const rig = open();
    rig.dispatcher.watch(WATCH);
    turned(rig, 1000);
    rig.dispatcher.quality(Quality.stale);
    expect(turned(rig, 2000)).toEqual([[1, 2, Quality.stale, 0]]);
    rig.dispatcher.quality(Quality.ok);
    rig.message(itch("D", 1, { orderReference: 5n }));
    expect(turned(rig, 3000)).toEqual([[1, 3, Quality.recovering, 0]]);
  });

  test("nobody is left with a good image of a book that has been forgotten", () => {
    const rig = open();
    rig.play([add(1, 1, "B", 1, 100)]);
    rig.dispatcher.watch(WATCH);
    expect(turned(rig, 1000)).toEqual([[1, 3, Quality.ok, 100]]);
    rig.dispatcher.reset();
    // At once, whatever the interval; then nothing until the instrument is announced again.
    expect(turned(rig, 1001)).toEqual([[1, 3, Quality.recovering, 100]]);
    expect(turned(rig, 5000)).toEqual([]);
    for (const message of [directory(1, "AAPL"), add(1, 1, "B", 1, 700)]) rig.message(message, 0);
    rig.dispatcher.snapshotEnd(501);
    expect(turned(rig, 6000)).toEqual([[1, 500, Quality.ok, 700]]);
  });

  test("an image has the levels and trades that were asked for", () => {
    const rig = open();
    rig.play([1, 2, 3].map((i) => add(1, i, "B", 10, i * 100)));
    rig.play([1n, 2n, 3n].map((n) => itch("E", 1, { orderReference: n, executedShares: 1, matchNumber: n })));
    rig.dispatcher.watch({ ...WATCH, levelMax: 2, queue: true });
    rig.turn(1);
    const { image } = rig.watched[0]!;
    expect(image.bids.map((level) => [level.priceE4, level.queue?.length])).toEqual([
      [300, 1],
      [200, 1],
    ]);
    expect(image.trades!.map((trade) => trade.matchNumber)).toEqual([2n, 3n]);
  });
});

test("an image published in the middle of a batch says the sequence that is in it", () => {
  const rig = new BooksRig({ shards: 1 });
  rig.play([directory(1, "AAPL")]);
  rig.dispatcher.watch(WATCH);
  rig.message(add(1, 1, "B", 1, 100));
  rig.message(add(1, 2, "B", 1, 200));
  // As when the ring is full: published, but not yet the end of the batch.
  rig.rings[0]!.publish();
  rig.loops[0]!.doWork(1000);
  expect(rig.watched.map(({ sequence, image }) => [sequence, image.bids.length])).toEqual([[3, 2]]);
});

test("the quality of an image is the worse of the channel's and its own", () => {
  const rig = new BooksRig({ shards: 0 });
  rig.play([directory(1, "AAPL"), directory(2, "MSFT"), itch("D", 2, { orderReference: 1n })]);
  const [good, doubted] = rig.cut({ locates: null, books: {} }).books;
  const { ok, recovering, stale, closed } = Quality;
  expect([ok, recovering, stale, closed].map((quality) => bookQuality(quality, good!))).toEqual([
    ok,
    recovering,
    stale,
    closed,
  ]);
  expect([ok, stale].map((quality) => bookQuality(quality, doubted!))).toEqual([recovering, stale]);
});
