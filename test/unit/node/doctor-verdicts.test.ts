/** The doctor's verdicts on memory, disk, clock, engine and rights, by table: facts in, verdict and what to type. */
import { describe, expect, test } from "bun:test";
import type { ClockResolution } from "../../../src/io/clock-resolution.ts";
import { mountOf } from "../../../src/io/machine-files.ts";
import { heldCapabilities, parseLimit } from "../../../src/io/machine-rights.ts";
import { clockFindings } from "../../../src/node/doctor-clock.ts";
import { type DiskFacts, diskFindings } from "../../../src/node/doctor-disk.ts";
import { engineFindings } from "../../../src/node/doctor-engine.ts";
import { ok, unknown, wants, worstVerdict } from "../../../src/node/doctor-finding.ts";
import { type MemoryFacts, memoryFindings } from "../../../src/node/doctor-memory.ts";
import { parseCpuMax, type RightsFacts, rightsFindings } from "../../../src/node/doctor-rights.ts";
import type { ClockQuality } from "../../../src/observe/clock-quality.ts";
import { NEEDS, type Row, verdictOf } from "../../support/doctor.ts";

describe("memory and disk", () => {
  const GIB = 2 ** 30;
  const shm = { folder: "/dev/shm", mountPoint: "/dev/shm", type: "tmpfs", totalBytes: 8 * GIB, freeBytes: 8 * GIB };
  const memory: MemoryFacts = {
    hugePages: "madvise",
    sharedMemory: shm,
    swaps: [],
    swappiness: 60,
    availableBytes: 8 * GIB,
    lockLimitBytes: 8 * 2 ** 20,
    mayLockAll: true,
  };
  const remount = "degraded: mount -o remount,size=1G /dev/shm";
  const rows: [string, string, Partial<MemoryFacts>, string][] = [
    ["enough", "memory", {}, "ok"],
    ["too little", "memory", { availableBytes: GIB / 2 }, "degraded: ps aux --sort=-rss | head"],
    [
      "huge pages unasked",
      "huge-pages",
      { hugePages: "always" },
      "advice: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
    ],
    ["huge pages not told", "huge-pages", { hugePages: undefined }, "unknown"],
    [
      "a container's /dev/shm",
      "shared-memory",
      { sharedMemory: { ...shm, totalBytes: 2 ** 26, freeBytes: 2 ** 26 } },
      remount,
    ],
    ["swap", "swap", { swaps: ["/dev/sda2"] }, "advice: sysctl -w vm.swappiness=1"],
    ["swap as a last resort", "swap", { swaps: ["/dev/sda2"], swappiness: 1 }, "ok"],
    ["little may be locked", "locked-memory", { mayLockAll: false }, "advice: LimitMEMLOCK=infinity"],
    ["all may be locked", "locked-memory", { mayLockAll: false, lockLimitBytes: Number.POSITIVE_INFINITY }, "ok"],
  ];
  test.each(rows)("%s", (_, check, changes, expected) => {
    expect(verdictOf(memoryFindings({ ...memory, ...changes }), check)).toBe(expected);
  });

  const fileSystem = { folder: "/var/lib", mountPoint: "/", type: "ext4", totalBytes: 500 * GIB, freeBytes: 90 * GIB };
  const sync = { writeCount: 20, medianNs: 300e3, maxNs: 4e6 };
  const disk: DiskFacts = { fileSystem, sync };
  const diskRows: Row<DiskFacts>[] = [
    ["a good disk", "state-dir", {}, {}, "ok"],
    [
      "no right to write",
      "state-dir",
      { sync: "EACCES" },
      {},
      `bad: install -d -m 700 -o ${process.getuid?.()} /var/lib/fathom`,
    ],
    [
      "no right, and nothing to write",
      "state-dir",
      { sync: "EACCES" },
      { makesFiles: false },
      `degraded: install -d -m 700 -o ${process.getuid?.()} /var/lib/fathom`,
    ],
    ["in memory", "state-dir", { fileSystem: { ...fileSystem, type: "tmpfs" } }, {}, "degraded"],
    ["on another machine", "state-dir", { fileSystem: { ...fileSystem, type: "nfs4" } }, {}, "degraded"],
    [
      "nearly full",
      "room",
      { fileSystem: { ...fileSystem, freeBytes: GIB / 2 } },
      {},
      "degraded: du -xh / | sort -h | tail",
    ],
    [
      "a day's room",
      "room",
      { fileSystem: { ...fileSystem, freeBytes: 10 * GIB } },
      {},
      "advice: du -xh / | sort -h | tail",
    ],
    ["a fast disk", "sync-speed", {}, {}, "ok"],
    ["a slow disk", "sync-speed", { sync: { ...sync, medianNs: 5e6 } }, {}, "advice"],
    ["a spinning disk", "sync-speed", { sync: { ...sync, medianNs: 15e6 } }, {}, "degraded"],
    ["not measured", "sync-speed", { sync: "EROFS" }, {}, "unknown"],
  ];
  test.each(diskRows)("%s", (_, check, changes, needs, expected) => {
    expect(verdictOf(diskFindings({ ...disk, ...changes }, { ...NEEDS, ...needs }), check)).toBe(expected);
  });

  test("the mount that holds a folder", () => {
    const mounts =
      "/dev/vda / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vdb /var/lib xfs rw 0 0\n/dev/vdc /var/li ext3 rw 0 0\n" +
      "/dev/vdd /a\\040b btrfs rw 0 0\noverlay /var/lib overlay rw 0 0";
    expect(mountOf(mounts, "/var/lib/fathom")).toEqual({ point: "/var/lib", type: "overlay" });
    expect(mountOf(mounts, "/var/log")?.type).toBe("ext4");
    expect(mountOf(mounts, "/a b/c")?.type).toBe("btrfs");
    expect(mountOf("", "/")).toBeUndefined();
  });
});

