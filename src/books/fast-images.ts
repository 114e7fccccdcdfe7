/**
 * The fast book as other people see it: images of books and orders, and the canonical walks behind the hashes. Cold;
 * owned by `FastBooks`, reads its arrays between two messages and changes nothing.
 */
import type { StateHash } from "../core/hash.ts";
import {
  type BookImage,
  type BookOptions,
  type InstrumentImage,
  type LevelImage,
  type OrderImage,
  type QueuedOrder,
  TRADE_LOG_MAX,
} from "./contract.ts";
import type { Depth } from "./depth.ts";
import type { Instruments } from "./instruments.ts";
import {
  hashAttribution,
  hashLevelHead,
  hashOrder,
  hashSessionHead,
  hashSideHead,
  hashStateHead,
  hashTrade,
} from "./state-hash.ts";
import { Stat, type TradeLog } from "./trade-log.ts";

export class FastImages {
  readonly #depth: Depth;
  readonly #instruments: Instruments;
  readonly #trades: TradeLog;

  constructor(depth: Depth, instruments: Instruments, trades: TradeLog) {
    this.#depth = depth;
    this.#instruments = instruments;
    this.#trades = trades;
  }

  /** Of a known instrument. */
  book(locate: number, options: BookOptions): BookImage {
    const { levelMax = Number.POSITIVE_INFINITY, queue = false, tradeMax = 0 } = options;
    const image: BookImage = {
      instrument: this.#instrument(locate),
      bids: this.#side(locate * 2, levelMax, queue),
      asks: this.#side(locate * 2 + 1, levelMax, queue),
    };
    if (tradeMax > 0) image.trades = this.#trades.images(locate, tradeMax);
    return image;
  }

  /** Of a live order's handle. */
  order(order: number): OrderImage {
    const depth = this.#depth;
    const side = depth.side(order);
    return {
      orderReference: this.#reference(order),
      locate: side >>> 1,
      side: (side & 1) === 0 ? "B" : "S",
      priceE4: depth.price(order),
      shares: depth.shares(order),
      mpid: mpidText(depth.mpid(order)),
    };
  }

  hashState(locate: number, hash: StateHash): void {
    const depth = this.#depth;
    hashStateHead(hash, this.#instrument(locate));
    for (let side = locate * 2; side <= locate * 2 + 1; side++) {
      const count = depth.levelCount(side);
      hashSideHead(hash, count);
      for (let rank = 0; rank < count; rank++) {
        const level = depth.levelAt(side, rank);
        hashLevelHead(hash, depth.levelPrice(level), depth.levelOrders(level));
        for (let order = depth.levelOldest(level); order !== 0; order = depth.next(order))
          hashOrder(hash, depth.referenceHigh(order), depth.referenceLow(order), depth.shares(order));
      }
    }
  }

  hashSession(locate: number, hash: StateHash): void {
    const depth = this.#depth;
    hashSessionHead(hash, this.#instrument(locate));
    this.#trades.visit(locate, TRADE_LOG_MAX, (high, low, tsEventNs, priceE4, shares, typeCode, sideCode, broken) =>
      hashTrade(hash, high, low, tsEventNs, priceE4, shares, typeCode, sideCode, broken),
    );
    for (let side = locate * 2; side <= locate * 2 + 1; side++) {
      for (let rank = 0; rank < depth.levelCount(side); rank++) {
        for (let order = depth.levelOldest(depth.levelAt(side, rank)); order !== 0; order = depth.next(order)) {
          const mpid = depth.mpid(order);
          const text = mpid === 0 ? "" : mpidText(mpid);
          if (text !== "") hashAttribution(hash, depth.referenceHigh(order), depth.referenceLow(order), text);
        }
      }
    }
  }

  #reference(order: number): bigint {
    return (BigInt(this.#depth.referenceHigh(order)) << 32n) | BigInt(this.#depth.referenceLow(order));
  }

  #side(side: number, levelMax: number, queue: boolean): LevelImage[] {
    const depth = this.#depth;
    const images: LevelImage[] = [];
    for (let rank = 0; rank < Math.min(depth.levelCount(side), levelMax); rank++) {
      const level = depth.levelAt(side, rank);
      const image: LevelImage = {
        priceE4: depth.levelPrice(level),
        shares: depth.levelShares(level),
        orders: depth.levelOrders(level),
      };
      if (queue) image.queue = this.#queue(depth.levelOldest(level));
      images.push(image);
    }
    return images;
  }

  #queue(oldest: number): QueuedOrder[] {
    const depth = this.#depth;
    const queue: QueuedOrder[] = [];
    for (let order = oldest; order !== 0; order = depth.next(order))
      queue.push({ orderReference: this.#reference(order), shares: depth.shares(order) });
    return queue;
  }

  #instrument(locate: number): InstrumentImage {
    const stat = (which: number) => this.#trades.stat(locate, which);
    return {
      ...this.#instruments.image(locate),
      volumeShares: stat(Stat.volume),
      notionalE4: stat(Stat.notional),
      tradeCount: stat(Stat.count),
      brokenCount: stat(Stat.broken),
      openPriceE4: stat(Stat.open),
      highPriceE4: stat(Stat.high),
      lowPriceE4: stat(Stat.low),
      lastPriceE4: stat(Stat.last),
      lastShares: stat(Stat.lastShares),
      lastTradeNs: stat(Stat.lastNs),
      orderCount: this.#countOrders(locate),
      doubtCount: stat(Stat.doubt),
    };
  }

  /** Counted when asked, so that no message pays for it. */
  #countOrders(locate: number): number {
    const depth = this.#depth;
    let count = 0;
    for (let side = locate * 2; side <= locate * 2 + 1; side++) {
      for (let rank = 0; rank < depth.levelCount(side); rank++) count += depth.levelOrders(depth.levelAt(side, rank));
    }
    return count;
  }
}

/** Four ASCII bytes, the first the most significant, with the padding on the right taken off. */
function mpidText(mpid: number): string {
  const text = String.fromCharCode(mpid >>> 24, (mpid >>> 16) & 0xff, (mpid >>> 8) & 0xff, mpid & 0xff);
  return text.replace(/[ \0]+$/, "");
}
