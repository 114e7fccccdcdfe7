/**
 * Real messages through the binary: AAPL's morning against the book that others have published for it, replayed and
 * over the wire, and the MoldUDP64 captures of Nasdaq, BX and PSX. Skipped where the data is not at hand.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { realData } from "../conformance/wire/real-data.ts";
import { runFathom } from "../support/binary.ts";
import { Market } from "../support/market.ts";
import { readDump, replayJson } from "../support/tapes.ts";

const aapl = realData("itch50-aapl");
const captures = realData("moldudp64");
/** Folders in which whoever published the captures has zeroed addresses, session and sequence. */
const REWRITTEN = ".20230822";

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

interface Level {
  price: number;
  shares: number;
  orders: number;
  queue: { shares: number }[];
}

describe.skipIf(aapl === undefined)("AAPL, 2020-01-30", () => {
  const file = `${aapl}/locate-13-10k.bin`;

  test.each([0, 1, 2])("all 142 levels and 215 live orders are the published ones (%i shards)", async (shards) => {
    const dump = market.path("aapl.ndjson");
    const result = await replayJson([file, "--dump", dump, "--queue", "--shards", `${shards}`]);
    expect(result).toMatchObject({ messages: 10_000, instruments: 1, orders: 215, bad_messages: 0 });
    const [book] = readDump(dump) as { symbol: string; stock_locate: number; bids: Level[]; asks: Level[] }[];
    expect(book).toMatchObject({ symbol: "AAPL", stock_locate: 13 });
    const { bids, asks } = book!;
    const line = (side: string) => (level: Level) =>
      `${side} ${Math.round(level.price * 10_000)} ${level.shares} ${level.orders}`;
    const published = readFileSync(`${aapl}/final-depth.txt`, "utf8").trim().split("\n");
    expect(published.length).toBe(142);
    expect([...bids.map(line("B")), ...asks.map(line("S"))].toSorted()).toEqual(published.toSorted());
    for (const { queue, orders, shares } of [...bids, ...asks]) {
      expect(queue.length).toBe(orders);
      expect(queue.reduce((total, order) => total + order.shares, 0)).toBe(shares);
    }
  });

  test("played on faulty lines into a running node: the same book", async () => {
    const { state_hash, session_hash } = await replayJson([file]);
    const node = await market.node("node", { flags: ["--until-end"] });
    const exchange = market.exchange(
      "--file",
      file,
      "--speed",
      "max",
      "--rate",
      "20000",
      "--loss",
      "3%",
      "--dup",
      "2%",
    );
    const summary = await node.summary();
    await exchange.stop();
    expect(summary).toMatchObject({ messages: 10_000, orders: 215, state_hash, session_hash });
  });
});

describe.skipIf(captures === undefined)("MoldUDP64 captures", () => {
  const folders = captures === undefined ? [] : readdirSync(captures).filter((name) => !name.includes("README"));
  const files = (isRewritten: boolean) =>
    folders
      .filter((folder) => folder.endsWith(REWRITTEN) === isRewritten)
      .flatMap((folder) => readdirSync(join(captures!, folder)).map((name) => join(captures!, folder, name)))
      .filter((path) => path.endsWith(".pcap"));
  const isMultiple = (path: string) => path.endsWith("Multiple.Packets.pcap");

  test("live ones: every message counted, of a session that was joined late", async () => {
    const paths = files(false).filter((path) => !isMultiple(path));
    expect(paths.length).toBe(10);
    for (const path of paths) {
      const { messages, messages_by_type, capture, quality, last_sequence } = await replayJson([path]);
      expect([messages, Object.keys(messages_by_type).length]).toEqual([1, 1]);
      expect(capture!.session).toMatch(/^000010059[BD]$/);
      expect(capture).toMatchObject({ messages_lost: 0, bad_packets: {} });
      expect(quality).toBe("recovering");
      expect(last_sequence).toBeGreaterThan(1_000_000);
    }
  });

  test("two packets far apart: the messages of both, and what lies between is lost", async () => {
    const path = files(false).find(isMultiple)!;
    const result = await replayJson([path]);
    expect(result).toMatchObject({
      messages: 39,
      messages_by_type: { A: 36, F: 2, D: 1 },
      last_sequence: 19_009_117 + 37,
      capture: { session: "000010059B", messages_lost: 19_009_117 - 14_764_496 - 1, gaps_opened: 1, gaps_repaired: 0 },
    });
    expect(result.capture!.lines).toEqual([{ destination: "233.54.12.111:26477", messages: 39 }]);
  });

  test("rewritten ones: every message, in the order they lie, and no claim that all are there", async () => {
    const paths = files(true);
    expect(paths.length).toBeGreaterThan(30);
    const types: Record<string, number> = {};
    for (const path of paths) {
      const result = await replayJson([path, "--unsequenced"]);
      expect(result.messages).toBe(Object.values(result.messages_by_type).reduce((a, b) => a + b, 0));
      expect(Object.keys(result.messages_by_type).length).toBe(1);
      expect(result.bad_by_kind).toMatchObject({ unknown_type: 0, wrong_length: 0 });
      expect(result.quality).toBe("recovering");
      for (const [type, count] of Object.entries(result.messages_by_type)) types[type] = (types[type] ?? 0) + count;
    }
    expect(Object.keys(types).toSorted().join("")).toBe("ACDEFHIJLNPQSUXY");
  });

  test("rewritten ones without --unsequenced are refused, with the word on how to take them", async () => {
    const { exitCode, stderr } = await runFathom(["replay", files(true)[0]!]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no-sequence: all packets have sequence 0; --unsequenced takes");
  });
});
