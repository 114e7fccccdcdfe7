/**
 * The first bad messages and bad packets of a channel, in the log: each once, and not many at a time. How many there
 * are is in the counters; this is to see what they look like. Owned by the appliance; cold.
 */
import type { BadMessage } from "../books/bad-messages.ts";
import type { BadPacketSample } from "../ingest/bad-packets.ts";
import { type Log, LogLimiter } from "./log.ts";

/** Records a kind in each interval. */
const RECORDS_MAX = 5;
const INTERVAL_NS = 10e9;

export class OffenderLog {
  readonly #log: Log;
  readonly #limiter = new LogLimiter(RECORDS_MAX, INTERVAL_NS);
  /** What has been logged: both lists only grow, and are bounded where they are kept. */
  readonly #seen = new Set<string>();

  /** `log`: with the channel's name in its fields. */
  constructor(log: Log) {
    this.#log = log;
  }

  /** Takes the lists as they are now; `nowNs`: monotonic. */
  update(messages: readonly BadMessage[], packets: readonly BadPacketSample[], nowNs: number): void {
    for (const { kind, sequence, type, locate, hex } of messages) {
      if (!this.#isNew(`message ${kind} ${sequence} ${locate} ${hex}`)) continue;
      this.#write(kind, "a message that cannot be true", { kind, sequence, type, stock_locate: locate, hex }, nowNs);
    }
    for (const { line, kind, lengthBytes, head, tsRecvNs } of packets) {
      if (!this.#isNew(`packet ${line} ${kind} ${tsRecvNs} ${head}`)) continue;
      this.#write(`packet ${kind}`, "a packet was refused", { line, kind, length_bytes: lengthBytes, head }, nowNs);
    }
  }

  #isNew(key: string): boolean {
    const isNew = !this.#seen.has(key);
    this.#seen.add(key);
    return isNew;
  }

  #write(kind: string, text: string, fields: Record<string, string | number>, nowNs: number): void {
    const suppressedCount = this.#limiter.admit(kind, nowNs);
    if (suppressedCount < 0) return;
    this.#log.warn(text, suppressedCount > 0 ? { ...fields, not_logged: suppressedCount } : fields);
  }
}
