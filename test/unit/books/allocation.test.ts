/**
 * The hot path makes no objects. Objects that die at once leave no trace in any count, so this looks for the collector:
 * two million messages that made one each would have called it, and it takes away what is held only weakly.
 */
import { expect, test } from "bun:test";
import { BookShard } from "../../../src/books/book-shard.ts";
import { FastBooks } from "../../../src/books/builder.ts";
import { BookDispatcher } from "../../../src/books/dispatcher.ts";
import { ShardLoop } from "../../../src/books/shard-loop.ts";
import { InlineShardSink, RingShardSink } from "../../../src/books/shard-sink.ts";
import { MessageRing } from "../../../src/bus/message-ring.ts";
import { Prng } from "../../../src/core/prng.ts";
import * as write from "../../../src/wire/itch50-write.ts";

const INSTRUMENTS = 20;
const ROUNDS = 120_000;

/** One round: 18 messages that leave the book as it was; references go on rising. */
function playRound(prng: Prng, round: number, send: (length: number) => void, bytes: Uint8Array, view: DataView) {
  const locate = 1 + prng.below(INSTRUMENTS);
  const stock = STOCKS[locate]!;
  const first = round * 10 + 1;
  for (let i = 0; i < 6; i++) {
    const side = i % 2 === 0 ? 0x42 : 0x53;
    const price = (i % 2 === 0 ? 100_000 : 110_000) + prng.below(50) * 100;
    send(write.writeAddOrder(view, bytes, 0, locate, round, first + i, side, 300, stock, price));
  }
  send(write.writeExecuted(view, 0, locate, round, first, 100, first));
  send(write.writeExecuted(view, 0, locate, round, first + 1, 300, first + 1));
  send(write.writeExecutedWithPrice(view, 0, locate, round, first + 2, 300, first + 2, 0x59, 100_100));
  send(write.writeCancel(view, 0, locate, round, first + 3, 100));
  send(write.writeReplace(view, 0, locate, round, first, first + 6, 200, 105_000));
  send(write.writeReplace(view, 0, locate, round, first + 3, first + 7, 200, 106_000));
  send(write.writeTrade(view, bytes, 0, locate, round, 0, 0x42, 10, stock, 100_000, first + 3));
  send(write.writeDelete(view, 0, locate, round, first + 4));
  send(write.writeDelete(view, 0, locate, round, first + 5));
  send(write.writeDelete(view, 0, locate, round, first + 6));
  send(write.writeDelete(view, 0, locate, round, first + 7));
  // One that is bad: it is counted, and costs nothing either.
  send(write.writeDelete(view, 0, locate, round, first + 7));
}
const STOCKS = Array.from({ length: INSTRUMENTS + 1 }, (_, i) => write.stockBytes(`S${i}`));

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Whether the collector ran while `work` did. It may also come by between two turns of the event loop, for reasons of
 * its own: who wants to see that it did not run tries a few times.
 */
async function collectionsDuring(work: () => void): Promise<boolean> {
  Bun.gc(true);
  const canaries = Array.from({ length: 8 }, () => new WeakRef({}));
  // What a WeakRef holds stays at least as long as the job that made it.
  await turn();
  work();
  return canaries.some((canary) => canary.deref() === undefined);
}

let kept: object | undefined;

test("the meter notices one small object a message", async () => {
  const wasteful = () => {
    for (let i = 0; i < 2_000_000; i++) kept = { i };
  };
  // The larger the heap that other test files have left, the more it takes to call the collector.
  let noticed = false;
  for (let attempt = 0; attempt < 20 && !noticed; attempt++) noticed = await collectionsDuring(wasteful);
  expect(noticed).toBe(true);
  expect(kept).toEqual({ i: 1_999_999 });
});

function shardOf(engine: FastBooks) {
  return new BookShard({ shard: 0, engine, onPart: () => {}, onWatch: () => {} });
}

test.each(["inline", "ring"])(
  "two million messages through dispatcher and books allocate nothing (%s)",
  async (how) => {
    const engine = new FastBooks();
    const shard = shardOf(engine);
    const ring = MessageRing.create(1 << 20);
    const loop = new ShardLoop(ring, shard);
    const sink = how === "ring" ? new RingShardSink(ring) : new InlineShardSink(shard);
    const dispatcher = new BookDispatcher({ shards: [sink], shardOf: () => 0, isSubscribed: () => true });
    const bytes = new Uint8Array(64);
    const view = new DataView(bytes.buffer);
    let sequence = 0;
    const send = (length: number) => dispatcher.message(bytes, view, 0, length, ++sequence, sequence);
    for (let locate = 1; locate <= INSTRUMENTS; locate++)
      send(write.writeStockDirectory(view, bytes, 0, locate, 0, STOCKS[locate]!, {}));
    const prng = new Prng(1);
    const play = (from: number, to: number) => {
      for (let round = from; round < to; round++) {
        playRound(prng, round, send, bytes, view);
        if (round % 20 === 0) {
          dispatcher.batchEnd();
          if (how === "ring") loop.doWork(0);
        }
      }
    };
    play(0, 5000);
    let round = 5000;
    let isClean = false;
    for (let attempt = 0; attempt < 3 && !isClean; attempt++) {
      const end = round + ROUNDS;
      isClean = !(await collectionsDuring(() => play(round, end)));
      round = end;
    }
    expect(isClean).toBe(true);
    expect(sequence).toBeGreaterThan(2_000_000);
    expect(shard.bad.total).toBeGreaterThan(50_000);
    if (how === "inline") expect(engine.orderCount()).toBe(0);
  },
);
