/**
 * Units and their words. Prices are integers of 1/10000 dollar inside (`priceE4`) and dollars outside; times on the
 * feed are integer nanoseconds since midnight. Parsers return `undefined` for what they cannot read: the caller knows
 * which key or flag it was.
 */
export const NS_PER_US = 1e3;
export const NS_PER_MS = 1e6;
export const NS_PER_S = 1e9;
export const NS_PER_DAY = 86_400 * NS_PER_S;
export const PRICE_SCALE = 10_000;

const DURATION_UNITS: Record<string, number> = {
  ns: 1,
  us: NS_PER_US,
  µs: NS_PER_US,
  ms: NS_PER_MS,
  s: NS_PER_S,
  m: 60 * NS_PER_S,
  min: 60 * NS_PER_S,
  h: 3600 * NS_PER_S,
};

/** "15s", "250ms", "1h" → nanoseconds. */
export function parseDurationNs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|min|h)$/.exec(text.trim());
  if (!match) return undefined;
  return Math.round(Number(match[1]) * DURATION_UNITS[match[2]!]!);
}

const COUNT_UNITS: Record<string, number> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

/** "10M", "400k", "500" → an integer. */
export function parseCount(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([kKMG]?)$/.exec(text.trim());
  if (!match) return undefined;
  const value = Number(match[1]) * COUNT_UNITS[match[2]!]!;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** "2%" or "0.02" → 0.02. Values outside 0…1 are refused. */
export function parseRatio(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim());
  if (!match) return undefined;
  const value = Number(match[1]) / (match[2] === "%" ? 100 : 1);
  return value <= 1 ? value : undefined;
}

/** "10:30:00.000000001" → nanoseconds since midnight, exact. */
export function parseTimeOfDayNs(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text.trim());
  if (!match) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return (hours * 3600 + minutes * 60 + seconds) * NS_PER_S + Number((match[4] ?? "").padEnd(9, "0"));
}

/** Nanoseconds since midnight → "10:30:00.000000001". */
export function formatTimeOfDay(ns: number): string {
  const seconds = Math.floor(ns / NS_PER_S);
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const clock = `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return `${clock}.${pad(ns - seconds * NS_PER_S, 9)}`;
}

/** 1/10000 dollar → dollars, as the JSON number that people see (182.25). */
export function priceToDollars(priceE4: number): number {
  return priceE4 / PRICE_SCALE;
}

/** 1234567 → "1,234,567". */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Nanoseconds → "1.5 ms", for people. */
export function formatDuration(ns: number): string {
  const units: [string, number][] = [
    ["s", NS_PER_S],
    ["ms", NS_PER_MS],
    ["µs", NS_PER_US],
  ];
  for (const [name, size] of units) if (Math.abs(ns) >= size) return `${Number((ns / size).toPrecision(3))} ${name}`;
  return `${Math.round(ns)} ns`;
}
