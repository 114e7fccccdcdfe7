/**
 * The event ring's two ends on one thread, in each kind of memory: order, wholeness, overruns, readers seen and gone.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { EventReader, Poll } from "../../../src/bus/event-reader.ts";
import { flagsOf } from "../../../src/bus/event-record.ts";
import { EventRing } from "../../../src/bus/event-ring.ts";
import { EventWriter } from "../../../src/bus/event-writer.ts";
import { AssertionError, FathomError } from "../../../src/core/assert.ts";
import { SharedMemory, threadRegion } from "../../../src/io/shared-memory.ts";
import {
  CheckingReader,
  isEvent,
  MEMORY_KINDS,
  makeRing,
  ringOptions,
  writeEvent,
} from "../../support/event-records.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function make(kind: (typeof MEMORY_KINDS)[number], given: Parameters<typeof ringOptions>[0] = {}) {
  const { ring, close } = makeRing(kind, given);
  closers.push(close);
  return ring;
}

function write(writer: EventWriter, from: number, to: number): void {
  for (let n = from; n <= to; n++) writeEvent(writer, n);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FathomError) return error.code;
    throw error;
  }
  return "none";
}

/** Which of the reader's batch end a batch. */
const lastFlags = (reader: EventReader, count: number) =>
  Array.from({ length: count }, (_, i) => flagsOf(reader.words[i * 16 + 6]!) & 1);

