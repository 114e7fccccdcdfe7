/** A channel without sockets, as captures use it: the receive stamps are its clock. */
import { describe, expect, test } from "bun:test";
import { Quality } from "../../../src/core/quality.ts";
import { dataPacket, endPacket, heartbeatPacket, messageTexts } from "../../support/net-feed.ts";
import { playedChannel as setUp } from "../../support/played-channel.ts";

const MS = 1e6;

describe("both lines", () => {
  test("the first copy wins, the other counts as a duplicate, and the lead is measured", () => {
    const { sink, give, counts } = setUp();
    for (let i = 0; i < 10; i++) {
      give(0, dataPacket(1 + i * 3, 4 + i * 3), 10 * i);
      give(1, dataPacket(1 + i * 3, 4 + i * 3), 10 * i + 2);
    }
    expect(sink.texts).toEqual(messageTexts(1, 31));
    const values = counts();
    expect([values["line.a.won"], values["line.a.duplicates"], values["line.a.lost"]]).toEqual([30, 0, 0]);
    expect([values["line.b.won"], values["line.b.duplicates"], values["line.b.lost"]]).toEqual([0, 30, 0]);
    expect([values["line.a.packets"], values["line.a.messages"]]).toEqual([10, 30]);
    expect(values["line.a.leadSeconds"]).toBeCloseTo(0.002, 9);
    expect(values["line.b.leadSeconds"]).toBeCloseTo(-0.002, 9);
    expect(values["line.a.leadLastSeconds"]).toBeCloseTo(0.002, 9);
    expect(values["line.a.leadPackets"]).toBe(10);
    expect(values["line.a.lastPacketSeconds"]).toBeCloseTo(0.09, 9);
  });

  test("what one line loses the other brings, and no gap is opened in the time it takes", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(1, dataPacket(1, 3), 1);
    give(0, dataPacket(5, 7), 2);
    expect(channel.quality).toBe(Quality.ok);
    give(1, dataPacket(3, 5), 3);
    give(1, dataPacket(5, 7), 3.5);
    expect(sink.texts).toEqual(messageTexts(1, 7));
    expect(channel.quality).toBe(Quality.ok);
    channel.finish();
    const values = counts();
    expect([values["gapsOpened"], values["filledByLine"], values["line.a.lost"]]).toEqual([0, 2, 2]);
  });

  test("a hole that stays is a gap: recovering, and ok again when the late line brings it", () => {
    const { sink, channel, give, counts } = setUp({ gapWaitNs: 2 * MS });
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(5, 7), 1);
    give(0, dataPacket(7, 8), 2.9);
    expect(channel.quality).toBe(Quality.ok);
    give(0, dataPacket(8, 9), 3.1);
    expect(channel.quality).toBe(Quality.recovering);
    expect(channel.status().qualityReason).toBe("2 messages are missing and being asked for");
    expect(channel.status().gaps).toEqual([{ first: 3, count: 2, openedNs: 3.1 * MS, closedNs: 0, closedBy: "none" }]);
    give(1, dataPacket(3, 5), 50);
    expect(sink.texts).toEqual(messageTexts(1, 9));
    expect(channel.quality).toBe(Quality.ok);
    expect(channel.status().gaps).toMatchObject([{ first: 3, count: 2, closedNs: 50 * MS, closedBy: "line" }]);
    expect(counts()).toMatchObject({ gapsOpened: 1, gapsRepaired: 1, gapsLost: 0, messagesMissing: 0 });
  });

  test("a hole that both lines have passed is a gap at once", () => {
    const { channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(1, dataPacket(1, 3), 0);
    give(0, dataPacket(5, 7), 0.1);
    expect(channel.quality).toBe(Quality.ok);
    give(1, dataPacket(5, 7), 0.2);
    expect(channel.quality).toBe(Quality.recovering);
  });

  test("with nobody to ask a gap is given up after a while, and the quality never recovers", () => {
    const { sink, channel, give, counts } = setUp({ gapGiveUpNs: 100 * MS });
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(5, 7), 1);
    give(1, dataPacket(5, 7), 99);
    expect(sink.sequences).toEqual([1, 2]);
    give(0, dataPacket(7, 8), 102);
    expect(sink.sequences).toEqual([1, 2, 5, 6, 7]);
    give(0, dataPacket(8, 9), 103);
    expect(channel.quality).toBe(Quality.recovering);
    expect(channel.status().qualityReason).toBe("2 messages are lost for good");
    expect(counts()).toMatchObject({ messagesLost: 2, gapsLost: 1, messagesMissing: 0, nextSequence: 9 });
    expect(channel.status().gaps[0]!.closedBy).toBe("given_up");
  });

  test("a lost last packet shows in the heartbeat", () => {
    const { channel, give, counts } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, heartbeatPacket(5), 1000);
    give(1, heartbeatPacket(5), 1000);
    expect(counts()).toMatchObject({ messagesMissing: 2, gapsOpened: 1 });
    expect(channel.quality).toBe(Quality.recovering);
    expect(counts()).toMatchObject({ "line.a.heartbeats": 1, "line.b.heartbeats": 1 });
  });

  test("packets out of order on one line count as reordered, not as lost", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(5, 7), 0.1);
    give(0, dataPacket(3, 5), 0.2);
    give(0, dataPacket(3, 5), 0.3);
    channel.finish();
    expect(sink.texts).toEqual(messageTexts(1, 7));
    expect(counts()).toMatchObject({ "line.a.reordered": 1, "line.a.lost": 0, "line.a.duplicates": 2 });
  });
});

