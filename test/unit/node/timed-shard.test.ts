/** A shard's answers: counted and timed, and put off while the machine is behind. */
import { expect, test } from "bun:test";
import { BadMessages } from "../../../src/books/bad-messages.ts";
import { FastBooks } from "../../../src/books/builder.ts";
import type { WatchImage } from "../../../src/books/watch.ts";
import { TimedBookShard } from "../../../src/node/timed-shard.ts";
import { add, directory } from "../../support/books.ts";

function shardOf() {
  const images: WatchImage[] = [];
  const shard = new TimedBookShard({
    shard: 0,
    engine: new FastBooks(),
    bad: new BadMessages(),
    onPart: () => {},
    onWatch: (image) => images.push(image),
  });
  let sequence = 0;
  const hand = (message: Uint8Array) =>
    shard.message(message, new DataView(message.buffer), 0, message.length, ++sequence, 0);
  hand(directory(1, "A"));
  return { shard, images, change: () => hand(add(1, sequence + 1, "B", 100, 1000)) };
}

const WATCH = { id: 1, locate: 1, levelMax: 5, tradeMax: 0, queue: false, intervalNs: 10 };

test("cuts and images are counted with their time; without watchers a turn costs nothing", () => {
  const { shard, change } = shardOf();
  shard.doWork(0);
  expect(shard).toMatchObject({ answerCount: 0, answerNs: 0 });
  shard.cut({ id: 1, locates: null, books: {} }, 1, 0);
  expect(shard.answerCount).toBe(1);
  expect(shard.answerNs).toBeGreaterThan(0);
  shard.watch(WATCH);
  shard.doWork(100);
  expect(shard.answerCount).toBe(2);
  shard.unwatch(1);
  change();
  expect(shard.doWork(200)).toBe(0);
  expect(shard.answerCount).toBe(2);
});

test("while watched books are put off they come at the longer interval, and the newest then", () => {
  const { shard, images, change } = shardOf();
  shard.watch(WATCH);
  shard.doWork(0);
  shard.watchIntervalMinNs = 1000;
  change();
  shard.doWork(10);
  expect(images).toHaveLength(2);
  for (const nowNs of [20, 500, 1009]) {
    change();
    shard.doWork(nowNs);
    expect(images).toHaveLength(2);
  }
  shard.doWork(1010);
  expect(images.at(-1)?.image.instrument.orderCount).toBe(4);
  shard.watchIntervalMinNs = 0;
  change();
  shard.doWork(2010);
  change();
  shard.doWork(2020);
  expect(images).toHaveLength(5);
});
