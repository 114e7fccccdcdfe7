/** The embedded exchange over real loopback sockets: the feed, its faults and repairs, snapshots, files. */
import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Exchange } from "../../src/exchange/exchange.ts";
import type { ExchangeOptions, LineOptions } from "../../src/exchange/exchange-options.ts";
import { DayFileWriter } from "../../src/exchange/file-writer.ts";
import { runExchange, runExchangeAsync } from "../../src/exchange/run-exchange.ts";
import {
  ExchangeDriver,
  FeedListener,
  liveOrdersOf,
  RerequestClient,
  SnapshotClient,
} from "../support/exchange-listener.ts";

const DAY = { seed: 11, symbols: 20, messages: 40_000, live: 1600 };
const SESSION = "TESTDAY001";
const open: { close(): void }[] = [];
const folder = mkdtempSync(join(tmpdir(), "fathom-exchange-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

function listen(groups: readonly string[] = ["127.0.0.1", "127.0.0.1"]): FeedListener {
  const listener = new FeedListener(groups);
  open.push(listener);
  return listener;
}

function linesTo(listener: FeedListener, faults: Partial<LineOptions>[] = []): LineOptions[] {
  return listener.receivers.map((receiver, i) => {
    return { name: "ab"[i]!, group: "127.0.0.1", port: receiver.localPort, ...faults[i] };
  });
}

function makeExchange(lines: LineOptions[], more: Partial<ExchangeOptions> = {}): Exchange {
  const exchange = new Exchange({
    source: { kind: "synthetic", ...DAY, rate: Number.POSITIVE_INFINITY, syntheticTime: true },
    lines,
    session: SESSION,
    rerequest: { address: "127.0.0.1", port: 0 },
    glimpse: { address: "127.0.0.1", port: 0, username: "fathom", password: "secret" },
    lingerNs: 500e6,
    ...more,
  });
  open.push(exchange);
  return exchange;
}

function dayFile(): Uint8Array {
  const path = join(folder, "day.itch");
  const writer = new DayFileWriter({ ...DAY, path });
  while (writer.doWork(10_000));
  return readFileSync(path);
}

const WHOLE = dayFile();
const sha = (bytes: Uint8Array) => Bun.SHA256.hash(bytes, "hex");

describe("the feed", () => {
  test("both lines carry the day that --to-file writes, byte for byte, then the end of session again and again", () => {
    const listener = listen();
    const exchange = makeExchange(linesTo(listener));
    const driver = new ExchangeDriver(exchange, listener);
    driver.until(() => exchange.isOver);
    expect(sha(listener.file())).toBe(sha(WHOLE));
    expect(listener.nextSequence).toBe(DAY.messages + 1);
    for (const tally of listener.tallies) {
      expect(tally.bad).toBe(0);
      expect(tally.ends).toBeGreaterThanOrEqual(3);
      expect(tally.data).toBe(exchange.publisher.packets);
    }
  });

  test("multicast on lo", () => {
    const listener = listen(["239.192.77.101", "239.192.77.102"]);
    const lines = listener.receivers.map(({ localPort: port }, i) => {
      return { name: "ab"[i]!, group: `239.192.77.10${i + 1}`, port, interface: "lo", ttl: 0 };
    });
    const exchange = makeExchange(lines);
    new ExchangeDriver(exchange, listener).until(() => exchange.isOver);
    expect(sha(listener.file())).toBe(sha(WHOLE));
  });

  test("what is quiet says so with heartbeats that tell the next sequence", () => {
    const listener = listen();
    const source = { kind: "synthetic", ...DAY, rate: 0.01, syntheticTime: true } as const;
    const driver = new ExchangeDriver(makeExchange(linesTo(listener), { source, heartbeatNs: 100e6 }), listener);
    for (let i = 0; i < 10; i++) driver.turn(100e6);
    const { messageTotal } = driver.exchange.source.blocks;
    expect(messageTotal).toBeGreaterThan(0);
    expect(listener.tallies[0]!.heartbeats).toBeGreaterThanOrEqual(8);
    expect(listener.nextSequence).toBe(messageTotal + 1);
  });

  test("each line has the faults asked for, and what both lost can be asked for again", () => {
    const listener = listen();
    const faults = [
      { loss: 0.3, duplicate: 0.05 },
      { loss: 0.3, reorder: 0.05, delayNs: 3e6 },
    ];
    const exchange = makeExchange(linesTo(listener, faults));
    const driver = new ExchangeDriver(exchange, listener);
    driver.until(() => exchange.isEnded && listener.nextSequence > 0);
    const packets = exchange.publisher.packets;
    const [a, b] = [listener.tallies[0]!, listener.tallies[1]!];
    const [sentA, sentB] = [exchange.summary().lines[0]!, exchange.summary().lines[1]!];
    expect(packets).toBeGreaterThan(500);
    for (const line of [sentA, sentB]) expect(Math.abs(line.lost / line.packets - 0.3)).toBeLessThan(0.06);
    expect(sentA.duplicated / sentA.packets).toBeGreaterThan(0.02);
    expect(a.again).toBe(sentA.duplicated);
    expect(a.backwards).toBe(0);
    expect(sentB.reordered / sentB.packets).toBeGreaterThan(0.02);
    expect(b.backwards).toBeGreaterThan(sentB.reordered / 2);
    expect(b.again).toBe(0);

    const missing = listener.missing(listener.nextSequence);
    expect(missing.length).toBeGreaterThan(100);
    const client = new RerequestClient(exchange.ready.rerequest!.port);
    open.push(client.socket);
    for (const sequence of missing) {
      if (listener.messages.has(sequence)) continue;
      client.ask(SESSION, sequence, 10_000);
      const answer = driver.result(() => client.answer(listener), 100);
      expect(answer.sequence).toBe(sequence);
      expect(answer.bytes).toBeLessThanOrEqual(1400);
    }
    expect(sha(listener.file())).toBe(sha(WHOLE));
  });
});

describe("the re-request server", () => {
  test("does not answer what it cannot, and counts why", () => {
    const listener = listen();
    const exchange = makeExchange(linesTo(listener), {
      rerequest: { address: "127.0.0.1", port: 0, answersPerSecond: 1, answersBurst: 4 },
      lingerNs: 3600e9,
    });
    const driver = new ExchangeDriver(exchange, listener);
    driver.until(() => exchange.isEnded);
    const client = new RerequestClient(exchange.ready.rerequest!.port);
    open.push(client.socket);
    const counts = exchange.rerequest!.counts;
    const ask = (send: () => void) => {
      const before = counts.requests;
      send();
      driver.until(() => counts.requests > before, 100);
      return client.answer(listener);
    };
    expect(ask(() => client.send(Uint8Array.of(1, 2, 3)))).toBeUndefined();
    expect(ask(() => client.ask("OTHER", 1, 5))).toBeUndefined();
    expect(ask(() => client.ask(SESSION, DAY.messages + 1, 5))).toBeUndefined();
    expect(ask(() => client.ask(SESSION, DAY.messages - 1, 5))?.count).toBe(2);
    expect(ask(() => client.ask(SESSION, 1, 3))?.count).toBe(3);
    expect(ask(() => client.ask(SESSION, 1, 1))?.count).toBe(1);
    expect(ask(() => client.ask(SESSION, 1, 1))).toBeUndefined();
    expect(counts).toMatchObject({ malformed: 1, otherSession: 1, unknownRange: 1, answered: 3, overRate: 1 });
  });
});

describe("snapshots", () => {
  const published = (upTo: number) => {
    const messages: Uint8Array[] = [];
    const view = new DataView(WHOLE.buffer, WHOLE.byteOffset, WHOLE.byteLength);
    for (let at = 0; messages.length < upTo; at += 2 + view.getUint16(at))
      messages.push(WHOLE.subarray(at + 2, at + 2 + view.getUint16(at)));
    return messages;
  };

  const login = (driver: ExchangeDriver, password = "secret", session = "") => {
    const client = new SnapshotClient(driver.exchange.ready.glimpse!.port);
    open.push(client.stream);
    driver.until(() => client.stream.poll() === "open", 1000);
    client.login("FATHOM", password, session);
    return client;
  };

  const expectTrue = (client: SnapshotClient) => {
    const expected = liveOrdersOf(published(client.sequence - 1));
    expect(liveOrdersOf(client.messages)).toEqual(expected);
    // Nothing but what is live: no message undoes another.
    expect(client.messages.length).toBe(expected.length);
  };

  test("at any time of the day, and for several at once, a snapshot is the session up to its G", () => {
    const listener = listen();
    const source = { kind: "synthetic", ...DAY, rate: 2e6, syntheticTime: true } as const;
    const exchange = makeExchange(linesTo(listener), { source });
    const driver = new ExchangeDriver(exchange, listener);
    const clients: SnapshotClient[] = [];
    for (const at of [50, 3000, 20_000, 20_001, 39_000]) {
      driver.until(() => exchange.source.blocks.messageTotal >= at);
      clients.push(login(driver));
    }
    driver.until(() => {
      for (const client of clients) client.poll();
      return exchange.isEnded && clients.every((client) => client.sequence > 0);
    });
    clients.push(login(driver));
    const last = clients.at(-1)!;
    driver.until(() => last.poll().sequence > 0, 400);
    expect(last.sequence).toBe(DAY.messages + 1);
    for (const client of clients) expectTrue(client);
    expect(exchange.glimpse!.counts).toMatchObject({ accepted: 6, completed: 6, rejected: 0 });
  });

  test("what the store has forgotten is still in the snapshot, and no longer answered", () => {
    const listener = listen();
    const exchange = makeExchange(linesTo(listener), { storeBytesMax: 512 * 1024, lingerNs: 3600e9 });
    const driver = new ExchangeDriver(exchange, listener);
    driver.until(() => exchange.isEnded);
    expect(exchange.store.bytesUsed).toBeLessThanOrEqual(512 * 1024);
    expect(exchange.store.firstSequence).toBeGreaterThan(1000);
    const client = login(driver);
    driver.until(() => client.poll().sequence > 0);
    expectTrue(client);
    const asking = new RerequestClient(exchange.ready.rerequest!.port);
    open.push(asking.socket);
    asking.ask(SESSION, exchange.store.firstSequence - 1, 1);
    driver.until(() => exchange.rerequest!.counts.unknownRange === 1, 100);
    asking.ask(SESSION, exchange.store.firstSequence, 1);
    driver.until(() => asking.answer(listener) !== undefined, 100);
  });

  test("only who may log in does; others are told why and closed", () => {
    const listener = listen();
    const exchange = makeExchange(linesTo(listener), { lingerNs: 3600e9 });
    const driver = new ExchangeDriver(exchange, listener);
    const wrong = login(driver, "guess");
    const elsewhere = login(driver, "secret", "YESTERDAY");
    driver.until(() => {
      wrong.poll();
      elsewhere.poll();
      return wrong.stream.state === "closed" && elsewhere.stream.state === "closed";
    }, 2000);
    expect([wrong.rejected, elsewhere.rejected]).toEqual(["A", "S"]);
    const noise = new SnapshotClient(exchange.ready.glimpse!.port);
    open.push(noise.stream);
    driver.until(() => noise.stream.poll() === "open", 1000);
    noise.stream.send(Uint8Array.of(0, 0, 1, 2, 3), 0, 5);
    driver.until(() => noise.poll().stream.state === "closed", 1000);
  });

  test("a client that reads nothing holds up nobody; one that stays hears heartbeats; silence ends both", () => {
    const listener = listen([]);
    // Larger than the kernel's buffers between the two: the server cannot get rid of it.
    const source = { kind: "synthetic", ...DAY, messages: 260_000, live: 220_000, rate: Infinity, syntheticTime: true };
    const exchange = makeExchange([], { source: source as ExchangeOptions["source"], lingerNs: 3600e9 });
    const driver = new ExchangeDriver(exchange, listener);
    driver.until(() => exchange.isEnded);
    const stuck = login(driver);
    driver.until(() => exchange.glimpse!.counts.snapshots === 1);
    const good = login(driver);
    driver.until(() => good.poll().sequence > 0, 5000);
    expect(good.messages.length).toBeGreaterThan(150_000);
    expect(exchange.glimpse!.counts.completed).toBe(1);
    driver.until(() => good.poll().heartbeats >= 2, 4000);
    expect(exchange.glimpse!.clientCount).toBe(2);
    driver.turn(16e9);
    driver.turn();
    expect(exchange.glimpse!.clientCount).toBe(0);
    expect(stuck.sequence).toBe(0);
  });
});

describe("files", () => {
  const play = async (path: string, more: { speed?: number; rate?: number } = {}) => {
    const listener = listen();
    const also = join(folder, "also.itch");
    const summary = await runExchangeAsync(
      {
        source: {
          kind: "file",
          path,
          speed: more.speed ?? Number.POSITIVE_INFINITY,
          ...(more.rate ? { rate: more.rate } : {}),
        },
        lines: linesTo(listener),
        session: SESSION,
        lingerNs: 0,
        alsoToFile: also,
      },
      { onProgress: () => listener.drain() },
    );
    listener.drain();
    return { summary, published: readFileSync(also), listener };
  };

  test("a file is played as it is, plain and compressed", async () => {
    const plain = join(folder, "day.itch");
    const packed = join(folder, "day.itch.gz");
    writeFileSync(packed, gzipSync(WHOLE));
    for (const path of [plain, packed]) {
      const { summary, published, listener } = await play(path);
      expect(summary).toMatchObject({ messages: DAY.messages, nextSequence: DAY.messages + 1, cutOffset: undefined });
      expect(sha(published)).toBe(sha(WHOLE));
      expect(sha(listener.file())).toBe(sha(WHOLE));
    }
  });

  test("at a speed, messages come when their timestamps say", async () => {
    // 16 hours in a fifth of a second.
    const startNs = performance.now();
    const { summary, published } = await play(join(folder, "day.itch"), { speed: 16 * 3600 * 5 });
    expect(performance.now() - startNs).toBeGreaterThan(190);
    expect(summary.messages).toBe(DAY.messages);
    expect(sha(published)).toBe(sha(WHOLE));
  });

  test("a file cut in the middle is played as far as it goes, and the cut is told", async () => {
    const path = join(folder, "cut.itch");
    writeFileSync(path, WHOLE.subarray(0, 50_001));
    const { summary, published } = await play(path);
    expect(summary.cutOffset).toBe(published.length);
    expect(published.length).toBeGreaterThan(49_900);
    expect(published.length).toBeLessThan(50_001);
    expect(sha(published)).toBe(sha(WHOLE.subarray(0, published.length)));
  });

  test("what is no feed is refused, with the place", async () => {
    const path = join(folder, "noise.bin");
    writeFileSync(path, new Uint8Array(20_000).fill(0x41));
    await expect(play(path)).rejects.toMatchObject({
      code: "message-too-long",
      message: expect.stringContaining("offset 0"),
    });
    await expect(play(join(folder, "nowhere"))).rejects.toMatchObject({ code: "file-not-found" });
  });
});

test("a worker's loop: ready before anything is published, progress, an early end in good order", () => {
  const listener = listen();
  const calls: string[] = [];
  let polls = 0;
  const summary = runExchange(
    {
      source: { kind: "synthetic", ...DAY, messages: Number.POSITIVE_INFINITY, rate: 200_000, syntheticTime: false },
      lines: linesTo(listener),
      lingerNs: 20e6,
    },
    {
      onReady: (ready) => calls.push(`ready ${ready.lines.length}`),
      onProgress: (exchange) => calls.push(`progress ${exchange.source.blocks.messageTotal > 0}`),
      shouldStop: () => {
        listener.drain();
        return ++polls > 30;
      },
    },
  );
  listener.drain();
  expect(calls[0]).toBe("ready 2");
  expect(calls).toContain("progress true");
  expect(summary.byType["S"]).toBe(6);
  expect(listener.messages.size).toBe(summary.messages);
  expect(listener.tallies[0]!.ends).toBeGreaterThan(0);
});

test("a port in use is said, and nothing stays open", () => {
  const first = makeExchange([], { rerequest: { address: "127.0.0.1", port: 0 } });
  const port = first.ready.glimpse!.port;
  const fdCount = () => readFdCount();
  const before = fdCount();
  expect(() => makeExchange([], { glimpse: { address: "127.0.0.1", port } })).toThrow(
    expect.objectContaining({ code: "port-in-use" }),
  );
  expect(fdCount()).toBe(before);
});

function readFdCount(): number {
  return Array.from(new Bun.Glob("*").scanSync({ cwd: "/proc/self/fd", onlyFiles: false })).length;
}
