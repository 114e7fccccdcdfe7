/**
 * Packets kept aside, whole and in order: those of a session that has begun on one line while the other is still on the
 * old one. Bounded; what does not fit any more is left to a re-request. Owned by a channel.
 */
const PACKETS_MAX = 512;
const BYTES_MAX = 512 * 1024;

export class PacketStash {
  count = 0;
  readonly bytes = new Uint8Array(new ArrayBuffer(BYTES_MAX));
  readonly view = new DataView(this.bytes.buffer);
  /** By packet. */
  readonly line = new Uint8Array(PACKETS_MAX);
  readonly offset = new Int32Array(PACKETS_MAX);
  readonly length = new Int32Array(PACKETS_MAX);
  readonly stampNs = new Float64Array(PACKETS_MAX);
  #used = 0;

  put(line: number, bytes: Uint8Array, offset: number, length: number, stampNs: number): void {
    if (this.count === PACKETS_MAX || this.#used + length > BYTES_MAX) return;
    const at = this.#used;
    for (let i = 0; i < length; i++) this.bytes[at + i] = bytes[offset + i]!;
    this.line[this.count] = line;
    this.offset[this.count] = at;
    this.length[this.count] = length;
    this.stampNs[this.count] = stampNs;
    this.count++;
    this.#used += length;
  }

  clear(): void {
    this.count = 0;
    this.#used = 0;
  }
}
