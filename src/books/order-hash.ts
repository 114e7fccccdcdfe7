/**
 * Open-addressing hash from (reference high, reference low, locate) to an order handle, for the references that the
 * paged index does not take: sparse ones, huge ones, and those of two instruments that use the same number. Owned by
 * `OrderIndex`.
 *
 * Always holds: at most half of the entries are taken; an entry's run from its home position has no hole (deletion
 * shifts back, there are no tombstones), so a look-up ends at the first empty entry. Handle 0 means empty.
 * Grows by doubling when half full, the one moment it allocates.
 */

/** Entry: {high, low, locate, handle}, one look a cache line. */
const STRIDE = 4;
const CAPACITY_MIN = 1024;

function mix(high: number, low: number, locate: number): number {
  let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high ^ 0x7f4a7c15, 0x85ebca6b) ^ Math.imul(locate, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

export class OrderHash {
  #entries = new Int32Array(CAPACITY_MIN * STRIDE);
  #mask = CAPACITY_MIN - 1;
  /** Orders held. */
  count = 0;

  /** The handle, or 0. `high` and `low` count by their 32 bits, signed or not. */
  find(high: number, low: number, locate: number): number {
    const entries = this.#entries;
    const mask = this.#mask;
    for (let i = mix(high, low, locate) & mask; ; i = (i + 1) & mask) {
      const at = i << 2;
      const handle = entries[at + 3]!;
      if (handle === 0) return 0;
      if (entries[at + 1] === (low | 0) && entries[at] === (high | 0) && entries[at + 2] === locate) return handle;
    }
  }

  /** The key must not be there yet. */
  insert(high: number, low: number, locate: number, handle: number): void {
    if ((this.count + 1) * 2 > this.#mask + 1) this.#grow();
    this.#put(high, low, locate, handle);
    this.count++;
  }

  /** The key must be there. */
  remove(high: number, low: number, locate: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let hole = mix(high, low, locate) & mask;
    while (!this.#is(hole, high | 0, low | 0, locate)) hole = (hole + 1) & mask;
    for (let i = (hole + 1) & mask; entries[(i << 2) + 3] !== 0; i = (i + 1) & mask) {
      const at = i << 2;
      const home = mix(entries[at]!, entries[at + 1]!, entries[at + 2]!) & mask;
      // Moves back only what would not come to lie before its home.
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      entries.copyWithin(hole << 2, at, at + STRIDE);
      hole = i;
    }
    entries[(hole << 2) + 3] = 0;
    this.count--;
  }

  clear(): void {
    this.#entries = new Int32Array(CAPACITY_MIN * STRIDE);
    this.#mask = CAPACITY_MIN - 1;
    this.count = 0;
  }

  #is(i: number, high: number, low: number, locate: number): boolean {
    const entries = this.#entries;
    const at = i << 2;
    return entries[at + 1] === low && entries[at] === high && entries[at + 2] === locate;
  }

  #put(high: number, low: number, locate: number, handle: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let i = mix(high, low, locate) & mask;
    while (entries[(i << 2) + 3] !== 0) i = (i + 1) & mask;
    const at = i << 2;
    entries[at] = high;
    entries[at + 1] = low;
    entries[at + 2] = locate;
    entries[at + 3] = handle;
  }

  #grow(): void {
    const old = this.#entries;
    this.#entries = new Int32Array(old.length * 2);
    this.#mask = this.#entries.length / STRIDE - 1;
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at + 3] !== 0) this.#put(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!);
    }
  }
}
