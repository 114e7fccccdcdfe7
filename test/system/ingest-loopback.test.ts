/**
 * A channel over real sockets on the loopback: two multicast lines, a re-request server and a GLIMPSE server. What is
 * lost, late or out of order is so on the wire; only the passing of time is hurried, by a clock that runs ahead.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { Quality } from "../../src/core/quality.ts";
import { openChannelCounters } from "../../src/ingest/counters.ts";
import { LoopbackChannel, type LoopbackOptions } from "../support/net-channel.ts";
import { dataPacket, endPacket, heartbeatPacket, messageTexts } from "../support/net-feed.ts";

const MS = 1e6;

const opened: LoopbackChannel[] = [];
function open(options: LoopbackOptions = {}): LoopbackChannel {
  const loop = new LoopbackChannel(options);
  opened.push(loop);
  return loop;
}
afterEach(() => {
  for (const loop of opened.splice(0)) loop.close();
});

describe("two lines", () => {
  test("each sequence once from whichever line brings it, with kernel stamps", () => {
    const loop = open();
    for (let first = 1; first < 301; first += 3) {
      const packet = dataPacket(first, first + 3);
      if (first % 5 !== 0) loop.send(0, packet);
      if (first % 7 !== 0 || first % 5 === 0) loop.send(1, packet);
    }
    loop.untilSequence(301);
    expect(loop.sink.texts).toEqual(messageTexts(1, 301));
    const stamps = loop.sink.messages.map((message) => message.tsRecvNs);
    expect(stamps.every((stamp) => stamp > 0)).toBe(true);
    expect(loop.channel.quality).toBe(Quality.ok);
    expect(loop.sink.batchEndCount).toBeGreaterThan(0);
    const counts = loop.counts();
    expect(counts["line.a.won"]! + counts["line.b.won"]!).toBe(300);
    expect(counts["line.a.leadPackets"]).toBeGreaterThan(0);
  });

  test("the counters can be read from another thread's view of the block", () => {
    const loop = open();
    loop.sendBoth(dataPacket(1, 4));
    loop.untilSequence(4);
    loop.until("both copies", () => loop.counts()["line.b.packets"]! + loop.counts()["line.a.packets"]! === 2);
    const view = openChannelCounters("loop", ["a", "b"], loop.channel.counters.buffer);
    expect(view.get("messages")).toBe(3);
    expect(view.get("line.a.packets")).toBe(1);
  });
});

describe("re-request", () => {
  test("what both lines lost is asked for, and the quality says so in the meantime", () => {
    const loop = open({ servers: true });
    loop.sendBoth(dataPacket(1, 5));
    loop.untilSequence(5);
    loop.sendBoth(dataPacket(45, 50));
    loop.untilSequence(50);
    loop.until("ok", () => loop.channel.quality === Quality.ok);
    expect(loop.sink.texts).toEqual(messageTexts(1, 50));
    expect(loop.sink.events).toEqual([Quality.ok, Quality.recovering, Quality.ok].map((q) => `quality ${q}`));
    expect(loop.rerequest.requests[0]).toEqual({ session: "S1", first: 5, count: 40 });
    // The server answers with ten messages at a time: the rest is asked for again.
    expect(loop.rerequest.requests.map((request) => request.first)).toEqual([5, 15, 25, 35]);
    const counts = loop.counts();
    expect(counts).toMatchObject({ gapsOpened: 1, gapsRepaired: 1, filledByRerequest: 40, "line.r.won": 40 });
    expect(counts).toMatchObject({ requests: 4, requestsAnswered: 4, requestsTimedOut: 0 });
    expect(loop.channel.status().gaps).toMatchObject([{ first: 5, count: 40, closedBy: "rerequest" }]);
  });

  test("a server that answers with many packets is not asked again for what is on its way", () => {
    const loop = open({ servers: true });
    loop.rerequest.packetsPerAnswer = 100;
    loop.sendBoth(dataPacket(1, 2));
    loop.sendBoth(dataPacket(902, 903));
    loop.untilSequence(903);
    expect(loop.sink.texts).toEqual(messageTexts(1, 903));
    expect(loop.rerequest.requests.length).toBe(1);
  });

  test("a long gap is asked for in several windows at once", () => {
    const loop = open({ servers: true, requestMessagesMax: 50, requestsOutstandingMax: 4 });
    loop.sendBoth(dataPacket(1, 2));
    loop.sendBoth(dataPacket(402, 403));
    loop.untilSequence(403);
    expect(loop.sink.texts).toEqual(messageTexts(1, 403));
    expect(loop.rerequest.requests.slice(0, 4).map((request) => request.first)).toEqual([2, 52, 102, 152]);
    expect(Math.max(...loop.rerequest.requests.map((request) => request.count))).toBe(50);
  });

  test("a lost last packet is found by the heartbeat", () => {
    const loop = open({ servers: true });
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(heartbeatPacket(9));
    loop.untilSequence(9);
    expect(loop.sink.texts).toEqual(messageTexts(1, 9));
  });

  test("an answer that does not come is asked for again", () => {
    const loop = open({ servers: true, rerequestTimeoutNs: 5 * MS });
    loop.rerequest.ignore = 3;
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(dataPacket(9, 10));
    loop.untilSequence(10);
    expect(loop.sink.texts).toEqual(messageTexts(1, 10));
    expect(loop.counts()).toMatchObject({ requests: 4, requestsTimedOut: 3, requestsAnswered: 1 });
  });

  test("once the budget is spent the messages are lost, and the quality stays recovering for good", () => {
    const loop = open({ servers: true, rerequestTimeoutNs: 2 * MS, rerequestAttemptsMax: 3 });
    loop.rerequest.firstKept = 1000;
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(dataPacket(9, 10));
    loop.untilSequence(10);
    expect(loop.sink.sequences).toEqual([1, 2, 3, 4, 9]);
    loop.sendBoth(dataPacket(10, 12));
    loop.untilSequence(12);
    expect(loop.channel.quality).toBe(Quality.recovering);
    expect(loop.counts()).toMatchObject({ messagesLost: 4, gapsLost: 1, requests: 3 });
    // A new session is a new beginning.
    loop.sendBoth(endPacket(12));
    loop.sendBoth(dataPacket(1, 3, "S2"));
    loop.until("ok", () => loop.channel.quality === Quality.ok);
    expect(loop.sink.texts).toEqual(messageTexts(1, 3, "S2"));
  });

  test("of a gap only what the server does not have is lost", () => {
    const loop = open({ servers: true, rerequestTimeoutNs: 2 * MS, rerequestAttemptsMax: 2, requestMessagesMax: 10 });
    loop.rerequest.firstKept = 15;
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(dataPacket(40, 41));
    loop.untilSequence(41);
    expect(loop.sink.sequences).toEqual([1, 2, 3, 4, ...Array.from({ length: 26 }, (_, i) => 15 + i)]);
    expect(loop.counts()["messagesLost"]).toBe(10);
  });

  test("a full reorder buffer loses nothing: what had no room is asked for as well", () => {
    const loop = open({ servers: true, reorderMessagesMax: 256, rerequestTimeoutNs: 5 * MS });
    loop.rerequest.ignore = 4;
    loop.sendBoth(dataPacket(1, 2));
    for (let first = 3; first < 1003; first += 10) loop.sendBoth(dataPacket(first, first + 10));
    loop.sendBoth(heartbeatPacket(1003));
    loop.until("what has come to be dropped", () => loop.counts()["messagesDropped"]! > 0);
    loop.until("everything", () => {
      loop.sendBoth(heartbeatPacket(1003));
      return loop.channel.nextSequence >= 1003;
    });
    expect(loop.sink.texts).toEqual(messageTexts(1, 1003));
    expect(loop.counts()["messagesLost"]).toBe(0);
  });

  test("coming in late without snapshots, everything is asked for from 1", () => {
    const loop = open({ servers: true });
    loop.sendBoth(dataPacket(200, 203));
    loop.untilSequence(203);
    expect(loop.sink.texts).toEqual(messageTexts(1, 203));
    loop.until("ok", () => loop.channel.quality === Quality.ok);
  });
});

describe("GLIMPSE", () => {
  const snapshot = { messages: ["image of order 1", "image of order 2", "image of order 3"], nextSequence: 103 };

  test("coming in late: snapshot, then what was held back from its sequence on", () => {
    const loop = open({ snapshots: true });
    loop.glimpse.snapshot = snapshot;
    loop.glimpse.spinning = false;
    loop.sendBoth(dataPacket(100, 102));
    loop.until("the login", () => loop.glimpse.logins.length === 1);
    expect(loop.glimpse.logins).toEqual([{ username: "user", password: "secret", sequence: 1 }]);
    expect(loop.channel.state).toBe("snapshot");
    loop.sendBoth(dataPacket(102, 106));
    loop.until("the buffer to fill", () => loop.counts()["reorderMessages"] === 6);
    expect(loop.sink.messages).toEqual([]);
    expect(loop.channel.quality).toBe(Quality.recovering);
    loop.glimpse.spinning = true;
    loop.untilSequence(106);
    expect(loop.sink.sequences).toEqual([0, 0, 0, 103, 104, 105]);
    expect(loop.sink.texts).toEqual([...snapshot.messages, ...messageTexts(103, 106)]);
    loop.until("ok", () => loop.channel.quality === Quality.ok);
    expect(loop.sink.events).toEqual([
      `quality ${Quality.recovering}`,
      "reset",
      "snapshot-begin",
      "snapshot-end 103",
      `quality ${Quality.ok}`,
    ]);
    expect(loop.counts()).toMatchObject({ snapshots: 1, snapshotFailures: 0, snapshotMessages: 3 });
    loop.until("the logout", () => loop.glimpse.connections === 0);
  });

  test("the number may mean the last message that is in the snapshot", () => {
    const loop = open({ snapshots: true, glimpseSequenceIs: "last" });
    loop.glimpse.snapshot = snapshot;
    loop.sendBoth(dataPacket(100, 106));
    loop.untilSequence(106);
    expect(loop.sink.sequences).toEqual([0, 0, 0, 104, 105]);
    expect(loop.sink.events).toContain("snapshot-end 104");
  });

  test("a hole between the snapshot and the feed is asked for", () => {
    const loop = open({ snapshots: true, servers: true });
    loop.glimpse.snapshot = { messages: ["image"], nextSequence: 90 };
    loop.sendBoth(dataPacket(100, 102));
    loop.untilSequence(102);
    expect(loop.sink.texts).toEqual(["image", ...messageTexts(90, 102)]);
    expect(loop.rerequest.requests[0]).toEqual({ session: "S1", first: 90, count: 10 });
    loop.until("ok", () => loop.channel.quality === Quality.ok);
  });

  test("a refused login and a broken snapshot are tried again, and nothing of them stays", () => {
    const loop = open({ snapshots: true });
    loop.glimpse.snapshot = snapshot;
    loop.glimpse.rejectNext = 1;
    loop.glimpse.cutNext = 1;
    loop.sendBoth(dataPacket(100, 105));
    loop.until("the refusal", () => loop.channel.status().glimpseFailure.includes("not authorised"));
    expect(loop.channel.quality).toBe(Quality.recovering);
    expect(loop.channel.status().qualityReason).toContain("the last attempt failed");
    loop.untilSequence(105);
    expect(loop.sink.texts).toEqual([...snapshot.messages, ...messageTexts(103, 105)]);
    expect(loop.counts()).toMatchObject({ snapshotsStarted: 3, snapshotFailures: 2, snapshots: 1 });
    expect(loop.channel.status().glimpseFailure).toBe("");
  });

  test("a server that is not there is tried again until it is", () => {
    const loop = open({ snapshots: true });
    loop.glimpse.listener.close();
    loop.sendBoth(dataPacket(100, 105));
    loop.until("two failures", () => loop.counts()["snapshotFailures"]! >= 2);
    expect(loop.channel.status().glimpseFailure).toContain("ECONNREFUSED: nobody listens there");
    expect(loop.channel.quality).toBe(Quality.recovering);
  });

  test("a gap that no re-request mends is mended by a snapshot", () => {
    const loop = open({ snapshots: true, servers: true, rerequestTimeoutNs: 2 * MS, rerequestAttemptsMax: 2 });
    loop.rerequest.firstKept = 1000;
    loop.glimpse.snapshot = { messages: ["image"], nextSequence: 10 };
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(dataPacket(9, 12));
    loop.untilSequence(12);
    expect(loop.sink.texts).toEqual(["image", ...messageTexts(10, 12)]);
    loop.until("ok", () => loop.channel.quality === Quality.ok);
    expect(loop.counts()).toMatchObject({ messagesLost: 0, snapshots: 1, gapsRepaired: 1 });
    expect(loop.channel.status().gaps[0]!.closedBy).toBe("snapshot");
  });

  test("a full reorder buffer is left for a snapshot", () => {
    const loop = open({ snapshots: true, reorderMessagesMax: 64, gapWaitNs: 1e15 });
    loop.glimpse.snapshot = { messages: ["image"], nextSequence: 203 };
    loop.sendBoth(dataPacket(1, 2));
    for (let first = 3; first < 203; first += 10) loop.sendBoth(dataPacket(first, first + 10));
    loop.until("the snapshot", () => loop.counts()["snapshots"] === 1);
    loop.sendBoth(dataPacket(203, 205));
    loop.untilSequence(205);
    expect(loop.sink.texts).toEqual(["image", ...messageTexts(203, 205)]);
  });

  test("a snapshot as the join policy is taken even at the beginning", () => {
    const loop = open({ snapshots: true, join: "glimpse" });
    loop.glimpse.snapshot = { messages: [], nextSequence: 1 };
    loop.sendBoth(dataPacket(1, 4));
    loop.untilSequence(4);
    expect(loop.sink.events).toContain("snapshot-end 1");
    expect(loop.sink.texts).toEqual(messageTexts(1, 4));
  });
});

describe("sessions and silence", () => {
  test("the end of the session waits for what is missing before it", () => {
    const loop = open({ servers: true });
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(endPacket(9));
    loop.until("the end", () => loop.channel.state === "ended");
    expect(loop.sink.texts).toEqual(messageTexts(1, 9));
    expect(loop.sink.events.at(-1)).toBe(`quality ${Quality.closed}`);
  });

  test("the next session begins after the end of the last", () => {
    const loop = open();
    loop.sendBoth(dataPacket(1, 5));
    loop.sendBoth(endPacket(5));
    loop.until("the end", () => loop.channel.state === "ended");
    loop.sendBoth(dataPacket(1, 3, "S2"));
    loop.until("the next session", () => loop.channel.session === "S2" && loop.channel.nextSequence === 3);
    expect(loop.sink.texts).toEqual(messageTexts(1, 3, "S2"));
    expect(loop.channel.quality).toBe(Quality.ok);
  });

  test("silence on all lines is stale; a heartbeat on one brings it back", () => {
    const loop = open();
    loop.until("the first word", () => loop.sink.qualityNow === Quality.stale);
    loop.sendBoth(dataPacket(1, 5));
    loop.until("ok", () => loop.channel.quality === Quality.ok);
    loop.aheadMs = 1500;
    loop.until("a turn", () => true);
    expect(loop.channel.quality).toBe(Quality.ok);
    loop.aheadMs = 2500;
    loop.until("stale", () => loop.channel.quality === Quality.stale);
    expect(loop.counts()).toMatchObject({ "line.a.quality": Quality.stale, "line.b.quality": Quality.stale });
    loop.send(1, heartbeatPacket(5));
    loop.until("ok again", () => loop.channel.quality === Quality.ok);
    expect(loop.counts()).toMatchObject({ "line.a.quality": Quality.stale, "line.b.quality": Quality.ok });
  });

  test("datagrams that are no packets, or too long, are counted and change nothing", () => {
    const loop = open();
    loop.sendBoth(dataPacket(1, 5));
    loop.send(0, new Uint8Array([1, 2, 3]));
    loop.send(1, dataPacket(5, 600));
    loop.sendBoth(dataPacket(5, 7));
    loop.untilSequence(7);
    expect(loop.sink.texts).toEqual(messageTexts(1, 7));
    loop.until("all packets", () => loop.counts()["line.b.packets"] === 2);
    expect(loop.counts()).toMatchObject({ "line.a.bad.short_header": 1, "line.b.bad.truncated": 1 });
  });
});
