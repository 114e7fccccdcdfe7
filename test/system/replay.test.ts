/**
 * `fathom replay` on the binary: one result from one tape, however the books are sharded, the file is packed, or the
 * messages were captured; and every way to take only a part of it.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bookToJson } from "../../src/books/book-json.ts";
import { ApplyStatus } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { combineHashes, hashInstruments } from "../../src/books/state-hash.ts";
import { readU48 } from "../../src/core/bytes.ts";
import { runFathom, startFathom } from "../support/binary.ts";
import { apply } from "../support/books.ts";
import { type CaptureFaults, moldPackets, onTwoLines, pcapFile, pcapngFile } from "../support/captures.ts";
import {
  type DayOptions,
  type ReplayJson,
  readDump,
  readTape,
  replayJson,
  tapeBytes,
  writeDay,
} from "../support/tapes.ts";

const DAY: DayOptions = { messages: 40_000, symbols: 60, seed: 5 };
/** Small enough for the naive books. */
const SMALL_DAY: DayOptions = { messages: 12_000, symbols: 12, seed: 6, live: 600 };

let folder: string;
let day: string;
let whole: ReplayJson;
let messages: Uint8Array[];

const at = (name: string) => join(folder, name);
const results = ({ state_hash, session_hash, orders, messages: count, bad_by_kind }: ReplayJson) => ({
  state_hash,
  session_hash,
  orders,
  count,
  bad_by_kind,
});

