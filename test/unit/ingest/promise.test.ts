/** Moments at which the quality must already have been told; each was found by the simulator. */
import { describe, expect, test } from "bun:test";
import { Quality } from "../../../src/core/quality.ts";
import { Channel } from "../../../src/ingest/channel.ts";
import type { ChannelOptions } from "../../../src/ingest/options.ts";
import { dataPacket, endPacket, heartbeatPacket } from "../../support/net-feed.ts";
import { RecordingSink } from "../../support/net-recording-sink.ts";

const MS = 1e6;

/** Writes down the quality that was in force at each message and each reset. */
class WatchingSink extends RecordingSink {
  readonly seen: string[] = [];

  override message(
    bytes: Uint8Array,
    view: DataView,
    offset: number,
    length: number,
    sequence: number,
    tsRecvNs: number,
  ): void {
    this.seen.push(`${sequence}:${this.qualityNow ?? Quality.stale}`);
    super.message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  override reset(): void {
    this.seen.push(`reset:${this.qualityNow ?? Quality.stale}`);
    super.reset();
  }
}

function setUp(options: Partial<ChannelOptions> = {}) {
  const sink = new WatchingSink();
  const channel = new Channel({ name: "test", lines: [{ name: "a" }, { name: "b" }], ...options }, sink);
  const give = (line: number, packet: Uint8Array, atMs: number) =>
    channel.packet(line, packet, new DataView(packet.buffer), 0, packet.length, atMs * MS);
  return { sink, channel, give };
}

describe("told before it happens", () => {
  test("books are not emptied for a new session while they count as ok", () => {
    const { sink, channel, give } = setUp();
    give(0, dataPacket(1, 3), 0);
    expect(channel.quality).toBe(Quality.ok);
    give(0, dataPacket(1, 3, "S2"), 10);
    give(0, dataPacket(3, 5, "S2"), 11);
    expect(sink.seen).toEqual(["1:2", "2:2", "reset:1", "1:1", "2:1", "3:1", "4:1"]);
    expect(channel.quality).toBe(Quality.ok);
    expect(sink.qualityNow).toBe(Quality.ok);
  });

  test("what lies behind messages given up for want of room is not handed on as ok", () => {
    const { sink, give } = setUp({ reorderMessagesMax: 8, gapWaitNs: 10 * MS });
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(5, 9), 1);
    give(0, dataPacket(9, 14), 2);
    expect(sink.seen.slice(2)).toEqual(["5:1", "6:1", "7:1", "8:1", "9:1", "10:1", "11:1", "12:1", "13:1"]);
    expect(sink.qualityNow).toBe(Quality.recovering);
  });
});

describe("a feed that is not heard at its front", () => {
  test("late copies of what was handed on do not keep the books fresh", () => {
    const { channel, give } = setUp();
    give(0, dataPacket(1, 30), 0);
    for (let i = 1; i < 25; i++) give(1, dataPacket(i, i + 1), i * 100);
    expect(channel.quality).toBe(Quality.stale);
    give(1, heartbeatPacket(30), 2500);
    expect(channel.quality).toBe(Quality.ok);
  });

  test("a number from beyond the window puts the books in doubt until a second one or the next message", () => {
    const { channel, give } = setUp({ reorderMessagesMax: 16 });
    give(0, dataPacket(1, 10), 0);
    give(0, heartbeatPacket(5000), 1);
    expect(channel.quality).toBe(Quality.recovering);
    give(0, dataPacket(10, 12), 2);
    expect(channel.quality).toBe(Quality.ok);
    give(0, endPacket(12), 3);
    expect(channel.quality).toBe(Quality.closed);
  });
});

describe("an exchange that begins again under its old session", () => {
  test("is noticed by heartbeats though the channel still waits at a hole before them", () => {
    const { sink, channel, give } = setUp({ join: "from-start", gapGiveUpNs: 3600e9 });
    give(0, dataPacket(5, 10), 0);
    give(1, dataPacket(5, 10), 0);
    give(0, heartbeatPacket(10), 10);
    expect(channel.nextSequence).toBe(1);
    for (let i = 3; i < 8; i++) for (const line of [0, 1]) give(line, heartbeatPacket(1), i * 1000);
    expect(sink.seen).toEqual(["reset:1"]);
    expect(channel.counters.toObject()["reorderMessages"]).toBe(0);
  });

  test("is noticed on a line that was never heard before it", () => {
    const { sink, give } = setUp();
    give(1, dataPacket(1, 10), 0);
    for (let i = 3; i < 8; i++) for (const line of [0, 1]) give(line, heartbeatPacket(1), i * 1000);
    expect(sink.seen.at(-1)).toBe("reset:2");
  });
});
