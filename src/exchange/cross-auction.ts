/**
 * The auctions: what a cross would be now (I), and the cross itself (C for each displayed order, then Q). Owned by one
 * `MatchingEngine`, whose orders, output and match numbers it works on.
 *
 * Priority in a cross: best price first, displayed before cross-only at one price, oldest first.
 */
import { assert } from "../core/assert.ts";
import { CrossBook, CrossSolver } from "./cross-solver.ts";
import { BUY, type ImbalanceFields, type ItchOutput, SELL } from "./itch-output.ts";
import type { MatchNumbers } from "./match-numbers.ts";
import {
  LEVEL_HEAD,
  LEVEL_PRICE,
  LEVEL_WORDS,
  ORDER_NEXT,
  ORDER_WORDS,
  type RestingOrders,
  SIDES_PER_LOCATE,
  SideOf,
} from "./resting-orders.ts";

/** Cross types, the feed's letters. */
export const CrossType = { open: 0x4f, close: 0x43, halt: 0x48 } as const;
const NOT_PRINTABLE = 0x4e;

export class CrossAuction {
  readonly solver: CrossSolver;
  readonly #resting: RestingOrders;
  readonly #output: ItchOutput;
  readonly #matches: MatchNumbers;
  readonly #fields: ImbalanceFields = {
    pairedShares: 0,
    imbalanceShares: 0,
    directionByte: 0,
    farPriceE4: 0,
    nearPriceE4: 0,
    referencePriceE4: 0,
    crossTypeByte: 0,
    variationByte: 0,
  };

  constructor(resting: RestingOrders, output: ItchOutput, matches: MatchNumbers) {
    this.solver = new CrossSolver(resting);
    this.#resting = resting;
    this.#output = output;
    this.#matches = matches;
  }

  /**
   * What the next cross would be: I. The reference price is the last trade's, held within the best bid and offer.
   * Directions: B, S, N (none), O (no two sides to cross).
   */
  indicate(locate: number, crossType: number, lastPriceE4: number): void {
    const { solver } = this;
    const fields = this.#fields;
    const bidE4 = this.#resting.bestPrice(locate * SIDES_PER_LOCATE + SideOf.bid);
    const askE4 = this.#resting.bestPrice(locate * SIDES_PER_LOCATE + SideOf.ask);
    let referenceE4 = lastPriceE4;
    if (bidE4 !== 0 && askE4 > bidE4) referenceE4 = Math.min(Math.max(referenceE4, bidE4), askE4);
    solver.solve(locate, referenceE4, CrossBook.crossOnly);
    fields.farPriceE4 = solver.priceE4;
    solver.solve(locate, referenceE4);
    fields.nearPriceE4 = solver.priceE4;
    solver.measureAt(referenceE4);
    const imbalance = solver.imbalanceShares;
    fields.pairedShares = solver.pairedShares;
    fields.imbalanceShares = Math.abs(imbalance);
    const direction = imbalance > 0 ? "B" : imbalance < 0 ? "S" : solver.pairedShares > 0 ? "N" : "O";
    fields.directionByte = direction.charCodeAt(0);
    fields.referencePriceE4 = referenceE4;
    fields.crossTypeByte = crossType;
    fields.variationByte = variationByte(fields.nearPriceE4, referenceE4);
    this.#output.imbalance(locate, fields);
  }

  /** Displayed orders that a cross would execute now: that many C messages come before its Q. */
  executionCount(locate: number, lastPriceE4: number): number {
    this.solver.solve(locate, lastPriceE4);
    const shares = this.solver.pairedShares;
    return this.#fill(locate, BUY, shares, 0, true) + this.#fill(locate, SELL, shares, 0, true);
  }

  /**
   * Crosses at the price where most shares trade; the Q is of 0 shares when nothing could. Orders for the cross only
   * are gone afterwards, filled or not. Returns the price, 0 when nothing traded.
   */
  cross(locate: number, crossType: number, lastPriceE4: number): number {
    this.solver.solve(locate, lastPriceE4);
    const shares = this.solver.pairedShares;
    const priceE4 = this.solver.priceE4;
    this.#fill(locate, BUY, shares, priceE4, false);
    this.#fill(locate, SELL, shares, priceE4, false);
    this.drop(locate);
    this.#output.crossTrade(locate, shares, priceE4, this.#matches.next(locate), crossType);
    return priceE4;
  }

  /** Cancels the orders that waited for a cross. Nobody sees it. */
  drop(locate: number): void {
    const resting = this.#resting;
    const base = locate * SIDES_PER_LOCATE;
    for (let side = base + SideOf.crossBid; side <= base + SideOf.crossAsk; side++)
      for (let level = resting.bestLevel(side); level !== 0; level = resting.bestLevel(side))
        resting.remove(resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!);
  }

  /** One side's part. With `countOnly` nothing changes. Returns how many displayed orders take part. */
  #fill(locate: number, sideByte: number, shares: number, priceE4: number, countOnly: boolean): number {
    const resting = this.#resting;
    const isBuy = sideByte === BUY;
    const side = locate * SIDES_PER_LOCATE + (isBuy ? SideOf.bid : SideOf.ask);
    let left = shares;
    let displayedCount = 0;
    let displayedRank = 0;
    let onlyRank = 0;
    while (left > 0) {
      const displayed = resting.levelAt(side, displayedRank);
      const only = resting.levelAt(side + 2, onlyRank);
      assert(displayed !== 0 || only !== 0, "a cross has orders for every share it pairs");
      const isOnly = displayed === 0 || (only !== 0 && this.#isBetter(only, displayed, isBuy));
      const level = isOnly ? only : displayed;
      let slot = resting.levels[level * LEVEL_WORDS + LEVEL_HEAD]!;
      while (slot !== 0 && left > 0) {
        const next = resting.orders[slot * ORDER_WORDS + ORDER_NEXT]!;
        const executed = Math.min(left, resting.shares(slot));
        left -= executed;
        if (!isOnly) displayedCount++;
        if (!countOnly) this.#execute(locate, slot, executed, priceE4, isOnly);
        slot = next;
      }
      // A level that was filled whole has left its side, and the next one has its rank.
      if (countOnly) {
        if (isOnly) onlyRank++;
        else displayedRank++;
      }
    }
    return displayedCount;
  }

  #execute(locate: number, slot: number, shares: number, priceE4: number, isCrossOnly: boolean): void {
    const resting = this.#resting;
    if (!isCrossOnly) {
      const match = this.#matches.next(locate);
      this.#output.executedWithPrice(locate, resting.reference(slot), shares, match, NOT_PRINTABLE, priceE4);
    }
    if (shares < resting.shares(slot)) resting.reduce(slot, shares);
    else resting.remove(slot);
  }

  #isBetter(level: number, than: number, isBuy: boolean): boolean {
    const priceE4 = this.#resting.levels[level * LEVEL_WORDS + LEVEL_PRICE]!;
    const thanE4 = this.#resting.levels[than * LEVEL_WORDS + LEVEL_PRICE]!;
    return isBuy ? priceE4 > thanE4 : priceE4 < thanE4;
  }
}

/** How far the near price is from the reference price: L below 1 %, 1…9, A, B, C; a space when it cannot be told. */
function variationByte(nearE4: number, referenceE4: number): number {
  if (nearE4 === 0 || referenceE4 === 0) return 0x20;
  const percent = (Math.abs(nearE4 - referenceE4) * 100) / referenceE4;
  if (percent < 1) return 0x4c;
  if (percent < 10) return 0x30 + Math.floor(percent);
  return percent < 20 ? 0x41 : percent < 30 ? 0x42 : 0x43;
}
