/**
 * What could not be true, counted by kind, and the first offenders of each kind kept for people. One for the dispatcher
 * and one a shard; their sums do not depend on how many shards there are. The counts may lie in shared memory.
 */
import { hex } from "../core/bytes.ts";
import { APPLY_STATUS_BAD_FIRST, APPLY_STATUS_COUNT, APPLY_STATUS_NAMES, type ApplyStatus } from "./contract.ts";

const OFFENDERS_PER_KIND_MAX = 4;

export interface BadMessage {
  /** A name of `APPLY_STATUS_NAMES`. */
  kind: string;
  /** 0: of a snapshot. */
  sequence: number;
  /** Type letter; "" when the message had no bytes. */
  type: string;
  locate: number;
  hex: string;
}

export class BadMessages {
  /** By `ApplyStatus`. */
  readonly counts: Float64Array;
  readonly #offenders: BadMessage[] = [];

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(APPLY_STATUS_COUNT * 8)) {
    this.counts = new Float64Array(buffer);
  }

  get total(): number {
    let total = 0;
    for (let status = APPLY_STATUS_BAD_FIRST; status < APPLY_STATUS_COUNT; status++) total += this.counts[status]!;
    return total;
  }

  /** The first of each kind, in the order in which they came; bounded. */
  get offenders(): readonly BadMessage[] {
    return this.#offenders;
  }

  /** Counts one; keeps it if it is among the first of its kind. */
  report(status: ApplyStatus, bytes: Uint8Array, offset: number, length: number, sequence: number): void {
    const count = this.counts[status]! + 1;
    this.counts[status] = count;
    if (count > OFFENDERS_PER_KIND_MAX) return;
    this.#offenders.push({
      kind: APPLY_STATUS_NAMES[status],
      sequence,
      type: length > 0 ? String.fromCharCode(bytes[offset]!) : "",
      locate: length >= 3 ? bytes[offset + 1]! * 256 + bytes[offset + 2]! : 0,
      hex: hex(bytes, offset, length),
    });
  }
}

/** Counts by name, of the bad kinds only; several blocks added up. */
export function badCountsByKind(blocks: readonly Float64Array[]): Record<string, number> {
  const byKind: Record<string, number> = {};
  for (let status = APPLY_STATUS_BAD_FIRST; status < APPLY_STATUS_COUNT; status++) {
    byKind[APPLY_STATUS_NAMES[status]!] = blocks.reduce((total, counts) => total + counts[status]!, 0);
  }
  return byKind;
}

/**
 * The first offenders of several blocks as one block would have kept them: in the order of the stream, the first of
 * each kind. Does not depend on how many shards there are.
 */
export function firstOffenders(offenders: readonly BadMessage[]): BadMessage[] {
  const counts = new Map<string, number>();
  return offenders
    .toSorted((a, b) => a.sequence - b.sequence)
    .filter(({ kind }) => {
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      return count <= OFFENDERS_PER_KIND_MAX;
    });
}