describe.each(MEMORY_KINDS)("in %s", (kind) => {
  test("records are seen when published, whole, in order, and once", () => {
    const ring = make(kind);
    const writer = new EventWriter(ring);
    const reader = new EventReader(ring, { name: "r", policy: "lossless-overrun" });
    expect(reader.poll()).toBe(0);
    write(writer, 1, 3);
    expect(reader.poll()).toBe(0);
    writer.publish();
    expect(reader.poll()).toBe(3);
    for (let i = 0; i < 3; i++) expect(isEvent(reader, i, 1 + i)).toBe(true);
    expect(lastFlags(reader, 3)).toEqual([0, 0, 1]);
    expect(reader.poll()).toBe(0);
    writer.publish();
    expect(reader.poll()).toBe(0);
  });

  test("claiming again without a commit leaves nothing behind", () => {
    const ring = make(kind);
    const writer = new EventWriter(ring);
    const checking = new CheckingReader(ring, { name: "r", policy: "lossless-overrun" });
    for (let n = 1; n <= 1000; n++) {
      expect(writer.claim()).toBe(writer.claim());
      writeEvent(writer, n);
      writer.publish();
      expect(checking.poll()).toBe(1);
    }
    expect([checking.wrong, checking.next]).toEqual(["", 1001]);
  });

  test("a long batch is shown in parts, and only its very last record is marked", () => {
    const ring = make(kind, { capacityRecords: 4096 });
    const writer = new EventWriter(ring);
    const checking = new CheckingReader(ring, { name: "r", policy: "lossless-overrun", batchRecords: 2048 });
    write(writer, 1, 1000);
    const early = checking.poll();
    expect(early).toBeGreaterThan(500);
    expect(lastFlags(checking.reader, early)).not.toContain(1);
    writer.publish();
    const late = checking.poll();
    expect([early + late, checking.wrong]).toEqual([1000, ""]);
    expect(lastFlags(checking.reader, late).indexOf(1)).toBe(late - 1);
  });

  test("the last record of a batch is marked wherever the batch ends", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring);
    const reader = new EventReader(ring, { name: "r", policy: "lossless-overrun" });
    for (let length = 1, n = 0; length <= 40; length++) {
      const marks: number[] = [];
      for (let i = 0; i < length; i++) {
        writeEvent(writer, ++n);
        const part = reader.poll();
        marks.push(...lastFlags(reader, Math.max(0, part)));
      }
      writer.publish();
      marks.push(...lastFlags(reader, reader.poll()));
      expect(marks).toEqual([...Array(length - 1).fill(0), 1]);
    }
  });

  test.each([2 ** 31 - 100, 2 ** 32 - 100, 5 * 2 ** 31 - 100, 2 ** 44 - 100])(
    "counters go through position %d",
    (firstPosition) => {
      const ring = make(kind, { firstPosition });
      const writer = new EventWriter(ring);
      const checking = new CheckingReader(ring, { name: "r", policy: "lossless-block" });
      const slow = new CheckingReader(ring, { name: "slow", policy: "conflate" });
      for (let n = 1; n <= 600; n++) {
        writeEvent(writer, n);
        if (n % 7 === 0) {
          writer.publish();
          checking.drain();
          expect(ring.headPosition()).toBe(firstPosition + n);
          expect(checking.reader.position).toBe(firstPosition + n);
        }
      }
      writer.publish();
      slow.drain();
      checking.drain();
      expect([checking.wrong, checking.next, checking.reader.lostTotalCount]).toEqual(["", 601, 0]);
      expect([slow.wrong, slow.next]).toEqual(["", 601]);
      expect(slow.reader.lostTotalCount + slow.reader.recordCount).toBe(600);
    },
  );

  test("an overrun is told before anything else, with the exact number lost, and what follows is right", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring);
    const checking = new CheckingReader(ring, { name: "r", policy: "lossless-overrun" });
    write(writer, 1, 1000);
    writer.publish();
    expect(checking.poll()).toBe(Poll.overrun);
    expect([checking.reader.lostCount, checking.reader.overrunCount, checking.next]).toEqual([968, 1, 969]);
    checking.drain();
    expect([checking.wrong, checking.next, checking.reader.recordCount]).toEqual(["", 1001, 32]);
  });

  test("a reader that just keeps up is not overrun; one a little slower is", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring);
    const fast = new CheckingReader(ring, { name: "fast", policy: "lossless-overrun" });
    const late = new CheckingReader(ring, { name: "late", policy: "lossless-overrun" });
    write(writer, 1, 48);
    writer.publish();
    fast.drain();
    write(writer, 49, 96);
    writer.publish();
    fast.drain();
    expect([fast.next, fast.reader.lostTotalCount, fast.wrong]).toEqual([97, 0, ""]);
    expect(late.poll()).toBe(Poll.overrun);
  });

  test("what the writer has begun to write over, and not published, is not returned", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring);
    const checking = new CheckingReader(ring, { name: "r", policy: "lossless-overrun" });
    write(writer, 1, 60);
    writer.publish();
    // Two more than the ring holds: the first two records are gone, while the head is still less than a ring away.
    write(writer, 61, 66);
    expect(ring.headPosition()).toBeLessThanOrEqual(64);
    expect(checking.poll()).toBe(Poll.overrun);
    writer.publish();
    checking.drain();
    expect([checking.next, checking.wrong]).toEqual([67, ""]);
  });

  test("a blocking reader that does not move is expelled after the time-out, told so, and may come back", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring, { blockTimeoutNs: 3e6 });
    const checking = new CheckingReader(ring, { name: "stuck", policy: "lossless-block" });
    write(writer, 1, 200);
    writer.publish();
    expect(checking.poll()).toBe(Poll.expelled);
    expect(checking.poll()).toBe(Poll.expelled);
    const { blockedCount, blockedNs, expelledCount, readers } = ring.report();
    expect([blockedCount, expelledCount]).toEqual([1, 1]);
    expect(blockedNs).toBeGreaterThanOrEqual(3e6);
    expect(readers.map(({ name, state }) => [name, state])).toEqual([["stuck", "expelled"]]);
    checking.reader.detach();
    const again = new CheckingReader(ring, { name: "stuck", policy: "lossless-block" }, 201);
    write(writer, 201, 230);
    writer.publish();
    again.drain();
    expect([again.next, again.wrong]).toEqual([231, ""]);
    again.reader.detach();
    expect(ring.report().readers).toEqual([]);
  });

  test("one blocking reader holds the writer back, and others are not expelled with it", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring, { blockTimeoutNs: 2e6 });
    const good = new CheckingReader(ring, { name: "good", policy: "lossless-block" });
    const stuck = new CheckingReader(ring, { name: "stuck", policy: "lossless-block" });
    for (let n = 1; n <= 300; n++) {
      writeEvent(writer, n);
      writer.publish();
      good.drain();
    }
    good.poll();
    expect([good.next, good.wrong, good.isExpelled]).toEqual([301, "", false]);
    stuck.poll();
    expect(stuck.isExpelled).toBe(true);
  });

  test("oldest begins with what is still there; newest with what comes", () => {
    const ring = make(kind, { capacityRecords: 64 });
    const writer = new EventWriter(ring);
    write(writer, 1, 10);
    writer.publish();
    const all = new CheckingReader(ring, { name: "all", policy: "lossless-block", from: "oldest" });
    const none = new CheckingReader(ring, { name: "none", policy: "lossless-block" }, 11);
    write(writer, 11, 40);
    writer.publish();
    for (const checking of [all, none]) {
      checking.drain();
      expect([checking.next, checking.wrong, checking.reader.lostTotalCount]).toEqual([41, "", 0]);
      checking.reader.detach();
    }
    write(writer, 41, 1000);
    writer.publish();
    const half = new CheckingReader(ring, { name: "half", policy: "lossless-overrun", from: "oldest" }, 969);
    half.drain();
    expect([half.next, half.wrong, half.reader.lostTotalCount]).toEqual([1001, "", 0]);
  });

  test("what others see of a reader is what it had dealt with before its last poll", () => {
    const ring = make(kind);
    const writer = new EventWriter(ring);
    const reader = new EventReader(ring, { name: "strategy α", policy: "conflate", nowNs: 5 });
    write(writer, 1, 20);
    writer.publish();
    reader.beat(7);
    const seen = () => ring.report().readers[0]!;
    expect(seen()).toMatchObject({ name: "strategy α", policy: "conflate", pid: process.pid, state: "attached" });
    expect(seen()).toMatchObject({ lagRecords: 20, lagRatio: 20 / 256, heartbeatNs: 7, attachedNs: 5, parked: false });
    reader.poll();
    expect(seen().lagRecords).toBe(20);
    reader.release();
    expect(seen()).toMatchObject({ lagRecords: 0, recordCount: 20 });
    expect(reader.lagRecords).toBe(0);
  });

  test("a closed ring is drained to its end", () => {
    const ring = make(kind);
    const writer = new EventWriter(ring);
    const checking = new CheckingReader(ring, { name: "r", policy: "lossless-overrun" });
    write(writer, 1, 5);
    writer.close();
    expect(checking.reader.isClosed).toBe(false);
    checking.drain();
    expect([checking.next, checking.reader.isClosed, ring.report().state]).toEqual([6, true, "closed"]);
    checking.reader.park(60e9);
  });

  test("slots run out, and come back", () => {
    const ring = make(kind, { slotCount: 2 });
    const first = new EventReader(ring, { name: "1", policy: "conflate" });
    new EventReader(ring, { name: "2", policy: "conflate" });
    const third = () => new EventReader(ring, { name: "3", policy: "conflate" });
    expect(codeOf(third)).toBe("ring-readers-full");
    first.detach();
    first.detach();
    expect(third().poll()).toBe(0);
    expect(ring.report().readers.map(({ name }) => name)).toEqual(["3", "2"]);
  });
});

