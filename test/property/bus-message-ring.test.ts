/** A message ring is a bounded queue: whatever both sides do, in whatever order. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { MessageRing } from "../../src/bus/message-ring.ts";

type Step = { do: "write"; bytes: number } | { do: "publish" } | { do: "read"; count: number } | { do: "release" };

const PAYLOAD_BYTES_MAX = 1000;
/** A pad is shorter than the record that did not fit. */
const PAD_BYTES_MAX = PAYLOAD_BYTES_MAX + 24;

const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ do: fc.constant("write"), bytes: fc.oneof(fc.nat(60), fc.nat(PAYLOAD_BYTES_MAX)) }),
  fc.record({ do: fc.constant("publish") }),
  fc.record({ do: fc.constant("read"), count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ do: fc.constant("release") }),
);

/** Bytes that a record takes at least: its head and its payload, padded. */
const recordBytes = (payload: number) => (24 + payload + 7) & ~7;

test("it behaves as a queue with a bound", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), fc.integer(), (steps, start) => {
      const { buffer } = MessageRing.create(4096);
      const words = new Int32Array(buffer);
      words[0] = words[16] = start;
      const [writer, reader] = [MessageRing.attach(buffer), MessageRing.attach(buffer)];
      const committed: number[] = [];
      let [published, read, released, written] = [0, 0, 0, 0];
      for (const now of steps) {
        if (now.do === "write") {
          const at = writer.tryClaim(now.bytes);
          const used = committed.slice(released).reduce((sum, bytes) => sum + recordBytes(bytes), 0);
          // Full only when it would not fit behind a pad of its own size and one already there; never over capacity.
          if (at < 0) expect(used + 2 * recordBytes(now.bytes) + PAD_BYTES_MAX).toBeGreaterThan(4096);
          else {
            expect(used + recordBytes(now.bytes)).toBeLessThanOrEqual(4096);
            writer.bytes.fill(++written & 0xff, at, at + now.bytes);
            writer.commit(written % 5, now.bytes, written, -written);
            committed.push(now.bytes);
          }
        } else if (now.do === "publish") {
          writer.publish();
          published = committed.length;
        } else if (now.do === "release") {
          reader.release();
          released = read;
        } else {
          for (let i = 0; i < now.count; i++) {
            const has = reader.next();
            expect(has).toBe(read < published);
            if (!has) break;
            read++;
            const { payloadOffset: at, payloadBytes, sequence, tsRecvNs, kind } = reader;
            expect([payloadBytes, sequence, tsRecvNs, kind]).toEqual([committed[read - 1]!, read, -read, read % 5]);
            expect(reader.bytes.subarray(at, at + payloadBytes).every((byte) => byte === (read & 0xff))).toBe(true);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
