/** Sequence arbitration, class by class: copies, overlaps, holes, limits, and the ends of the number range. */
import { describe, expect, test } from "bun:test";
import { Arbiter } from "../../../src/ingest/arbiter.ts";
import { MOLD_HEADER_BYTES } from "../../../src/wire/moldudp64.ts";
import { dataPacket, messageText, messageTexts } from "../../support/net-feed.ts";
import { RecordingSink } from "../../support/net-recording-sink.ts";

const WINDOW = 64;

function setUp(start = 1, windowMessages = WINDOW, bytesMax = 1 << 20) {
  const sink = new RecordingSink();
  const arbiter = new Arbiter(sink, windowMessages, bytesMax);
  arbiter.hold(start, 0);
  arbiter.start(start, 0);
  return { sink, arbiter };
}

/** Hands in [first, end); returns how many were new. */
function give(
  arbiter: Arbiter,
  first: number,
  end: number,
  options: { repair?: boolean; nowNs?: number } = {},
): number {
  const packet = dataPacket(first, end);
  return arbiter.packet(
    packet,
    new DataView(packet.buffer),
    MOLD_HEADER_BYTES,
    packet.length - MOLD_HEADER_BYTES,
    first,
    end - first,
    first * 10,
    options.repair ?? false,
    options.nowNs ?? 0,
  );
}

describe("in sequence", () => {
  test("messages are handed on as they come, with their bytes and stamps", () => {
    const { sink, arbiter } = setUp();
    expect(give(arbiter, 1, 4)).toBe(3);
    expect(give(arbiter, 4, 5)).toBe(1);
    expect(sink.sequences).toEqual([1, 2, 3, 4]);
    expect(sink.texts).toEqual(messageTexts(1, 5));
    expect(sink.messages.map((m) => m.tsRecvNs)).toEqual([10, 10, 10, 40]);
    expect(arbiter.store.count).toBe(0);
  });

  test("a copy of what was handed on is not handed on again", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 1, 4);
    expect(give(arbiter, 1, 4)).toBe(0);
    expect(give(arbiter, 2, 3)).toBe(0);
    expect(sink.sequences).toEqual([1, 2, 3]);
  });

  test("of a packet that overlaps only the new messages are handed on", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 1, 4);
    expect(give(arbiter, 2, 7)).toBe(3);
    expect(sink.texts).toEqual(messageTexts(1, 7));
  });

  test("messages without bytes have numbers too", () => {
    const { sink, arbiter } = setUp();
    const packet = new Uint8Array([0, 0, 0, 1, 65, 0, 0]);
    arbiter.packet(packet, new DataView(packet.buffer), 0, 7, 1, 3, 0, false, 0);
    expect(sink.messages.map((m) => [m.sequence, m.bytes])).toEqual([
      [1, ""],
      [2, "A"],
      [3, ""],
    ]);
  });
});

describe("out of sequence", () => {
  test("an early packet waits for the one before it", () => {
    const { sink, arbiter } = setUp();
    expect(give(arbiter, 4, 6)).toBe(2);
    expect(sink.sequences).toEqual([]);
    expect(arbiter.missing.total).toBe(3);
    expect(give(arbiter, 1, 4)).toBe(3);
    expect(sink.texts).toEqual(messageTexts(1, 6));
    expect(sink.messages.map((m) => m.tsRecvNs)).toEqual([10, 10, 10, 40, 40]);
    expect(arbiter.missing.total).toBe(0);
    expect(arbiter.store.count).toBe(0);
    expect(arbiter.filledByLineCount).toBe(3);
  });

  test("every order of five packets gives the same messages", () => {
    const cuts = [1, 3, 4, 8, 9, 14];
    for (const order of permutations([0, 1, 2, 3, 4])) {
      const { sink, arbiter } = setUp();
      for (const i of order) give(arbiter, cuts[i]!, cuts[i + 1]!);
      expect(sink.texts).toEqual(messageTexts(1, 14));
      expect(arbiter.missing.count).toBe(0);
      expect(arbiter.store.count).toBe(0);
    }
  });

  test("packets of two lines that are cut differently fill each other's holes", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 5, 9);
    expect(give(arbiter, 3, 7)).toBe(2);
    expect(give(arbiter, 8, 12)).toBe(3);
    expect(arbiter.missing.total).toBe(2);
    // Reaches over what is held already: 3 to 6 are copies.
    expect(give(arbiter, 1, 7)).toBe(2);
    expect(sink.texts).toEqual(messageTexts(1, 12));
    expect(arbiter.store.count).toBe(0);
  });

  test("a hole in the middle is split by a packet inside it, and both ends fill", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 20, 21);
    arbiter.missing.openGap(0, 5);
    give(arbiter, 8, 10);
    expect(arbiter.missing.count).toBe(2);
    expect(arbiter.gaps.openCount).toBe(1);
    give(arbiter, 1, 8, { repair: true });
    expect(arbiter.nextSequence).toBe(10);
    expect(arbiter.gaps.openCount).toBe(1);
    give(arbiter, 10, 20, { repair: true, nowNs: 9 });
    expect(sink.texts).toEqual(messageTexts(1, 21));
    expect(arbiter.filledByRerequestCount).toBe(17);
    expect(arbiter.filledByLineCount).toBe(2);
    expect(arbiter.gaps.records()).toEqual([{ first: 1, count: 19, openedNs: 5, closedNs: 9, closedBy: "rerequest" }]);
    expect(arbiter.gaps.repairedCount).toBe(1);
  });

  test("a heartbeat shows that the last messages are missing", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 1, 3);
    expect(arbiter.note(6, 7)).toBe(true);
    expect([arbiter.missing.first[0], arbiter.missing.end[0], arbiter.missing.openedNs[0]]).toEqual([3, 6, 7]);
    give(arbiter, 3, 6);
    expect(sink.texts).toEqual(messageTexts(1, 6));
    expect(arbiter.missing.count).toBe(0);
  });
});

