/** Memory that several mappings share, who may write to it, sleeping on a word of it, and whose process is alive. */
import { afterEach, describe, expect, test } from "bun:test";
import { closeSync, existsSync, fstatSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FathomError } from "../../../src/core/assert.ts";
import { clock } from "../../../src/io/clock.ts";
import { FutexWait, futexWait, futexWaitAny, futexWake } from "../../../src/io/futex.ts";
import { isAlive, ownIdentity } from "../../../src/io/process-liveness.ts";
import { copyBytes, type MemoryRegion, SharedMemory, threadRegion } from "../../../src/io/shared-memory.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(base = tmpdir()): string {
  const path = mkdtempSync(join(base, "shared-memory-"));
  folders.push(path);
  return path;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FathomError) return error.code;
    throw error;
  }
  return "none";
}

const openFds = () => readdirSync("/proc/self/fd").length;
const words = (memory: MemoryRegion) => new Int32Array(memory.buffer);

describe("a file", () => {
  test("is one memory for all who map it, by Atomics too", () => {
    const path = join(folder(), "memory");
    const made = SharedMemory.createFile(path, 8192);
    const [written, read] = [made, SharedMemory.open(path, { isWritable: false })];
    expect([statSync(path).size, statSync(path).mode & 0o777]).toEqual([8192, 0o600]);
    expect([...words(read)].every((word) => word === 0)).toBe(true);
    Atomics.store(words(written), 2047, 77);
    Atomics.add(words(written), 2047, 1);
    expect(words(read)[2047]).toBe(78);
    expect([read.isWritable, read.byteLength, read.path]).toEqual([false, 8192, path]);
    read.close();
    made.close();
  });

  test("outlives its name and its descriptor, and reads as zeros once closed", () => {
    const path = join(folder(), "memory");
    const before = openFds();
    const memory = SharedMemory.createFile(path, 4096);
    memory.closeDescriptor();
    memory.unlink();
    memory.unlink();
    expect([existsSync(path), memory.fd, openFds()]).toEqual([false, -1, before]);
    const view = words(memory);
    view[0] = 5;
    expect(view[0]).toBe(5);
    memory.close();
    memory.close();
    expect(view[0]).toBe(0);
    view[0] = 6;
  });

  test("errors have a code, and leave nothing behind", () => {
    const before = openFds();
    const path = join(folder("/dev/shm"), "memory");
    expect(codeOf(() => SharedMemory.createFile(path, 2 ** 46))).toBe("shared-memory-full");
    expect(existsSync(path)).toBe(false);
    expect(codeOf(() => SharedMemory.open(path, { isWritable: true }))).toBe("shared-memory-missing");
    writeFileSync(path, "");
    expect(codeOf(() => SharedMemory.open(path, { isWritable: true }))).toBe("shared-memory-failed");
    expect(codeOf(() => SharedMemory.createFile(path, 4096))).toBe("shared-memory-exists");
    expect(codeOf(() => SharedMemory.open(join(path, "x"), { isWritable: true }))).toBe("shared-memory-failed");
    expect(openFds()).toBe(before);
  });
});

describe("a memfd", () => {
  test("sealed read-only: its maker writes on, nobody else can, not even by opening it anew", () => {
    const memory = SharedMemory.createAnonymous("sealed", 4096);
    memory.seal("read-only");
    const fd = memory.openReadOnly();
    const seen = SharedMemory.open(fd, { isWritable: false });
    words(memory)[3] = 9;
    expect(words(seen)[3]).toBe(9);
    expect(codeOf(() => SharedMemory.open(`/proc/self/fd/${fd}`, { isWritable: true }))).toBe("shared-memory-failed");
    expect(codeOf(() => memory.seal("size"))).toBe("shared-memory-failed");
    seen.close();
    memory.close();
  });

  test("sealed in size: others write, and cannot cut it", () => {
    const memory = SharedMemory.createAnonymous("fixed", 4096);
    memory.seal("size");
    const other = SharedMemory.open(`/proc/self/fd/${memory.fd}`, { isWritable: true });
    words(other)[0] = 4;
    expect(words(memory)[0]).toBe(4);
    expect(() => writeFileSync(memory.fd, new Uint8Array(8192))).toThrow();
    expect(fstatSync(memory.fd).size).toBe(4096);
    other.close();
    memory.close();
  });

  test("a descriptor that was handed over is the mapping's own", () => {
    const memory = SharedMemory.createAnonymous("own", 4096);
    const before = openFds();
    const fd = memory.openReadOnly();
    SharedMemory.open(fd, { isWritable: false }).close();
    expect(openFds()).toBe(before);
    expect(() => closeSync(fd)).toThrow();
    memory.close();
  });
});

