/** The doctor's verdicts on network and CPUs, by table: facts in, verdict and what to type out. */
import { describe, expect, test } from "bun:test";
import type { NetworkCard } from "../../../src/io/network-card.ts";
import { type CpuFacts, cpuFindings } from "../../../src/node/doctor-cpu.ts";
import { worstVerdict } from "../../../src/node/doctor-finding.ts";
import { type InterfaceFacts, interfaceFindings, parseIgmp } from "../../../src/node/doctor-network.ts";
import { parseSoftnet, parseUdpCounts, type ReceiveFacts, receiveFindings } from "../../../src/node/doctor-receive.ts";
import { LINE, NEEDS, type Row, verdictOf } from "../../support/doctor.ts";

describe("interface", () => {
  const card: NetworkCard = {
    name: "eth0",
    isUp: true,
    isRunning: true,
    isLoopback: false,
    takesMulticast: true,
    mtuBytes: 1500,
    speedMbps: 25_000,
    driver: "ice",
    isVirtual: false,
    ring: { rx: 4096, rxMax: 4096 },
    queueCount: 8,
    gro: true,
    lro: false,
    coalesceUs: 0,
    isCoalesceAdaptive: false,
    stamps: { hardwareReceive: true, clockIndex: 0 },
    drops: { rxDropped: 0, rxMissed: 0, rxErrors: 0 },
  };
  const igmp = { version: 3, groups: new Map([["239.1.2.3", 1]]) };
  const facts: InterfaceFacts = { card, lines: [LINE], rpFilter: 2, igmp };
  const of = (changes: Partial<NetworkCard>): Partial<InterfaceFacts> => ({ card: { ...card, ...changes } });
  const sourced = [{ ...LINE, source: "10.0.0.1" }];

  test("one that is as it should be", () => {
    const findings = interfaceFindings(facts);
    expect(worstVerdict(findings)).toBe("ok");
    expect(findings[0]!.found).toBe(
      "up, driver ice, 25000 Mbit/s, mtu 1500, 8 queues, GRO on, receive stamps: the card's",
    );
    expect(findings[1]!.found).toContain("1 of 1 joined now");
  });

  const rows: [string, string, Partial<InterfaceFacts>, string][] = [
    ["down", "interface eth0", of({ isUp: false }), "bad: ip link set eth0 up"],
    ["deaf to multicast", "interface eth0", of({ takesMulticast: false }), "bad: ip link set eth0 multicast on"],
    ["no carrier", "interface eth0", of({ isRunning: false }), "degraded: ip link show eth0"],
    ["strict reverse path", "rp-filter eth0", { rpFilter: 1 }, "degraded: sysctl -w net.ipv4.conf.eth0.rp_filter=2"],
    ["no reverse path", "rp-filter eth0", { rpFilter: 0 }, "ok"],
    ["reverse path not said", "rp-filter eth0", { rpFilter: undefined }, "unknown"],
    ["a short ring", "ring eth0", of({ ring: { rx: 512, rxMax: 4096 } }), "advice: ethtool -G eth0 rx 4096"],
    ["a driver that does not say", "ring eth0", of({ ring: undefined }), "unknown"],
    [
      "held interrupts",
      "interrupts eth0",
      of({ coalesceUs: 50 }),
      "advice: ethtool -C eth0 adaptive-rx off rx-usecs 0",
    ],
    ["merged packets", "lro eth0", of({ lro: true }), "degraded: ethtool -K eth0 lro off"],
    [
      "lost packets",
      "drops eth0",
      of({ drops: { rxDropped: 0, rxMissed: 9, rxErrors: 0 } }),
      "advice: ip -statistics link show eth0",
    ],
    ["IGMPv2 without sources", "igmp eth0", { igmp: { ...igmp, version: 2 } }, "ok"],
    [
      "IGMPv2 with a source",
      "igmp eth0",
      { igmp: { ...igmp, version: 2 }, lines: sourced },
      "degraded: sysctl -w net.ipv4.conf.eth0.force_igmp_version=3",
    ],
    ["no IGMP", "igmp eth0", { igmp: undefined }, "unknown"],
    ["loopback without the flag", "interface eth0", of({ isLoopback: true, takesMulticast: false }), "ok"],
    ["loopback has no ring", "ring eth0", of({ isLoopback: true, ring: undefined }), "no such finding"],
  ];
  test.each(rows)("%s", (_, check, changes, expected) => {
    expect(verdictOf(interfaceFindings({ ...facts, ...changes }), check)).toBe(expected);
  });

  test("/proc/net/igmp", () => {
    const text = [
      "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter",
      "1\tlo        :     2      V3",
      "\t\t\t\t094DC9EF     2 0:00000000\t\t0",
      "\t\t\t\t010000E0     1 0:00000000\t\t0",
      "4\teth0      :     1      V2",
      "\t\t\t\t010000E0     1 0:00000000\t\t0",
    ].join("\n");
    const found = parseIgmp(text);
    expect(found.get("lo")).toEqual({
      version: 3,
      groups: new Map([
        ["239.201.77.9", 2],
        ["224.0.0.1", 1],
      ]),
    });
    expect(found.get("eth0")).toEqual({ version: 2, groups: new Map([["224.0.0.1", 1]]) });
    expect(parseIgmp("").size).toBe(0);
  });
});

