/**
 * Reading and writing the integers that `DataView` has no name for, and fixed-width ASCII. Big-endian, as all Nasdaq
 * protocols are. No BigInt: a 64-bit value is read as a double where 2^53 is enough, or as two 32-bit halves where it
 * must be exact (order references, match numbers).
 */

const TWO_32 = 4294967296;
/** The largest u64 that a double holds exactly. */
export const SAFE_U64_MAX = Number.MAX_SAFE_INTEGER;

/** Unsigned 48-bit integer; exact. ITCH timestamps (ns since midnight). */
export function readU48(view: DataView, offset: number): number {
  return view.getUint16(offset) * TWO_32 + view.getUint32(offset + 2);
}

export function writeU48(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, Math.floor(value / TWO_32));
  view.setUint32(offset + 2, value >>> 0);
}

/** Unsigned 64-bit integer as a double: exact up to 2^53, rounded above. */
export function readU64(view: DataView, offset: number): number {
  const high = view.getUint32(offset);
  const low = view.getUint32(offset + 4);
  return high === 0 ? low : high * TWO_32 + low;
}

export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, Math.floor(value / TWO_32));
  view.setUint32(offset + 4, value >>> 0);
}

/** ASCII of fixed width with the padding on the right taken off. */
export function readAscii(bytes: Uint8Array, offset: number, length: number): string {
  let end = offset + length;
  while (end > offset && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end--;
  let text = "";
  for (let i = offset; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** Left-justified, space-padded on the right; cut at `length`. */
export function writeAscii(bytes: Uint8Array, offset: number, length: number, text: string): void {
  for (let i = 0; i < length; i++) bytes[offset + i] = i < text.length ? text.charCodeAt(i) & 0x7f : 0x20;
}

/** Hexadecimal of a range, for logs of bad input. At most `bytesMax` bytes, then an ellipsis. */
export function hex(bytes: Uint8Array, offset = 0, length = bytes.length - offset, bytesMax = 64): string {
  let text = "";
  for (let i = 0; i < Math.min(length, bytesMax); i++) text += bytes[offset + i]!.toString(16).padStart(2, "0");
  return length > bytesMax ? `${text}…` : text;
}
