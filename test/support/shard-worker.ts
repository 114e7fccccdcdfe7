/** A shard on a thread of its own, until it has answered the cut of id `LAST_CUT`. Answers are posted as they come. */
import { BadMessages } from "../../src/books/bad-messages.ts";
import { BookShard } from "../../src/books/book-shard.ts";
import { FastBooks } from "../../src/books/builder.ts";
import { ShardLoop } from "../../src/books/shard-loop.ts";
import { MessageRing } from "../../src/bus/message-ring.ts";

declare const self: Worker;

export const LAST_CUT = 999;
export interface ShardWorkerStart {
  shard: number;
  ring: SharedArrayBuffer;
  bad: SharedArrayBuffer;
}

self.onmessage = ({ data }: MessageEvent<ShardWorkerStart>) => {
  let isLast = false;
  const shard = new BookShard({
    shard: data.shard,
    engine: new FastBooks(),
    bad: new BadMessages(data.bad),
    onPart: (part) => {
      self.postMessage(part);
      isLast = part.id === LAST_CUT;
    },
    onWatch: () => {},
  });
  const loop = new ShardLoop(MessageRing.attach(data.ring), shard);
  while (!isLast) if (loop.doWork(0) === 0) loop.wait(100);
};
