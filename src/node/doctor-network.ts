/** The doctor on the interfaces that the settings name: state, rings, multicast, IGMP, reverse-path filter. */
import { FathomError } from "../core/assert.ts";
import { resolveInterface } from "../io/interfaces.ts";
import { readFact, readFactNumber } from "../io/machine-files.ts";
import { type NetworkCard, readNetworkCard } from "../io/network-card.ts";
import { type Finding, ok, unknown, wants } from "./doctor-finding.ts";
import type { JoinedLine, Needs } from "./doctor-needs.ts";

export interface InterfaceFacts {
  readonly card: NetworkCard;
  readonly lines: readonly JoinedLine[];
  /** The stricter of the interface's and "all"; undefined: not readable. */
  readonly rpFilter: number | undefined;
  readonly igmp: IgmpInterface | undefined;
}

export interface IgmpInterface {
  /** 2 or 3: what the kernel speaks there, which an older querier may have lowered. */
  readonly version: number;
  /** Dotted, with how many sockets have joined each. */
  readonly groups: ReadonlyMap<string, number>;
}

export function networkFindings(needs: Needs): Finding[] {
  const findings: Finding[] = [];
  const igmp = parseIgmp(readFact("/proc/net/igmp").text ?? "");
  for (const asked of new Set(needs.lines.map((line) => line.interface))) {
    let name: string;
    try {
      name = resolveInterface(asked).name;
    } catch (error) {
      if (!(error instanceof FathomError)) throw error;
      findings.push(missingFinding(asked, error.message, needs));
      continue;
    }
    const card = readNetworkCard(name);
    const lines = needs.lines.filter((line) => line.interface === asked);
    if (card) findings.push(...interfaceFindings({ card, lines, rpFilter: rpFilter(name), igmp: igmp.get(name) }));
    else findings.push(unknown(`interface ${name}`, "sysfs is not mounted here, so nothing can be read of it"));
  }
  return findings;
}

function missingFinding(asked: string, message: string, needs: Needs): Finding {
  const users = needs.lines.filter((line) => line.interface === asked).map((line) => `${line.channel}.${line.line}`);
  const change = `line ${users.join(", ")} cannot be joined; name one that is there in channels.lines.interface`;
  return wants("bad", `interface ${asked}`, message, change, "ip -brief address");
}

function rpFilter(name: string): number | undefined {
  const values = ["all", name].map((each) => readFactNumber(`/proc/sys/net/ipv4/conf/${each}/rp_filter`));
  return values.includes(undefined) ? undefined : Math.max(...(values as number[]));
}

/** /proc/net/igmp: an interface's line, then one a group; addresses in the CPU's byte order. */
export function parseIgmp(text: string): Map<string, IgmpInterface> {
  const found = new Map<string, { version: number; groups: Map<string, number> }>();
  let last: { version: number; groups: Map<string, number> } | undefined;
  for (const line of text.split("\n")) {
    const head = /^\d+\s+(\S+)\s*:\s*\d+\s+V(\d)/.exec(line);
    if (head) {
      last = { version: Number(head[2]), groups: new Map() };
      found.set(head[1]!, last);
    }
    const group = /^\s+([0-9A-F]{8})\s+(\d+)/.exec(line);
    if (group) last?.groups.set(dotted(group[1]!), Number(group[2]));
  }
  return found;
}

function dotted(littleEndianHex: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(littleEndianHex.slice(at, at + 2), 16)).join(".");
}

/** All that is said of one interface. */
export function interfaceFindings(facts: InterfaceFacts): Finding[] {
  const { card } = facts;
  const findings = [stateFinding(facts), igmpFinding(facts)];
  // What follows is of hardware, and of packets from other machines.
  if (!card.isLoopback) findings.push(rpFilterFinding(facts), ringFinding(card), coalesceFinding(card));
  if (card.lro) {
    const change = "it merges packets of different senders before fathom sees them";
    findings.push(
      wants("degraded", `lro ${card.name}`, "large receive offload is on", change, `ethtool -K ${card.name} lro off`),
    );
  }
  if (card.drops.rxMissed > 0 || card.drops.rxDropped > 0) {
    const found = `${card.drops.rxMissed} packets missed and ${card.drops.rxDropped} dropped since it came up`;
    const change = "if the numbers grow while fathom runs, the ring or the CPU behind it is too small";
    findings.push(wants("advice", `drops ${card.name}`, found, change, `ip -statistics link show ${card.name}`));
  }
  return findings;
}