test("copyBytes copies between memories of both kinds", () => {
  const [from, to] = [threadRegion(new SharedArrayBuffer(64)), SharedMemory.createAnonymous("to", 64)];
  for (let i = 0; i < 16; i++) words(from)[i] = i * 0x01010101;
  copyBytes(to.address + 8, from.address, 52);
  expect([...words(to)]).toEqual([0, 0, ...Array.from({ length: 13 }, (_, i) => i * 0x01010101), 0]);
  to.close();
});

describe("futex", () => {
  const REGIONS: [string, () => MemoryRegion][] = [
    ["of threads", () => threadRegion(new SharedArrayBuffer(64))],
    ["of processes", () => SharedMemory.createAnonymous("word", 4096)],
  ];

  test.each(REGIONS)("sleeps while the word is what is expected, and no longer than asked: %s", (_name, make) => {
    const region = make();
    const isPrivate = !region.isProcessShared;
    words(region)[1] = 7;
    const address = region.address + 4;
    expect(futexWait(address, 8, 60e9, isPrivate)).toBe(FutexWait.changed);
    const began = clock.monotonicNs();
    expect(futexWait(address, 7, 20e6, isPrivate)).toBe(FutexWait.timedOut);
    const sleptNs = clock.monotonicNs() - began;
    expect(sleptNs).toBeGreaterThanOrEqual(20e6);
    expect(sleptNs).toBeLessThan(10e9);
    expect(futexWake(address, isPrivate)).toBe(0);
    expect(futexWait(address, 7, 0, isPrivate)).toBe(FutexWait.timedOut);
  });

  test.each(REGIONS)("sleeps on several words at once: %s", (_name, make) => {
    const region = make();
    const isPrivate = !region.isProcessShared;
    const addresses = new Float64Array([0, 4, 8].map((offset) => region.address + offset));
    const until = (ns: number) => clock.monotonicNs() + ns;
    expect(futexWaitAny(addresses, new Int32Array([0, 0, 1]), 3, until(60e9), isPrivate)).toBe(FutexWait.changed);
    const began = clock.monotonicNs();
    expect(futexWaitAny(addresses, new Int32Array(3), 3, until(5e6), isPrivate)).toBe(FutexWait.timedOut);
    expect(clock.monotonicNs() - began).toBeGreaterThanOrEqual(5e6);
  });

  test("is woken through a mapping that can only be read", async () => {
    const memory = SharedMemory.createAnonymous("word", 4096);
    const seen = SharedMemory.open(memory.openReadOnly(), { isWritable: false });
    const worker = new Worker(new URL("../../support/futex-waker.ts", import.meta.url).href);
    worker.postMessage(`/proc/self/fd/${memory.fd}`);
    while (words(seen)[0] === 0) futexWait(seen.address, 0, 30e9, false);
    expect(words(seen)[0]).toBe(1);
    worker.terminate();
    seen.close();
    memory.close();
  });
});

describe("processes", () => {
  test("this one is alive; one of another start is not it", () => {
    const own = ownIdentity();
    expect(own.pid).toBe(process.pid);
    expect(own.startTicks).toBeGreaterThan(0);
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, startTicks: 0 })).toBe(true);
    expect(isAlive({ ...own, startTicks: own.startTicks + 1 })).toBe(false);
    expect(isAlive({ pid: 0, startTicks: 0 })).toBe(false);
    expect(isAlive({ pid: 2 ** 22 + 1, startTicks: 0 })).toBe(false);
  });

  test("one that has ended is dead, also before anybody has taken notice of it", async () => {
    // The shell leaves its child as a zombie for as long as it itself only sleeps.
    const shell = Bun.spawn(["bash", "-c", "true & echo $!; exec tail -f /dev/null"], { stdout: "pipe" });
    const { value } = await shell.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    const deadlineNs = clock.monotonicNs() + 10e9;
    while (isAlive({ pid, startTicks: 0 }) && clock.monotonicNs() < deadlineNs) await Bun.sleep(1);
    expect(isAlive({ pid, startTicks: 0 })).toBe(false);
    shell.kill("SIGKILL");
    await shell.exited;
  });
});
