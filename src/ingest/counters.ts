/**
 * The counters of a channel and of its lines: one block of doubles in shared memory, written by the channel's thread,
 * read by anyone who knows the channel's name and its lines' names (`openChannelCounters` with the block's buffer).
 */
import { type CounterSpec, Counters } from "../core/counters.ts";
import { MOLD_STATUS_BAD_FIRST, MOLD_STATUS_NAMES } from "../wire/moldudp64.ts";

/** Why a packet was refused. The first kinds are MoldUDP64's own, in its order. */
export const BAD_PACKET_NAMES: readonly string[] = [
  ...MOLD_STATUS_NAMES.slice(MOLD_STATUS_BAD_FIRST),
  "truncated",
  "end_before_last",
];
/** Index into `BAD_PACKET_NAMES`. */
export const BadPacket = {
  ofMoldStatus: (status: number): number => status - MOLD_STATUS_BAD_FIRST,
  /** Longer than the receiver takes. */
  truncated: BAD_PACKET_NAMES.length - 2,
  /** An end of session at a sequence that has been passed. */
  endBeforeLast: BAD_PACKET_NAMES.length - 1,
} as const;

type Kinds = Readonly<Record<string, readonly ["counter" | "gauge", string, string]>>;

const CHANNEL = {
  state: ["gauge", "channel_state", "0 waiting, 1 settling, 2 snapshot, 3 live, 4 ended"],
  quality: ["gauge", "channel_quality", "0 ok, 1 recovering, 2 stale, 3 closed"],
  nextSequence: ["gauge", "channel_next_sequence", "Next sequence to be handed on"],
  messages: ["counter", "channel_messages_total", "Messages handed on in sequence"],
  snapshotMessages: ["counter", "channel_snapshot_messages_total", "Messages taken from snapshots"],
  gapsOpened: ["counter", "channel_gaps_opened_total", "Holes that the other line did not fill in time"],
  gapsRepaired: ["counter", "channel_gaps_repaired_total", "Gaps closed with every message found"],
  gapsLost: ["counter", "channel_gaps_lost_total", "Gaps closed with messages lost"],
  messagesMissing: ["gauge", "channel_messages_missing", "Messages known to exist that have not come"],
  messagesLost: ["counter", "channel_messages_lost_total", "Messages given up"],
  filledByLine: ["counter", "channel_messages_filled_by_line_total", "Late messages brought by a line"],
  filledByRerequest: ["counter", "channel_messages_filled_by_rerequest_total", "Late messages brought by a re-request"],
  messagesDropped: ["counter", "channel_messages_dropped_total", "Messages that came too early to be held back"],
  requests: ["counter", "channel_requests_total", "Re-requests sent"],
  requestsAnswered: ["counter", "channel_requests_answered_total", "Re-requests that brought something"],
  requestsTimedOut: ["counter", "channel_requests_timed_out_total", "Re-requests that brought nothing in time"],
  messagesRequested: ["counter", "channel_messages_requested_total", "Messages asked for in re-requests"],
  reorderMessages: ["gauge", "channel_reorder_messages", "Messages held back behind a hole"],
  reorderMessagesMax: ["gauge", "channel_reorder_messages_max", "The most that were ever held back"],
  reorderBytes: ["gauge", "channel_reorder_bytes", "Memory that held-back messages take"],
  snapshotsStarted: ["counter", "channel_snapshots_started_total", "Snapshot attempts begun"],
  snapshots: ["counter", "channel_snapshots_total", "Snapshots taken"],
  snapshotFailures: ["counter", "channel_snapshot_failures_total", "Snapshot attempts that failed"],
  sessions: ["counter", "channel_sessions_total", "Sessions begun"],
} as const satisfies Kinds;

const LINE = {
  quality: ["gauge", "line_quality", "0 ok, 2 stale, 3 closed"],
  packets: ["counter", "line_packets_total", "Packets received"],
  messages: ["counter", "line_messages_total", "Messages received, whether first or not"],
  bytes: ["counter", "line_bytes_total", "Payload bytes received"],
  heartbeats: ["counter", "line_heartbeats_total", "Heartbeats received"],
  won: ["counter", "line_messages_won_total", "Messages that this line brought first"],
  duplicates: ["counter", "line_messages_duplicate_total", "Messages that were there already"],
  lost: ["counter", "line_messages_lost_total", "Messages that this line never brought"],
  reordered: ["counter", "line_packets_reordered_total", "Packets that came after a later one"],
  foreignSession: ["counter", "line_packets_foreign_session_total", "Packets of another session, not taken"],
  kernelDrops: ["counter", "line_kernel_drops_total", "Packets that the kernel dropped for want of buffer"],
  leadSeconds: ["gauge", "line_lead_seconds", "How far this line is ahead of the other, running mean"],
  leadLastSeconds: ["gauge", "line_lead_last_seconds", "How far it was ahead in the last packet on both"],
  leadPackets: ["counter", "line_lead_packets_total", "Packets compared for the lead"],
  lastPacketSeconds: ["gauge", "line_last_packet_timestamp_seconds", "When the last packet came, since 1970"],
} as const satisfies Kinds;

export type ChannelCounter = keyof typeof CHANNEL;
export type LineCounter = keyof typeof LINE;

/** Place of each counter in its block. */
export const ChannelField = places(CHANNEL);
export const LineField = places(LINE);
const CHANNEL_FIELDS = Object.keys(CHANNEL).length;
const LINE_NAMED_FIELDS = Object.keys(LINE).length;
/** Behind a line's named counters: one a kind of bad packet. */
export const LINE_BAD_FIRST = LINE_NAMED_FIELDS;
const LINE_FIELDS = LINE_NAMED_FIELDS + BAD_PACKET_NAMES.length;

/** The re-request server's answers are counted as one more line, of this name. */
export const RECOVERY_LINE = "r";

/** Where in `values` the block of line `index` begins. */
export function lineBlock(index: number): number {
  return CHANNEL_FIELDS + index * LINE_FIELDS;
}

/**
 * The specs, keyed `messages`, `line.a.packets`, `line.a.bad.short_header`. The order is the order of the block.
 */
export function channelCounterSpecs(channel: string, lines: readonly string[]): Record<string, CounterSpec> {
  const specs: Record<string, CounterSpec> = {};
  for (const [key, [kind, metric, help]] of Object.entries(CHANNEL))
    specs[key] = { metric, kind, help, labels: { channel } };
  for (const line of [...lines, RECOVERY_LINE]) {
    for (const [key, [kind, metric, help]] of Object.entries(LINE))
      specs[`line.${line}.${key}`] = { metric, kind, help, labels: { channel, line } };
    for (const kind of BAD_PACKET_NAMES)
      specs[`line.${line}.bad.${kind}`] = {
        metric: "line_bad_packets_total",
        kind: "counter",
        help: "Packets refused whole, by kind",
        labels: { channel, line, kind },
      };
  }
  return specs;
}

/** A channel's counters; with `buffer`, those of a channel on another thread. */
export function openChannelCounters(channel: string, lines: readonly string[], buffer?: SharedArrayBuffer): Counters {
  return new Counters(channelCounterSpecs(channel, lines), buffer);
}

function places<K extends string>(kinds: Readonly<Record<K, unknown>>): Readonly<Record<K, number>> {
  return Object.fromEntries(Object.keys(kinds).map((key, i) => [key, i])) as Record<K, number>;
}