describe("clock", () => {
  const quality: ClockQuality = {
    source: "chrony",
    disciplined: true,
    offsetNs: -12_000,
    errorBoundNs: 400_000,
    cardErrorBoundNs: null,
    reference: "192.0.2.1, stratum 2",
    how: "chronyc tracking",
    driftPpm: 15,
    checkedAtNs: 0,
  };
  const none: ClockQuality = { ...quality, source: "none", disciplined: false, errorBoundNs: null, how: "nobody" };
  const fine: ClockResolution = {
    claimedNs: 1,
    stepNs: 40,
    costNs: 300,
    clockSource: "tsc",
    clockSourcesPossible: ["tsc", "hpet"],
  };
  const settings = {
    errorBoundMaxNs: 1e6,
    requireDisciplined: false,
    intervalNs: 4e9,
    ptpSocket: "/var/run/ptp4l",
    chronyAddress: "",
  };
  const toTsc = "degraded: echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource";
  test.each<[string, string, ClockQuality, Partial<ClockResolution>, string]>([
    ["kept", "discipline", quality, {}, "ok"],
    ["not kept", "discipline", none, {}, "degraded: apt-get install chrony"],
    ["in bound", "error-bound", quality, {}, "ok"],
    ["out of bound", "error-bound", { ...quality, errorBoundNs: 2e6 }, {}, "degraded: chronyc sourcestats -v"],
    ["without a bound", "error-bound", none, {}, "unknown"],
    ["a fine source", "clock-source", quality, {}, "ok"],
    ["a coarse source", "clock-source", quality, { clockSource: "hpet" }, toTsc],
    ["a source not told, but quick", "clock-source", quality, { clockSource: "" }, "ok"],
  ])("%s", (_, check, found, changes, expected) => {
    const facts = { quality: found, resolution: { ...fine, ...changes }, hasChrony: false };
    expect(verdictOf(clockFindings(facts, settings), check)).toBe(expected);
  });

  test("an installed chrony is started, not installed", () => {
    const findings = clockFindings({ quality: none, resolution: fine, hasChrony: true }, settings);
    expect(verdictOf(findings, "discipline")).toBe("degraded: systemctl enable --now chrony && chronyc sources");
  });

  test("the bound is said in words, with the side", () => {
    const [, bound] = clockFindings({ quality, resolution: fine, hasChrony: true }, settings);
    expect(bound!.found).toBe("within 400 µs of UTC, estimated 12 µs behind; 1 ms allowed by clock.error_bound_max");
  });
});

describe("engine", () => {
  test.each([
    ["compiled", { hasLibc: true, optimisedCount: 1, turnNs: 1.6, variables: [] }, "ok"],
    [
      "interpreted",
      { hasLibc: true, optimisedCount: 0, turnNs: 31, variables: ["BUN_JSC_useJIT"] },
      "degraded: unset BUN_JSC_useJIT",
    ],
    ["baseline only", { hasLibc: true, optimisedCount: 0, turnNs: 7, variables: [] }, "degraded"],
    [
      "off altogether",
      { hasLibc: false, optimisedCount: 0, turnNs: 0, variables: ["JSC_useJIT"] },
      "bad: unset JSC_useJIT",
    ],
    ["starved", { hasLibc: true, optimisedCount: 1, turnNs: 40, variables: [] }, "degraded"],
  ])("%s", (_, facts, expected) => {
    expect(verdictOf(engineFindings(facts), "jit")).toBe(expected);
  });
});

