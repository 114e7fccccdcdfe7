/**
 * A pcapng interface's clock: 64-bit counts of its own unit (`if_tsresol`), shifted by whole seconds (`if_tsoffset`),
 * as seconds and nanoseconds. Exact; without BigInt for the units that captures use (10^-9 s and coarser decimals).
 */
import type { CapturePacket } from "./capture-packet.ts";

const TWO_16 = 65_536;
const TWO_32 = 2 ** 32;
const NS_DIGITS = 9;

export class PcapngTime {
  readonly #offsetSeconds: number;
  /** Decimal units: how many make a second (at most 10^9). 0 = some other unit. */
  readonly #unitsPerSecond: number;
  readonly #unitsPerSecondBig: bigint;

  /** `resolution`: the option's byte; high bit clear means 10^-n s, set means 2^-n s. */
  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & 0x7f;
    const isBinary = resolution > 0x7f;
    this.#offsetSeconds = offsetSeconds;
    this.#unitsPerSecond = !isBinary && exponent <= NS_DIGITS ? 10 ** exponent : 0;
    this.#unitsPerSecondBig = isBinary ? 1n << BigInt(exponent) : 10n ** BigInt(exponent);
  }

  /** Fills the packet's `seconds` and `nanoseconds` (rounded down) from a stamp's two halves. */
  read(high: number, low: number, packet: CapturePacket): void {
    const perSecond = this.#unitsPerSecond;
    if (perSecond === 0) {
      this.#readBig(high, low, packet);
      return;
    }
    // Long division in 16-bit digits: every step stays below 2^53.
    const upper = high % perSecond;
    let rest = upper * TWO_16 + Math.floor(low / TWO_16);
    let seconds = Math.floor(high / perSecond) * TWO_16 + Math.floor(rest / perSecond);
    rest = (rest % perSecond) * TWO_16 + (low % TWO_16);
    seconds = seconds * TWO_16 + Math.floor(rest / perSecond);
    packet.seconds = seconds + this.#offsetSeconds;
    packet.nanoseconds = (rest % perSecond) * (1e9 / perSecond);
  }

  #readBig(high: number, low: number, packet: CapturePacket): void {
    const stamp = BigInt(high) * BigInt(TWO_32) + BigInt(low);
    const seconds = stamp / this.#unitsPerSecondBig;
    const rest = stamp % this.#unitsPerSecondBig;
    packet.seconds = Number(seconds) + this.#offsetSeconds;
    packet.nanoseconds = Number((rest * 1_000_000_000n) / this.#unitsPerSecondBig);
  }
}
