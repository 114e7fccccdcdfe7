/**
 * Rings in files: found from outside, looked at without disturbing anybody, and gone with their node, however it ends.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusDirectory, discoverRings, inspectRing, openRing } from "../../../src/bus/bus-directory.ts";
import { EventReader } from "../../../src/bus/event-reader.ts";
import { EventWriter } from "../../../src/bus/event-writer.ts";
import { AssertionError, FathomError } from "../../../src/core/assert.ts";
import { CheckingReader, ringOptions, writeEvent } from "../../support/event-records.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "bus-"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FathomError) return error.code;
    throw error;
  }
  return "none";
}

/** A process that opens a directory, makes a ring, says so, and waits to be killed. */
async function startNode(node: string) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../support/bus-node.ts"), base, node], {
    stdout: "pipe",
    stdin: "pipe",
  });
  await child.stdout.getReader().read();
  return child;
}

describe("a node's rings", () => {
  test("are found by others under their names, and gone when it closes", () => {
    const directory = BusDirectory.open("node-1", base);
    directory.createRing(ringOptions({ name: "itch-0" }));
    directory.createRing(ringOptions({ name: "itch-1", shard: 1 }));
    const places = discoverRings(base);
    expect(places.map(({ name, node, pid, isLive }) => [name, node, pid, isLive])).toEqual([
      ["itch-0", "node-1", process.pid, true],
      ["itch-1", "node-1", process.pid, true],
    ]);
    for (const { path } of places) expect(statSync(path).mode & 0o777).toBe(0o600);
    directory.close();
    directory.close();
    expect(discoverRings(base)).toEqual([]);
    expect(readdirSync(base)).toEqual([]);
  });

  test("two nodes of one name in one process do not meet", () => {
    const [first, second] = [BusDirectory.open("same", base), BusDirectory.open("same", base)];
    for (const directory of [first, second]) directory.createRing(ringOptions());
    expect(discoverRings(base)).toHaveLength(2);
    first.close();
    expect(discoverRings(base)).toHaveLength(1);
    second.close();
    expect(readdirSync(base)).toEqual([]);
  });

  test("one name is one ring", () => {
    const directory = BusDirectory.open("node", base);
    const { ring } = directory.createRing(ringOptions());
    const writer = new EventWriter(ring);
    writeEvent(writer, 1);
    writer.publish();
    expect(codeOf(() => directory.createRing(ringOptions()))).toBe("shared-memory-exists");
    expect(discoverRings(base).map(({ path }) => inspectRing(path).headPosition)).toEqual([1]);
    expect(() => directory.createRing(ringOptions({ name: "../x" }))).toThrow(AssertionError);
    directory.close();
  });

  test("are written and read by mappings of their own", () => {
    const directory = BusDirectory.open("node", base);
    const { ring, path } = directory.createRing(ringOptions());
    const [asWriter, asReader] = [openRing(path, "writer"), openRing(path, "reader")];
    const writer = new EventWriter(asWriter.ring);
    const checking = new CheckingReader(asReader.ring, { name: "strategy", policy: "lossless-block" });
    for (let n = 1; n <= 100; n++) writeEvent(writer, n);
    writer.publish();
    expect(inspectRing(path)).toMatchObject({
      ...{ name: "events", channel: "itch", channelId: 3, shard: 0, capacityRecords: 256, headPosition: 100 },
      ...{ state: "open", writerPid: process.pid, epochBaseSeconds: 1_700_000_000 },
      readers: [{ name: "strategy", policy: "lossless-block", lagRecords: 100, state: "attached", pid: process.pid }],
    });
    checking.drain();
    expect([checking.next, checking.wrong]).toEqual([101, ""]);
    expect(inspectRing(path).readers[0]).toMatchObject({ lagRecords: 0, recordCount: 100 });
    writer.close();
    expect(inspectRing(path).state).toBe("closed");
    expect(directory.report()).toEqual([inspectRing(path)]);
    for (const mapped of [asWriter, asReader]) mapped.close();
    // A view that was kept reads zeros, and harms nobody.
    expect(asReader.ring.words[64]).toBe(0);
    expect(ring.headPosition()).toBe(100);
    directory.close();
  });

  test("can be looked at as often as one likes", () => {
    const directory = BusDirectory.open("node", base);
    const { path, ring } = directory.createRing(ringOptions());
    new EventReader(ring, { name: "r", policy: "conflate" });
    const observed = openRing(path, "observer");
    for (let i = 0; i < 20_000; i++) if (observed.ring.report().readers.length !== 1) throw new Error("lost it");
    observed.close();
    directory.close();
  });

  test("what is no ring is told", () => {
    const directory = BusDirectory.open("node", base);
    const { path } = directory.createRing(ringOptions());
    expect(codeOf(() => inspectRing(path.replace("events", "other")))).toBe("shared-memory-missing");
    expect(codeOf(() => inspectRing(path.replace(".ring", ".ctl")))).toBe("ring-not-recognised");
    rmSync(path.replace(".ring", ".ctl"));
    expect(codeOf(() => inspectRing(path))).toBe("shared-memory-missing");
    directory.close();
  });
});

describe("a node that was killed", () => {
  test("is seen as ended, and what it left is gone with the next start", async () => {
    const child = await startNode("victim");
    expect(discoverRings(base)).toMatchObject([{ name: "events", node: "victim", pid: child.pid, isLive: true }]);
    const { path } = discoverRings(base)[0]!;
    expect(inspectRing(path).state).toBe("open");
    child.kill("SIGKILL");
    await child.exited;
    expect(discoverRings(base)).toMatchObject([{ node: "victim", isLive: false }]);
    expect(inspectRing(path).state).toBe("dead");
    const next = BusDirectory.open("next", base);
    expect(discoverRings(base)).toEqual([]);
    next.close();
    expect(readdirSync(base)).toEqual([]);
  });

  test("does not take those of a running one with it", async () => {
    const [victim, other] = [await startNode("victim"), await startNode("other")];
    victim.kill("SIGKILL");
    await victim.exited;
    const next = BusDirectory.open("next", base);
    expect(discoverRings(base).map(({ node, isLive }) => [node, isLive])).toEqual([["other", true]]);
    next.close();
    other.stdin.end();
    await other.exited;
    expect(readdirSync(base)).toEqual([]);
  });
});

describe("the user's folder", () => {
  const root = () => join(base, `fathom-${process.geteuid!()}`);

  test("is closed to others", () => {
    const directory = BusDirectory.open("node", base);
    expect(statSync(root()).mode & 0o777).toBe(0o700);
    directory.close();
  });

  test("is refused when others could have a hand in it", () => {
    mkdirSync(root());
    chmodSync(root(), 0o777);
    expect(codeOf(() => BusDirectory.open("node", base))).toBe("runtime-folder-unsafe");
    rmSync(root(), { recursive: true });
    const elsewhere = join(base, "elsewhere");
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, root());
    expect(codeOf(() => BusDirectory.open("node", base))).toBe("runtime-folder-unsafe");
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test("holds only what is fathom's: other things in it stay", () => {
    mkdirSync(root(), { mode: 0o700 });
    mkdirSync(join(root(), "mine"));
    BusDirectory.open("node", base).close();
    expect(existsSync(join(root(), "mine"))).toBe(true);
  });

  test("cannot be made where nothing can be", () => {
    expect(codeOf(() => BusDirectory.open("node", join(base, "nowhere")))).toBe("runtime-folder-failed");
  });
});
