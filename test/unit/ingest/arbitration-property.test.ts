/**
 * The promise of the channel, held against chance: whatever each line loses, repeats, delays and however it cuts its
 * packets, as long as each message survives on one of them the sink sees every sequence once, in order, byte for byte.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Prng } from "../../../src/core/prng.ts";
import { Channel } from "../../../src/ingest/channel.ts";
import { dataPacket, endPacket, heartbeatPacket, messageTexts } from "../../support/net-feed.ts";
import { RecordingSink } from "../../support/net-recording-sink.ts";

interface Sent {
  atNs: number;
  line: number;
  packet: Uint8Array;
  first: number;
  end: number;
}

interface Fault {
  loss: number;
  duplicate: number;
  reorder: number;
  delayNs: number;
  packetMessagesMax: number;
}

const PACKET_INTERVAL_NS = 20e3;

const fault: fc.Arbitrary<Fault> = fc.record({
  loss: fc.constantFrom(0, 0.05, 0.5, 0.9),
  duplicate: fc.constantFrom(0, 0.1, 0.5),
  reorder: fc.constantFrom(0, 0.05, 0.5),
  delayNs: fc.integer({ min: 0, max: 5e6 }),
  packetMessagesMax: fc.integer({ min: 1, max: 12 }),
});

/** What one line sends of [1, messages]: which ranges it keeps is told in `kept`. */
function lineOf(line: number, messages: number, f: Fault, random: Prng, keep: (sequence: number) => boolean): Sent[] {
  const sent: Sent[] = [];
  let atNs = f.delayNs;
  for (let first = 1; first <= messages; ) {
    const end = Math.min(messages + 1, first + random.between(1, f.packetMessagesMax));
    atNs += PACKET_INTERVAL_NS;
    let needed = false;
    for (let sequence = first; sequence < end; sequence++) if (keep(sequence)) needed = true;
    if (needed || !random.chance(f.loss)) {
      const packet = dataPacket(first, end);
      const lateNs = random.chance(f.reorder) ? random.below(10) * PACKET_INTERVAL_NS : 0;
      sent.push({ atNs: atNs + lateNs, line, packet, first, end });
      if (random.chance(f.duplicate))
        sent.push({ atNs: atNs + random.below(20) * PACKET_INTERVAL_NS, line, packet, first, end });
    }
    first = end;
  }
  const end = messages + 1;
  sent.push({ atNs: atNs + 20 * PACKET_INTERVAL_NS, line, packet: heartbeatPacket(end), first: end, end });
  sent.push({ atNs: atNs + 30 * PACKET_INTERVAL_NS, line, packet: endPacket(end), first: end, end });
  return sent;
}

/** Messages that a line never brought, from its first packet on. */
function lostBy(line: number, sent: readonly Sent[]): number {
  const own = sent.filter((one) => one.line === line);
  const brought = new Set<number>();
  for (const { first, end } of own) for (let sequence = first; sequence < end; sequence++) brought.add(sequence);
  const from = own[0]!.first;
  const to = Math.max(...own.map((one) => one.end));
  let lost = 0;
  for (let sequence = from; sequence < to; sequence++) if (!brought.has(sequence)) lost++;
  return lost;
}

test("every sequence once, in order, with its bytes, if it survives on either line", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 400 }), fault, fault, (seed, messages, faultA, faultB) => {
      const random = new Prng(seed);
      // Each message is kept for sure by one line; the other may lose it.
      const keeper = Array.from({ length: messages + 1 }, () => random.below(2));
      const sent = [
        ...lineOf(0, messages, faultA, random, (sequence) => keeper[sequence] === 0),
        ...lineOf(1, messages, faultB, random, (sequence) => keeper[sequence] === 1),
      ].sort((x, y) => x.atNs - y.atNs);
      const sink = new RecordingSink();
      const channel = new Channel({ name: "p", lines: [{ name: "a" }, { name: "b" }], join: "from-start" }, sink);
      for (const { atNs, line, packet } of sent)
        channel.packet(line, packet, new DataView(packet.buffer), 0, packet.length, atNs);
      channel.finish();
      expect(sink.sequences).toEqual(Array.from({ length: messages }, (_, i) => i + 1));
      expect(sink.texts).toEqual(messageTexts(1, messages + 1));
      const counts = channel.counters.toObject();
      expect(counts["messagesLost"]).toBe(0);
      expect(counts["line.a.won"]! + counts["line.b.won"]!).toBe(messages);
      for (const [i, line] of ["a", "b"].entries()) {
        expect(counts[`line.${line}.messages`]).toBe(counts[`line.${line}.won`]! + counts[`line.${line}.duplicates`]!);
        expect(counts[`line.${line}.lost`]).toBe(lostBy(i, sent));
      }
      expect(channel.state).toBe("ended");
    }),
    { numRuns: 60 },
  );
});
