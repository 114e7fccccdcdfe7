/** A thread that maps the memory it is told of, sets its first word, and wakes who sleeps on it. */
import { futexWake } from "../../src/io/futex.ts";
import { SharedMemory } from "../../src/io/shared-memory.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<string>) => {
  const memory = SharedMemory.open(data, { isWritable: true });
  Atomics.store(new Int32Array(memory.buffer), 0, 1);
  futexWake(memory.address, false);
};