describe("bad packets", () => {
  test("are refused whole, counted by kind, and the first of them kept", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, new Uint8Array(7), 1);
    give(1, dataPacket(3, 5).slice(0, -1), 2);
    give(1, new Uint8Array([...dataPacket(3, 5), 0, 0]), 3);
    const zero = dataPacket(3, 5);
    zero.fill(0, 10, 18);
    for (let i = 0; i < 5; i++) give(0, zero, 4);
    const far = dataPacket(3, 5);
    far.fill(0xff, 10, 18);
    give(0, far, 5);
    give(0, dataPacket(3, 4), 6);
    expect(sink.texts).toEqual(messageTexts(1, 4));
    expect(counts()).toMatchObject({
      "line.a.bad.short_header": 1,
      "line.b.bad.block_beyond_end": 1,
      "line.b.bad.trailing_bytes": 1,
      "line.a.bad.sequence_zero": 5,
      "line.a.bad.sequence_too_large": 1,
      "line.a.packets": 2,
    });
    const kept = channel.status().badPackets;
    expect(kept.map((sample) => `${sample.line} ${sample.kind}`)).toEqual([
      "a short_header",
      "b block_beyond_end",
      "b trailing_bytes",
      "a sequence_zero",
      "a sequence_zero",
      "a sequence_zero",
      "a sequence_too_large",
    ]);
    expect(kept[0]).toMatchObject({ lengthBytes: 7, head: "00000000000000", tsRecvNs: 1 * MS });
  });

  test("bytes of chance never throw and never reach the books", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    let x = 12345;
    for (let i = 0; i < 3000; i++) {
      const packet = dataPacket(3, 6).slice();
      for (let k = 0; k < 3; k++) {
        x = (Math.imul(x, 1103515245) + 12345) >>> 0;
        packet[10 + ((x >>> 8) % (packet.length - 10))] = x >>> 24;
      }
      give(i & 1, packet.slice(0, 1 + (x % packet.length)), 1);
    }
    give(0, dataPacket(3, 6), 2);
    channel.finish();
    expect(sink.sequences.slice(0, 2)).toEqual([1, 2]);
    for (const [i, sequence] of sink.sequences.entries())
      if (i > 0) expect(sequence).toBeGreaterThan(sink.sequences[i - 1]!);
  });
});

describe("coming in late", () => {
  test("auto without servers: from the first that comes, in doubt for good", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(100, 103), 0);
    give(0, dataPacket(103, 104), 3);
    expect(sink.sequences).toEqual([100, 101, 102, 103]);
    expect(channel.quality).toBe(Quality.recovering);
    expect(channel.status().qualityReason).toContain("joined late");
    expect(counts()["messagesLost"]).toBe(0);
  });

  test("the first packets of both lines are waited for before it is decided where to begin", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(4, 6), 0);
    give(1, dataPacket(1, 4), 1);
    give(0, dataPacket(6, 7), 5);
    expect(sink.texts).toEqual(messageTexts(1, 7));
    expect(channel.quality).toBe(Quality.ok);
  });

  test("from-start without anybody to ask: what was missed is given up and counted", () => {
    const { sink, channel, give, counts } = setUp({ join: "from-start" });
    give(0, dataPacket(100, 103), 0);
    channel.finish();
    expect(sink.sequences).toEqual([100, 101, 102]);
    expect(counts()).toMatchObject({ messagesLost: 99, gapsLost: 1 });
  });

  test("from-start far beyond the reorder window loses nothing of what comes", () => {
    const { sink, channel, give, counts } = setUp({ join: "from-start", reorderMessagesMax: 256 });
    for (let first = 14_757_701; first < 14_758_701; first += 10) give(0, dataPacket(first, first + 10), first / 1e6);
    channel.finish();
    expect(sink.sequences.length).toBe(1000);
    expect(counts()["messagesLost"]).toBe(14_757_700);
  });

  test("without anybody to ask a full reorder buffer goes on behind the hole, losing only that", () => {
    const { sink, channel, give, counts } = setUp({ reorderMessagesMax: 256, gapGiveUpNs: 1e15 });
    give(0, dataPacket(1, 3), 0);
    for (let first = 5; first < 1005; first += 10) give(0, dataPacket(first, first + 10), 1);
    channel.finish();
    expect(sink.sequences).toEqual([1, 2, ...Array.from({ length: 1000 }, (_, i) => 5 + i)]);
    expect(counts()).toMatchObject({ messagesLost: 2, messagesDropped: 0, "line.a.won": 1002 });
  });
});

