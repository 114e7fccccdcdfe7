/** What a fuzz target is, and how good bytes become bad ones. */
import type { Prng } from "../../src/core/prng.ts";

export interface Target {
  name: string;
  /** Of all inputs, how many this one gets compared with the others; costly ones get fewer. */
  weight: number;
  /** Good inputs to start from. */
  samples: readonly Uint8Array[];
  /**
   * Looks at `length` bytes at `offset`, which is where `view` ends: a read past the input throws. Throws when
   * something does not hold.
   */
  check(bytes: Uint8Array, view: DataView, offset: number, length: number, prng: Prng): void;
  /** Damage that knows the structure, in place; returns the length, never more than before. */
  damage?: (view: DataView, offset: number, length: number, prng: Prng) => number;
}

export const INPUT_BYTES_MAX = 4096;
const RAW_BYTES_MAX = 300;
const EXTREMES_16 = [0, 1, 2, 0x7f, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff];

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(`does not hold: ${what}`);
}

/** Where inputs are made: one buffer for all, each input at its end. */
export class InputMaker {
  readonly bytes = new Uint8Array(new ArrayBuffer(INPUT_BYTES_MAX));
  readonly view = new DataView(this.bytes.buffer);
  readonly #scratch = new Uint8Array(new ArrayBuffer(INPUT_BYTES_MAX));
  readonly #scratchView = new DataView(this.#scratch.buffer);

  /** Makes one input of the target's; its length. It lies at `INPUT_BYTES_MAX - length`. */
  make(target: Target, prng: Prng): number {
    const scratch = this.#scratch;
    let length = 0;
    if (prng.chance(0.1)) {
      length = prng.below(RAW_BYTES_MAX);
      for (let i = 0; i < length; i++) scratch[i] = prng.u32();
    } else {
      const sample = target.samples[prng.below(target.samples.length)]!;
      length = sample.length;
      scratch.set(sample);
      if (target.damage && prng.chance(0.4)) length = target.damage(this.#scratchView, 0, length, prng);
      else for (let changes = prng.below(6); changes > 0 && length > 0; changes--) length = this.#change(length, prng);
    }
    this.bytes.set(scratch.subarray(0, length), INPUT_BYTES_MAX - length);
    return length;
  }

  #change(length: number, prng: Prng): number {
    const scratch = this.#scratch;
    const at = prng.below(length);
    switch (prng.below(7)) {
      case 0:
        scratch[at] = prng.u32();
        return length;
      case 1:
        scratch[at]! ^= 1 << prng.below(8);
        return length;
      case 2:
        if (at + 2 <= length) this.#scratchView.setUint16(at, EXTREMES_16[prng.below(EXTREMES_16.length)]!);
        return length;
      case 3:
        scratch.fill(prng.chance(0.5) ? 0xff : 0, at, Math.min(length, at + prng.between(1, 8)));
        return length;
      case 4:
        return at;
      case 5: {
        const to = prng.below(at + 1);
        scratch.copyWithin(to, at, length);
        return length - (at - to);
      }
      default: {
        const from = prng.below(at + 1);
        const grown = Math.min(INPUT_BYTES_MAX, length + at - from);
        scratch.copyWithin(at, from, length);
        return grown;
      }
    }
  }
}
