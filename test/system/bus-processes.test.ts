/** Event rings between real processes and threads: nothing lost, nothing torn, and nobody waits for the dead. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BusDirectory, discoverRings, inspectRing, type MappedRing } from "../../src/bus/bus-directory.ts";
import { EventReader } from "../../src/bus/event-reader.ts";
import { EventRing, eventRingBytes, readerSlotsBytes } from "../../src/bus/event-ring.ts";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { ReaderSlots } from "../../src/bus/reader-slots.ts";
import { WAIT_KINDS, WaitStrategy } from "../../src/bus/wait-strategy.ts";
import { FathomError } from "../../src/core/assert.ts";
import { SharedMemory } from "../../src/io/shared-memory.ts";
import { CheckingReader, ringOptions, writeEvent } from "../support/event-records.ts";
import type { PeerAnswer, PeerOrder } from "../support/event-ring-peer.ts";
import { turnUntil } from "../support/net-await.ts";

const PEER = join(import.meta.dir, "../support/event-ring-peer.ts");
/** Long enough that only what the tests are about can have released a writer. */
const NEVER_NS = 600e9;

let directory: BusDirectory;
const children: Peer[] = [];

function until(done: () => boolean): void {
  turnUntil("the other process", done, () => {});
}

/** A process that carries out one order. */
class Peer {
  readonly child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  constructor(order: PeerOrder, fds: number[] = []) {
    this.child = Bun.spawn([process.execPath, PEER, JSON.stringify(order)], {
      stdio: ["pipe", "pipe", "inherit", ...fds] as never,
    }) as never;
    this.#lines = lines(this.child.stdout);
    children.push(this);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the peer ended without a word");
    return value;
  }

