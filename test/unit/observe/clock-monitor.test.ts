/** The monitor against this machine's kernel and, where they are installed, a real chronyd. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readKernelClock } from "../../../src/io/adjtimex.ts";
import { findProgram, runCommand } from "../../../src/io/command.ts";
import { ClockMonitor, lookAtClock } from "../../../src/observe/clock-monitor.ts";
import { CLOCK_SOURCES, type ClockQuality, judgeClock } from "../../../src/observe/clock-quality.ts";

describe("running a program", () => {
  test("is bounded in time and in output, and says which", async () => {
    expect(await runCommand(["sleep", "60"], { timeoutMs: 50 })).toMatchObject({ end: "timed-out", exitStatus: -1 });
    const long = await runCommand(["yes"], { timeoutMs: 10_000, outputBytesMax: 1000 });
    expect(long.end).toBe("too-long");
    expect(long.stdout.length).toBe(1000);
    expect((await runCommand(["no-such-program-anywhere"])).end).toBe("absent");
    expect(await runCommand(["sh", "-c", "echo out; echo err >&2; exit 3"])).toEqual({
      end: "done",
      exitStatus: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  test("a child that outlives its parent and holds the pipe does not hold the answer up", async () => {
    const result = await runCommand(["sh", "-c", "sleep 2 & echo done"], { timeoutMs: 10_000 });
    expect(result).toMatchObject({ end: "done", exitStatus: 0, stdout: "done\n" });
  });
});

test("a monitor has a verdict of the house's form, tells of the first, and stops", async () => {
  const told: ClockQuality[] = [];
  const monitor = new ClockMonitor({
    ptpSocket: "/nowhere/ptp4l",
    chronyAddress: "",
    intervalNs: 60e9,
    onChange: (quality) => told.push(quality),
  });
  expect(monitor.quality).toBeUndefined();
  monitor.start();
  await monitor.look();
  await monitor.close();
  const quality = monitor.quality!;
  expect(told).toEqual([quality]);
  expect(CLOCK_SOURCES).toContain(quality.source);
  expect(quality.disciplined).toBe(quality.source !== "none");
  expect(quality.how).not.toBe("");
});

test("hybrid stamps have the clock's bound, none before the first look, and never go back", async () => {
  const monitor = new ClockMonitor({ ptpSocket: "/nowhere/ptp4l", chronyAddress: "", intervalNs: 60e9 });
  const first = monitor.stamp();
  expect(first.boundNs).toBe(Number.POSITIVE_INFINITY);
  await monitor.look();
  const second = monitor.stamp();
  expect(second.word).toBeGreaterThan(first.word);
  expect(Number.isFinite(second.boundNs)).toBe(monitor.quality!.errorBoundNs !== null);
  const ahead = { word: second.word + (500_000n << 10n), boundNs: 0 };
  expect(monitor.receive(ahead)!.word).toBe(ahead.word + 1n);
  expect(monitor.receive({ word: second.word + (3_600_000_000n << 10n), boundNs: 0 })).toBeUndefined();
  expect(monitor.stamp().word).toBeGreaterThan(ahead.word);
});

test("a verdict that has grown old is not believed", async () => {
  const monitor = new ClockMonitor({ ptpSocket: "/nowhere/ptp4l", chronyAddress: "", intervalNs: 1 });
  await monitor.look();
  expect(monitor.quality).toBeUndefined();
});

describe.skipIf(findProgram("chronyd") === null || process.getuid?.() !== 0)(
  "a real chronyd (needs root, chrony)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "fathom-chrony-"));
    chmodSync(folder, 0o700);
    afterAll(() => rmSync(folder, { recursive: true }));

    test("on its own clock is no reference", async () => {
      const socket = join(folder, "chronyd.sock");
      const file = join(folder, "chrony.conf");
      const pidFile = join(folder, "chronyd.pid");
      const lines = ["local stratum 8", "port 0", "cmdport 0"];
      writeFileSync(file, [...lines, `bindcmdaddress ${socket}`, `pidfile ${pidFile}`, ""].join("\n"));
      // -x: it never touches this machine's clock.
      const daemon = Bun.spawn([findProgram("chronyd")!, "-x", "-d", "-u", "root", "-f", file], { stderr: "pipe" });
      try {
        const options = { ptpSocket: "/nowhere/ptp4l", chronyAddress: socket };
        let found = await lookAtClock(options);
        for (let i = 0; i < 100 && found.chrony === undefined; i++) found = await lookAtClock(options);
        expect(found.chrony).toMatchObject({ referenceId: "7F7F0101", stratum: 8, leapStatus: "normal" });
        expect(found.kernel).toEqual(expect.objectContaining({ status: readKernelClock().status }));
      } finally {
        daemon.kill();
        await daemon.exited;
      }
    });
  },
);

describe.skipIf(findProgram("ptp4l") === null || process.getuid?.() !== 0)(
  "a real ptp4l (needs root, linuxptp)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "fathom-ptp-"));
    afterAll(() => rmSync(folder, { recursive: true }));

    test("alone in its network follows nobody, and is no reference", async () => {
      const socket = join(folder, "ptp4l");
      const file = join(folder, "ptp.conf");
      // free_running: it never touches this machine's clock.
      writeFileSync(file, `[global]\nuds_address ${socket}\ntime_stamping software\nfree_running 1\n`);
      const daemon = Bun.spawn([findProgram("ptp4l")!, "-f", file, "-i", "lo"], { stdout: "ignore", stderr: "ignore" });
      try {
        const options = { ptpSocket: socket, chronyAddress: "/nowhere/chronyd.sock" };
        let found = await lookAtClock(options);
        for (let i = 0; i < 50 && found.ptp === undefined; i++) found = await lookAtClock(options);
        expect(found.ptp).toMatchObject({
          isFollowing: false,
          offsetNs: undefined,
          stepsRemoved: 0,
          stamping: "software",
          interfaceName: "lo",
          portState: expect.stringMatching(/^(INITIALIZING|LISTENING|MASTER)$/),
        });
        expect(judgeClock(found).source).not.toBe("ptp");
      } finally {
        daemon.kill();
        await daemon.exited;
      }
    });
  },
);
