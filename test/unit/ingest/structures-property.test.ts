/**
 * The arbiter's two structures held against plain models: sequences missing against a set, messages held against a
 * map.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GapCloser, GapLog } from "../../../src/ingest/gap-log.ts";
import { MessageStore } from "../../../src/ingest/message-store.ts";
import { MissingRanges } from "../../../src/ingest/missing-ranges.ts";
import { MOLD_HEADER_BYTES } from "../../../src/wire/moldudp64.ts";
import { dataPacket, messageText } from "../../support/net-feed.ts";

/** Everything in the ranges, and that they are in order and do not touch. */
function listed(ranges: MissingRanges): number[] {
  const all: number[] = [];
  for (let i = 0; i < ranges.count; i++) {
    expect(ranges.end[i]!).toBeGreaterThan(ranges.first[i]!);
    if (i > 0) expect(ranges.first[i]!).toBeGreaterThan(ranges.end[i - 1]!);
    for (let sequence = ranges.first[i]!; sequence < ranges.end[i]!; sequence++) all.push(sequence);
  }
  return all;
}

describe("missing ranges", () => {
  const step = fc.record({
    kind: fc.constantFrom("add", "fill", "open"),
    at: fc.integer({ min: 0, max: 60 }),
    length: fc.integer({ min: 1, max: 12 }),
  });

  test("hold what a set would hold, and every gap that was opened closes with its last piece", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const gaps = new GapLog(64);
        const ranges = new MissingRanges(32, gaps);
        const model = new Set<number>();
        let high = 1;
        for (const { kind, at, length } of steps) {
          if (kind === "add" && !ranges.full) {
            const first = high + (at % 5);
            ranges.add(first, first + length, 0);
            for (let sequence = first; sequence < first + length; sequence++) model.add(sequence);
            high = first + length;
          } else if (kind === "fill" && !ranges.full) {
            let expected = 0;
            for (let sequence = at; sequence < at + length; sequence++) if (model.delete(sequence)) expected++;
            expect(ranges.fill(at, at + length, 1, GapCloser.line)).toBe(expected);
          } else if (kind === "open" && ranges.count > 0) {
            ranges.openGap(at % ranges.count, 0);
          }
          expect(listed(ranges)).toEqual([...model].sort((x, y) => x - y));
          expect(ranges.total).toBe(model.size);
          const open = new Set([...ranges.gap.subarray(0, ranges.count)].filter((slot) => slot >= 0));
          expect(gaps.openCount).toBe(open.size);
          for (let sequence = 0; sequence < high; sequence++) {
            const missing = ranges.firstMissing(sequence, high);
            const found = [...model].filter((one) => one >= sequence).sort((x, y) => x - y)[0];
            expect(missing).toBe(found ?? high);
          }
        }
        ranges.clear(2, GapCloser.givenUp);
        expect(gaps.openCount).toBe(0);
        expect(gaps.repairedCount + gaps.lostCount).toBe(gaps.openedCount);
      }),
      { numRuns: 100 },
    );
  });
});

describe("message store", () => {
  const WINDOW = 512;
  const step = fc.record({
    put: fc.boolean(),
    at: fc.integer({ min: 0, max: WINDOW - 40 }),
    count: fc.integer({ min: 1, max: 40 }),
  });

  test("holds what a map would hold, through any order of coming and going", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(1, 5000, 2 ** 32 - 100), (steps, base) => {
        const store = new MessageStore(WINDOW, 128 * 1024);
        const model = new Map<number, number>();
        for (const [i, { put, at, count }] of steps.entries()) {
          const first = base + at;
          if (put) {
            const packet = dataPacket(first, first + count);
            const length = packet.length - MOLD_HEADER_BYTES;
            const stored = store.put(new DataView(packet.buffer), MOLD_HEADER_BYTES, length, first, count, i);
            let fresh = 0;
            for (let sequence = first; sequence < first + count; sequence++)
              if (!model.has(sequence)) {
                model.set(sequence, i);
                fresh++;
              }
            expect(stored).toBe(fresh);
          } else {
            store.dropRange(first, first + count);
            for (let sequence = first; sequence < first + count; sequence++) model.delete(sequence);
          }
        }
        expect(store.count).toBe(model.size);
        for (let sequence = base; sequence < base + WINDOW; sequence++) {
          expect(store.has(sequence)).toBe(model.has(sequence));
          if (!store.has(sequence)) continue;
          const at = store.offset(sequence);
          const text = String.fromCharCode(...store.bytes.subarray(at, at + store.length(sequence)));
          expect(text).toBe(messageText(sequence));
          expect(store.stampNs(sequence)).toBe(model.get(sequence)!);
        }
        store.clear();
        expect([store.count, store.usedBytes]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  test("refuses what it has no room for and stays as it was", () => {
    const store = new MessageStore(1 << 16, 128 * 1024);
    let first = 1;
    for (;;) {
      const packet = dataPacket(first, first + 1000);
      const length = packet.length - MOLD_HEADER_BYTES;
      if (store.put(new DataView(packet.buffer), MOLD_HEADER_BYTES, length, first, 1000, 0) < 0) break;
      first += 1000;
    }
    expect(first).toBeGreaterThan(3000);
    expect(store.count).toBe(first - 1);
    expect(store.countMax).toBe(first - 1);
    expect(store.has(first)).toBe(false);
    store.dropRange(1, first);
    expect(store.usedBytes).toBe(0);
  });
});
