/**
 * The hash behind every `state_hash`: 64 bits in two 32-bit lanes, each in the manner of MurmurHash3's body and
 * finaliser (Appleby, public domain), with different seeds and constants. Not cryptographic: it compares replicas,
 * it does not stop a forger. Allocation-free until the digest is asked for.
 */
export class StateHash {
  #a = 0x9747b28c | 0;
  #b = 0x3c6ef372 | 0;
  #count = 0;

  reset(): void {
    this.#a = 0x9747b28c | 0;
    this.#b = 0x3c6ef372 | 0;
    this.#count = 0;
  }

  /** Mixes one 32-bit word (signed or unsigned: only the bits count). */
  u32(value: number): void {
    let k = Math.imul(value | 0, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    const a = this.#a ^ k;
    this.#a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    let m = Math.imul(value ^ this.#count, 0x85ebca77);
    m = Math.imul((m << 13) | (m >>> 19), 0xc2b2ae3d);
    const b = this.#b ^ m;
    this.#b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x38b34ae5) | 0;
    this.#count++;
  }

  /** Mixes a non-negative integer below 2^53 as its high and low words. */
  u53(value: number): void {
    this.u32(Math.floor(value / 4294967296));
    this.u32(value >>> 0);
  }

  text(value: string): void {
    this.u32(value.length);
    for (let i = 0; i < value.length; i++) this.u32(value.charCodeAt(i));
  }

  /** 16 hexadecimal digits. The hash can go on being fed afterwards. */
  digest(): string {
    return (
      fmix(this.#a ^ this.#count)
        .toString(16)
        .padStart(8, "0") +
      fmix(this.#b ^ Math.imul(this.#count, 0x9e3779b1))
        .toString(16)
        .padStart(8, "0")
    );
  }
}

function fmix(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** One 32-bit hash of a short text (FNV-1a): the shard map and the like. Stable across versions. */
export function hashText32(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return fmix(h);
}
