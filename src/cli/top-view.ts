/** One picture of `fathom top`: the appliance's threads, stages, lines, rings and what is put off. Pure. */
import type { BusJson } from "../admin/views/bus.ts";
import type { ChannelJson } from "../admin/views/channel.ts";
import type { StatusJson } from "../admin/views/node.ts";
import type { PerfJson, ThreadPerfJson } from "../admin/views/perf.ts";
import { formatCount, formatDuration } from "../core/units.ts";
import { type Style, styled } from "./output.ts";
import { bar, type Cell, type Column, fit, tableLines } from "./table.ts";

/** What the admin API said, all at about the same moment. */
export interface TopData {
  status: StatusJson;
  channels: ChannelJson[];
  perf: PerfJson;
  bus: BusJson;
}

const BAR_WIDTH = 9;
/** From here on a share is worth a look, and a worry. */
const WARM_SHARE = 0.5;
const HOT_SHARE = 0.85;

/** Lines of at most `width` letters, styles not counted. */
export function topLines({ status, channels, perf, bus }: TopData, width: number): string[] {
  return [
    ...headLines(status, perf, width),
    "",
    ...threadLines(perf, width),
    "",
    ...stageLines(perf, width),
    "",
    ...feedLines(channels, perf, width),
    "",
    ...ringLines(bus, width),
    ...eventRingLines(bus, width),
  ];
}

function headLines(status: StatusJson, perf: PerfJson, width: number): string[] {
  const rate = `${formatCount(status.messages_per_second)} msg/s`;
  const books = `${formatCount(status.orders)} orders in ${formatCount(status.instruments)} books`;
  return [
    headLine(status, perf, width),
    fit(`${rate}, ${formatCount(status.messages)} messages, ${books}`, width).trimEnd(),
    ...perf.degradation.map((degradation) => degradationLine(degradation, width)),
  ];
}

/** Who and how good on the left, the machine on the right where there is room for it. */
function headLine(status: StatusJson, { cpus, rss_bytes }: PerfJson, width: number): string {
  const name = `fathom top  ${status.node}  `;
  const pinned = cpus.pinned.length > 0 ? `, pinned ${cpus.pinned.join(",")}` : "";
  const machine = `  up ${uptime(status.uptime_ns)}, ${cpus.allowed.length} CPUs${pinned}, ${bytes(rss_bytes)}`;
  const room = width - name.length - machine.length;
  if (room < status.quality.length) return styled(fit(name + status.quality, width).trimEnd(), "bold");
  const reason = status.quality_reason === "" ? "" : ` (${status.quality_reason})`;
  const quality = styled(fit(status.quality + reason, room), status.quality === "ok" ? "green" : "yellow");
  return styled(name, "bold") + quality + machine;
}

function degradationLine(
  { channel, pressure, pressure_max, measures }: PerfJson["degradation"][number],
  width: number,
): string {
  const active = measures.filter((measure) => measure.active).map((measure) => measure.measure);
  const taken = measures.reduce((total, measure) => total + measure.taken, 0);
  const queues = `${channel}: fullest queue ${percent(pressure)} (max ${percent(pressure_max)})`;
  const past = taken > 0 ? `, put off ${formatCount(taken)} times before` : "";
  if (active.length === 0) return fit(`${queues}, nothing is put off${past}`, width).trimEnd();
  return styled(fit(`${queues}, put off: ${active.join(", ")}`, width).trimEnd(), "red");
}

const THREAD_COLUMNS: readonly Column[] = [
  { title: "THREAD", width: 16 },
  { title: "IDLE", width: 8 },
  { title: "BUSY", width: BAR_WIDTH + 5 },
  { title: "MSG/S", width: 9, align: "right" },
  { title: "TURNS/S", width: 7, align: "right" },
  { title: "PAUSE", width: 7, align: "right" },
  { title: "MAX", width: 7, align: "right" },
  { title: "DEPTH MAX", width: 9, align: "right" },
  { title: "DRAIN", width: 7, align: "right" },
];

