/** A channel as the admin API shows it: counters, rates and the worker's own words, put together. Cold. */
import type { ChannelState, ChannelView, GapRecord, LineView } from "../admin/contract.ts";
import { badCountsByKind } from "../books/bad-messages.ts";
import { Quality } from "../core/quality.ts";
import type { ChannelStatus } from "../ingest/channel-status.ts";
import { BAD_PACKET_NAMES } from "../ingest/counters.ts";
import { CHANNEL_DEFAULTS } from "../ingest/options.ts";
import { clock } from "../io/clock.ts";
import type { ChannelHost } from "./channel-host.ts";
import type { LineSettings } from "./settings.ts";

const STATES: Record<ChannelStatus["state"], ChannelState> = {
  waiting: "waiting",
  settling: "joining",
  snapshot: "joining",
  live: "live",
  ended: "ended",
};

/** A stamp since the epoch base as nanoseconds since 1970. */
export function epochNs(stampNs: number): bigint {
  return BigInt(clock.epochBaseSeconds) * 1_000_000_000n + BigInt(Math.round(stampNs));
}

export function sumCounters<K extends string>(blocks: readonly { get(key: K): number }[], key: K): number {
  return blocks.reduce((total, block) => total + block.get(key), 0);
}

export function channelView(host: ChannelHost): ChannelView {
  const { counters, rates, settings, status } = host;
  const get = (key: string) => counters.get(key);
  const gaps = status?.gaps ?? [];
  const byKind = badCountsByKind(host.badCounts);
  return {
    name: settings.name,
    feed: settings.feed,
    session: status?.session ?? "",
    state: STATES[status?.state ?? "waiting"],
    // State, session and quality belong together: all of them are the worker's own last words.
    quality: status?.quality ?? Quality.stale,
    qualityReason: status?.qualityReason ?? "the channel is being opened",
    nextSequence: get("nextSequence"),
    messageCount: get("messages"),
    messagesPerSecond: rates.perSecond("messages"),
    bytesPerSecond: settings.lines.reduce((total, line) => total + rates.perSecond(`line.${line.name}.bytes`), 0),
    instrumentCount: host.directory.length,
    orderCount: sumCounters(host.shardCounters, "orders"),
    gaps: {
      opened: get("gapsOpened"),
      repaired: get("gapsRepaired"),
      abandoned: get("gapsLost"),
      lostMessages: get("messagesLost"),
      open: gaps.filter((gap) => gap.closedBy === "none").length,
    },
    recentGaps: status ? gaps.map((gap) => gapRecord(gap, status.nowNs)) : [],
    reorder: {
      depth: get("reorderMessages"),
      capacity: CHANNEL_DEFAULTS.reorderMessagesMax,
      depthMax: get("reorderMessagesMax"),
    },
    requests: {
      sent: get("requests"),
      answered: get("requestsAnswered"),
      timedOut: get("requestsTimedOut"),
      messagesAsked: get("messagesRequested"),
    },
    snapshots: { started: get("snapshotsStarted"), completed: get("snapshots"), failed: get("snapshotFailures") },
    lines: settings.lines.map((line) => lineView(host, line)),
    badMessages: {
      total: Object.values(byKind).reduce((total, count) => total + count, 0),
      byKind,
      firstOffenders: host.offenders,
    },
    feedState: host.books.feed,
  };
}

function gapRecord(gap: ChannelStatus["gaps"][number], statusNowNs: number): GapRecord {
  const isOpen = gap.closedBy === "none";
  const isLost = gap.closedBy === "given_up" || gap.closedBy === "session_end";
  const closers = { line: "line", rerequest: "re-request", snapshot: "snapshot" } as const;
  return {
    // A gap's times are of the monotonic clock; how long ago that was is true on the real one too.
    openedAtNs: epochNs(clock.realtimeNs() - (clock.monotonicNs() - gap.openedNs)),
    firstSequence: gap.first,
    messageCount: gap.count,
    state: isOpen ? "open" : isLost ? "abandoned" : "repaired",
    repairedBy: closers[gap.closedBy as keyof typeof closers] ?? "",
    durationNs: Math.max(0, Math.round((isOpen ? statusNowNs : gap.closedNs) - gap.openedNs)),
  };
}

function lineView(host: ChannelHost, line: LineSettings): LineView {
  const get = (key: string) => host.counters.get(`line.${line.name}.${key}`);
  const rate = (key: string) => host.rates.perSecond(`line.${line.name}.${key}`);
  const lastSeconds = get("lastPacketSeconds");
  const joined = host.lines.find((candidate) => candidate.name === line.name);
  const perf = host.perf.ingest.counters;
  return {
    name: line.name,
    group: line.group,
    port: line.port,
    interface: line.interface,
    source: line.source ?? "",
    quality: get("quality") as Quality,
    packetCount: get("packets"),
    messageCount: get("messages"),
    byteCount: get("bytes"),
    heartbeatCount: get("heartbeats"),
    packetsPerSecond: rate("packets"),
    messagesPerSecond: rate("messages"),
    wonCount: get("won"),
    duplicateCount: get("duplicates"),
    lostCount: get("lost"),
    reorderedCount: get("reordered"),
    badPackets: Object.fromEntries(BAD_PACKET_NAMES.map((kind) => [kind, get(`bad.${kind}`)])),
    kernelDropCount: get("kernelDrops"),
    receiveBufferBytes: joined?.receiveBufferBytes ?? 0,
    receivePath: joined?.receivePath ?? "",
    receiveReason: joined?.receiveReason ?? "",
    refusedCount: perf.get(`line.${line.name}.refused`),
    fragmentedCount: perf.get(`line.${line.name}.fragmented`),
    leadMeanNs: Math.round(get("leadSeconds") * 1e9),
    leadLastNs: Math.round(get("leadLastSeconds") * 1e9),
    lastPacketAtNs: lastSeconds > 0 ? BigInt(Math.round(lastSeconds * 1e6)) * 1000n : undefined,
  };
}
