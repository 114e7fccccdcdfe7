/** The doctor on the kernel's way from the card to the socket: buffers, backlog, what was lost there so far. */
import { formatCount } from "../core/units.ts";
import { readFact, readFactNumber } from "../io/machine-files.ts";
import { heldCapabilities } from "../io/machine-rights.ts";
import { type Finding, ok, unknown, wants } from "./doctor-finding.ts";
import type { Needs } from "./doctor-needs.ts";
import { formatBytes } from "./settings-kinds.ts";

export interface ReceiveFacts {
  readonly rmemMaxBytes: number | undefined;
  /** This process may pass the limit (CAP_NET_ADMIN). */
  readonly mayForce: boolean;
  readonly backlogMax: number | undefined;
  readonly softnet: Softnet | undefined;
  readonly udp: UdpCounts | undefined;
}

export interface Softnet {
  readonly dropped: number;
  readonly squeezed: number;
}

export interface UdpCounts {
  readonly received: number;
  readonly bufferErrors: number;
  readonly checksumErrors: number;
}

export function receiveFacts(): ReceiveFacts {
  return {
    rmemMaxBytes: readFactNumber("/proc/sys/net/core/rmem_max"),
    mayForce: heldCapabilities(readFact("/proc/self/status").text ?? "").includes("net_admin"),
    backlogMax: readFactNumber("/proc/sys/net/core/netdev_max_backlog"),
    softnet: parseSoftnet(readFact("/proc/net/softnet_stat").text),
    udp: parseUdpCounts(readFact("/proc/net/snmp").text),
  };
}

/** /proc/net/softnet_stat: a line a CPU, hexadecimal: processed, dropped, squeezed, … */
export function parseSoftnet(text: string | undefined): Softnet | undefined {
  const rows = text?.split("\n").map((line) => line.split(/\s+/).map((word) => Number.parseInt(word, 16)));
  if (!rows || rows.some((row) => row.length < 3 || row.slice(0, 3).some(Number.isNaN))) return undefined;
  const sum = (column: number) => rows.reduce((total, row) => total + row[column]!, 0);
  return { dropped: sum(1), squeezed: sum(2) };
}

/** The two `Udp:` lines of /proc/net/snmp: names, then numbers. */
export function parseUdpCounts(text: string | undefined): UdpCounts | undefined {
  const [names, values] = (text ?? "")
    .split("\n")
    .filter((line) => line.startsWith("Udp: "))
    .map((line) => line.split(" "));
  if (!names || !values) return undefined;
  const count = (name: string) => Number(values[names.indexOf(name)] ?? 0);
  return {
    received: count("InDatagrams"),
    bufferErrors: count("RcvbufErrors"),
    checksumErrors: count("InCsumErrors"),
  };
}

export function receiveFindings(facts: ReceiveFacts, needs: Needs): Finding[] {
  return [bufferFinding(facts, needs), backlogFinding(facts), udpFinding(facts)];
}

function bufferFinding({ rmemMaxBytes, mayForce }: ReceiveFacts, { receiveBufferBytes }: Needs): Finding {
  const check = "receive-buffer";
  const wanted = formatBytes(receiveBufferBytes);
  if (rmemMaxBytes === undefined) return unknown(check, "the kernel does not say what it grants (net.core.rmem_max)");
  const limit = `the limit is ${formatBytes(rmemMaxBytes)} (net.core.rmem_max), the settings ask for ${wanted}`;
  if (rmemMaxBytes >= receiveBufferBytes) return ok(check, limit);
  if (mayForce) return ok(check, `${limit}; this user may pass it (CAP_NET_ADMIN)`);
  const change = "a burst that does not fit is lost and must be repaired";
  return wants("degraded", check, limit, change, `sysctl -w net.core.rmem_max=${receiveBufferBytes}`);
}

function backlogFinding({ backlogMax, softnet }: ReceiveFacts): Finding {
  const check = "backlog";
  if (softnet === undefined) return unknown(check, "the kernel does not say what it dropped (/proc/net/softnet_stat)");
  const found =
    `${formatCount(softnet.dropped)} packets dropped before any socket, ` +
    `${formatCount(softnet.squeezed)} times out of time, since boot`;
  if (softnet.dropped === 0 || backlogMax === undefined) return ok(check, found);
  const change = `the queue of ${backlogMax} packets a CPU was full at some time; make room`;
  return wants(
    "advice",
    check,
    found,
    change,
    `sysctl -w net.core.netdev_max_backlog=${Math.max(16_384, backlogMax * 2)}`,
  );
}

function udpFinding({ udp }: ReceiveFacts): Finding {
  const check = "udp-errors";
  if (udp === undefined) return unknown(check, "the kernel does not say (/proc/net/snmp)");
  const lost = udp.bufferErrors + udp.checksumErrors;
  const found =
    `${formatCount(udp.bufferErrors)} datagrams lost to full buffers and ${formatCount(udp.checksumErrors)} to bad ` +
    `checksums of ${formatCount(udp.received + lost)}, by all programs since boot`;
  if (lost === 0) return ok(check, found);
  const change = "if the first number grows while fathom runs, raise receive_buffer_bytes or give it a CPU of its own";
  return wants("advice", check, found, change, "nstat -az UdpRcvbufErrors UdpInCsumErrors");
}
