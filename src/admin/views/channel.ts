/** Channels and their lines as the API shows them: what arrived, what was lost, who won, and how good it all is. */
import { z } from "@hono/zod-openapi";
import { qualityName } from "../../core/quality.ts";
import type { ChannelView, LineView } from "../contract.ts";
import {
  CountSchema,
  EpochNsSchema,
  QualityReasonSchema,
  QualitySchema,
  RateSchema,
  TsEventNsSchema,
} from "./common.ts";

const LineSchema = z
  .object({
    name: z.string(),
    group: z.string(),
    port: CountSchema,
    interface: z.string(),
    source: z.string().openapi({ description: "Of a source-specific join; empty for any." }),
    quality: QualitySchema,
    packets: CountSchema,
    messages: CountSchema,
    bytes: CountSchema,
    heartbeats: CountSchema,
    packets_per_second: RateSchema,
    messages_per_second: RateSchema,
    won: CountSchema.openapi({ description: "Messages that this line delivered first." }),
    duplicates: CountSchema.openapi({ description: "Messages that came after the other line's copy." }),
    lost: CountSchema.openapi({ description: "Messages that this line never delivered." }),
    reordered: CountSchema,
    bad_packets: z.record(z.string(), CountSchema).openapi({ description: "By kind." }),
    kernel_drops: CountSchema,
    receive_buffer_bytes: CountSchema,
    receive_path: z.string().openapi({ description: "How datagrams are received: `recvmmsg`, `packet-ring-v2`, …" }),
    receive_reason: z.string().openapi({ description: "Why by this path." }),
    refused_packets: CountSchema.openapi({ description: "Refused by the receive path's own checks." }),
    fragmented_packets: CountSchema.openapi({ description: "Of those, datagrams that came in fragments." }),
    lead_mean_ns: z.number().openapi({ description: "How far ahead of the other line this one was when it won." }),
    lead_last_ns: z.number(),
    last_packet_at: EpochNsSchema.nullable(),
  })
  .openapi("Line");
export type LineJson = z.infer<typeof LineSchema>;

const GapSchema = z.object({
  opened_at: EpochNsSchema,
  first_sequence: CountSchema,
  messages: CountSchema,
  state: z.enum(["open", "repaired", "abandoned"]),
  repaired_by: z.enum(["line", "re-request", "snapshot", ""]),
  duration_ns: z.number(),
});

const BadMessagesSchema = z.object({
  total: CountSchema,
  by_kind: z.record(z.string(), CountSchema),
  first_offenders: z.array(
    z.object({
      kind: z.string(),
      sequence: CountSchema,
      type: z.string(),
      stock_locate: CountSchema,
      hex: z.string(),
    }),
  ),
});

const FeedSchema = z.object({
  system_event: z.string().openapi({ description: "The last one: O S Q M E C; empty before the first." }),
  mwcb: z.object({ level_1: z.number(), level_2: z.number(), level_3: z.number() }).nullable(),
  mwcb_breached: z.string(),
  ts_event_ns: TsEventNsSchema,
});

export const ChannelSchema = z
  .object({
    name: z.string(),
    feed: z.string(),
    session: z.string(),
    state: z.enum(["joining", "live", "ended", "waiting"]),
    quality: QualitySchema,
    quality_reason: QualityReasonSchema,
    next_sequence: CountSchema,
    messages: CountSchema,
    messages_per_second: RateSchema,
    bytes_per_second: RateSchema,
    instruments: CountSchema,
    orders: CountSchema,
    gaps: z.object({
      opened: CountSchema,
      repaired: CountSchema,
      abandoned: CountSchema,
      lost_messages: CountSchema,
      open: CountSchema,
    }),
    recent_gaps: z.array(GapSchema).openapi({ description: "Newest last." }),
    reorder: z.object({ depth: CountSchema, capacity: CountSchema, depth_max: CountSchema }),
    requests: z.object({
      sent: CountSchema,
      answered: CountSchema,
      timed_out: CountSchema,
      messages_asked: CountSchema,
    }),
    snapshots: z.object({ started: CountSchema, completed: CountSchema, failed: CountSchema }),
    lines: z.array(LineSchema),
    bad_messages: BadMessagesSchema,
    feed_state: FeedSchema,
  })
  .openapi("Channel");