describe("memory that is no ring", () => {
  const region = (bytes: number) => threadRegion(new SharedArrayBuffer(bytes));

  test("is told from one, whatever is in it", () => {
    const { data, control } = EventRing.createForThreads(ringOptions()).threadMemory;
    const attach = () => codeOf(() => EventRing.attachThread({ data, control }));
    expect(attach()).toBe("none");
    expect(codeOf(() => EventRing.attach(region(64)))).toBe("ring-not-recognised");
    expect(codeOf(() => EventRing.attach(region(1 << 20)))).toBe("ring-not-recognised");
    expect(codeOf(() => EventRing.attach(threadRegion(data), region(8192)))).toBe("ring-not-recognised");
    const cut = new SharedArrayBuffer(8192);
    new Uint8Array(cut).set(new Uint8Array(data).subarray(0, 8192));
    expect(codeOf(() => EventRing.attach(threadRegion(cut)))).toBe("ring-not-recognised");
    new DataView(data).setUint32(8, 2, true);
    expect(attach()).toBe("ring-version");
    new DataView(data).setUint32(8, 1, true);
    new DataView(control).setUint32(12, 33, true);
    expect(attach()).toBe("ring-not-recognised");
  });

  test("sizes that cannot be are a bug of the caller", () => {
    for (const capacityRecords of [0, 32, 100, 2 ** 25])
      expect(() => EventRing.createForThreads(ringOptions({ capacityRecords }))).toThrow(AssertionError);
    for (const slotCount of [0, 33])
      expect(() => EventRing.createForThreads(ringOptions({ slotCount }))).toThrow(AssertionError);
  });
});

describe("a reader whose ring is read-only", () => {
  function readOnly() {
    const data = SharedMemory.createAnonymous("ring", 4096 + 256 * 64);
    const control = SharedMemory.createAnonymous("slots", 8192);
    const ring = EventRing.create(data, control, ringOptions());
    data.seal("read-only");
    const mapped = SharedMemory.open(data.openReadOnly(), { isWritable: false });
    closers.push(
      () => mapped.close(),
      () => data.close(),
      () => control.close(),
    );
    return { ring, mapped };
  }

  test("reads without being seen, but cannot hold the writer back", () => {
    const { ring, mapped } = readOnly();
    const writer = new EventWriter(ring);
    const seen = EventRing.attach(mapped);
    const checking = new CheckingReader(seen, { name: "r", policy: "lossless-overrun" });
    write(writer, 1, 100);
    writer.publish();
    checking.drain();
    expect([checking.next, checking.wrong]).toEqual([101, ""]);
    expect(ring.report().readers).toEqual([]);
    expect(codeOf(() => new EventReader(seen, { name: "r", policy: "lossless-block" }))).toBe("ring-read-only");
    checking.reader.park(60e9);
    checking.reader.detach();
  });
});
