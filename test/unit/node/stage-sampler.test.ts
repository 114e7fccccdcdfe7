/**
 * Timing a batch stage by stage must not be seen by the books: the dispatcher gets the same calls, in the same order,
 * as without it, whatever comes in the middle of a timed batch.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BookDispatcher } from "../../../src/books/dispatcher.ts";
import type { ShardSink } from "../../../src/books/shard-sink.ts";
import { Quality } from "../../../src/core/quality.ts";
import { SAMPLE_EVERY, StageSampler } from "../../../src/node/stage-sampler.ts";
import { add, directory } from "../../support/books.ts";

/** Writes down what it is told, with the bytes as they were then. */
class Recorder implements ShardSink {
  readonly calls: string[] = [];

  message(bytes: Uint8Array, _view: DataView, offset: number, length: number, sequence: number, tsNs: number): void {
    this.calls.push(`message ${sequence} ${tsNs} ${Bun.hash(bytes.slice(offset, offset + length))}`);
  }
  batchEnd(sequence: number): void {
    this.calls.push(`batchEnd ${sequence}`);
  }
  reset(): void {
    this.calls.push("reset");
  }
  snapshotBegin(): void {
    this.calls.push("snapshotBegin");
  }
  snapshotEnd(sequence: number): void {
    this.calls.push(`snapshotEnd ${sequence}`);
  }
  quality(quality: Quality): void {
    this.calls.push(`quality ${quality}`);
  }
  cut(): void {
    this.calls.push("cut");
  }
  watch(): void {
    this.calls.push("watch");
  }
  unwatch(id: number): void {
    this.calls.push(`unwatch ${id}`);
  }
}

function dispatcherOf(shards: ShardSink[]): BookDispatcher {
  return new BookDispatcher({ shards, shardOf: () => 0, isSubscribed: () => true });
}

/** A batch: messages of the packet that was received, and what may come between them. */
type Step = "message" | "stored" | "reset" | "quality" | "snapshot" | "batchEnd";
const STEPS: Step[] = [
  "message",
  "message",
  "message",
  "message",
  "stored",
  "reset",
  "quality",
  "snapshot",
  "batchEnd",
];
const batch = fc.array(fc.constantFrom(...STEPS), { maxLength: 40 });

/** The batches as the channel would hand them on; with a sampler also as it would meter them. */
function play(
  batches: readonly (readonly Step[])[],
  sampler: StageSampler | undefined,
  sink: BookDispatcher | StageSampler,
) {
  let sequence = 0;
  // A receiver's memory is left alone for a batch, the store's is not.
  const own = new Uint8Array(40 * 64);
  const kept = new Uint8Array(128);
  const hand = (bytes: Uint8Array, at: number) => {
    sequence++;
    // Few instruments, sometimes announced again.
    const message =
      sequence % 9 === 1
        ? directory(1 + (sequence % 4), `S${sequence % 4}`)
        : add(sequence % 5, sequence, "B", 100, 1000);
    bytes.set(message, at);
    sink.message(bytes, new DataView(bytes.buffer), at, message.length, sequence, sequence * 10);
  };
  for (const steps of batches) {
    sampler?.receiving();
    sampler?.received(1 + (steps.length % 3), own);
    for (const [i, step] of steps.entries()) {
      if (step === "message") hand(own, i * 64);
      else if (step === "stored") hand(kept, sequence % 64);
      else if (step === "reset") sink.reset();
      else if (step === "quality") sink.quality(Quality.recovering);
      else if (step === "batchEnd") sink.batchEnd();
      else {
        sink.snapshotBegin();
        sink.snapshotEnd(sequence + 1);
      }
    }
    sampler?.arbitrated();
    sink.batchEnd();
  }
}

describe("the stage sampler", () => {
  test.each([true, false])("hands everything on as it came (books inline: %p)", (isInline) => {
    fc.assert(
      fc.property(fc.array(batch, { minLength: 62, maxLength: 140 }), (batches) => {
        const plain = new Recorder();
        play(batches, undefined, dispatcherOf([plain]));
        const metered = new Recorder();
        const shards: ShardSink[] = [metered];
        const dispatcher = dispatcherOf(shards);
        const sampler = new StageSampler(dispatcher, shards, isInline);
        play(batches, sampler, sampler);
        expect(metered.calls).toEqual(plain.calls);
        expect(shards).toEqual([metered]);
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });

  test("one batch in 31 is timed, stage by stage, of each line in turn", () => {
    const shards: ShardSink[] = [new Recorder()];
    const dispatcher = dispatcherOf(shards);
    const sampler = new StageSampler(dispatcher, shards, true);
    const bytes = new Uint8Array(4096);
    let sequence = 0;
    const batch = (packets: number, messages: number) => {
      sampler.receiving();
      sampler.received(packets, bytes);
      if (packets === 0) return;
      for (let i = 0; i < messages; i++) {
        const message = sequence === 0 ? directory(1, "A") : add(1, sequence, "B", 100, 1000);
        bytes.set(message, i * 64);
        sampler.message(bytes, new DataView(bytes.buffer), i * 64, message.length, ++sequence, 0);
      }
      sampler.arbitrated();
      sampler.batchEnd();
    };
    // Line A with 3 packets of 5 messages in all, line B with 2 packets of copies, then nothing.
    const turn = () => {
      batch(3, 5);
      batch(2, 0);
      batch(0, 0);
    };
    for (let i = 0; i < SAMPLE_EVERY * 8; i++) turn();
    const counts = () => Object.fromEntries(sampler.times.stages.map((stage, i) => [stage, sampler.times.counts[i]]));
    // Sixteen samples, half of them of each line.
    expect(counts()).toEqual({ receive: 40, arbitrate: 40, dispatch: 40, publish: 8, books: 40, answer: 0 });
    for (const [i, stage] of sampler.times.stages.entries())
      if (stage === "dispatch" || stage === "books") expect(sampler.times.timesNs[i]).toBeGreaterThan(0);
    expect(sampler).toMatchObject({ packetCount: 1240, batchCount: 496, publishCount: 496 });
    expect(dispatcher.messageCount).toBe(1240);
    sampler.isEnabled = false;
    const before = counts();
    for (let i = 0; i < SAMPLE_EVERY * 2; i++) turn();
    expect(counts()).toEqual(before);
  });

  test("a batch of more messages than can be held goes through whole", () => {
    const recorder = new Recorder();
    const shards: ShardSink[] = [recorder];
    const sampler = new StageSampler(dispatcherOf(shards), shards, true);
    const message = add(1, 1, "B", 100, 1000);
    const view = new DataView(message.buffer);
    const count = 10_000;
    sampler.message(directory(1, "A"), new DataView(directory(1, "A").buffer), 0, 39, 1, 0);
    for (let batches = 1; batches <= SAMPLE_EVERY; batches++) {
      sampler.receiving();
      sampler.received(1, message);
      if (batches === SAMPLE_EVERY) {
        for (let i = 0; i < count; i++) sampler.message(message, view, 0, message.length, i + 2, 0);
      }
      sampler.arbitrated();
    }
    expect(sampler.times.counts[0]).toBe(1);
    sampler.batchEnd();
    expect(recorder.calls.filter((call) => call.startsWith("message"))).toHaveLength(1 + count);
  });
});