function stateFinding({ card, lines }: InterfaceFacts): Finding {
  const check = `interface ${card.name}`;
  const groups = lines.map((line) => `${line.group} (${line.channel} ${line.line})`).join(", ");
  if (!card.isUp) {
    return wants("bad", check, "it is down", `${groups} cannot be heard`, `ip link set ${card.name} up`);
  }
  if (!card.takesMulticast && !card.isLoopback && lines.some((line) => line.isMulticast)) {
    const command = `ip link set ${card.name} multicast on`;
    return wants("bad", check, "it takes no multicast", `${groups} cannot be heard`, command);
  }
  if (!card.isRunning) {
    const change = "plug it in, or see what the switch says of the port";
    return wants("degraded", check, "it is up and has no carrier", change, `ip link show ${card.name}`);
  }
  return ok(check, describeCard(card));
}

function describeCard(card: NetworkCard): string {
  const stamps = card.stamps === undefined ? undefined : card.stamps.hardwareReceive ? "the card's" : "the kernel's";
  const parts = [
    card.isLoopback ? "up, loopback" : "up",
    card.driver && `driver ${card.driver}`,
    card.speedMbps && `${card.speedMbps} Mbit/s`,
    card.mtuBytes && `mtu ${card.mtuBytes}`,
    card.queueCount && `${card.queueCount} queue${card.queueCount === 1 ? "" : "s"}`,
    card.gro !== undefined && `GRO ${card.gro ? "on" : "off"}`,
    stamps && `receive stamps: ${stamps}`,
  ];
  return parts.filter(Boolean).join(", ");
}

function igmpFinding({ card, lines, igmp }: InterfaceFacts): Finding {
  const check = `igmp ${card.name}`;
  const groups = lines.filter((line) => line.isMulticast);
  if (groups.length === 0) return ok(check, "not needed: every line here has a unicast address");
  if (!igmp) return unknown(check, "/proc/net/igmp does not list the interface");
  if (igmp.version < 3 && groups.some((line) => line.source !== undefined)) {
    const change = "source-specific joins need IGMPv3; find the old querier, or stop forcing the version";
    const command = `sysctl -w net.ipv4.conf.${card.name}.force_igmp_version=3`;
    return wants("degraded", check, `IGMPv${igmp.version} is spoken`, change, command);
  }
  const joined = groups.filter((line) => igmp.groups.has(line.group)).length;
  const state = joined === 0 ? "none is joined now (fathom does not run)" : `${joined} of ${groups.length} joined now`;
  return ok(check, `IGMPv${igmp.version}; of the groups in the settings ${state}`);
}

function rpFilterFinding({ card, rpFilter: value }: InterfaceFacts): Finding {
  const check = `rp-filter ${card.name}`;
  if (value === undefined) return unknown(check, "the kernel does not say");
  if (value !== 1) return ok(check, value === 0 ? "off" : "loose");
  const change =
    "the kernel throws away, without a count, multicast from senders that it would not route back this way: " +
    "make it loose";
  const command = `sysctl -w net.ipv4.conf.${card.name}.rp_filter=2`;
  return wants("degraded", check, "strict", change, command);
}

function ringFinding({ name, ring }: NetworkCard): Finding {
  const check = `ring ${name}`;
  if (!ring) return unknown(check, "the driver does not say how long its receive ring is");
  if (ring.rx >= ring.rxMax) return ok(check, `${ring.rx} packets, the most that it can have`);
  const found = `${ring.rx} packets of ${ring.rxMax} possible`;
  const change = "a burst that comes faster than the kernel takes it waits here, or is lost";
  return wants("advice", check, found, change, `ethtool -G ${name} rx ${ring.rxMax}`);
}

function coalesceFinding({ name, coalesceUs, isCoalesceAdaptive }: NetworkCard): Finding {
  const check = `interrupts ${name}`;
  if (coalesceUs === undefined) return unknown(check, "the driver does not say whether it holds interrupts back");
  if (coalesceUs === 0 && !isCoalesceAdaptive) return ok(check, "not held back");
  const found = isCoalesceAdaptive ? "held back adaptively" : `held back up to ${coalesceUs} µs`;
  const change = "each packet may wait that long before the kernel hears of it";
  return wants("advice", check, found, change, `ethtool -C ${name} adaptive-rx off rx-usecs 0`);
}
