/** The node itself as the API shows it: version, status, configuration in force, health, log level. */
import { z } from "@hono/zod-openapi";
import { qualityName } from "../../core/quality.ts";
import { type ClockView, LOG_LEVELS, type StatusView, type VersionView } from "../contract.ts";
import { CountSchema, EpochNsSchema, QualityReasonSchema, QualitySchema, RateSchema } from "./common.ts";

const BoundSchema = z
  .number()
  .nullable()
  .openapi({ description: "Nanoseconds either way from UTC; null when nothing bounds it." });

export const ClockSchema = z
  .object({
    source: z.enum(["ptp", "chrony", "kernel", "none"]).openapi({ description: "Whose word this is." }),
    disciplined: z.boolean().openapi({ description: "Kept to a reference outside this machine." }),
    offset_ns: z.number().nullable().openapi({ description: "System clock minus UTC; null when not known." }),
    error_bound_ns: BoundSchema,
    error_bound_max_ns: z.number().openapi({ description: "The most that the settings allow." }),
    in_bound: z.boolean().openapi({ description: "Disciplined, and within what the settings allow." }),
    stamp_error_bound_ns: z
      .object({ kernel: BoundSchema, hardware: BoundSchema })
      .openapi({ description: "Of receive stamps, by who takes them." }),
    reference: z.string(),
    how: z.string().openapi({ description: "How this was found, or why there is no bound." }),
    checked_at: EpochNsSchema.nullable(),
    hybrid_stamp: z
      .object({
        word: z.string().regex(/^\d+$/),
        bound_ns: BoundSchema,
      })
      .openapi({
        description:
          "Of this answer, on a hybrid logical clock: microseconds since the epoch above 10 bits of logic. Of two " +
          "nodes' answers that are further apart than both bounds and a microsecond, the lesser word came first.",
      }),
  })
  .openapi("Clock");
export type ClockJson = z.infer<typeof ClockSchema>;

export const StatusSchema = z
  .object({
    node: z.string(),
    version: z.string(),
    commit: z.string(),
    bun: z.string(),
    target: z.string(),
    pid: CountSchema,
    started_at: EpochNsSchema,
    now: EpochNsSchema,
    uptime_ns: z.number(),
    quality: QualitySchema,
    quality_reason: QualityReasonSchema,
    ready: z.boolean(),
    not_ready_reasons: z.array(z.string()),
    instruments: CountSchema,
    orders: CountSchema,
    messages: CountSchema,
    messages_per_second: RateSchema,
    bad_messages: CountSchema,
    shards: CountSchema.openapi({ description: "0: books on the ingest thread." }),
    rss_bytes: CountSchema,
    degradation: z
      .array(z.object({ channel: z.string(), measures: z.array(z.string()) }))
      .openapi({ description: "What is put off because queues fill, in the order it was taken; see /v1/perf." }),
    clock: ClockSchema,
  })
  .openapi("Status");
export type StatusJson = z.infer<typeof StatusSchema>;

export const ConfigSchema = z
  .object({
    config: z.array(
      z.object({
        key: z.string(),
        value: z.union([
          z.string(),
          z.number(),
          z.boolean(),
          z.null(),
          z.array(z.union([z.string(), z.number(), z.boolean()])),
        ]),
        source: z.enum(["flag", "environment", "file", "default"]),
        origin: z.string(),
      }),
    ),
  })
  .openapi("Config");

export const LogLevelSchema = z.strictObject({ level: z.enum(LOG_LEVELS) }).openapi("LogLevel");

export const LiveSchema = z.object({ live: z.boolean() }).openapi("Live");
export const ReadySchema = z.object({ ready: z.boolean(), reasons: z.array(z.string()) }).openapi("Ready");

export function statusToJson(
  version: VersionView,
  status: StatusView,
  ready: { ready: boolean; reasons: string[] },
): StatusJson {
  return {
    node: status.node,
    version: version.version,
    commit: version.commit,
    bun: version.bun,
    target: version.target,
    pid: version.pid,
    started_at: version.startedAtNs.toString(),
    now: status.nowNs.toString(),
    uptime_ns: Number(status.nowNs - version.startedAtNs),
    quality: qualityName(status.quality),
    quality_reason: status.qualityReason,
    ready: ready.ready,
    not_ready_reasons: ready.reasons,
    instruments: status.instrumentCount,
    orders: status.orderCount,
    messages: status.messageCount,
    messages_per_second: status.messagesPerSecond,
    bad_messages: status.badMessageCount,
    shards: status.shardCount,
    rss_bytes: status.rssBytes,
    degradation: status.degradation,
    clock: clockToJson(status.clock),
  };
}

export function clockToJson(clock: ClockView): ClockJson {
  return {
    source: clock.source,
    disciplined: clock.disciplined,
    offset_ns: clock.offsetNs,
    error_bound_ns: clock.errorBoundNs,
    error_bound_max_ns: clock.errorBoundMaxNs,
    in_bound: clock.inBound,
    stamp_error_bound_ns: { kernel: clock.errorBoundNs, hardware: clock.hardwareStampErrorBoundNs },
    reference: clock.reference,
    how: clock.how,
    checked_at: clock.checkedAtNs?.toString() ?? null,
    hybrid_stamp: {
      word: clock.hybridStamp.word.toString(),
      bound_ns: Number.isFinite(clock.hybridStamp.boundNs) ? clock.hybridStamp.boundNs : null,
    },
  };
}
