/** What a schema cannot say: settings that are each well formed and still cannot all be in force together. */
import { parseIpv4 } from "./settings-kinds.ts";
import type { Settings } from "./settings-schema.ts";

/** Longest path that fits a unix socket's address, without the closing zero. */
const SOCKET_PATH_BYTES_MAX = 107;

/** Takes one problem: the key it is about, what was found there, what was expected, what to do. */
export type ReportProblem = (key: string, found: string, expected: string, hint: string) => void;

export function checkSettings(settings: Settings, report: ReportProblem): void {
  checkAdmin(settings, report);
  checkBooks(settings, report);
  checkChannels(settings, report);
}

function checkAdmin({ admin }: Settings, report: ReportProblem): void {
  const socketBytes = new TextEncoder().encode(admin.socket).length;
  if (socketBytes > SOCKET_PATH_BYTES_MAX) {
    const expected = `a path of at most ${SOCKET_PATH_BYTES_MAX} bytes`;
    report("admin.socket", `${socketBytes} bytes`, expected, "the kernel takes no longer one; choose a shorter path");
  }
  if (admin.listen !== null && !admin.allowRemote && !isLoopback(admin.listen.address)) {
    const found = JSON.stringify(`${admin.listen.address}:${admin.listen.port}`);
    const hint = "set admin.allow_remote = true if other machines are meant to reach it (with a token)";
    report("admin.listen", found, "a loopback address", hint);
  }
}

function isLoopback(address: string): boolean {
  return address === "localhost" || parseIpv4(address)?.[0] === 127;
}

function checkBooks({ books }: Settings, report: ReportProblem): void {
  for (const [i, symbol] of books.ranges.entries()) {
    const before = books.ranges[i - 1];
    if (before !== undefined && before >= symbol) {
      const found = `${JSON.stringify(symbol)} after ${JSON.stringify(before)}`;
      report("books.ranges", found, "symbols in ascending order, each once", "each is the last symbol of its shard");
    }
  }
  if (books.shardBy === "range" && books.shards !== 0) {
    const expected = books.shards === "auto" ? "at least one symbol" : `${books.shards - 1} symbols`;
    const right = books.shards === "auto" ? books.ranges.length > 0 : books.ranges.length === books.shards - 1;
    const hint = "one less than shards: the last shard takes what comes after the last symbol";
    if (!right) report("books.ranges", `${books.ranges.length} symbols`, expected, hint);
  }
  if (books.shardBy !== "table" || books.shards === "auto" || books.shards === 0) return;
  for (const [symbol, shard] of Object.entries(books.table)) {
    if (shard < books.shards) continue;
    const hint = "raise books.shards, or move the symbol";
    report(`books.table.${symbol}`, `${shard}`, `a shard from 0 to ${books.shards - 1}`, hint);
  }
}

function checkChannels({ channels }: Settings, report: ReportProblem): void {
  const names = new Map<string, string>();
  const streams = new Map<string, string>();
  for (const [i, channel] of channels.entries()) {
    const path = `channels.${i}`;
    once(names, channel.name, `${path}.name`, "a name that no other channel has", report);
    const lineNames = new Map<string, string>();
    for (const [j, line] of channel.lines.entries()) {
      const linePath = `${path}.lines.${j}`;
      once(lineNames, line.name, `${linePath}.name`, "a name that the other line does not have", report);
      const stream = `${line.group}:${line.port} on ${line.interface}${line.source ? ` from ${line.source}` : ""}`;
      once(streams, stream, `${linePath}.group`, "a stream that no other line joins", report);
      checkLineAddresses(line, linePath, report);
    }
    if (channel.join === "glimpse" && channel.glimpse === undefined) {
      const hint = `add a [channels.glimpse] table with address, username and password`;
      report(`${path}.join`, '"glimpse"', "a snapshot server in channels.glimpse", hint);
    }
    if (channel.join === "from-start" && channel.rerequest.length === 0) {
      report(`${path}.join`, '"from-start"', "a server in rerequest", "what was missed can only come from there");
    }
  }
}

/** Reports `key` when another key has said `value` before. */
function once(seen: Map<string, string>, value: string, key: string, expected: string, report: ReportProblem): void {
  const before = seen.get(value);
  if (before !== undefined) report(key, `${JSON.stringify(value)}, which ${before} has too`, expected, "");
  else seen.set(value, key);
}

function checkLineAddresses(
  line: Settings["channels"][number]["lines"][number],
  path: string,
  report: ReportProblem,
): void {
  const [first, second, third, fourth] = parseIpv4(line.group)!;
  const isMulticast = first >= 224 && first <= 239;
  const isNobody = first === 0 || first > 239 || (first === 224 && second === 0 && third === 0);
  if (isNobody) {
    const expected = "a multicast group (224.0.1.0 to 239.255.255.255) or a unicast address of this machine";
    report(`${path}.group`, JSON.stringify(line.group), expected, fourth === 255 ? "broadcast is not received" : "");
  }
  if (line.source === undefined) return;
  const sourceFirst = parseIpv4(line.source)![0];
  if (sourceFirst === 0 || sourceFirst >= 224) {
    report(`${path}.source`, JSON.stringify(line.source), "the sender's unicast address", "");
  }
  if (!isMulticast && !isNobody) {
    const hint = "leave source out: a source-specific join needs a multicast group";
    report(`${path}.source`, JSON.stringify(line.source), "no source beside a unicast address", hint);
  }
}
