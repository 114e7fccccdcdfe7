/**
 * GLIMPSE 5.0: what it adds to ITCH and SoupBinTCP, which is one message. A snapshot is ITCH messages as sequenced
 * SoupBinTCP data, in no promised order, and ends with `G`: a type byte and the sequence from which the live feed
 * goes on (20 ASCII digits). The Soup numbers of a snapshot are not feed sequences.
 *
 * Source: Nasdaq GLIMPSE 5.0 specification. Its text leaves open whether message G itself is in the snapshot; what is
 * usual, and fathom's default, is that the live feed is applied from G on.
 */
import { readAsciiNumber, writeAsciiNumber } from "./ascii-number.ts";

/** `G`. */
export const GLIMPSE_END_TYPE = 0x47;
export const GLIMPSE_END_BYTES = 21;
const SEQUENCE_BYTES = 20;

export const GlimpseStatus = {
  ok: 0,
  /** Not a `G`: the message is snapshot content. */
  wrongType: 1,
  /** A `G` that is not 21 bytes. */
  wrongLength: 2,
  /** The sequence is not digits, or past 2^53. */
  badSequence: 3,
} as const;
export type GlimpseStatus = (typeof GlimpseStatus)[keyof typeof GlimpseStatus];
export const GLIMPSE_STATUS_NAMES = ["ok", "wrong_type", "wrong_length", "bad_sequence"] as const;

/** Filled by the parser; make one and keep it. */
export class GlimpseEnd {
  /** The live feed is to be applied from here on. */
  sequence = 0;
}

/** Reads the end-of-snapshot message. Takes the number with spaces on either side and with leading zeros. */
export function parseGlimpseEnd(bytes: Uint8Array, off: number, length: number, out: GlimpseEnd): GlimpseStatus {
  if (length < 1 || bytes[off] !== GLIMPSE_END_TYPE) return GlimpseStatus.wrongType;
  if (length !== GLIMPSE_END_BYTES) return GlimpseStatus.wrongLength;
  const sequence = readAsciiNumber(bytes, off + 1, SEQUENCE_BYTES);
  if (sequence < 0) return GlimpseStatus.badSequence;
  out.sequence = sequence;
  return GlimpseStatus.ok;
}

/** Writes the end-of-snapshot message; returns its 21 bytes. */
export function writeGlimpseEnd(bytes: Uint8Array, off: number, sequence: number): number {
  bytes[off] = GLIMPSE_END_TYPE;
  writeAsciiNumber(bytes, off + 1, SEQUENCE_BYTES, sequence);
  return GLIMPSE_END_BYTES;
}
