/** Records whose every byte follows from their number: what one side of a ring writes and the other expects. */
import type { MessageRing } from "../../src/bus/message-ring.ts";

export const recordKind = (n: number) => n % 7;
export const recordBytes = (n: number) => (n * 7919) % 61;
const recordByte = (n: number, i: number) => (n * 31 + i * 17) & 0xff;

/** False when the ring is full. */
export function tryWriteRecord(ring: MessageRing, n: number): boolean {
  const length = recordBytes(n);
  const at = ring.tryClaim(length);
  if (at < 0) return false;
  for (let i = 0; i < length; i++) ring.bytes[at + i] = recordByte(n, i);
  ring.commit(recordKind(n), length, n, n * 1000 + 0.5);
  return true;
}

/** What is wrong with the record that `next()` found; "" when it is number `n`. */
export function checkRecord(ring: MessageRing, n: number): string {
  if (ring.sequence !== n) return `record ${n} has sequence ${ring.sequence}`;
  if (ring.tsRecvNs !== n * 1000 + 0.5) return `record ${n} has time ${ring.tsRecvNs}`;
  if (ring.kind !== recordKind(n)) return `record ${n} has kind ${ring.kind}`;
  if (ring.payloadBytes !== recordBytes(n)) return `record ${n} has ${ring.payloadBytes} bytes`;
  for (let i = 0; i < ring.payloadBytes; i++) {
    if (ring.bytes[ring.payloadOffset + i] !== recordByte(n, i)) return `record ${n} differs at byte ${i}`;
  }
  return "";
}
