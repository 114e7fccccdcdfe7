/** Numbers far beyond the reorder window, with nobody to ask: when they are believed, and what is then lost. */
import { describe, expect, test } from "bun:test";
import { Quality } from "../../../src/core/quality.ts";
import { dataPacket, endPacket, heartbeatPacket } from "../../support/net-feed.ts";
import { playedChannel as setUp } from "../../support/played-channel.ts";

describe("a jump beyond the window", () => {
  test("a believed jump beyond the window, with nobody to ask, loses what was jumped over and no more", () => {
    const { sink, channel, give, counts } = setUp({ reorderMessagesMax: 256 });
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(10_000, 10_003), 1);
    give(0, dataPacket(10_003, 10_005), 2);
    give(1, dataPacket(10_000, 10_003), 3);
    // The first packet of the jump is not believed until the second one bears it out.
    expect(sink.sequences).toEqual([1, 2, 10_000, 10_001, 10_002, 10_003, 10_004]);
    channel.finish();
    expect(counts()).toMatchObject({ messagesLost: 9997, messagesDropped: 0 });
    expect(counts()).toMatchObject({ "line.a.messages": 7, "line.a.won": 7, "line.b.duplicates": 3 });
  });

  test("a jump is borne out by packets in any order, by a heartbeat, by the end of session", () => {
    const backwards = setUp({ reorderMessagesMax: 256 });
    backwards.give(0, dataPacket(1, 3), 0);
    backwards.give(0, dataPacket(10_003, 10_005), 1);
    backwards.give(0, dataPacket(10_000, 10_003), 2);
    backwards.channel.finish();
    expect(backwards.sink.sequences).toEqual([1, 2, 10_000, 10_001, 10_002, 10_003, 10_004]);
    const heartbeat = setUp({ reorderMessagesMax: 256 });
    heartbeat.give(0, dataPacket(1, 3), 0);
    heartbeat.give(0, dataPacket(10_000, 10_003), 1);
    heartbeat.give(0, heartbeatPacket(10_003), 2);
    expect(heartbeat.sink.sequences).toEqual([1, 2, 10_000, 10_001, 10_002]);
    const end = setUp({ reorderMessagesMax: 256 });
    end.give(0, dataPacket(1, 3), 0);
    end.give(0, dataPacket(10_000, 10_003), 1);
    end.give(0, endPacket(10_003), 2);
    expect(end.sink.sequences).toEqual([1, 2, 10_000, 10_001, 10_002]);
    expect(end.channel.state).toBe("ended");
  });

  test("a jump in the last packet of a capture is believed: it is counted, and what it jumped over is lost", () => {
    const { sink, channel, give, counts } = setUp({ reorderMessagesMax: 256 });
    give(0, dataPacket(7, 8), 0);
    give(0, dataPacket(1_000_000, 1_000_038), 3000);
    expect(sink.sequences).toEqual([7]);
    channel.finish();
    expect(sink.sequences).toEqual([7, ...Array.from({ length: 38 }, (_, i) => 1_000_000 + i)]);
    expect(counts()).toMatchObject({ messagesLost: 999_992, gapsLost: 1, messagesDropped: 0 });
    expect(channel.quality).toBe(Quality.recovering);
  });

  test("one number out of the blue is not believed while the feed goes on where it was", () => {
    const { sink, channel, give, counts } = setUp({ reorderMessagesMax: 256 });
    give(0, dataPacket(1, 3), 0);
    give(0, dataPacket(1_000_000, 1_000_002), 1);
    give(0, dataPacket(3, 5), 2);
    expect(sink.sequences).toEqual([1, 2, 3, 4]);
    expect(channel.quality).toBe(Quality.ok);
    expect(counts()["messagesLost"]).toBe(0);
  });
});
