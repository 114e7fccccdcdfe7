/**
 * The kinds of value that a setting can have: what may be written, what it becomes, and the words for what was
 * expected. A kind reads what TOML gives; `fromText` first turns an environment variable or a flag into that.
 */
import { parseDurationNs, parseRatio } from "../core/units.ts";

export interface Kind<T> {
  /** What may be written, as the end of the sentence "expected …". */
  readonly expected: string;
  /** The normalised value, or `undefined` when `raw` is not of this kind. */
  read(raw: unknown): T | undefined;
  /** What an environment variable or flag says, as TOML would have given it. */
  fromText(text: string): unknown;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const asIs = (text: string): unknown => text;

/** Any text, or such as `pattern` lets through. */
export function text(expected = "a text", pattern = /^/, fromText = asIs): Kind<string> {
  return {
    expected,
    read: (raw) => (typeof raw === "string" && pattern.test(raw) ? raw : undefined),
    fromText,
  };
}

export function choice<const T extends string>(...values: T[]): Kind<T> {
  return {
    expected: values.map((value) => JSON.stringify(value)).join(" or "),
    read: (raw) => (values.includes(raw as T) ? (raw as T) : undefined),
    fromText: asIs,
  };
}

export const boolean: Kind<boolean> = {
  expected: "true or false",
  read: (raw) => (typeof raw === "boolean" ? raw : undefined),
  fromText: (given) => (given === "true" || given === "1" ? true : given === "false" || given === "0" ? false : given),
};

export function integer(low: number, high: number, what = "an integer"): Kind<number> {
  return {
    expected: `${what} from ${low} to ${high}`,
    read: (raw) =>
      Number.isInteger(raw) && (raw as number) >= low && (raw as number) <= high ? Number(raw) : undefined,
    fromText: (given) => (/^-?\d+$/.test(given) ? Number(given) : given),
  };
}

export const port = integer(1, 65_535, "a port");
const portOrAny = integer(0, 65_535, "a port");

/** "auto", or a number. */
export function autoOr(kind: Kind<number>): Kind<"auto" | number> {
  return {
    expected: `"auto" or ${kind.expected}`,
    read: (raw) => (raw === "auto" ? raw : kind.read(raw)),
    fromText: (given) => (given === "auto" ? given : kind.fromText(given)),
  };
}

/** "2ms" → nanoseconds; more than zero. */
export const durationNs: Kind<number> = {
  expected: 'a duration above zero such as "50us", "2ms", "1s" or "5min"',
  read: (raw) => {
    const ns = typeof raw === "string" ? parseDurationNs(raw) : undefined;
    return ns !== undefined && ns > 0 ? ns : undefined;
  },
  fromText: asIs,
};

/** As `durationNs`, or "off" for 0. */
export const durationNsOrOff: Kind<number> = {
  expected: 'a duration above zero such as "300ms", or "off"',
  read: (raw) => (raw === "off" ? 0 : durationNs.read(raw)),
  fromText: asIs,
};

/** "40%" → 0.4; "off" → Infinity: a share that is never reached. */
export const shareOrOff: Kind<number> = {
  expected: 'a share above 0% and up to 100% such as "40%", or "off"',
  read: (raw) => {
    if (raw === "off") return Number.POSITIVE_INFINITY;
    const share = typeof raw === "string" ? parseRatio(raw) : undefined;
    return share !== undefined && share > 0 ? share : undefined;
  },
  fromText: asIs,
};

const BYTE_UNITS: Record<string, number> = { "": 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** 65536 or "64KiB" → bytes. */
export function bytes(low: number, high: number, options: { powerOfTwo?: boolean } = {}): Kind<number> {
  const powerOfTwo = options.powerOfTwo ? "a power of two, " : "";
  return {
    expected: `a size (${powerOfTwo}${formatBytes(low)} to ${formatBytes(high)}) such as "16MiB" or 16777216`,
    read: (raw) => {
      const match = /^(\d+)\s*(B|KiB|MiB|GiB|)$/.exec(
        typeof raw === "number" ? `${raw}` : typeof raw === "string" ? raw : "",
      );
      if (!match) return undefined;
      const value = Number(match[1]) * BYTE_UNITS[match[2]!]!;
      if (value < low || value > high) return undefined;
      return options.powerOfTwo && 2 ** Math.round(Math.log2(value)) !== value ? undefined : value;
    },
    fromText: asIs,
  };
}

/** 16777216 → "16MiB": as one would write it in the file. */
export function formatBytes(value: number): string {
  for (const unit of ["GiB", "MiB", "KiB"]) {
    const size = BYTE_UNITS[unit]!;
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return `${value}`;
}

/** "127.0.0.1" as its four numbers, or `undefined`. */
export function parseIpv4(given: unknown): [number, number, number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(typeof given === "string" ? given : "");
  if (!match) return undefined;
  const parts = match.slice(1).map(Number) as [number, number, number, number];
  return parts.every((part) => part <= 255) ? parts : undefined;
}

export const ipv4: Kind<string> = {
  expected: "an IPv4 address",
  read: (raw) => (parseIpv4(raw) ? (raw as string) : undefined),
  fromText: asIs,
};

/** "host:port" → its two parts. The host is a name or an IPv4 address. */
export const endpoint: Kind<Endpoint> = {
  expected: 'an address and a port such as "127.0.0.1:26410"',
  read: (raw) => readEndpoint(raw, port),
  fromText: asIs,
};

function readEndpoint(raw: unknown, portKind: Kind<number>): Endpoint | undefined {
  const match = /^([A-Za-z0-9._-]+):(\d{1,5})$/.exec(typeof raw === "string" ? raw : "");
  const number = match ? portKind.read(Number(match[2])) : undefined;
  return number === undefined ? undefined : { address: match![1]!, port: number };
}

/** An endpoint to listen on, where port 0 takes any free one; or "" for off. */
export const endpointOrOff: Kind<Endpoint | null> = {
  expected: `${endpoint.expected}, or "" for off`,
  read: (raw) => (raw === "" ? null : readEndpoint(raw, portOrAny)),
  fromText: asIs,
};

/** An array of a kind. From text: TOML's or JSON's array, or the elements with commas between. */
export function listOf<T>(kind: Kind<T>, what: string): Kind<readonly T[]> {
  return {
    expected: `an array of ${what}`,
    read: (raw) => {
      if (!Array.isArray(raw)) return undefined;
      const values = raw.map((element) => kind.read(element));
      return values.includes(undefined) ? undefined : (values as T[]);
    },
    fromText: (given) => {
      if (given.trim().startsWith("[")) return structuredText(given);
      return given === "" ? [] : given.split(",").map((element) => kind.fromText(element.trim()));
    },
  };
}

/** A table from a name to a kind. */
export function tableOf<T>(kind: Kind<T>, what: string): Kind<Readonly<Record<string, T>>> {
  return {
    expected: `a table of ${what}`,
    read: (raw) => {
      if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return undefined;
      const entries = Object.entries(raw).map(([name, value]) => [name, kind.read(value)] as const);
      return entries.some(([, value]) => value === undefined)
        ? undefined
        : (Object.fromEntries(entries) as Record<string, T>);
    },
    fromText: structuredText,
  };
}

/** Which CPUs hot threads are pinned to. */
export interface Pins {
  readonly mode: "off" | "auto" | "given";
  /** One a channel, in their order. */
  readonly ingest: readonly number[];
  /** One a shard: all of the first channel, then all of the second. */
  readonly shards: readonly number[];
}

const cpu = integer(0, 8191);

/** "off", "auto", or CPUs by role, each CPU once. A single number stands for an array of it. */
export const pins: Kind<Pins> = {
  expected: '"off", "auto" or CPUs by role, each once, such as { ingest = [2], shards = [3, 4] }',
  read: (raw) => {
    if (raw === "off" || raw === "auto") return { mode: raw, ingest: [], shards: [] };
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return undefined;
    const { ingest = [], shards = [], ...rest } = raw as Record<string, unknown>;
    const lists = [ingest, shards].map((list) => (Array.isArray(list) ? list : [list]).map((one) => cpu.read(one)));
    const all = lists.flat();
    if (all.length === 0 || all.includes(undefined) || new Set(all).size < all.length) return undefined;
    if (Object.keys(rest).length > 0) return undefined;
    return { mode: "given", ingest: lists[0] as number[], shards: lists[1] as number[] };
  },
  fromText: (given) => (given === "off" || given === "auto" ? given : structuredText(given)),
};

/** TOML's or JSON's way to write an array or a table; the text itself when it is neither. */
export function structuredText(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    // Not JSON: the same value as TOML writes it.
  }
  try {
    return (Bun.TOML.parse(`value = ${given}`) as { value: unknown }).value;
  } catch {
    return given;
  }
}