describe("the limits of what is held back", () => {
  test("what lies beyond the window is dropped, told, and known to be missing", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 2, 1 + WINDOW);
    expect(arbiter.overflowed).toBe(false);
    expect(give(arbiter, WINDOW, WINDOW + 3)).toBe(0);
    expect(arbiter.overflowed).toBe(true);
    expect(arbiter.droppedCount).toBe(3);
    give(arbiter, 1, 2);
    expect(sink.sequences.length).toBe(WINDOW);
    give(arbiter, WINDOW, WINDOW + 3);
    expect(sink.texts).toEqual(messageTexts(1, WINDOW + 3));
  });

  test("bytes are bounded as well, and what has no room is missing until it comes again", () => {
    const { sink, arbiter } = setUp(1, 1 << 16, 128 * 1024);
    let first = 2;
    while (!arbiter.overflowed) {
      give(arbiter, first, first + 1000);
      first += 1000;
    }
    expect(arbiter.store.usedBytes).toBe(128 * 1024);
    expect(arbiter.highSequence).toBe(first);
    expect(arbiter.missing.total).toBe(1001);
    give(arbiter, 1, 2);
    while (arbiter.drain(1000) > 0);
    expect(arbiter.nextSequence).toBe(first - 1000);
    give(arbiter, first - 1000, first);
    expect(sink.texts).toEqual(messageTexts(1, first));
  });

  test("memory is used again and again without end", () => {
    const { sink, arbiter } = setUp(1, 1 << 12, 128 * 1024);
    for (let first = 1; first < 60_000; first += 60) {
      give(arbiter, first + 30, first + 60);
      give(arbiter, first, first + 30);
    }
    expect(arbiter.droppedCount).toBe(0);
    expect(arbiter.nextSequence).toBe(60_001);
    expect(sink.messages.every((m, i) => m.sequence === i + 1 && m.bytes === messageText(i + 1))).toBe(true);
  });

  test("one packet with a number out of the blue changes nothing", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 1, 3);
    expect(give(arbiter, 1e12, 1e12 + 1)).toBe(0);
    expect(arbiter.missing.count).toBe(0);
    expect(arbiter.overflowed).toBe(false);
    give(arbiter, 3, 5);
    expect(sink.sequences).toEqual([1, 2, 3, 4]);
  });

  test("two that agree are believed: the window before them is missing", () => {
    const { arbiter } = setUp();
    give(arbiter, 1000, 1001);
    give(arbiter, 1001, 1002);
    expect(arbiter.overflowed).toBe(true);
    expect([arbiter.missing.first[0], arbiter.missing.end[0]]).toEqual([1, 1 + WINDOW]);
  });

  test("more holes than can be kept: later packets wait, nothing is lost from the books' order", () => {
    const { sink, arbiter } = setUp(1, 1 << 13);
    for (let sequence = 2; sequence < 5000; sequence += 2) give(arbiter, sequence, sequence + 1);
    expect(arbiter.missing.count).toBeLessThanOrEqual(1024);
    for (let sequence = 1; sequence < 5000; sequence++) give(arbiter, sequence, sequence + 1);
    expect(sink.texts).toEqual(messageTexts(1, 5000));
  });
});

describe("the ends of the number range", () => {
  for (const [name, start] of [
    ["2^31", 2 ** 31],
    ["2^32", 2 ** 32],
    ["2^53", Number.MAX_SAFE_INTEGER - 20],
  ] as const) {
    test(`goes over ${name} in and out of order`, () => {
      const from = start - 10;
      const { sink, arbiter } = setUp(from);
      give(arbiter, from + 4, from + 12);
      give(arbiter, from + 2, from + 5);
      give(arbiter, from, from + 2);
      give(arbiter, from + 12, from + 20);
      expect(sink.sequences).toEqual(Array.from({ length: 20 }, (_, i) => from + i));
      expect(sink.texts).toEqual(messageTexts(from, from + 20));
    });
  }
});

