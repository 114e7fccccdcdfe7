/** Shards on threads of their own, behind rings so small that the writer has to wait: the books of one thread. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { BadMessages } from "../../../src/books/bad-messages.ts";
import { APPLY_STATUS_BAD_FIRST, APPLY_STATUS_COUNT } from "../../../src/books/contract.ts";
import { type CutAnswer, CutCollector, type CutPart } from "../../../src/books/cut.ts";
import { BookDispatcher } from "../../../src/books/dispatcher.ts";
import { NaiveBooks } from "../../../src/books/naive.ts";
import { makeShardMap } from "../../../src/books/shard-map.ts";
import { RingShardSink } from "../../../src/books/shard-sink.ts";
import { MessageRing } from "../../../src/bus/message-ring.ts";
import { apply, applyAll, everything } from "../../support/books.ts";
import { anyMessage, OPENING } from "../../support/books-arbitraries.ts";
import { LAST_CUT, type ShardWorkerStart } from "../../support/shard-worker.ts";

const TAPE = fc.sample(anyMessage, { numRuns: 12_000, seed: 20200130 });
/** Half-way, and at the end. */
const CUTS = [
  { at: TAPE.length / 2, id: 1 },
  { at: TAPE.length, id: LAST_CUT },
];

/** What the naive book says at the sequence of each cut, and its bad messages by status. */
function expectation() {
  const naive = new NaiveBooks();
  applyAll(naive, ...OPENING);
  const bad = new Array<number>(APPLY_STATUS_COUNT).fill(0);
  const at = new Map<number, ReturnType<typeof everything>>();
  for (const [i, message] of TAPE.entries()) {
    const status = apply(naive, message);
    if (status >= APPLY_STATUS_BAD_FIRST) bad[status]! += 1;
    for (const cut of CUTS) if (i + 1 === cut.at) at.set(cut.id, everything(naive));
  }
  return { bad, at };
}
const EXPECTED = expectation();

test.each([1, 2, 4])("%d threads", async (shardCount) => {
  const rings = Array.from({ length: shardCount }, () => MessageRing.create(4096));
  const bads = rings.map(() => new BadMessages());
  const sinks = rings.map((ring) => new RingShardSink(ring));
  const workers = rings.map(() => new Worker(new URL("../../support/shard-worker.ts", import.meta.url)));
  const answers = new Map<number, CutAnswer>();
  try {
    const collectors = new Map(CUTS.map(({ id }) => [id, new CutCollector()]));
    const all = new Promise<void>((resolve, reject) => {
      for (const [shard, worker] of workers.entries()) {
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.onmessage = ({ data }: MessageEvent<CutPart>) => {
          const answer = collectors.get(data.id)!.add(data);
          if (answer) answers.set(data.id, answer);
          if (answers.size === CUTS.length) resolve();
        };
        const start: ShardWorkerStart = {
          shard,
          ring: rings[shard]!.buffer,
          bad: bads[shard]!.counts.buffer as SharedArrayBuffer,
        };
        worker.postMessage(start);
      }
    });
    const shardOf = makeShardMap({ by: "hash", shards: shardCount });
    const dispatcher = new BookDispatcher({ shards: sinks, shardOf, isSubscribed: () => true });
    const hand = (message: Uint8Array, sequence: number) =>
      dispatcher.message(message, new DataView(message.buffer), 0, message.length, sequence, 0);
    for (const message of OPENING) hand(message.slice(), 0);
    for (const [i, message] of TAPE.entries()) {
      hand(message.slice(), i + 1);
      if (i % 50 === 0) dispatcher.batchEnd();
      for (const { at, id } of CUTS)
        if (i + 1 === at) dispatcher.cut({ id, locates: null, books: { queue: true, tradeMax: 1000 }, hash: true });
    }
    await all;
    for (const { id, at } of CUTS) {
      const { books, hashes, orderCount } = EXPECTED.at.get(id)!;
      expect(answers.get(id)).toMatchObject({ sequence: at, orderCount });
      expect(answers.get(id)!.hashes).toEqual(hashes);
      expect(answers.get(id)!.books).toEqual(books as CutAnswer["books"]);
    }
    const blocks = [dispatcher.bad, ...bads];
    expect(EXPECTED.bad.map((_, status) => blocks.reduce((sum, { counts }) => sum + counts[status]!, 0))).toEqual(
      EXPECTED.bad,
    );
    expect(sinks.reduce((sum, sink) => sum + sink.waitCount, 0)).toBeGreaterThan(0);
  } finally {
    for (const worker of workers) worker.terminate();
  }
});
