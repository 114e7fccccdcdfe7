/**
 * Path and query parameters that several routes take, with their limits. Query objects are strict: a misspelt parameter
 * is an error, not a silent default.
 */
import { z } from "@hono/zod-openapi";

export const LEVELS_MAX = 10_000;
/** As many as an instrument remembers. */
export const TRADES_MAX = 256;
export const SYMBOLS_MAX = 1_000;
export const PAGE_ROWS_MAX = 1_000;

const DIGITS = /^\d+$/;

/** Takes `value` where the parameter is left out, and says so in the OpenAPI document. */
export function optional<T extends z.ZodType>(parameter: T, value: z.core.util.NoUndefined<z.output<T>>) {
  return parameter.default(value).openapi({ default: value });
}

/** A whole number in a query string. */
export function integerParameter(min: number, max: number, description: string) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .refine((text) => DIGITS.test(text) && Number(text) >= min && Number(text) <= max, {
      error: (issue) => `${expected}, found "${issue.input}"`,
    })
    .transform(Number)
    .openapi({ type: "integer", minimum: min, maximum: max, description });
}

/** `all`, or how many levels a side. */
export const LevelsParameter = z
  .string()
  .refine((text) => text === "all" || (DIGITS.test(text) && Number(text) >= 1 && Number(text) <= LEVELS_MAX), {
    error: (issue) => `expected "all" or a whole number from 1 to ${LEVELS_MAX}, found "${issue.input}"`,
  })
  .transform((text) => (text === "all" ? text : Number(text)))
  .openapi({ type: "string", description: `Levels a side: a number up to ${LEVELS_MAX}, or "all".` });

/** As a reader's request has it: undefined for all. */
export function levelMaxOf(levels: "all" | number): number | undefined {
  return levels === "all" ? undefined : levels;
}

export const QueueParameter = z
  .enum(["", "true", "false", "1", "0"], { error: "expected true or false" })
  .transform((text) => text !== "false" && text !== "0")
  .openapi({ type: "boolean", description: "Every order of every level, oldest first." });

export const ChannelParameter = z
  .string()
  .min(1)
  .openapi({ description: "The channel's name. Without it the first channel that has the symbol." });

/** "A,B,C" → ["A", "B", "C"]. */
export function listParameter(countMax: number, description: string) {
  return z
    .string()
    .transform((text) => text.split(",").filter((part) => part !== ""))
    .refine((list) => list.length > 0 && list.length <= countMax, {
      error: `expected 1 to ${countMax} values with commas between them`,
    })
    .openapi({ type: "string", description });
}

export const SymbolPath = z.object({
  symbol: z
    .string()
    .min(1)
    .openapi({ param: { name: "symbol", in: "path" } }),
});