describe("holding and starting", () => {
  test("while holding nothing is handed on; a start in the middle drops what is before it", () => {
    const { sink, arbiter } = setUp();
    arbiter.hold(10, 0);
    give(arbiter, 10, 14);
    give(arbiter, 16, 18);
    expect(sink.messages).toEqual([]);
    arbiter.start(12, 0);
    arbiter.drain(100);
    expect(sink.sequences).toEqual([12, 13]);
    expect(arbiter.missing.total).toBe(2);
    give(arbiter, 14, 16);
    expect(sink.sequences).toEqual([12, 13, 14, 15, 16, 17]);
  });

  test("a start before the first that is held leaves a hole to be asked for", () => {
    const { sink, arbiter } = setUp();
    arbiter.hold(10, 0);
    give(arbiter, 10, 12);
    arbiter.start(7, 3);
    expect([arbiter.missing.first[0], arbiter.missing.end[0]]).toEqual([7, 10]);
    give(arbiter, 7, 10);
    expect(sink.sequences).toEqual([7, 8, 9, 10, 11]);
  });

  test("a start beyond everything that is held lets all of it go", () => {
    const { sink, arbiter } = setUp();
    arbiter.hold(10, 0);
    give(arbiter, 10, 20);
    arbiter.start(500, 0);
    expect(arbiter.store.count).toBe(0);
    give(arbiter, 498, 503);
    expect(sink.sequences).toEqual([500, 501, 502]);
  });

  test("a start further back than the window keeps what can be tracked", () => {
    const { sink, arbiter } = setUp();
    arbiter.hold(1000, 0);
    give(arbiter, 1000, 1010);
    arbiter.start(5, 0);
    expect([arbiter.missing.count, arbiter.missing.first[0], arbiter.missing.end[0]]).toEqual([1, 5, 5 + WINDOW]);
    for (let sequence = 5; sequence < 1010; sequence += 5) give(arbiter, sequence, sequence + 5);
    expect(sink.texts).toEqual(messageTexts(5, 1010));
  });

  test("an earlier first packet lowers where it all begins", () => {
    const { sink, arbiter } = setUp();
    arbiter.hold(5, 0);
    give(arbiter, 5, 7);
    arbiter.lower(2, 0);
    give(arbiter, 2, 5);
    arbiter.start(arbiter.nextSequence, 0);
    arbiter.drain(100);
    expect(sink.sequences).toEqual([2, 3, 4, 5, 6]);
  });

  test("a pause keeps what is held and missing, and takes packets over its front", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 1, 3);
    give(arbiter, 6, 8);
    arbiter.pause();
    give(arbiter, 2, 6);
    expect(sink.sequences).toEqual([1, 2]);
    arbiter.start(3, 0);
    arbiter.drain(100);
    expect(sink.sequences).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe("giving up", () => {
  test("goes on behind the hole and counts what is lost", () => {
    const { sink, arbiter } = setUp();
    give(arbiter, 1, 3);
    give(arbiter, 6, 8);
    give(arbiter, 10, 11);
    expect(arbiter.giveUp(6, 1)).toBe(3);
    arbiter.drain(100);
    expect(sink.sequences).toEqual([1, 2, 6, 7]);
    expect([arbiter.missing.first[0], arbiter.missing.end[0]]).toEqual([8, 10]);
    expect(arbiter.gaps.lostCount).toBe(1);
    expect(arbiter.giveUp(arbiter.highSequence, 2)).toBe(2);
    arbiter.drain(100);
    expect(sink.sequences).toEqual([1, 2, 6, 7, 10]);
    expect(arbiter.lostCount).toBe(5);
    expect(give(arbiter, 3, 6)).toBe(0);
  });

  test("a gap of which a part was given up counts as lost though the rest is found", () => {
    const { arbiter } = setUp();
    give(arbiter, 9, 10);
    arbiter.missing.openGap(0, 0);
    arbiter.giveUp(5, 1);
    give(arbiter, 5, 9, { repair: true, nowNs: 2 });
    expect(arbiter.nextSequence).toBe(10);
    expect([arbiter.gaps.openCount, arbiter.gaps.lostCount, arbiter.gaps.repairedCount]).toEqual([0, 1, 0]);
    expect(arbiter.gaps.records()[0]!.closedBy).toBe("given_up");
  });

  test("holding anew counts what was missing as lost", () => {
    const { arbiter } = setUp();
    give(arbiter, 4, 5);
    arbiter.missing.openGap(0, 0);
    arbiter.hold(1, 1);
    expect(arbiter.lostCount).toBe(3);
    expect(arbiter.gaps.records()[0]!.closedBy).toBe("session_end");
    expect(arbiter.store.count).toBe(0);
  });
});

function permutations(items: number[]): number[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}
