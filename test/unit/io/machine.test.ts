/** What is read of this machine: interfaces, clocks, disk, rights. Of values that differ between machines, the form. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureClock } from "../../../src/io/clock-resolution.ts";
import { measureSync } from "../../../src/io/machine-disk.ts";
import { isWritable, listNames, readFact, readFactNumber, readFileSystem } from "../../../src/io/machine-files.ts";
import { canUnshare, landlockAbi } from "../../../src/io/machine-rights.ts";
import { readNetworkCard } from "../../../src/io/network-card.ts";
import { compareClocks, comparePhc } from "../../../src/io/phc-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-machine-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("interfaces", () => {
  test("loopback is one, with no ring and no clock of its own", () => {
    const card = readNetworkCard("lo")!;
    expect(card).toMatchObject({ name: "lo", isLoopback: true, isVirtual: true, ring: undefined });
    expect(card.mtuBytes).toBeGreaterThan(1000);
    expect(card.stamps?.clockIndex).toBeUndefined();
  });

  test.each(["nowhere0", "", "../lo", "a name", "a-name-that-is-too-long-for-the-kernel"])("%p is none", (name) => {
    expect(readNetworkCard(name)).toBeUndefined();
  });
});

describe("clocks", () => {
  const REALTIME = 0;
  const TAI = 11;

  test("one clock against another: the difference, and a bound on its error that holds", () => {
    expect(Math.abs(compareClocks(REALTIME, REALTIME)!.offsetNs)).toBeLessThanOrEqual(
      compareClocks(REALTIME, REALTIME)!.errorNs + 1_000_000,
    );
    const tai = compareClocks(REALTIME, TAI)!;
    // Whole seconds apart, as many as the kernel was told: 0 or 37.
    const seconds = Math.round(tai.offsetNs / 1e9);
    expect(Math.abs(tai.offsetNs - seconds * 1e9)).toBeLessThanOrEqual(tai.errorNs);
    expect(tai.errorNs).toBeGreaterThan(0);
  });

  test("what is no clock is none", () => {
    expect(compareClocks(REALTIME, 77)).toBeUndefined();
    expect(comparePhc(999)).toBeUndefined();
  });

  test("the real-time clock moves in steps well below a microsecond of the kernel's claim", () => {
    const { stepNs, costNs, claimedNs } = measureClock();
    expect(claimedNs).toBeGreaterThan(0);
    expect(stepNs).toBeGreaterThan(0);
    expect(stepNs).toBeLessThan(1e6);
    expect(costNs).toBeLessThan(1e6);
  });
});

describe("files and disk", () => {
  test("a fact is a text or a reason", () => {
    expect(readFact("/proc/sys/kernel/ostype")).toEqual({ text: "Linux", reason: "" });
    expect(readFact("/proc/no-such-file")).toEqual({
      text: undefined,
      reason: "/proc/no-such-file: this kernel has no such file",
    });
    expect(readFactNumber("/proc/sys/kernel/pid_max")).toBeGreaterThan(0);
    expect(readFactNumber("/proc/sys/kernel/ostype")).toBeUndefined();
    expect(listNames("/proc/no-such-folder")).toEqual([]);
    expect(isWritable("/proc/no-such-file")).toBe(false);
    expect(isWritable(folder)).toBe(true);
  });

  test("of a folder that is not there yet, the file system of the nearest above it", () => {
    const found = readFileSystem(join(folder, "a/b/c"))!;
    expect(found.folder).toBe(folder);
    expect(found.totalBytes).toBeGreaterThanOrEqual(found.freeBytes);
    expect(found.type).not.toBe("");
  });

  test("the disk is measured within its budget, and nothing is left behind", () => {
    const speed = measureSync(folder, 5);
    if (typeof speed === "string") throw new Error(speed);
    expect(speed.writeCount).toBe(5);
    expect(speed.maxNs).toBeGreaterThanOrEqual(speed.medianNs);
    expect(speed.medianNs).toBeGreaterThan(0);
    const hurried = measureSync(folder, 1_000_000, 20e6);
    expect(hurried).toMatchObject({ writeCount: expect.any(Number) });
    expect(measureSync(join(folder, "nowhere"))).toBe("ENOENT");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("rights", () => {
  test("Landlock's version is a small number, and namespaces are tried, not assumed", async () => {
    expect(landlockAbi()).toBeGreaterThanOrEqual(0);
    expect(landlockAbi()).toBeLessThan(100);
    const { can, reason } = await canUnshare();
    expect(can === true).toBe(reason === "");
  });
});
