/**
 * The first offenders: a few of the packets that were refused, kept for the log and the status, first of each kind and
 * line. How many there were is in the counters. Owned by a channel.
 */
import { hex } from "../core/bytes.ts";
import { BAD_PACKET_NAMES } from "./counters.ts";

export interface BadPacketSample {
  line: string;
  kind: string;
  lengthBytes: number;
  /** Its first bytes. */
  head: string;
  tsRecvNs: number;
}

const PER_KIND_MAX = 3;
const HEAD_BYTES_MAX = 64;

export class BadPacketSamples {
  readonly samples: BadPacketSample[] = [];
  readonly #lines: readonly string[];
  /** Samples kept, by line and kind. */
  readonly #kept: Uint8Array;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
    this.#kept = new Uint8Array(lines.length * BAD_PACKET_NAMES.length);
  }

  /** Keeps it if it is among the first of its kind on its line. `kind`: index into `BAD_PACKET_NAMES`. */
  add(line: number, kind: number, bytes: Uint8Array, offset: number, length: number, tsRecvNs: number): void {
    const at = line * BAD_PACKET_NAMES.length + kind;
    if (this.#kept[at]! >= PER_KIND_MAX) return;
    this.#kept[at]!++;
    this.samples.push({
      line: this.#lines[line]!,
      kind: BAD_PACKET_NAMES[kind]!,
      lengthBytes: length,
      head: hex(bytes, offset, length, HEAD_BYTES_MAX),
      tsRecvNs,
    });
  }
}
