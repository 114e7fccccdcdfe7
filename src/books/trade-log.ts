/**
 * What was traded, by stock locate: one row of doubles an instrument (volume, prices, counts) and a ring of its last
 * trades, so that a broken trade can be taken out again. Owned by `FastBooks`.
 *
 * Always holds: `volume`, `notional` and `count` are those of all printed trades less the broken ones that were still
 * in the ring; open, high, low and last are as printed, whatever is broken later.
 * A ring is made at an instrument's first trade and doubles up to `TRADE_LOG_MAX`; rows grow at directory messages.
 */
import { TRADE_LOG_MAX, type TradeImage } from "./contract.ts";

/** Doubles of an instrument's row. `printed`: trades ever logged, which is where the ring's next one goes. */
export const Stat = {
  volume: 0,
  notional: 1,
  count: 2,
  broken: 3,
  open: 4,
  high: 5,
  low: 6,
  last: 7,
  lastShares: 8,
  lastNs: 9,
  printed: 10,
  doubt: 11,
} as const;
export const STAT_STRIDE = 12;

/** Ring entry: match number's high and low word, time, price, shares, and type letter | side letter << 8 | BROKEN. */
const ENTRY = 6;
const BROKEN = 1 << 16;
/** Entries of a new ring; a power of two, as `TRADE_LOG_MAX` is, so that places are found by masking. */
const RING_MIN = 16;

/** Where a ring keeps its n-th trade. */
function slotOf(ring: Float64Array, n: number): number {
  return (n & (((ring.length / ENTRY) | 0) - 1)) * ENTRY;
}

/** Called for each logged trade, oldest first. Side code 0: the feed did not say. */
type TradeVisitor = (
  matchHigh: number,
  matchLow: number,
  tsEventNs: number,
  priceE4: number,
  shares: number,
  typeCode: number,
  sideCode: number,
  broken: boolean,
) => void;

export class TradeLog {
  #rows = new Float64Array(0);
  #rings: (Float64Array | undefined)[] = [];

  /** Makes room for an instrument. */
  announce(locate: number): void {
    const need = (locate + 1) * STAT_STRIDE;
    if (need > this.#rows.length) {
      const rows = new Float64Array(Math.max(need, this.#rows.length * 2));
      rows.set(this.#rows);
      this.#rows = rows;
    }
    while (this.#rings.length <= locate) this.#rings.push(undefined);
  }

  clear(): void {
    this.#rows = new Float64Array(0);
    this.#rings = [];
  }

  /** One of `Stat`, of an instrument that is known. */
  stat(locate: number, stat: number): number {
    return this.#rows[locate * STAT_STRIDE + stat]!;
  }

  doubt(locate: number): void {
    const at = locate * STAT_STRIDE + Stat.doubt;
    this.#rows[at] = this.#rows[at]! + 1;
  }

  /** A printed trade of more than 0 shares. Words of the match number count by their bits. */
  print(
    locate: number,
    matchHigh: number,
    matchLow: number,
    tsEventNs: number,
    priceE4: number,
    shares: number,
    codes: number,
  ): void {
    const rows = this.#rows;
    const at = locate * STAT_STRIDE;
    const printed = rows[at + Stat.printed]! | 0;
    if (printed === 0) {
      rows[at + Stat.open] = priceE4;
      rows[at + Stat.high] = priceE4;
      rows[at + Stat.low] = priceE4;
    } else if (priceE4 > rows[at + Stat.high]!) rows[at + Stat.high] = priceE4;
    else if (priceE4 < rows[at + Stat.low]!) rows[at + Stat.low] = priceE4;
    rows[at + Stat.volume] = rows[at + Stat.volume]! + shares;
    rows[at + Stat.notional] = rows[at + Stat.notional]! + priceE4 * shares;
    rows[at + Stat.count] = rows[at + Stat.count]! + 1;
    rows[at + Stat.last] = priceE4;
    rows[at + Stat.lastShares] = shares;
    rows[at + Stat.lastNs] = tsEventNs;
    rows[at + Stat.printed] = printed + 1;
    let ring = this.#rings[locate];
    if (ring === undefined || (printed < TRADE_LOG_MAX && printed * ENTRY === ring.length)) ring = this.#grow(locate);
    const entry = slotOf(ring, printed);
    ring[entry] = matchHigh >>> 0;
    ring[entry + 1] = matchLow >>> 0;
    ring[entry + 2] = tsEventNs;
    ring[entry + 3] = priceE4;
    ring[entry + 4] = shares;
    ring[entry + 5] = codes;
  }

  /** A broken-trade message: takes out the newest unbroken trade of that number, when it is still in the ring. */
  break(locate: number, matchHigh: number, matchLow: number): void {
    const rows = this.#rows;
    const at = locate * STAT_STRIDE;
    rows[at + Stat.broken] = rows[at + Stat.broken]! + 1;
    const ring = this.#rings[locate];
    if (ring === undefined) return;
    const capacity = ring.length / ENTRY;
    const printed = rows[at + Stat.printed]! | 0;
    for (let i = printed - 1, end = Math.max(0, printed - capacity); i >= end; i--) {
      const entry = slotOf(ring, i);
      if (ring[entry + 1] !== matchLow >>> 0 || ring[entry] !== matchHigh >>> 0) continue;
      if ((ring[entry + 5]! & BROKEN) !== 0) continue;
      ring[entry + 5] = ring[entry + 5]! | BROKEN;
      rows[at + Stat.volume] = rows[at + Stat.volume]! - ring[entry + 4]!;
      rows[at + Stat.notional] = rows[at + Stat.notional]! - ring[entry + 3]! * ring[entry + 4]!;
      rows[at + Stat.count] = rows[at + Stat.count]! - 1;
      return;
    }
  }

  /** The newest `tradeMax` trades, oldest first. */
  visit(locate: number, tradeMax: number, visitor: TradeVisitor): void {
    const ring = this.#rings[locate];
    if (ring === undefined) return;
    const capacity = ring.length / ENTRY;
    const printed = this.stat(locate, Stat.printed);
    for (let i = Math.max(0, printed - Math.min(capacity, tradeMax)); i < printed; i++) {
      const at = slotOf(ring, i);
      const codes = ring[at + 5]!;
      visitor(
        ring[at]!,
        ring[at + 1]!,
        ring[at + 2]!,
        ring[at + 3]!,
        ring[at + 4]!,
        codes & 0xff,
        (codes >>> 8) & 0xff,
        (codes & BROKEN) !== 0,
      );
    }
  }

  /** The newest `tradeMax` trades as objects, oldest first. */
  images(locate: number, tradeMax: number): TradeImage[] {
    const trades: TradeImage[] = [];
    this.visit(locate, tradeMax, (high, low, tsEventNs, priceE4, shares, typeCode, sideCode, broken) => {
      const type = String.fromCharCode(typeCode) as TradeImage["type"];
      const side = sideCode === 0 ? "" : (String.fromCharCode(sideCode) as "B" | "S");
      const matchNumber = (BigInt(high) << 32n) | BigInt(low);
      trades.push({ matchNumber, tsEventNs, priceE4, shares, type, side, broken });
    });
    return trades;
  }

  /** Only ever called when no entry has been overwritten yet, so that they are in order from 0. */
  #grow(locate: number): Float64Array {
    const old = this.#rings[locate];
    const ring = new Float64Array(old === undefined ? RING_MIN * ENTRY : old.length * 2);
    if (old !== undefined) ring.set(old);
    this.#rings[locate] = ring;
    return ring;
  }
}