function write(name: string, bytes: Uint8Array): string {
  writeFileSync(at(name), bytes);
  return at(name);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fathom-replay-"));
  day = await writeDay(at("day.itch"), DAY);
  whole = await replayJson([day]);
  messages = readTape(day);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the obviously right books make of these messages. */
function naively(given: readonly Uint8Array[]): NaiveBooks {
  const books = new NaiveBooks();
  for (const message of given) if (apply(books, message) !== ApplyStatus.ok) throw new Error("the tape is not true");
  return books;
}

describe("one result", () => {
  const layouts = [0, 1, 2, 4].flatMap((shards) => ["hash", "range"].map((by) => [shards, by] as const));

  test.each(layouts)("whatever the shards: %i by %s", async (shards, by) => {
    const result = await replayJson([day, "--shards", `${shards}`, "--shard-by", by]);
    expect(results(result)).toEqual(results(whole));
    expect(result.shards).toBe(shards);
    expect(result.messages).toBe(DAY.messages);
    expect(result.orders).toBeGreaterThan(1000);
  });

  test("the same as the naive books, to the last order", async () => {
    const path = await writeDay(at("small.itch"), SMALL_DAY);
    const result = await replayJson([path, "--dump", at("small.ndjson"), "--queue", "--shards", "2"]);
    const naive = naively(readTape(path));
    const hashes = hashInstruments(naive);
    expect(result.state_hash).toBe(combineHashes(hashes, "state"));
    expect(result.session_hash).toBe(combineHashes(hashes, "session"));
    expect(result.orders).toBe(naive.orderCount());
    const books = naive.locates().map((locate) => bookToJson(naive.book(locate, { queue: true })!));
    expect(readDump(at("small.ndjson"))).toEqual(JSON.parse(JSON.stringify(books)));
  });

  test("plain, gzip and Zstandard, whatever the name says", async () => {
    const tape = readFileSync(day);
    for (const path of [write("day.itch.gz", gzipSync(tape)), write("renamed", zstdCompressSync(tape))]) {
      expect(results(await replayJson([path]))).toEqual(results(whole));
    }
  });

  test("two halves, one after the other, are the whole", async () => {
    const halves = [messages.slice(0, 15_000), messages.slice(15_000)].map((half, i) =>
      write(`half-${i}.itch`, tapeBytes(half)),
    );
    expect(results(await replayJson(halves))).toEqual(results(whole));
  });
});

describe("captures", () => {
  const capture = (faults: CaptureFaults) => onTwoLines(moldPackets(messages), faults);

  test("both lines in a pcap, with losses and disorder: the tape's books, gap by gap", async () => {
    const packets = capture({ lossA: 0.1, lossB: 0.1, reorder: 0.1 });
    for (const [name, isNanos] of [
      ["micro.pcap", false],
      ["nano.pcap", true],
    ] as const) {
      const result = await replayJson([write(name, pcapFile(packets, { isNanos }))]);
      expect(results(result)).toEqual(results(whole));
      expect(result.capture).toMatchObject({
        session: "CAPTURE",
        messages_lost: 0,
        bad_packets: {},
        quality: "closed",
      });
      const destinations = result.capture!.lines.map((line) => line.destination);
      expect(destinations.toSorted()).toEqual(["233.54.12.1:26477", "233.54.12.2:26477"]);
      expect(result.capture!.gaps_opened).toBeGreaterThan(0);
      expect(result.capture!.gaps_repaired).toBe(result.capture!.gaps_opened);
    }
  });

  test("each line in a capture of its own, pcap and pcapng, compressed or not", async () => {
    const packets = capture({ lossA: 0.2, lossB: 0.05, seed: 3 });
    const [a, b] = [0, 1].map((line) => packets.filter((packet) => packet.line === line));
    const pcap = write("a.pcap.gz", gzipSync(pcapFile(a!)));
    const pcapng = write("b.pcapng", pcapngFile(b!));
    for (const files of [
      [pcap, pcapng],
      [pcapng, pcap],
    ]) {
      expect(results(await replayJson([...files, "--shards", "2"]))).toEqual(results(whole));
    }
  });

  test("what both lines lost is counted as lost, and the books are not said to be good", async () => {
    const packets = capture({ lossA: 0.05, lossB: 0.05, bothMayLose: true, seed: 9 });
    const result = await replayJson([write("lossy.pcap", pcapFile(packets))]);
    const { messages_lost, gaps_opened, gaps_repaired } = result.capture!;
    expect(messages_lost).toBeGreaterThan(0);
    expect(result.messages + messages_lost).toBe(DAY.messages);
    expect(gaps_opened).toBeGreaterThan(gaps_repaired);
    expect(result.last_sequence).toBe(DAY.messages);
    expect(result.state_hash).not.toBe(whole.state_hash);
  });

  test("--until-seq in a capture is the tape up to there, and what follows is not missed", async () => {
    const path = write("until.pcap", pcapFile(capture({ lossA: 0.1, reorder: 0.1 })));
    const result = await replayJson([path, "--until-seq", "23456"]);
    expect(results(result)).toEqual(results(await replayJson([day, "--until-seq", "23456"])));
    expect(result.capture!.messages_lost).toBe(0);
  });

  test("a capture that was cut: everything before that, the offset, and exit 1", async () => {
    const bytes = pcapFile(capture({}));
    const path = write("cut.pcap", bytes.subarray(0, bytes.length - 1000));
    const result = await replayJson([path], 1);
    expect(result.files[0]!.cut_offset).toBeWithin(bytes.length - 2000, bytes.length - 999);
    expect(result.messages).toBeWithin(DAY.messages - 60, DAY.messages + 1);
    const tape = write("cut-alike.itch", tapeBytes(messages.slice(0, result.messages)));
    expect(result.state_hash).toBe((await replayJson([tape])).state_hash);
  });

  test("a tape and a capture in one go are refused", async () => {
    const { exitCode, stderr } = await runFathom(["replay", day, write("a.pcap", pcapFile(capture({})))]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("mixed-formats");
  });
});

describe("a part of a tape", () => {
  const truncated = (count: number) => replayJson([write("part.itch", tapeBytes(messages.slice(0, count)))]);

  test("--until-seq is inclusive", async () => {
    for (const count of [1, 12_345, DAY.messages, DAY.messages + 1]) {
      const part = await replayJson([day, "--until-seq", `${count}`]);
      expect(results(part)).toEqual(results(await truncated(count)));
    }
  });

  test("--until-time is inclusive to the nanosecond", async () => {
    const stamp = (message: Uint8Array) => readU48(new DataView(message.buffer, message.byteOffset), 5);
    // The last message of its nanosecond.
    let count = 20_000;
    while (stamp(messages[count]!) === stamp(messages[count - 1]!)) count++;
    const ns = stamp(messages[count - 1]!);
    const text = (time: number) => {
      const seconds = Math.floor(time / 1e9);
      const parts = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => String(Math.floor(part)));
      return `${parts.map((part) => part.padStart(2, "0")).join(":")}.${String(time % 1e9).padStart(9, "0")}`;
    };
    const part = await replayJson([day, "--until-time", text(ns)]);
    expect(results(part)).toEqual(results(await truncated(count)));
    expect(part.last_time_ns).toBe(ns);
    const before = await replayJson([day, "--until-time", text(ns - 1)]);
    expect(before.messages).toBeLessThan(count);
    expect(before.last_time_ns).toBeLessThan(ns);
  });

  test("--symbols: those books and no others, the rest skipped and counted", async () => {
    const dumps = { all: at("all.ndjson"), some: at("some.ndjson") };
    await replayJson([day, "--dump", dumps.all, "--queue"]);
    const some = await replayJson([
      day,
      "--symbols",
      "ZBAA,ZBB*,!ZBBC",
      "--dump",
      dumps.some,
      "--queue",
      "--shards",
      "2",
    ]);
    const isWanted = (book: { symbol: string }) => /^ZBAA$|^ZBB[^C]$/.test(book.symbol);
    const wanted = (readDump(dumps.all) as { symbol: string }[]).filter(isWanted);
    expect(wanted.length).toBe(26);
    expect(readDump(dumps.some)).toEqual(wanted);
    expect(some).toMatchObject({ instruments: 26, bad_messages: 0, messages: DAY.messages });
    expect(some.skipped_messages).toBeGreaterThan(0);
  });

  test("symbols that the feed does not have are said to be none of it", async () => {
    const { exitCode, stderr } = await runFathom(["replay", day, "--symbols", "NOPE*"]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain("no instrument of the feed is in --symbols NOPE*");
  });

  test.each([0, 2])("a tape that was cut: all whole messages, the offset, and exit 1 (%i shards)", async (shards) => {
    const bytes = readFileSync(day);
    const whole20k = tapeBytes(messages.slice(0, 20_000)).length;
    for (const length of [whole20k + 1, whole20k + 7]) {
      const path = write("cut.itch", bytes.subarray(0, length));
      const part = await replayJson([path, "--shards", `${shards}`], 1);
      expect(results(part)).toEqual(results(await truncated(20_000)));
      expect(part.files[0]).toMatchObject({ cut_offset: whole20k });
      const { stderr } = await runFathom(["replay", path]);
      expect(stderr).toContain(`error: file-cut: ${path}: cut in the middle at byte ${whole20k}`);
    }
  });

  test("a compressed tape that was cut: what can be read of it, where it ends, and exit 1", async () => {
    for (const bytes of [gzipSync(readFileSync(day)), zstdCompressSync(readFileSync(day))]) {
      const path = write("cut.itch.packed", bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      const part = await replayJson([path], 1);
      expect(part.files[0]!.problem).toMatch(/at byte \d+ of the compressed file/);
      expect(results(part)).toEqual(results(await truncated(part.messages)));
    }
  });
});

describe("--dump", () => {
  test("one line an instrument, ascending stock locate, best level first, oldest order first", async () => {
    const withQueue = at("queue.ndjson");
    const without = at("levels.ndjson");
    await replayJson([day, "--dump", withQueue, "--queue"]);
    await replayJson([day, "--dump", without]);
    type Level = { price: number; shares: number; orders: number; queue: { order_ref: string; shares: number }[] };
    type Book = { stock_locate: number; symbol: string; state: string; bids: Level[]; asks: Level[] };
    const books = readDump(withQueue) as Book[];
    expect(books.map((book) => book.stock_locate)).toEqual(Array.from({ length: DAY.symbols }, (_, i) => i + 1));
    for (const { bids, asks, ...head } of books) {
      expect(Object.keys(head)).toEqual(["stock_locate", "symbol", "state"]);
      expect(bids.map(({ price }) => price)).toEqual(bids.map(({ price }) => price).toSorted((a, b) => b - a));
      expect(asks.map(({ price }) => price)).toEqual(asks.map(({ price }) => price).toSorted((a, b) => a - b));
      for (const level of [...bids, ...asks]) {
        expect(Object.keys(level)).toEqual(["price", "shares", "orders", "queue"]);
        expect(level.queue.length).toBe(level.orders);
        expect(level.queue.reduce((total, { shares }) => total + shares, 0)).toBe(level.shares);
        expect(level.queue.every(({ order_ref }) => /^\d+$/.test(order_ref))).toBe(true);
      }
    }
    const stripped = books.map(({ bids, asks, ...head }) => {
      const levels = (side: Level[]) => side.map(({ queue: _, ...level }) => level);
      return { ...head, bids: levels(bids), asks: levels(asks) };
    });
    expect(readDump(without)).toEqual(stripped);
    expect(readFileSync(withQueue, "utf8")).toStartWith(
      `{"stock_locate":1,"symbol":"ZBAA","state":"${books[0]!.state}","bids":[{"price":`,
    );
  });

  test("never over the file that is replayed, and not found out at the end that it cannot be written", async () => {
    const over = await runFathom(["replay", day, "--dump", `${folder}/./day.itch`]);
    expect(over.exitCode).toBe(2);
    expect(over.stderr).toContain("dump-over-input");
    expect(readTape(day).length).toBe(DAY.messages);
    const nowhere = await runFathom(["replay", day, "--dump", at("none/books.ndjson")]);
    expect({ exitCode: nowhere.exitCode, stdout: nowhere.stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(nowhere.stderr).toContain(`file-unwritable: cannot write ${at("none/books.ndjson")}`);
  });
});

test("Ctrl-C ends a long replay at once", async () => {
  const files = Array.from({ length: 400 }, () => day);
  const started = startFathom(["replay", ...files, "--dump", at("books.ndjson")]);
  while (!(await Bun.file(at("books.ndjson")).exists())) await new Promise((resolve) => setImmediate(resolve));
  started.process.kill("SIGINT");
  expect(await started.ended).toBe(130);
  expect(started.stdout()).toBe("");
});
