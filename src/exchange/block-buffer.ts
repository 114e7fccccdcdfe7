/**
 * Where the engine writes its messages: framed blocks, `u16 length` then the message. It is the framing of BinaryFILE
 * and of MoldUDP64 alike, so what the engine wrote goes into a file, a packet and the message store without being
 * touched again.
 *
 * One writer (the engine and the flow that drives it); whoever drives the flow drains it with `clear` after each
 * event. What always holds: `bytes[0, length)` is `messageCount` whole blocks. Grows, doubling, when an event is
 * larger than any before (a big cross); otherwise nothing is allocated.
 */
import { ITCH_BYTES_MAX } from "../wire/itch50.ts";

export const BLOCK_HEAD_BYTES = 2;
const BLOCK_BYTES_MAX = BLOCK_HEAD_BYTES + ITCH_BYTES_MAX;
const CAPACITY_BYTES = 64 * 1024;

export class BlockBuffer {
  bytes: Uint8Array = new Uint8Array(new ArrayBuffer(CAPACITY_BYTES));
  view: DataView = new DataView(this.bytes.buffer);
  /** Bytes written since the last `clear`. */
  length = 0;
  /** Messages written since the last `clear`. */
  messageCount = 0;
  /** Messages written ever. */
  messageTotal = 0;
  /** Messages written ever, by type byte. */
  readonly typeCounts = new Float64Array(256);

  /** Makes room for one message; returns the offset to write it at. Read `bytes` and `view` after this call. */
  begin(): number {
    if (this.length + BLOCK_BYTES_MAX > this.bytes.length) this.#grow();
    return this.length + BLOCK_HEAD_BYTES;
  }

  /** The message begun is `messageBytes` long and complete. */
  end(messageBytes: number): void {
    const at = this.length;
    this.view.setUint16(at, messageBytes);
    const type = this.bytes[at + BLOCK_HEAD_BYTES]!;
    this.typeCounts[type] = this.typeCounts[type]! + 1;
    this.length = at + BLOCK_HEAD_BYTES + messageBytes;
    this.messageCount++;
    this.messageTotal++;
  }

  /** What was written has been taken. */
  clear(): void {
    this.length = 0;
    this.messageCount = 0;
  }

  #grow(): void {
    const larger = new Uint8Array(new ArrayBuffer(this.bytes.length * 2));
    larger.set(this.bytes);
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}