describe("receive", () => {
  const facts: ReceiveFacts = {
    rmemMaxBytes: 67_108_864,
    mayForce: false,
    backlogMax: 1000,
    softnet: { dropped: 0, squeezed: 4 },
    udp: { received: 1_000_000, bufferErrors: 0, checksumErrors: 0 },
  };
  const rows: Row<ReceiveFacts>[] = [
    ["room enough", "receive-buffer", {}, {}, "ok"],
    [
      "too small a limit",
      "receive-buffer",
      { rmemMaxBytes: 212_992 },
      {},
      "degraded: sysctl -w net.core.rmem_max=33554432",
    ],
    ["a limit that may be passed", "receive-buffer", { rmemMaxBytes: 212_992, mayForce: true }, {}, "ok"],
    ["a limit for modest settings", "receive-buffer", { rmemMaxBytes: 212_992 }, { receiveBufferBytes: 65_536 }, "ok"],
    ["no limit to read", "receive-buffer", { rmemMaxBytes: undefined }, {}, "unknown"],
    ["nothing dropped", "backlog", {}, {}, "ok"],
    [
      "dropped",
      "backlog",
      { softnet: { dropped: 3, squeezed: 0 } },
      {},
      "advice: sysctl -w net.core.netdev_max_backlog=16384",
    ],
    ["not told", "backlog", { softnet: undefined }, {}, "unknown"],
    [
      "datagrams lost",
      "udp-errors",
      { udp: { received: 9, bufferErrors: 1, checksumErrors: 0 } },
      {},
      "advice: nstat -az UdpRcvbufErrors UdpInCsumErrors",
    ],
    ["not told of datagrams", "udp-errors", { udp: undefined }, {}, "unknown"],
  ];
  test.each(rows)("%s", (_, check, changes, needs, expected) => {
    expect(verdictOf(receiveFindings({ ...facts, ...changes }, { ...NEEDS, ...needs }), check)).toBe(expected);
  });

  test("the kernel's files, and what is none of them", () => {
    expect(parseSoftnet("0001a2b3 00000002 0000000a 0 0\n000000ff 00000001 00000000 0 0")).toEqual({
      dropped: 3,
      squeezed: 10,
    });
    expect(parseSoftnet("")).toBeUndefined();
    expect(parseSoftnet(undefined)).toBeUndefined();
    const snmp =
      "Ip: Forwarding\nIp: 1\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors\n" +
      "Udp: 6311698 3 367563 11737383 95698 0 7\nUdpLite: InDatagrams\nUdpLite: 0";
    expect(parseUdpCounts(snmp)).toEqual({ received: 6_311_698, bufferErrors: 95_698, checksumErrors: 7 });
    expect(parseUdpCounts("Tcp: 1")).toBeUndefined();
  });
});

describe("cpu", () => {
  const eight = [0, 1, 2, 3, 4, 5, 6, 7];
  const facts: CpuFacts = {
    online: eight,
    allowed: eight,
    isolated: [6, 7],
    tickless: [6, 7],
    governors: ["performance"],
    isSmtActive: false,
    deepestSleep: { name: "C1", exitUs: 2 },
    interrupts: [{ interface: "eth0", irqs: [41, 40], cpus: [2, 3] }],
  };
  const pinned = { pinsThreads: true, pinnedCpus: [3, 7] };
  const rows: Row<CpuFacts>[] = [
    ["CPUs enough", "cpus", {}, {}, "ok"],
    ["fewer than threads", "cpus", { allowed: [0, 1] }, {}, "degraded: fathom check --set books.shards=0"],
    ["isolated where it is pinned", "isolation", {}, { pinsThreads: true, pinnedCpus: [6, 7] }, "ok"],
    ["pinned outside", "isolation", {}, pinned, "advice: isolcpus=3,7 nohz_full=3,7 rcu_nocbs=3,7"],
    ["none isolated", "isolation", { isolated: [] }, {}, "advice: isolcpus=7 nohz_full=7 rcu_nocbs=7"],
    ["too few to isolate", "isolation", { isolated: [], allowed: [0, 1] }, {}, "ok"],
    ["isolation not told", "isolation", { isolated: undefined }, {}, "unknown"],
    ["interrupts elsewhere", "irqs eth0", {}, { pinsThreads: true, pinnedCpus: [7] }, "ok"],
    [
      "interrupts on a pinned CPU",
      "irqs eth0",
      {},
      pinned,
      "advice: for f in /proc/irq/{41,40}/smp_affinity_list; do echo 0-2,4-6 > $f; done",
    ],
    ["powersave", "governor", { governors: ["powersave"] }, {}, "degraded: cpupower frequency-set -g performance"],
    [
      "one CPU apart",
      "governor",
      { governors: ["performance", "powersave"] },
      {},
      "degraded: cpupower frequency-set -g performance",
    ],
    ["no governor", "governor", { governors: [] }, {}, "ok"],
    ["siblings", "smt", { isSmtActive: true }, {}, "advice: echo off > /sys/devices/system/cpu/smt/control"],
    ["siblings not told", "smt", { isSmtActive: undefined }, {}, "unknown"],
    [
      "deep sleep",
      "sleep-states",
      { deepestSleep: { name: "C6", exitUs: 133 } },
      {},
      "advice: cpupower idle-set -D 20",
    ],
    ["sleep not told", "sleep-states", { deepestSleep: undefined }, {}, "unknown"],
  ];
  test.each(rows)("%s", (_, check, changes, needs, expected) => {
    expect(verdictOf(cpuFindings({ ...facts, ...changes }, { ...NEEDS, ...needs }), check)).toBe(expected);
  });
});
