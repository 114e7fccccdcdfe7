/** 10,000 real AAPL messages of 2020-01-30: BinaryFILE framing and ITCH decoding against what is known of the file. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { NS_PER_S } from "../../../src/core/units.ts";
import { BinaryFileFramer } from "../../../src/wire/binaryfile.ts";
import { decodeItch, encodeItch, type ItchMessage } from "../../../src/wire/itch50.ts";
import { realData } from "./real-data.ts";

const folder = realData("itch50-aapl");
const COUNTS = { A: 4758, D: 4083, E: 849, P: 240, L: 52, U: 7, X: 6, F: 2, R: 1, H: 1, Y: 1 };

async function readMessages(chunkBytes: number): Promise<{ messages: ItchMessage[]; raw: Uint8Array[]; cut: unknown }> {
  const file = new Uint8Array(await Bun.file(join(folder!, "locate-13-10k.bin")).arrayBuffer());
  const framer = new BinaryFileFramer();
  const messages: ItchMessage[] = [];
  const raw: Uint8Array[] = [];
  for (let at = 0; at < file.length; at += chunkBytes) {
    framer.feed(file.subarray(at, at + chunkBytes));
    while (framer.next()) {
      messages.push(decodeItch(framer.bytes, framer.offset, framer.length) as ItchMessage);
      raw.push(framer.bytes.slice(framer.offset, framer.offset + framer.length));
    }
  }
  return { messages, raw, cut: framer.end().cutOffset };
}

test.skipIf(!folder)(
  "every message decodes, with the known counts and times, and encodes to its own bytes",
  async () => {
    const { messages, raw, cut } = await readMessages(Number.MAX_SAFE_INTEGER);
    expect(cut).toBeUndefined();
    expect(messages.length).toBe(10_000);
    const counts: Record<string, number> = {};
    for (const message of messages) counts[message.type] = (counts[message.type] ?? 0) + 1;
    expect(counts).toEqual(COUNTS);

    let last = 0;
    for (const [i, message] of messages.entries()) {
      expect(message.stockLocate).toBe(13);
      expect(message.timestampNs).toBeGreaterThanOrEqual(last);
      last = message.timestampNs;
      if ("stock" in message) expect(message.stock).toBe("AAPL");
      const again = new Uint8Array(raw[i]!.length);
      encodeItch(message, again);
      expect(again).toEqual(Uint8Array.from(raw[i]!));
    }
    expect(Math.floor(messages[0]!.timestampNs / NS_PER_S)).toBe(11_234);
    expect(Math.floor(last / NS_PER_S)).toBe(28_770);
  },
);

test.skipIf(!folder)("read in small chunks it is the same file", async () => {
  const whole = await readMessages(Number.MAX_SAFE_INTEGER);
  for (const chunkBytes of [1, 37, 4096]) expect((await readMessages(chunkBytes)).messages).toEqual(whole.messages);
});
