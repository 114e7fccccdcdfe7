/** The rings of the bus as the API shows them: how full each is, how far behind its readers are, who was held back. */
import { z } from "@hono/zod-openapi";
import type { RingReport } from "../../bus/event-ring.ts";
import type { BusView, MessageRingView } from "../perf-contract.ts";
import { CountSchema, EpochNsSchema, RateSchema } from "./common.ts";

const MessageRingSchema = z
  .object({
    name: z.string(),
    channel: z.string(),
    writer: z.string(),
    reader: z.string(),
    capacity_bytes: CountSchema,
    depth_bytes: CountSchema.openapi({ description: "Published and not yet read." }),
    depth_max_bytes: CountSchema.nullable(),
    records: CountSchema,
    records_per_second: RateSchema.nullable(),
    publishes: CountSchema.openapi({ description: "Times that the writer showed what it had: once a batch." }),
    publishes_per_second: RateSchema.nullable(),
    writer_waits: CountSchema.openapi({ description: "Times that the ring was full and held its writer back." }),
  })
  .openapi("MessageRing");
export type MessageRingJson = z.infer<typeof MessageRingSchema>;

const EventReaderSchema = z
  .object({
    slot: CountSchema,
    name: z.string(),
    policy: z.string(),
    pid: CountSchema,
    state: z.enum(["attached", "expelled", "dead"]),
    lag_records: CountSchema,
    lag_ratio: z.number(),
    overruns: CountSchema,
    lost_records: CountSchema,
    records: CountSchema,
    parked: z.boolean(),
  })
  .openapi("EventReader");

const EventRingSchema = z
  .object({
    name: z.string(),
    channel: z.string(),
    shard: CountSchema,
    state: z.enum(["open", "closed", "dead"]),
    writer_pid: CountSchema,
    capacity_records: CountSchema,
    records: CountSchema,
    blocked: CountSchema.openapi({ description: "Times that a reader held the writer back." }),
    blocked_ns: z.number().min(0),
    expelled_readers: CountSchema,
    wakes: CountSchema,
    readers: z.array(EventReaderSchema),
  })
  .openapi("EventRing");
export type EventRingJson = z.infer<typeof EventRingSchema>;

export const BusSchema = z
  .object({
    now: EpochNsSchema,
    message_rings: z.array(MessageRingSchema).openapi({ description: "Between threads: one writer, one reader." }),
    event_rings: z.array(EventRingSchema).openapi({ description: "To other processes: one writer, many readers." }),
  })
  .openapi("Bus");
export type BusJson = z.infer<typeof BusSchema>;

export function busToJson(view: BusView): BusJson {
  return {
    now: view.nowNs.toString(),
    message_rings: view.messageRings.map(messageRingToJson),
    event_rings: view.eventRings.map(eventRingToJson),
  };
}

function messageRingToJson(ring: MessageRingView): MessageRingJson {
  return {
    name: ring.name,
    channel: ring.channel,
    writer: ring.writer,
    reader: ring.reader,
    capacity_bytes: ring.capacityBytes,
    depth_bytes: ring.depthBytes,
    depth_max_bytes: ring.depthBytesMax ?? null,
    records: ring.recordCount,
    records_per_second: ring.recordsPerSecond ?? null,
    publishes: ring.publishCount,
    publishes_per_second: ring.publishesPerSecond ?? null,
    writer_waits: ring.writerWaitCount,
  };
}

function eventRingToJson(ring: RingReport): EventRingJson {
  return {
    name: ring.name,
    channel: ring.channel,
    shard: ring.shard,
    state: ring.state,
    writer_pid: ring.writerPid,
    capacity_records: ring.capacityRecords,
    records: ring.headPosition,
    blocked: ring.blockedCount,
    blocked_ns: ring.blockedNs,
    expelled_readers: ring.expelledCount,
    wakes: ring.wakeCount,
    readers: ring.readers.map((reader) => ({
      slot: reader.slot,
      name: reader.name,
      policy: reader.policy,
      pid: reader.pid,
      state: reader.state,
      lag_records: reader.lagRecords,
      lag_ratio: reader.lagRatio,
      overruns: reader.overrunCount,
      lost_records: reader.lostCount,
      records: reader.recordCount,
      parked: reader.parked,
    })),
  };
}
