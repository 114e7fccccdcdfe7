/**
 * The event ring under any order of writing, publishing, polling, coming and going: what a reader gets is whole, in
 * order, and with what it is told it has lost it is all that was written.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { READER_POLICIES } from "../../src/bus/reader-slots.ts";
import { CheckingReader, MEMORY_KINDS, makeRing, writeEvent } from "../support/event-records.ts";

const readerIndex = fc.nat(3);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("write" as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("publish" as const) }) },
  { weight: 12, arbitrary: fc.record({ type: fc.constant("poll" as const), reader: readerIndex }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("drain" as const), reader: readerIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("attach" as const),
      reader: readerIndex,
      policy: fc.constantFrom(...READER_POLICIES),
      from: fc.constantFrom("newest" as const, "oldest" as const),
      batchRecords: fc.integer({ min: 1, max: 64 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("detach" as const), reader: readerIndex }) },
);
/** Where counters go through their ends. */
const firstPosition = fc
  .constantFrom(0, 2 ** 31, 2 ** 32, 3 * 2 ** 31, 2 ** 33)
  .chain((end) => fc.nat(300).map((before) => Math.max(0, end - before)));

test.each(MEMORY_KINDS)("in %s", (kind) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: "max" }), firstPosition, (steps, first) => {
      const { ring, close } = makeRing(kind, { capacityRecords: 64, firstPosition: first });
      const writer = new EventWriter(ring, { blockTimeoutNs: 0 });
      const readers: (CheckingReader | undefined)[] = [undefined, undefined, undefined, undefined];
      const policies: string[] = [];
      let written = 0;
      for (const one of steps) {
        const checking = "reader" in one ? readers[one.reader] : undefined;
        if (one.type === "write") for (let i = 0; i < one.count; i++) writeEvent(writer, ++written);
        else if (one.type === "publish") writer.publish();
        else if (one.type === "poll") checking?.poll();
        else if (one.type === "drain") checking?.drain();
        else if (one.type === "detach" || one.type === "attach") {
          checking?.reader.detach();
          readers[one.reader] = undefined;
          if (one.type === "detach") continue;
          const attached = new CheckingReader(ring, { name: "r", ...one });
          attached.next = attached.reader.position - first + 1;
          readers[one.reader] = attached;
          policies[one.reader] = one.policy;
        }
      }
      writer.publish();
      expect(ring.headPosition()).toBe(first + written);
      for (const [i, checking] of readers.entries()) {
        if (!checking) continue;
        checking.drain();
        expect(checking.wrong).toBe("");
        if (policies[i] === "lossless-block") expect(checking.reader.lostTotalCount).toBe(0);
        if (!checking.isExpelled) expect(checking.next).toBe(written + 1);
        checking.reader.detach();
      }
      expect(ring.report().readers).toEqual([]);
      close();
    }),
    { numRuns: 100 },
  );
});
