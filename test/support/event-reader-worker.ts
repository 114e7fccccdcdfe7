/** The reading thread of the ring tests: checks every event up to number `to`, and posts how far it came. */
import { EventRing, type ThreadRingMemory } from "../../src/bus/event-ring.ts";
import { WaitStrategy } from "../../src/bus/wait-strategy.ts";
import { CheckingReader } from "./event-records.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<{ memory: ThreadRingMemory; to: number }>) => {
  const ring = EventRing.attachThread(data.memory);
  const checking = new CheckingReader(ring, { name: "thread", policy: "lossless-block" });
  const strategy = new WaitStrategy("adaptive");
  while (checking.next <= data.to && checking.wrong === "") {
    if (checking.poll() === 0) strategy.idle(checking.reader);
    else strategy.reset();
  }
  checking.reader.detach();
  self.postMessage({ next: checking.next, wrong: checking.wrong });
};