export type ChannelJson = z.infer<typeof ChannelSchema>;

export const ChannelsSchema = z.object({ channels: z.array(ChannelSchema) }).openapi("Channels");

export function channelToJson(view: ChannelView): ChannelJson {
  const { gaps, reorder, requests } = view;
  return {
    name: view.name,
    feed: view.feed,
    session: view.session,
    state: view.state,
    quality: qualityName(view.quality),
    quality_reason: view.qualityReason,
    next_sequence: view.nextSequence,
    messages: view.messageCount,
    messages_per_second: view.messagesPerSecond,
    bytes_per_second: view.bytesPerSecond,
    instruments: view.instrumentCount,
    orders: view.orderCount,
    gaps: {
      opened: gaps.opened,
      repaired: gaps.repaired,
      abandoned: gaps.abandoned,
      lost_messages: gaps.lostMessages,
      open: gaps.open,
    },
    recent_gaps: view.recentGaps.map((gap) => ({
      opened_at: gap.openedAtNs.toString(),
      first_sequence: gap.firstSequence,
      messages: gap.messageCount,
      state: gap.state,
      repaired_by: gap.repairedBy,
      duration_ns: gap.durationNs,
    })),
    reorder: { depth: reorder.depth, capacity: reorder.capacity, depth_max: reorder.depthMax },
    requests: {
      sent: requests.sent,
      answered: requests.answered,
      timed_out: requests.timedOut,
      messages_asked: requests.messagesAsked,
    },
    snapshots: { ...view.snapshots },
    lines: view.lines.map(lineToJson),
    bad_messages: badMessagesToJson(view),
    feed_state: feedToJson(view),
  };
}

function lineToJson(line: LineView): LineJson {
  return {
    name: line.name,
    group: line.group,
    port: line.port,
    interface: line.interface,
    source: line.source,
    quality: qualityName(line.quality),
    packets: line.packetCount,
    messages: line.messageCount,
    bytes: line.byteCount,
    heartbeats: line.heartbeatCount,
    packets_per_second: line.packetsPerSecond,
    messages_per_second: line.messagesPerSecond,
    won: line.wonCount,
    duplicates: line.duplicateCount,
    lost: line.lostCount,
    reordered: line.reorderedCount,
    bad_packets: line.badPackets,
    kernel_drops: line.kernelDropCount,
    receive_buffer_bytes: line.receiveBufferBytes,
    receive_path: line.receivePath,
    receive_reason: line.receiveReason,
    refused_packets: line.refusedCount,
    fragmented_packets: line.fragmentedCount,
    lead_mean_ns: line.leadMeanNs,
    lead_last_ns: line.leadLastNs,
    last_packet_at: line.lastPacketAtNs === undefined ? null : line.lastPacketAtNs.toString(),
  };
}

function badMessagesToJson({ badMessages }: ChannelView): z.infer<typeof BadMessagesSchema> {
  return {
    total: badMessages.total,
    by_kind: badMessages.byKind,
    first_offenders: badMessages.firstOffenders.map((record) => ({
      kind: record.kind,
      sequence: record.sequence,
      type: record.type,
      stock_locate: record.locate,
      hex: record.hex,
    })),
  };
}

/** Breaker levels come in 1/100,000,000; as dollars they keep every digit that a level has. */
function feedToJson({ feedState }: ChannelView): z.infer<typeof FeedSchema> {
  const dollars = (priceE8: bigint) => Number(priceE8) / 1e8;
  const { mwcb } = feedState;
  return {
    system_event: feedState.systemEvent,
    mwcb: mwcb && {
      level_1: dollars(mwcb.level1PriceE8),
      level_2: dollars(mwcb.level2PriceE8),
      level_3: dollars(mwcb.level3PriceE8),
    },
    mwcb_breached: feedState.mwcbBreached,
    ts_event_ns: feedState.tsEventNs,
  };
}
