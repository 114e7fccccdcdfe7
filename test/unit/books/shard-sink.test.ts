/** When a shard's ring is published: at the end of a batch, and in the middle of a long one. */
import { expect, test } from "bun:test";
import { RingShardSink } from "../../../src/books/shard-sink.ts";
import { MessageRing } from "../../../src/bus/message-ring.ts";

const MESSAGE = new Uint8Array(19);
const VIEW = new DataView(MESSAGE.buffer);

function rig() {
  const ring = MessageRing.create(1 << 20);
  const sink = new RingShardSink(ring);
  const reader = MessageRing.attach(ring.buffer);
  let sequence = 0;
  const send = (count: number) => {
    for (let i = 0; i < count; i++) sink.message(MESSAGE, VIEW, 0, MESSAGE.length, ++sequence, 0);
  };
  const seen = () => {
    let count = 0;
    while (reader.next()) count++;
    reader.release();
    return count;
  };
  return { sink, send, seen, end: () => sink.batchEnd(sequence) };
}

test("one packet goes through at once, with one publish", () => {
  const { sink, send, seen, end } = rig();
  for (let packets = 1; packets <= 10; packets++) {
    send(1);
    end();
    // The message, and how far the channel has come.
    expect(seen()).toBe(2);
    expect(sink.publishCount).toBe(packets);
  }
  end();
  expect(sink.publishCount).toBe(10);
});

test("a burst is published in batches, and its reader need not wait for the whole of it", () => {
  const { sink, send, seen, end } = rig();
  send(1000);
  expect(sink.publishCount).toBe(3);
  expect(seen()).toBe(768);
  end();
  expect(sink.publishCount).toBe(4);
  expect(seen()).toBe(1000 - 768 + 1);
});