function threadLines(perf: PerfJson, width: number): string[] {
  const rows = perf.threads.map((thread): Cell[] => {
    const { bursts } = thread;
    const cpu = thread.pinned_cpu === null ? "" : ` @${thread.pinned_cpu}`;
    return [
      `${thread.channel} ${thread.thread}`,
      thread.warm_up === null ? { text: "warming", style: "yellow" } : `${thread.idle}${cpu}`,
      load(thread.busy_share),
      formatCount(thread.messages_per_second),
      formatCount(thread.turns_per_second),
      duration(thread.pause_recent_ns),
      duration(thread.pause_max_ns),
      { text: percent(bursts.burst_depth_max), style: heat(bursts.burst_depth_max) },
      bursts.last_drain_ns === null ? "-" : duration(bursts.last_drain_ns),
    ];
  });
  return tableLines(THREAD_COLUMNS, rows, width);
}

const STAGE_COLUMNS: readonly Column[] = [
  { title: "STAGE", width: 26 },
  { title: "PER SECOND", width: 20, align: "right" },
  { title: "NS EACH", width: 9, align: "right" },
  { title: "NS/MESSAGE", width: 10, align: "right" },
  { title: "OF A CORE", width: BAR_WIDTH + 5 },
];

function stageLines(perf: PerfJson, width: number): string[] {
  const rows = perf.threads.flatMap((thread) =>
    thread.stages.map((stage): Cell[] => [
      `${thread.channel} ${thread.thread} ${stage.stage}`,
      `${formatCount(stage.per_second)} ${plural(stage.unit)}`,
      formatCount(stage.ns_per_unit),
      stage.ns_per_message < 10 ? stage.ns_per_message.toFixed(1) : formatCount(stage.ns_per_message),
      load(stage.busy_share),
    ]),
  );
  return tableLines(STAGE_COLUMNS, rows, width);
}

const LINE_COLUMNS: readonly Column[] = [
  { title: "LINE", width: 14 },
  { title: "QUALITY", width: 10 },
  { title: "PATH", width: 14 },
  { title: "PACKETS/S", width: 9, align: "right" },
  { title: "MSG/S", width: 9, align: "right" },
  { title: "LOST", width: 7, align: "right" },
  { title: "DROPS", width: 6, align: "right" },
  { title: "QUEUE", width: 5, align: "right" },
  { title: "MAX", width: 4, align: "right" },
];

function feedLines(channels: readonly ChannelJson[], perf: PerfJson, width: number): string[] {
  const rows = channels.flatMap((channel) =>
    channel.lines.map((line): Cell[] => {
      const queue = queueOf(perf.threads, channel.name, `line.${line.name}`);
      return [
        `${channel.name} ${line.name}`,
        { text: line.quality, style: line.quality === "ok" ? "green" : "yellow" },
        line.receive_path,
        formatCount(line.packets_per_second),
        formatCount(line.messages_per_second),
        formatCount(line.lost),
        { text: formatCount(line.kernel_drops), style: line.kernel_drops > 0 ? "red" : undefined },
        queue ? filled(queue.depth_bytes, queue.capacity_bytes) : "-",
        queue ? filled(queue.depth_max_bytes, queue.capacity_bytes) : "-",
      ];
    }),
  );
  return tableLines(LINE_COLUMNS, rows, width);
}

function queueOf(threads: readonly ThreadPerfJson[], channel: string, queue: string) {
  const thread = threads.find((candidate) => candidate.channel === channel && candidate.thread === "ingest");
  return thread?.queues.find((candidate) => candidate.queue === queue);
}

