/**
 * The log: one line a record on stderr, for people or as JSON, with a level that can be changed while running. Cold
 * code only. What could repeat without end (bad messages, a line that flaps) goes through a `LogLimiter`.
 */
import { clock } from "../io/clock.ts";

export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What a record says besides its message. Names are snake_case, as everything that people search for. */
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>;

/** Where the records of one tree of loggers go. Changing its level changes all of them. */
export interface LogOutput {
  level: LogLevel;
  readonly format: LogFormat;
  /** Takes one whole line, with its end. */
  readonly write: (line: string) => void;
  /** Nanoseconds since 1970, as decimal digits would say it: seconds and the rest apart, both exact. */
  readonly now: () => { seconds: number; ns: number };
}

/** Stderr and the machine's clock, with what is given in place of it. */
export function logOutput(given: Partial<LogOutput> = {}): LogOutput {
  return {
    level: "info",
    format: "text",
    write: (line) => void process.stderr.write(line),
    now: () => {
      const sinceBaseNs = clock.realtimeNs();
      const seconds = Math.floor(sinceBaseNs / 1e9);
      return { seconds: clock.epochBaseSeconds + seconds, ns: sinceBaseNs - seconds * 1e9 };
    },
    ...given,
  };
}

export class Log {
  readonly output: LogOutput;
  readonly #fields: LogFields;

  constructor(output: LogOutput = logOutput(), fields: LogFields = {}) {
    this.output = output;
    this.#fields = fields;
  }

  /** A logger on the same output that adds `fields` to each record. */
  child(fields: LogFields): Log {
    return new Log(this.output, { ...this.#fields, ...fields });
  }

  error(message: string, fields?: LogFields): void {
    this.write("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.write("warn", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.write("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.write("debug", message, fields);
  }

  trace(message: string, fields?: LogFields): void {
    this.write("trace", message, fields);
  }

  /** Whether a record of this level would be written: ask before building a costly one. */
  writes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.output.level);
  }

  write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (!this.writes(level)) return;
    const { seconds, ns } = this.output.now();
    const time = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(ns).padStart(9, "0")}Z`;
    const all = { ...this.#fields, ...fields };
    const line =
      this.output.format === "json" ? jsonLine(time, level, message, all) : textLine(time, level, message, all);
    this.output.write(line);
  }
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const exact = (_: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);
  return `${JSON.stringify({ time, level, message, ...fields }, exact)}\n`;
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${escapeControls(message)}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const shown = String(value);
    line += ` ${name}=${/^[\w.:/*@+-]+$/.test(shown) ? shown : JSON.stringify(shown)}`;
  }
  return `${line}\n`;
}

/** One record is one line, whatever a peer managed to get into it. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

const LIMITER_KEYS_MAX = 256;

/**
 * Lets the first few records of a kind through in each interval and counts the rest. Bounded: past 256 kinds, all
 * further ones share a budget.
 */
export class LogLimiter {
  readonly #countMax: number;
  readonly #intervalNs: number;
  readonly #kinds = new Map<string, { startNs: number; count: number; suppressedCount: number }>();

  /** `countMax` records of a kind in each `intervalNs`. */
  constructor(countMax = 5, intervalNs = 10e9) {
    this.#countMax = countMax;
    this.#intervalNs = intervalNs;
  }

  /**
   * -1: keep quiet. Otherwise write it, and say that so many of its kind were not written since the last one.
   * `nowNs`: monotonic.
   */
  admit(kind: string, nowNs: number): number {
    const key = this.#kinds.has(kind) || this.#kinds.size < LIMITER_KEYS_MAX ? kind : "";
    let state = this.#kinds.get(key);
    if (state === undefined) {
      state = { startNs: nowNs, count: 0, suppressedCount: 0 };
      this.#kinds.set(key, state);
    }
    if (nowNs - state.startNs >= this.#intervalNs) {
      state.startNs = nowNs;
      state.count = 0;
    }
    if (state.count >= this.#countMax) {
      state.suppressedCount++;
      return -1;
    }
    state.count++;
    const suppressedCount = state.suppressedCount;
    state.suppressedCount = 0;
    return suppressedCount;
  }
}
