/**
 * Numbers and short texts as SoupBinTCP and GLIMPSE carry them: ASCII in a field of fixed width. Written one way
 * (numbers right-justified), read any way: servers differ in their padding.
 */
import { SAFE_U64_MAX } from "../core/bytes.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Digits with spaces on either side and any leading zeros → the number; -1 for anything else: blank, another
 * character, a space between digits, a value past 2^53.
 */
export function readAsciiNumber(bytes: Uint8Array, off: number, length: number): number {
  let from = off;
  let end = off + length;
  while (from < end && bytes[from] === SPACE) from++;
  while (end > from && bytes[end - 1] === SPACE) end--;
  if (from === end) return -1;
  let value = 0;
  for (let i = from; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + (byte - ZERO);
    if (value > SAFE_U64_MAX) return -1;
  }
  return value;
}

/** Right-justified, space-padded on the left. `value` is an integer from 0 to 2^53 that fits the width. */
export function writeAsciiNumber(bytes: Uint8Array, off: number, length: number, value: number): void {
  let rest = value;
  let at = off + length;
  do {
    const tenth = Math.floor(rest / 10);
    bytes[--at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0 && at > off);
  while (at > off) bytes[--at] = SPACE;
}

/** ASCII of fixed width with the spaces and NULs on both sides taken off. */
export function readTrimmedAscii(bytes: Uint8Array, off: number, length: number): string {
  let from = off;
  let end = off + length;
  while (from < end && (bytes[from] === SPACE || bytes[from] === 0)) from++;
  while (end > from && (bytes[end - 1] === SPACE || bytes[end - 1] === 0)) end--;
  let text = "";
  for (let i = from; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Right-justified, space-padded on the left; cut at `length`. */
export function writeAsciiRight(bytes: Uint8Array, off: number, length: number, text: string): void {
  const pad = Math.max(0, length - text.length);
  for (let i = 0; i < length; i++) bytes[off + i] = i < pad ? SPACE : text.charCodeAt(i - pad) & 0x7f;
}
