/**
 * Faults by chance on real sockets: both lines lose, repeat and reorder packets, the re-request server leaves requests
 * unanswered, and still every message comes out once, in order. The seed is printed when it fails.
 */
import { afterEach, expect, test } from "bun:test";
import { Prng } from "../../src/core/prng.ts";
import { Quality } from "../../src/core/quality.ts";
import { LoopbackChannel } from "../support/net-channel.ts";
import { dataPacket, endPacket, heartbeatPacket, messageTexts } from "../support/net-feed.ts";

const MESSAGES = 6000;
const opened: LoopbackChannel[] = [];
afterEach(() => {
  for (const loop of opened.splice(0)) loop.close();
});

/** One line's packets, cut, lost, repeated and shuffled in its own way. */
function line(random: Prng): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let first = 1; first <= MESSAGES; ) {
    const end = Math.min(MESSAGES + 1, first + random.between(1, 20));
    const packet = dataPacket(first, end);
    if (!random.chance(0.2)) packets.push(packet);
    if (random.chance(0.05)) packets.push(packet);
    first = end;
  }
  for (let i = 1; i < packets.length; i++)
    if (random.chance(0.05)) [packets[i - 1], packets[i]] = [packets[i]!, packets[i - 1]!];
  return packets;
}

for (const seed of [1, 2, 3])
  test(`seed ${seed}: a fifth lost on each line, answers lost as well`, () => {
    const random = new Prng(seed);
    const loop = new LoopbackChannel({ servers: true, join: "from-start", rerequestTimeoutNs: 10e6 });
    opened.push(loop);
    const lines = [line(random.fork()), line(random.fork())];
    let sent = 0;
    loop.until("everything", () => {
      // A few packets a turn, so that holes are seen, asked for and filled while the feed goes on.
      for (let k = 0; k < 10; k++, sent++)
        for (const [i, packets] of lines.entries()) if (sent < packets.length) loop.send(i, packets[sent]!);
      if (sent >= Math.max(lines[0]!.length, lines[1]!.length)) loop.sendBoth(heartbeatPacket(MESSAGES + 1));
      if (random.chance(0.1)) loop.rerequest.ignore = 1;
      return loop.channel.nextSequence > MESSAGES;
    });
    loop.sendBoth(endPacket(MESSAGES + 1));
    loop.until("the end", () => loop.channel.state === "ended");
    expect(loop.sink.sequences).toEqual(Array.from({ length: MESSAGES }, (_, i) => i + 1));
    expect(loop.sink.texts).toEqual(messageTexts(1, MESSAGES + 1));
    const counts = loop.counts();
    expect(counts["line.a.won"]! + counts["line.b.won"]! + counts["line.r.won"]!).toBe(MESSAGES);
    expect(counts["filledByRerequest"]).toBeGreaterThan(0);
    expect(counts["line.a.lost"]).toBeGreaterThan(0);
    expect(counts["line.r.lost"]).toBe(0);
    expect(counts).toMatchObject({ messagesLost: 0, messagesMissing: 0, gapsLost: 0, quality: Quality.closed });
    expect(counts["gapsOpened"]).toBe(counts["gapsRepaired"]!);
  });
