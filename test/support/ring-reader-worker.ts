/**
 * The reading thread of the ring tests: takes `count` records off a ring, holds each against what `ring-records.ts`
 * says it must be, and posts how many it found and what was wrong first.
 */
import { MessageRing } from "../../src/bus/message-ring.ts";
import { checkRecord } from "./ring-records.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<{ buffer: SharedArrayBuffer; count: number; releaseEvery: number }>) => {
  const ring = MessageRing.attach(data.buffer);
  let read = 0;
  let wrong = "";
  while (read < data.count && wrong === "") {
    if (!ring.next()) {
      ring.release();
      ring.wait(1000);
      continue;
    }
    wrong = checkRecord(ring, ++read);
    if (read % data.releaseEvery === 0) ring.release();
  }
  ring.release();
  self.postMessage({ read, wrong });
};
