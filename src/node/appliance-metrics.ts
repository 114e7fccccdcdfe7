/** Everything that the appliance counts, as Prometheus text. Cold: runs when somebody scrapes. */
import type { Counters } from "../core/counters.ts";
import { renderMetrics, type Sample } from "../observe/prometheus.ts";
import type { ChannelHost } from "./channel-host.ts";
import { channelView } from "./channel-view.ts";
import { BUILD } from "./version.ts";

/** `more`: samples that are not a channel's. */
export function applianceMetrics(hosts: readonly ChannelHost[], isReady: boolean, more: readonly Sample[]): string {
  const blocks = hosts.flatMap((host): Counters[] => [
    host.counters,
    host.dispatcherCounters as never,
    ...(host.shardCounters as never[]),
    ...host.perf.threads.map((thread) => thread.counters as never),
    host.perf.degradationCounters as never,
  ]);
  const { version, commit, target } = BUILD;
  return renderMetrics(blocks, [
    {
      metric: "build_info",
      kind: "gauge",
      help: "Which build this is",
      labels: { version, commit, target },
      value: 1,
    },
    {
      metric: "process_resident_memory_bytes",
      kind: "gauge",
      help: "Resident memory of the process",
      value: process.memoryUsage.rss(),
    },
    { metric: "ready", kind: "gauge", help: "1 when the books may be traded on", value: isReady ? 1 : 0 },
    ...more,
    ...hosts.flatMap(badMessageSamples),
    ...hosts.flatMap(receivePathSamples),
  ]);
}

function badMessageSamples(host: ChannelHost): Sample[] {
  return Object.entries(channelView(host).badMessages.byKind).map(([kind, value]) => ({
    metric: "bad_messages_total",
    kind: "counter" as const,
    help: "Messages that could not be true, by kind",
    labels: { channel: host.name, kind },
    value,
  }));
}

function receivePathSamples(host: ChannelHost): Sample[] {
  return host.lines.map(({ name, receivePath }) => ({
    metric: "line_receive_path_info",
    kind: "gauge" as const,
    help: "By which receive path a line is received",
    labels: { channel: host.name, line: name, path: receivePath },
    value: 1,
  }));
}
