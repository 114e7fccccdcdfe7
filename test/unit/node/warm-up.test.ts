/** The warm-up: it runs what it says, in its time, and leaves nothing behind. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { ApplyStatus } from "../../../src/books/contract.ts";
import { NaiveBooks } from "../../../src/books/naive.ts";
import { availability, RECEIVE_PATHS } from "../../../src/io/receive-path.ts";
import { resolveSettings } from "../../../src/node/settings.ts";
import { warmUpIngest, warmUpShard } from "../../../src/node/warm-up.ts";
import { makeWarmUpTape, warmUpTape } from "../../../src/node/warm-up-tape.ts";
import { MoldHeader, MoldStatus, parseMold } from "../../../src/wire/moldudp64.ts";

const { settings } = resolveSettings({ file: null, env: {} });
const CHANNEL = settings.channels[0]!;
const LONG_NS = 20e9;

/** What this process has open, without the memory that the engine itself may map. */
function openDescriptors(): string[] {
  return readdirSync("/proc/self/fd")
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    })
    .filter((target) => target.startsWith("socket:"))
    .sort();
}

describe("an ingest thread's warm-up", () => {
  for (const path of RECEIVE_PATHS) {
    const { isAvailable } = availability(path);
    test.skipIf(!isAvailable).each([0, 2])(`by ${path}, %i shards: all messages true, all sockets closed`, (shards) => {
      const before = openDescriptors();
      const plan = { ...settings.books, shards, symbols: ["NOT-THESE"] };
      const result = warmUpIngest({ ...CHANNEL, receive: path }, plan, { budgetNs: LONG_NS, tape: warmUpTape() });
      expect(result).toMatchObject({ badCount: 0, skipped: "" });
      expect(result.messageCount).toBeGreaterThanOrEqual(30_000);
      expect(openDescriptors()).toEqual(before);
    });
  }

  test("a channel of one line is warmed too", () => {
    const one = { ...CHANNEL, lines: CHANNEL.lines.slice(0, 1) };
    const plan = { ...settings.books, shards: 0 };
    const result = warmUpIngest(one, plan, { budgetNs: LONG_NS, tape: warmUpTape() });
    expect(result).toMatchObject({ badCount: 0, skipped: "" });
    expect(result.messageCount).toBeGreaterThanOrEqual(30_000);
  });

  test("ends when its time is over, and does nothing when it has none", () => {
    const plan = { ...settings.books, shards: 0 };
    const short = warmUpIngest(CHANNEL, plan, { budgetNs: 1, tape: warmUpTape() });
    expect(short.messageCount).toBeLessThan(1000);
    expect(warmUpIngest(CHANNEL, plan, { budgetNs: 0, tape: warmUpTape() })).toMatchObject({
      durationNs: 0,
      messageCount: 0,
      skipped: "turned off",
    });
  });
});

test("a shard thread's warm-up runs the same messages through a ring", () => {
  const result = warmUpShard({ budgetNs: LONG_NS, tape: warmUpTape() });
  expect(result).toMatchObject({ badCount: 0, skipped: "" });
  expect(result.messageCount).toBeGreaterThanOrEqual(30_000);
});

describe("the tape", () => {
  const tape = makeWarmUpTape(5000);

  test("is a run of packets without a hole, of all the kinds that a day is made of", () => {
    const header = new MoldHeader();
    const kinds = new Map<string, number>();
    const counts = new Set<number>();
    let next = 1;
    for (const [i, offset] of tape.offsets.entries()) {
      expect(parseMold(tape.view, offset, tape.lengths[i]!, header)).toBe(MoldStatus.data);
      expect(header.sequence).toBe(next);
      expect(tape.sequences[i]).toBe(next);
      counts.add(header.count);
      next += header.count;
      for (let at = offset + 20, n = 0; n < header.count; n++) {
        const kind = String.fromCharCode(tape.bytes[at + 2]!);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        at += 2 + tape.view.getUint16(at);
      }
    }
    expect(next - 1).toBe(tape.messageCount);
    for (const kind of "AFDUECXP") expect(kinds.get(kind)).toBeGreaterThan(30);
    expect(Math.min(...counts)).toBe(1);
    expect(Math.max(...counts)).toBeGreaterThan(25);
  });

  test("leaves no order behind, so that it can be sent again", () => {
    const books = new NaiveBooks();
    for (let round = 0; round < 2; round++) {
      for (const [i, offset] of tape.offsets.entries()) {
        for (let at = offset + 20; at < offset + tape.lengths[i]!; ) {
          const length = tape.view.getUint16(at);
          expect(books.apply(tape.bytes, tape.view, at + 2, length)).toBe(ApplyStatus.ok);
          at += 2 + length;
        }
      }
      expect(books.orderCount()).toBe(0);
    }
  });
});
