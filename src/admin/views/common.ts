/**
 * The pieces that every answer of the API is made of, as zod schemas (which also make the OpenAPI document) and as
 * functions from the inside's form to JSON: dollars, epoch nanoseconds as strings, qualities by name.
 */
import { z } from "@hono/zod-openapi";
import { QUALITY_NAMES, type QualityName, qualityName } from "../../core/quality.ts";
import { priceToDollars } from "../../core/units.ts";
import type { CutPosition } from "../contract.ts";

export const QualitySchema = z
  .enum(QUALITY_NAMES)
  .openapi("Quality", { description: "How far the data can be trusted. Only `ok` may be traded on." });
export const QualityReasonSchema = z
  .string()
  .openapi({ description: "Why the quality is not ok, in one sentence; empty when it is." });
export const EpochNsSchema = z
  .string()
  .regex(/^\d+$/)
  .openapi({ description: "Nanoseconds since the epoch, as a string: a JSON number would lose the last digits." });
export const TsEventNsSchema = z
  .int()
  .min(0)
  .openapi({ description: "Exchange time, nanoseconds since midnight in the exchange's time zone." });
export const PriceSchema = z.number().openapi({ description: "Dollars." });
export const CountSchema = z.int().min(0);
export const RateSchema = z.number().min(0);

/** The fields that say where in which stream an answer stands; every answer with book data has them. */
export const POSITION_SHAPE = {
  channel: z.string(),
  session: z.string(),
  sequence: z.int().min(0).openapi({ description: "The last sequence number that is in the answer." }),
  quality: QualitySchema,
  quality_reason: QualityReasonSchema,
  ts_event_ns: TsEventNsSchema,
};

export interface PositionJson {
  channel: string;
  session: string;
  sequence: number;
  quality: QualityName;
  quality_reason: string;
  ts_event_ns: number;
}

export function positionToJson(position: CutPosition): PositionJson {
  return {
    channel: position.channel,
    session: position.session,
    sequence: position.sequence,
    quality: qualityName(position.quality),
    quality_reason: position.qualityReason,
    ts_event_ns: position.tsEventNs,
  };
}

/** A price that the feed gives as 0 where there is none. */
export function priceOrNull(priceE4: number): number | null {
  return priceE4 === 0 ? null : priceToDollars(priceE4);
}