describe("rights", () => {
  const facts: RightsFacts = {
    isRoot: false,
    capabilities: ["net_raw", "net_admin", "sys_nice", "ipc_lock"],
    openFilesMax: 65_536,
    cgroup: { version: 2, path: "/fathom", cpuLimit: undefined, memoryLimitBytes: undefined, isDelegated: true },
    unshare: { can: true, reason: "" },
    landlockAbi: 5,
    seccompActions: ["kill_process", "allow"],
    program: "/usr/bin/fathom",
  };
  const cgroup = facts.cgroup;
  const setRaw = "setcap cap_net_raw,cap_net_admin,cap_sys_nice,cap_ipc_lock+ep /usr/bin/fathom";
  const userns = "sysctl -w user.max_user_namespaces=16384 kernel.apparmor_restrict_unprivileged_userns=0";
  const rows: Row<RightsFacts>[] = [
    ["all", "capabilities", {}, {}, "ok"],
    ["none", "capabilities", { capabilities: [] }, {}, `advice: ${setRaw}`],
    [
      "none, and a ring is asked for",
      "capabilities",
      { capabilities: [] },
      { needsPacketSocket: true },
      `bad: ${setRaw}`,
    ],
    [
      "one missing",
      "capabilities",
      { capabilities: ["net_raw", "net_admin", "ipc_lock"] },
      { needsPacketSocket: true },
      "advice: setcap cap_sys_nice+ep /usr/bin/fathom",
    ],
    ["few files", "open-files", { openFilesMax: 256 }, {}, "degraded: ulimit -n 65536"],
    ["a group", "cgroup", {}, {}, "ok"],
    [
      "a group of the old kind",
      "cgroup",
      { cgroup: { ...cgroup, version: 1 } },
      {},
      "advice: systemd.unified_cgroup_hierarchy=1",
    ],
    [
      "too little time",
      "cgroup",
      { cgroup: { ...cgroup, cpuLimit: 1.5 } },
      {},
      "degraded: echo max > /sys/fs/cgroup/fathom/cpu.max",
    ],
    [
      "too little time in a group of the old kind",
      "cgroup",
      { cgroup: { ...cgroup, version: 1, cpuLimit: 2 } },
      {},
      "degraded: echo -1 > /sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    ],
    ["time enough", "cgroup", { cgroup: { ...cgroup, cpuLimit: 4 } }, {}, "ok"],
    ["no group below", "cgroup", { cgroup: { ...cgroup, isDelegated: false } }, {}, "advice: Delegate=yes"],
    ["namespaces", "namespaces", {}, {}, "ok"],
    ["none for a user", "namespaces", { unshare: { can: false, reason: "unshare failed" } }, {}, `advice: ${userns}`],
    [
      "none for a container's root",
      "namespaces",
      { isRoot: true, unshare: { can: false, reason: "no" } },
      {},
      "advice: --cap-add SYS_ADMIN",
    ],
    ["not tried", "namespaces", { unshare: { can: undefined, reason: "no unshare" } }, {}, "unknown"],
    ["no Landlock", "landlock", { landlockAbi: 0 }, {}, "advice: lsm=landlock,lockdown,yama,integrity,apparmor"],
    ["no seccomp", "seccomp", { seccompActions: undefined }, {}, "advice: uname -r"],
  ];
  test.each(rows)("%s", (_, check, changes, needs, expected) => {
    expect(verdictOf(rightsFindings({ ...facts, ...changes }, { ...NEEDS, ...needs }), check)).toBe(expected);
  });

  test("the kernel's files", () => {
    expect(heldCapabilities("Name:\tx\nCapEff:\t0000000000003000\n")).toEqual(["net_admin", "net_raw"]);
    expect(heldCapabilities("")).toEqual([]);
    const limits =
      "Limit                     Soft Limit           Hard Limit           Units\n" +
      "Max open files            1024                 unlimited            files\n";
    expect(parseLimit(limits, "Max open files")).toEqual({ soft: 1024, hard: Number.POSITIVE_INFINITY });
    expect(parseLimit(limits, "Max locked memory")).toBeUndefined();
    expect(parseCpuMax("150000 100000")).toBe(1.5);
    expect(parseCpuMax("max 100000")).toBeUndefined();
    expect(parseCpuMax(undefined)).toBeUndefined();
  });
});

test("the whole is as bad as its worst part; what could not be asked never counts", () => {
  expect(worstVerdict([])).toBe("ok");
  expect(worstVerdict([ok("a", ""), unknown("b", "")])).toBe("ok");
  expect(worstVerdict([wants("degraded", "a", "", ""), unknown("b", ""), wants("advice", "c", "", "")])).toBe(
    "degraded",
  );
  expect(worstVerdict([wants("degraded", "a", "", ""), wants("bad", "b", "", "")])).toBe("bad");
});
