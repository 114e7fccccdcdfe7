/** A worker for the clock's test: adopts the base it is sent and answers with its clocks. */
import { clock } from "../../src/io/clock.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<number>) => {
  clock.adoptEpochBase(event.data);
  self.postMessage({
    base: clock.epochBaseSeconds,
    realtimeNs: clock.realtimeNs(),
    monotonicNs: clock.monotonicNs(),
  });
};