describe("sessions", () => {
  test("the end is announced at a sequence: closed once everything before it is there", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, endPacket(5), 1);
    expect(channel.state).toBe("live");
    give(1, dataPacket(3, 5), 2);
    expect(channel.state).toBe("ended");
    expect(channel.quality).toBe(Quality.closed);
    expect(sink.events.at(-1)).toBe(`quality ${Quality.closed}`);
    expect(channel.status().qualityReason).toBe("the session has ended");
  });

  test("after the end the next session begins with its first packet", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, endPacket(3), 1);
    give(0, dataPacket(1, 4, "S2"), 5000);
    expect(sink.events.filter((event) => event === "reset").length).toBe(1);
    expect(sink.texts).toEqual(messageTexts(1, 4, "S2"));
    expect(channel.session).toBe("S2");
    expect(channel.quality).toBe(Quality.ok);
    give(1, endPacket(3), 5001);
    give(1, dataPacket(1, 3), 5001);
    expect(channel.session).toBe("S2");
    expect(counts()).toMatchObject({ sessions: 2, "line.b.foreignSession": 2 });
  });

  test("changes when both lines have changed, and loses nothing of what came before that", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(1, dataPacket(1, 3), 0);
    give(0, dataPacket(1, 3, "S2"), 1);
    give(0, dataPacket(3, 5, "S2"), 2);
    expect(channel.session).toBe("S1");
    give(1, dataPacket(3, 4), 3);
    expect(sink.sequences).toEqual([1, 2, 3]);
    give(1, dataPacket(4, 6, "S2"), 4);
    expect(channel.session).toBe("S2");
    expect(sink.texts).toEqual(messageTexts(1, 6, "S2"));
  });

  test("a stray packet of another session changes nothing, and neither do those of an old one", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(7, 9, "XX"), 1);
    give(0, dataPacket(3, 5), 2);
    expect(sink.sequences).toEqual([1, 2, 3, 4]);
    give(0, endPacket(5), 3);
    give(0, dataPacket(1, 2, "S2"), 4);
    for (let i = 0; i < 50; i++) give(0, dataPacket(1, 3), 5);
    expect(channel.session).toBe("S2");
    expect(counts()).toMatchObject({ sessions: 2, "line.a.foreignSession": 51 });
  });

  test("a line that has fallen silent has no say", () => {
    const { channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(1, dataPacket(1, 3), 0);
    give(0, heartbeatPacket(3), 2500);
    give(0, dataPacket(1, 2, "S2"), 2600);
    give(0, dataPacket(2, 3, "S2"), 2700);
    expect(channel.session).toBe("S2");
  });

  test("an exchange that begins again at 1 under the same session is noticed", () => {
    const { sink, channel, give, counts } = setUp();
    give(0, dataPacket(1, 50), 0);
    give(1, dataPacket(1, 50), 0);
    for (let i = 0; i < 30; i++) for (const line of [0, 1]) give(line, dataPacket(1 + i, 2 + i), 4000 + 10 * i);
    expect(counts()["sessions"]).toBe(2);
    expect(sink.events).toContain("reset");
    expect(sink.sequences.at(-1)).toBe(30);
    expect(channel.quality).toBe(Quality.recovering);
  });

  test("an end that is said too early is taken back by what still comes", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, endPacket(3), 1);
    expect(channel.state).toBe("ended");
    give(1, dataPacket(3, 4), 2);
    expect(channel.state).toBe("live");
    expect(channel.quality).toBe(Quality.ok);
    expect(sink.sequences).toEqual([1, 2, 3]);
  });

  test("an end at a sequence that has been passed is refused", () => {
    const { channel, give, counts } = setUp();
    give(0, dataPacket(1, 5), 0);
    give(1, endPacket(3), 1);
    expect(channel.state).toBe("live");
    expect(counts()["line.b.bad.end_before_last"]).toBe(1);
  });
});

describe("quality and batches", () => {
  test("nothing heard yet is stale, silence is stale, and data brings it back", () => {
    const { sink, channel, give } = setUp();
    channel.doWork(1 * MS);
    expect(sink.events).toEqual([`quality ${Quality.stale}`]);
    expect(channel.status().qualityReason).toBe("nothing has been heard on any line yet");
    expect(channel.state).toBe("waiting");
    give(0, dataPacket(1, 3), 2);
    expect(channel.quality).toBe(Quality.ok);
    channel.doWork(2002 * MS);
    expect(channel.quality).toBe(Quality.ok);
    channel.doWork(2003 * MS);
    expect(channel.quality).toBe(Quality.stale);
    expect(channel.status().qualityReason).toBe("nothing heard on any line for 2 s");
    give(1, heartbeatPacket(3), 2004);
    expect(channel.quality).toBe(Quality.ok);
  });

  test("a batch ends once after messages or a change of quality, and not for nothing", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(3, 5), 0);
    channel.batchEnd();
    expect(sink.batchEndCount).toBe(1);
    channel.batchEnd();
    give(1, dataPacket(1, 3), 0);
    channel.batchEnd();
    expect(sink.batchEndCount).toBe(1);
    channel.doWork(5000 * MS);
    expect(sink.batchEndCount).toBe(2);
  });
});
