/**
 * One side of one instrument as a sorted run of (price key, level handle) pairs in an Int32Array, best at the back, and
 * the searches and shifts in it. Pure functions; the arrays belong to `Depth`.
 *
 * Always holds: keys strictly ascend. A key is the price with its sign bit flipped, for asks also complemented, so that
 * one loop serves both sides and the whole u32 range keeps its order as int32.
 */

/** Most orders land near the top: so many entries are looked at one by one, from the best, before bisecting. */
const SCAN_MAX = 24;

/** `side`: even for bids. `price`: the 32 bits of the u32. */
export function priceKey(side: number, price: number): number {
  // Without a branch: which side comes next is anybody's guess.
  return price ^ 0x80000000 ^ -(side & 1);
}

/** How many of the entries have a key of at most `key`. */
export function upperBound(entries: Int32Array, count: number, key: number): number {
  const stop = count > SCAN_MAX ? count - SCAN_MAX : 0;
  let high = count;
  while (high > stop && entries[high * 2 - 2]! > key) high--;
  if (high > stop || stop === 0) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle * 2]! > key) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Shifts the entries from `i` up by one; there is room for it. */
export function openGap(entries: Int32Array, i: number, count: number): void {
  if (count - i > SCAN_MAX) entries.copyWithin(i * 2 + 2, i * 2, count * 2);
  else for (let j = count * 2 - 1, end = i * 2; j >= end; j--) entries[j + 2] = entries[j]!;
}

/** Shifts the entries after `i` down by one. */
export function closeGap(entries: Int32Array, i: number, count: number): void {
  if (count - i > SCAN_MAX) entries.copyWithin(i * 2, i * 2 + 2, count * 2);
  else for (let j = i * 2, end = count * 2 - 2; j < end; j++) entries[j] = entries[j + 2]!;
}
