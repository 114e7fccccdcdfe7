/**
 * The price of a cross: the one at which most shares trade; among equals the one that leaves the smallest imbalance,
 * then the one nearest the reference price, then the lower. Displayed orders and orders for the cross only count
 * alike; an order "at any price" is one at `MARKET_BUY_E4` or `MARKET_SELL_E4`.
 *
 * Owned by one `MatchingEngine`. Reads the resting orders, changes nothing but its own result fields; its scratch
 * arrays grow at rare moments.
 */
import { LEVEL_PRICE, LEVEL_WORDS, type RestingOrders, SIDES_PER_LOCATE } from "./resting-orders.ts";

export const MARKET_BUY_E4 = 0x7fffffff;
export const MARKET_SELL_E4 = 0;

/** Which orders take part. */
export const CrossBook = { all: 0, crossOnly: 1 } as const;
export type CrossBook = (typeof CrossBook)[keyof typeof CrossBook];

/** One side's prices and shares from the best on, as far as the other side reaches. */
class Curve {
  prices = new Int32Array(256);
  shares = new Float64Array(256);
  count = 0;
  total = 0;

  push(priceE4: number, shares: number): void {
    const last = this.count - 1;
    this.total += shares;
    if (last >= 0 && this.prices[last] === priceE4) {
      this.shares[last] = this.shares[last]! + shares;
      return;
    }
    if (this.count === this.prices.length) {
      const prices = new Int32Array(this.count * 2);
      prices.set(this.prices);
      this.prices = prices;
      const wider = new Float64Array(this.count * 2);
      wider.set(this.shares);
      this.shares = wider;
    }
    this.prices[this.count] = priceE4;
    this.shares[this.count] = shares;
    this.count++;
  }

  clear(): void {
    this.count = 0;
    this.total = 0;
  }
}

export class CrossSolver {
  /** 0 when nothing can trade. */
  priceE4 = 0;
  pairedShares = 0;
  /** Shares left over at the price: positive when they are to buy. */
  imbalanceShares = 0;
  readonly #resting: RestingOrders;
  readonly #buys = new Curve();
  readonly #sells = new Curve();

  constructor(resting: RestingOrders) {
    this.#resting = resting;
  }

  /** Finds the price for one instrument; the result is in the fields. */
  solve(locate: number, referencePriceE4: number, book: CrossBook = CrossBook.all): void {
    this.#gather(locate, book);
    this.priceE4 = 0;
    this.pairedShares = 0;
    this.imbalanceShares = this.#buys.total - this.#sells.total;
    if (this.#buys.count > 0 && this.#sells.count > 0) this.#search(referencePriceE4);
  }

  /** Paired shares and imbalance of the orders last gathered by `solve`, at a price of the caller's. */
  measureAt(priceE4: number): void {
    const buys = this.#buys;
    const sells = this.#sells;
    let demand = 0;
    let supply = 0;
    for (let i = 0; i < buys.count && buys.prices[i]! >= priceE4; i++) demand += buys.shares[i]!;
    for (let i = 0; i < sells.count && sells.prices[i]! <= priceE4; i++) supply += sells.shares[i]!;
    this.pairedShares = Math.min(demand, supply);
    this.imbalanceShares = demand - supply;
  }

  #gather(locate: number, book: CrossBook): void {
    const base = locate * SIDES_PER_LOCATE;
    const low = this.#sidesBest(base + 1, book, false);
    const high = this.#sidesBest(base, book, true);
    this.#buys.clear();
    this.#sells.clear();
    this.#merge(this.#buys, base, book, low, true);
    this.#merge(this.#sells, base + 1, book, high, false);
  }

  /** The best price of a side over the displayed and the cross-only orders; past everything when there is none. */
  #sidesBest(side: number, book: CrossBook, isBuy: boolean): number {
    const resting = this.#resting;
    const none = isBuy ? -1 : MARKET_BUY_E4;
    const only = resting.bestLevel(side + 2) === 0 ? none : resting.bestPrice(side + 2);
    if (book === CrossBook.crossOnly || resting.bestLevel(side) === 0) return only;
    const displayed = resting.bestPrice(side);
    return isBuy ? Math.max(displayed, only) : Math.min(displayed, only);
  }

  /** Both queues of one side as one curve, best first, up to `limitE4`. */
  #merge(curve: Curve, side: number, book: CrossBook, limitE4: number, isBuy: boolean): void {
    const resting = this.#resting;
    let displayedRank = 0;
    let onlyRank = 0;
    for (;;) {
      const displayed = book === CrossBook.all ? resting.levelAt(side, displayedRank) : 0;
      const only = resting.levelAt(side + 2, onlyRank);
      if (displayed === 0 && only === 0) return;
      const takeOnly = displayed === 0 || (only !== 0 && this.#isBetter(only, displayed, isBuy));
      const level = takeOnly ? only : displayed;
      const priceE4 = resting.levels[level * LEVEL_WORDS + LEVEL_PRICE]!;
      if (isBuy ? priceE4 < limitE4 : priceE4 > limitE4) return;
      curve.push(priceE4, resting.levelShares[level]!);
      if (takeOnly) onlyRank++;
      else displayedRank++;
    }
  }

  #isBetter(level: number, than: number, isBuy: boolean): boolean {
    const priceE4 = this.#resting.levels[level * LEVEL_WORDS + LEVEL_PRICE]!;
    const thanE4 = this.#resting.levels[than * LEVEL_WORDS + LEVEL_PRICE]!;
    return isBuy ? priceE4 > thanE4 : priceE4 < thanE4;
  }

  /** Walks every price that an order names, and the reference price, upwards. */
  #search(referencePriceE4: number): void {
    const buys = this.#buys;
    const sells = this.#sells;
    let buyAt = buys.count - 1;
    let sellAt = 0;
    let demand = buys.total;
    let supply = 0;
    let referenceLeft = true;
    let bestVolume = 0;
    let bestImbalance = 0;
    while (buyAt >= 0 || sellAt < sells.count || referenceLeft) {
      let priceE4 = referenceLeft ? referencePriceE4 : MARKET_BUY_E4;
      if (buyAt >= 0 && buys.prices[buyAt]! < priceE4) priceE4 = buys.prices[buyAt]!;
      if (sellAt < sells.count && sells.prices[sellAt]! < priceE4) priceE4 = sells.prices[sellAt]!;
      while (sellAt < sells.count && sells.prices[sellAt]! <= priceE4) supply += sells.shares[sellAt++]!;
      const volume = Math.min(demand, supply);
      const imbalance = demand - supply;
      if (priceE4 !== MARKET_SELL_E4 && priceE4 !== MARKET_BUY_E4 && volume > 0) {
        const better =
          volume > bestVolume ||
          (volume === bestVolume &&
            (Math.abs(imbalance) < Math.abs(bestImbalance) ||
              (Math.abs(imbalance) === Math.abs(bestImbalance) &&
                Math.abs(priceE4 - referencePriceE4) < Math.abs(this.priceE4 - referencePriceE4))));
        if (better) {
          bestVolume = volume;
          bestImbalance = imbalance;
          this.priceE4 = priceE4;
        }
      }
      if (referenceLeft && priceE4 === referencePriceE4) referenceLeft = false;
      // Buyers at this price are gone at the next one.
      while (buyAt >= 0 && buys.prices[buyAt]! <= priceE4) demand -= buys.shares[buyAt--]!;
    }
    this.pairedShares = bestVolume;
    this.imbalanceShares = bestImbalance;
  }
}