const RING_COLUMNS: readonly Column[] = [
  { title: "RING", width: 16 },
  { title: "WAY", width: 18 },
  { title: "ROOM", width: 7, align: "right" },
  { title: "DEPTH", width: 5, align: "right" },
  { title: "MAX", width: 4, align: "right" },
  { title: "RECORDS/S", width: 10, align: "right" },
  { title: "PUBLISHES/S", width: 11, align: "right" },
  { title: "HELD BACK", width: 9, align: "right" },
];

function ringLines({ message_rings }: BusJson, width: number): string[] {
  const rows = message_rings.map((ring): Cell[] => [
    ring.name,
    `${ring.writer} > ${ring.reader}`,
    bytes(ring.capacity_bytes),
    filled(ring.depth_bytes, ring.capacity_bytes),
    ring.depth_max_bytes === null ? "-" : filled(ring.depth_max_bytes, ring.capacity_bytes),
    ring.records_per_second === null ? "-" : formatCount(ring.records_per_second),
    ring.publishes_per_second === null ? "-" : formatCount(ring.publishes_per_second),
    { text: formatCount(ring.writer_waits), style: ring.writer_waits > 0 ? "yellow" : undefined },
  ]);
  return tableLines(RING_COLUMNS, rows, width);
}

const READER_COLUMNS: readonly Column[] = [
  { title: "EVENT RING", width: 18 },
  { title: "READER", width: 18 },
  { title: "POLICY", width: 10 },
  { title: "STATE", width: 9 },
  { title: "LAG", width: 9, align: "right" },
  { title: "OF RING", width: 7, align: "right" },
  { title: "OVERRUNS", width: 8, align: "right" },
  { title: "LOST", width: 7, align: "right" },
];

function eventRingLines({ event_rings }: BusJson, width: number): string[] {
  if (event_rings.length === 0) return [];
  const rows = event_rings.flatMap((ring): Cell[][] => {
    const name = ring.name;
    if (ring.readers.length === 0) return [[name, "(nobody reads)", "", ring.state]];
    return ring.readers.map((reader) => [
      name,
      reader.name,
      reader.policy,
      reader.parked ? "parked" : reader.state,
      formatCount(reader.lag_records),
      { text: percent(reader.lag_ratio), style: heat(reader.lag_ratio) },
      { text: formatCount(reader.overruns), style: reader.overruns > 0 ? "yellow" : undefined },
      { text: formatCount(reader.lost_records), style: reader.lost_records > 0 ? "yellow" : undefined },
    ]);
  });
  return ["", ...tableLines(READER_COLUMNS, rows, width)];
}

/** A bar with its number. */
function load(share: number): Cell {
  return { text: `${bar(share, BAR_WIDTH)}${percent(share).padStart(5)}`, style: heat(share) };
}

function heat(share: number): Style | undefined {
  return share >= HOT_SHARE ? "red" : share >= WARM_SHARE ? "yellow" : undefined;
}

function percent(share: number): string {
  const value = share * 100;
  return value > 0 && value < 9.95 ? `${value.toFixed(1)}%` : `${Math.round(value)}%`;
}

/** Short enough for a narrow column. */
function filled(depth: number, capacity: number): Cell {
  const share = capacity > 0 ? depth / capacity : 0;
  return { text: share > 0 && share < 0.01 ? "<1%" : `${Math.round(share * 100)}%`, style: heat(share) };
}

function duration(ns: number): string {
  return ns < 1 ? "0" : formatDuration(Number(ns.toPrecision(3)));
}

function bytes(count: number): string {
  for (const [unit, size] of [
    ["GiB", 2 ** 30],
    ["MiB", 2 ** 20],
    ["KiB", 2 ** 10],
  ] as const)
    if (count >= size) return `${Number((count / size).toPrecision(3))} ${unit}`;
  return `${count} B`;
}

function uptime(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours}h${String(minutes).padStart(2, "0")}m`;
  return minutes > 0 ? `${minutes}m${String(seconds % 60).padStart(2, "0")}s` : `${seconds}s`;
}

function plural(unit: string): string {
  return unit === "batch" ? "batches" : `${unit}s`;
}