  async answer(): Promise<PeerAnswer> {
    return JSON.parse(await this.line());
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

async function start(order: PeerOrder): Promise<Peer> {
  const peer = new Peer(order);
  expect(await peer.line()).toBe("attached");
  return peer;
}

beforeEach(() => {
  directory = BusDirectory.open("bus-test");
});
afterEach(async () => {
  const paths = discoverRings().filter(({ pid }) => pid === process.pid);
  directory.close();
  for (const peer of children.splice(0)) {
    peer.kill("SIGKILL");
    await peer.child.exited;
  }
  for (const { path } of paths) expect(existsSync(path)).toBe(false);
});

function write(writer: EventWriter, from: number, to: number, batch: number): void {
  for (let n = from; n <= to; n++) {
    writeEvent(writer, n);
    if (n % batch === 0) writer.publish();
  }
  writer.publish();
}

const make = (given: Parameters<typeof ringOptions>[0] = {}): MappedRing => directory.createRing(ringOptions(given));

describe("between two processes", () => {
  test("5 million records come whole and in order, held back where the reader is slower", async () => {
    const { ring, path } = make({ capacityRecords: 4096 });
    const to = 5_000_000;
    const reader = await start({ role: "read", path, policy: "lossless-block", to, wait: "adaptive" });
    write(new EventWriter(ring, { blockTimeoutNs: NEVER_NS }), 1, to, 50);
    expect(await reader.answer()).toEqual({ next: to + 1, wrong: "", lost: 0, overruns: 0, expelled: false });
    expect(ring.report()).toMatchObject({ headPosition: to, expelledCount: 0, readers: [] });
  });

  test.each([...WAIT_KINDS])("a reader that waits by %s gets every record", async (wait) => {
    const { ring, path } = make();
    const to = 50_000;
    const reader = await start({ role: "read", path, policy: "lossless-block", to, wait });
    write(new EventWriter(ring, { blockTimeoutNs: NEVER_NS }), 1, to, 3);
    expect(await reader.answer()).toEqual({ next: to + 1, wrong: "", lost: 0, overruns: 0, expelled: false });
  });

  test("a reader that is overrun knows how many it has lost, to the record", async () => {
    const { ring, path } = make({ capacityRecords: 64 });
    const to = 1_000_000;
    const reader = await start({ role: "read", path, policy: "lossless-overrun", to, wait: "yield" });
    write(new EventWriter(ring), 1, to, 10);
    const { next, wrong, lost, overruns } = await reader.answer();
    expect([next, wrong]).toEqual([to + 1, ""]);
    expect(overruns).toBeGreaterThan(0);
    expect(lost).toBeGreaterThanOrEqual(overruns);
  });

  test("a parked reader is woken by each record, for as long as it takes", async () => {
    const [asked, answers] = [make({ name: "asked" }), make({ name: "answers" })];
    const to = 5000;
    const peer = await start({ role: "echo", path: asked.path, answers: answers.path, to });
    const writer = new EventWriter(asked.ring);
    const checking = new CheckingReader(answers.ring, { name: "asker", policy: "lossless-block" });
    for (let n = 1; n <= to; n++) {
      writeEvent(writer, n);
      writer.publish();
      // A wake-up that is missed sleeps for so long that the test does not end in time.
      while (checking.next === n) if (checking.poll() === 0) checking.reader.park(30e9);
    }
    expect([checking.next, checking.wrong]).toEqual([to + 1, ""]);
    expect(await peer.answer()).toMatchObject({ next: to + 1, wrong: "", lost: 0 });
    expect(answers.ring.report().wakeCount + asked.ring.report().wakeCount).toBeGreaterThan(0);
  });
});

describe("a reader that holds the writer back", () => {
  test("lets it go when it is killed, long before the time-out", async () => {
    const { path } = make({ capacityRecords: 64 });
    const held = { role: "read", path, policy: "lossless-block", to: 1e6, wait: "park", holdAt: 10 } as const;
    const reader = await start(held);
    const writer = new Peer({ role: "write", path, to: 1000, batch: 1, blockTimeoutNs: NEVER_NS });
    expect(await reader.line()).toBe("holding");
    until(() => inspectRing(path).headPosition >= 64);
    expect(inspectRing(path).readers).toMatchObject([{ name: "peer", state: "attached", pid: reader.child.pid }]);
    reader.kill("SIGKILL");
    expect(await writer.answer()).toMatchObject({ next: 1001 });
    expect(inspectRing(path)).toMatchObject({ headPosition: 1000, expelledCount: 1 });
    expect(inspectRing(path).blockedCount).toBeGreaterThan(0);
    directory.sweepReaders();
    expect(inspectRing(path).readers).toEqual([]);
  });

  test("is expelled after the time-out when it is only stopped, and learns so when it wakes up", async () => {
    const { path } = make({ capacityRecords: 64 });
    const to = 1000;
    const reader = await start({ role: "read", path, policy: "lossless-block", to, wait: "park", holdAt: 10 });
    const writer = new Peer({ role: "write", path, to, batch: 1, blockTimeoutNs: 50e6 });
    expect(await reader.line()).toBe("holding");
    reader.kill("SIGSTOP");
    expect(await writer.answer()).toMatchObject({ next: to + 1 });
    expect(inspectRing(path)).toMatchObject({ expelledCount: 1, readers: [{ state: "expelled" }] });
    expect(inspectRing(path).blockedNs).toBeGreaterThanOrEqual(50e6);
    reader.kill("SIGCONT");
    reader.child.stdin.end();
    expect(await reader.answer()).toMatchObject({ expelled: true, wrong: "" });
    expect(inspectRing(path).readers).toEqual([]);
  });

  test("goes on where it was when it was only slow", async () => {
    const { path } = make({ capacityRecords: 64 });
    const to = 1000;
    const reader = await start({ role: "read", path, policy: "lossless-block", to, wait: "park", holdAt: 10 });
    const writer = new Peer({ role: "write", path, to, batch: 1, blockTimeoutNs: NEVER_NS });
    expect(await reader.line()).toBe("holding");
    until(() => inspectRing(path).headPosition >= 64);
    reader.child.stdin.end();
    expect(await writer.answer()).toMatchObject({ next: to + 1 });
    expect(await reader.answer()).toEqual({ next: to + 1, wrong: "", lost: 0, overruns: 0, expelled: false });
    expect(inspectRing(path)).toMatchObject({ expelledCount: 0, readers: [] });
  });
});

test("readers that come and go in several processes disturb neither the writer nor each other", async () => {
  const { path } = make({ capacityRecords: 1024, slotCount: 4 });
  const policies = ["lossless-block", "lossless-overrun", "lossless-block"] as const;
  const writer = new Peer({ role: "write", path, to: 2_000_000, batch: 7, blockTimeoutNs: NEVER_NS });
  const readers = policies.map((policy) => new Peer({ role: "come-and-go", path, policy, rounds: 2000 }));
  const answers = await Promise.all(readers.map((reader) => reader.answer()));
  for (const [i, { wrong, lost, expelled }] of answers.entries()) {
    expect([wrong, expelled]).toEqual(["", false]);
    if (policies[i] === "lossless-block") expect(lost).toBe(0);
  }
  expect(await writer.answer()).toMatchObject({ next: 2_000_001 });
  expect(inspectRing(path)).toMatchObject({ headPosition: 2_000_000, expelledCount: 0, readers: [] });
});

describe("a sandboxed reader", () => {
  test("has the ring read-only and a region of its own, is woken, and is seen", async () => {
    const data = SharedMemory.createAnonymous("ring", eventRingBytes(256));
    const control = SharedMemory.createAnonymous("slots", readerSlotsBytes());
    const own = SharedMemory.createAnonymous("own", readerSlotsBytes(1));
    const ring = EventRing.create(data, control, ringOptions());
    const slots = ReaderSlots.format(own, 1);
    data.seal("read-only");
    own.seal("size");
    const readOnlyFd = data.openReadOnly();
    const peer = new Peer({ role: "read-fds", to: 500 }, [readOnlyFd, own.fd]);
    expect(await peer.line()).toBe("attached");
    const writer = new EventWriter(ring);
    writer.addReaders(slots);
    expect(slots.report(0, 256)).toMatchObject([{ name: "sandboxed", pid: peer.child.pid }]);
    for (let n = 1; n <= 500; n += 50) {
      // Parked, or it would have to be spinning.
      until(() => {
        const [reader] = slots.report(ring.headPosition(), 256);
        return reader?.parked === true && reader.lagRecords === 0;
      });
      write(writer, n, n + 49, 50);
    }
    expect(await peer.answer()).toEqual({ next: 501, wrong: "", lost: 0, overruns: 0, expelled: false });
    expect(ring.report().wakeCount).toBeGreaterThanOrEqual(10);
    expect(writableMapping(`/proc/self/fd/${readOnlyFd}`)).toBe("shared-memory-failed");
    for (const memory of [data, control, own]) memory.close();
  });
});

function writableMapping(path: string): string {
  try {
    SharedMemory.open(path, { isWritable: true }).close();
    return "mapped";
  } catch (error) {
    if (error instanceof FathomError) return error.code;
    throw error;
  }
}

test("between threads a million records come whole and in order", async () => {
  const ring = EventRing.createForThreads(ringOptions({ capacityRecords: 1024 }));
  const worker = new Worker(new URL("../support/event-reader-worker.ts", import.meta.url).href);
  const { promise, resolve } = Promise.withResolvers<{ next: number; wrong: string }>();
  worker.onmessage = ({ data }) => resolve(data);
  const to = 1_000_000;
  worker.postMessage({ memory: ring.threadMemory, to });
  until(() => ring.report().readers.length === 1);
  write(new EventWriter(ring, { blockTimeoutNs: NEVER_NS }), 1, to, 20);
  expect(await promise).toEqual({ next: to + 1, wrong: "" });
  worker.terminate();
});

test("a reader on several rings sleeps until one of them has something", async () => {
  const rings = ["a", "b", "c"].map((name) => make({ name }));
  const readers = rings.map(({ ring }) => new EventReader(ring, { name: "all", policy: "lossless-overrun" }));
  const writer = new Peer({ role: "write", path: rings[1]!.path, to: 100, batch: 1, blockTimeoutNs: NEVER_NS });
  const strategy = new WaitStrategy("park", { parkTimeoutNs: 30e9 });
  let count = 0;
  while (count < 100) {
    const polled = readers.reduce((sum, reader) => sum + reader.poll(), 0);
    count += polled;
    if (polled === 0) strategy.idleAny(readers);
  }
  expect(count).toBe(100);
  expect(await writer.answer()).toMatchObject({ next: 101 });
  for (const { ring } of rings) expect(ring.report().readers).toMatchObject([{ parked: false }]);
});
