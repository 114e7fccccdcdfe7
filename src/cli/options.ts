/**
 * What flags may be given, and the words when they are not that. Each parser is for commander's `.option(…, parser)`
 * and returns base units; what it throws becomes a usage error, exit status 2.
 */
import { InvalidArgumentError } from "commander";
import { parseCount, parseDurationNs, parseRatio, parseTimeOfDayNs } from "../core/units.ts";
import type { FlagSetting } from "../node/settings.ts";
import { type Endpoint, endpoint as endpointKind } from "../node/settings-kinds.ts";

/** Makes a parser of one that answers `undefined` to what it cannot read. */
function parser<T>(parse: (given: string) => T | undefined, expected: string): (given: string) => T {
  return (given) => {
    const value = parse(given);
    if (value === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
    return value;
  };
}

/** "15s" → nanoseconds. */
export const durationNs = parser(parseDurationNs, 'a duration such as "250ms", "15s", "5min" or "1h"');

/** "10M" → an integer. */
export const count = parser(parseCount, 'a count such as "500", "400k" or "10M"');

/** As `count`, and not 0. */
export const positiveCount = parser(
  (given) => parseCount(given) || undefined,
  'a count above 0 such as "500", "400k" or "10M"',
);

/** "2%" → 0.02. */
export const ratio = parser(parseRatio, 'a share from 0 to 1 such as "2%" or "0.02"');

/** "10:30:00.000000001" → nanoseconds since midnight. */
export const timeOfDayNs = parser(parseTimeOfDayNs, 'a time of day such as "10:30" or "10:30:00.000000001"');

/** Whole numbers within bounds. */
export function integerBetween(low: number, high: number): (given: string) => number {
  return parser((given) => {
    const value = /^\d+$/.test(given) ? Number(given) : -1;
    return value >= low && value <= high ? value : undefined;
  }, `an integer from ${low} to ${high}`);
}

/** 1, 2, 3, … */
export const positiveInteger = integerBetween(1, 2 ** 31 - 1);

/** A port; 0 lets the system choose. */
export const port = integerBetween(0, 65_535);

/** "127.0.0.1:26410". */
export const endpoint: (given: string) => Endpoint = parser((given) => endpointKind.read(given), endpointKind.expected);

/** "10x" → 10, "0.5x" → 0.5, "max" → Infinity. */
export const speed = parser((given) => {
  if (given === "max") return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)x?$/.exec(given);
  return match && Number(match[1]) > 0 ? Number(match[1]) : undefined;
}, 'a speed such as "1x", "10x" or "max"');

/** "AAPL,MSFT" or "Z*" → the symbols or patterns; the flag may be given again. */
export function symbolList(given: string, before: readonly string[] = []): string[] {
  const symbols = given.split(",").map((symbol) => symbol.trim());
  if (symbols.includes(""))
    throw new InvalidArgumentError('Expected symbols such as "AAPL,MSFT" or patterns such as "Z*".');
  return [...before, ...symbols];
}

/** "books.shards=2" → a setting; the flag may be given again. */
export function keyValue(given: string, before: readonly FlagSetting[] = []): FlagSetting[] {
  const match = /^([a-z0-9_.]+)=(.*)$/s.exec(given);
  if (!match) throw new InvalidArgumentError('Expected a key and a value such as "books.shards=2".');
  return [...before, { key: match[1]!, value: match[2]!, flag: `--set ${given}` }];
}
