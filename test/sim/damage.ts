/** What goes wrong with a packet's structure: cut short, a false count, a false length, bytes too many. */
import type { Prng } from "../../src/core/prng.ts";

/** Damages the MoldUDP64 packet of `length` bytes at `at` in place; returns its length now, never more than before. */
export function damage(view: DataView, at: number, length: number, prng: Prng): number {
  const count = view.getUint16(at + 18);
  switch (prng.below(5)) {
    case 0:
      return prng.below(length);
    case 1:
      view.setUint16(at + 18, prng.below(65536));
      return length;
    case 2:
      view.setUint16(at + 18, Math.max(0, count + prng.between(-2, 2)) & 0xffff);
      return length;
    case 3: {
      let block = at + 20;
      for (let i = prng.below(count); i > 0; i--) block += 2 + view.getUint16(block);
      view.setUint16(block, prng.chance(0.5) ? prng.below(65536) : prng.below(80));
      return length;
    }
    default:
      // The number of a message that no double can tell from its neighbour.
      view.setUint32(at + 10, 0xffff0000 | prng.below(65536));
      return length;
  }
}
