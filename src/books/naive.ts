/**
 * The book that is obviously right: every message decoded to an object by the table codec, orders in a `Map` that keeps
 * them in the order of their arrival, levels worked out only when somebody asks. It is what the fast book is held
 * against; nothing in production runs on it.
 *
 * Always holds: `orders` of an instrument iterates in time priority, because a `Map` does not move a key that is
 * changed in place, and a replace deletes and sets.
 */
import type { StateHash } from "../core/hash.ts";
import { decodeItch, ITCH50, type ItchMessage, type ItchMessageOf } from "../wire/itch50.ts";
import type { BookEvents } from "./book-events.ts";
import {
  ApplyStatus,
  type BookEngine,
  type BookImage,
  type BookOptions,
  type FeedImage,
  isDoubt,
  type LevelImage,
  type OrderImage,
} from "./contract.ts";
import { lookBefore, tellAfter } from "./naive-events.ts";
import { NaiveInstrument } from "./naive-instrument.ts";
import {
  hashAttribution,
  hashLevelHead,
  hashOrder,
  hashSessionHead,
  hashSideHead,
  hashStateHead,
  hashTrade,
} from "./state-hash.ts";

const high = (value: bigint) => Number(value >> 32n);
const low = (value: bigint) => Number(value & 0xffffffffn);

export class NaiveBooks implements BookEngine {
  readonly #instruments = new Map<number, NaiveInstrument>();
  #feed: FeedImage = emptyFeed();
  #events: BookEvents | undefined;

  apply(bytes: Uint8Array, view: DataView, offset: number, length: number): ApplyStatus {
    const message = decodeItch(bytes, offset, length);
    if (message.type === "unknown_type") return ApplyStatus.unknownType;
    if (message.type === "wrong_length") return ApplyStatus.wrongLength;
    return this.applyChecked(bytes, view, offset);
  }

  applyChecked(bytes: Uint8Array, view: DataView, offset: number): ApplyStatus {
    const type = String.fromCharCode(bytes[offset]!) as keyof typeof ITCH50;
    const message = decodeItch(bytes, offset, ITCH50[type].bytes) as ItchMessage;
    const before = this.#events && lookBefore(this.#instruments.get(message.stockLocate), message);
    const status = this.#dispatch(message);
    const instrument = this.#instruments.get(message.stockLocate);
    if (status === ApplyStatus.ok && this.#events && before)
      tellAfter(this.#events, message, view, offset, instrument, before);
    if (status === ApplyStatus.ok) this.#feed.tsEventNs = message.timestampNs;
    if (isDoubt(status)) {
      instrument!.doubtCount++;
      this.#events?.doubt(message.stockLocate);
    }
    return status;
  }

  #dispatch(message: ItchMessage): ApplyStatus {
    switch (message.type) {
      case "S":
        this.#feed.systemEvent = message.eventCode;
        return ApplyStatus.ok;
      case "V": {
        const { level1PriceE8, level2PriceE8, level3PriceE8 } = message;
        this.#feed.mwcb = { level1PriceE8, level2PriceE8, level3PriceE8 };
        return ApplyStatus.ok;
      }
      case "W":
        this.#feed.mwcbBreached = message.breachedLevel;
        return ApplyStatus.ok;
      case "R":
        return this.#announce(message);
      default:
        return this.#instruments.get(message.stockLocate)?.apply(message) ?? ApplyStatus.unknownLocate;
    }
  }

  #announce(message: ItchMessageOf<"R">): ApplyStatus {
    for (const [locate, other] of this.#instruments) {
      if ((locate === message.stockLocate) !== (other.symbol === message.stock)) return ApplyStatus.locateConflict;
    }
    const known = this.#instruments.get(message.stockLocate);
    if (known) known.directory = message;
    else this.#instruments.set(message.stockLocate, new NaiveInstrument(message));
    return ApplyStatus.ok;
  }

  tell(events: BookEvents | undefined): void {
    this.#events = events;
  }

  reset(): void {
    this.#instruments.clear();
    this.#feed = emptyFeed();
    this.#events?.reset();
  }

  feed(): FeedImage {
    return { ...this.#feed };
  }

  locates(): number[] {
    return [...this.#instruments.keys()].sort((a, b) => a - b);
  }

  symbolOf(locate: number): string {
    return this.#instruments.get(locate)?.symbol ?? "";
  }

  book(locate: number, options: BookOptions = {}): BookImage | undefined {
    const instrument = this.#instruments.get(locate);
    if (!instrument) return undefined;
    const { levelMax, tradeMax } = options;
    const cut = (levels: LevelImage[]) =>
      levels.slice(0, levelMax).map((level) => {
        const { queue, ...rest } = level;
        return options.queue && queue ? { ...rest, queue } : rest;
      });
    const image: BookImage = {
      instrument: instrument.image(),
      bids: cut(instrument.levels("B")),
      asks: cut(instrument.levels("S")),
    };
    if (tradeMax) image.trades = instrument.trades.slice(-tradeMax).map((trade) => ({ ...trade }));
    return image;
  }

  order(locate: number, orderReference: bigint): OrderImage | undefined {
    const order = this.#instruments.get(locate)?.orders.get(orderReference);
    return order && { ...order };
  }

  orderCount(): number {
    let count = 0;
    for (const instrument of this.#instruments.values()) count += instrument.orders.size;
    return count;
  }

  instrumentCount(): number {
    return this.#instruments.size;
  }

  doubtCount(locate: number): number {
    return this.#instruments.get(locate)?.doubtCount ?? 0;
  }

  hashState(locate: number, hash: StateHash): void {
    const instrument = this.#instruments.get(locate);
    if (!instrument) return;
    hashStateHead(hash, instrument.image());
    for (const side of ["B", "S"] as const) {
      const levels = instrument.levels(side);
      hashSideHead(hash, levels.length);
      for (const level of levels) {
        hashLevelHead(hash, level.priceE4, level.orders);
        for (const order of level.queue!)
          hashOrder(hash, high(order.orderReference), low(order.orderReference), order.shares);
      }
    }
  }

  hashSession(locate: number, hash: StateHash): void {
    const instrument = this.#instruments.get(locate);
    if (!instrument) return;
    hashSessionHead(hash, instrument.image());
    for (const t of instrument.trades) {
      const side = t.side === "" ? 0 : t.side.charCodeAt(0);
      const [matchHigh, matchLow] = [high(t.matchNumber), low(t.matchNumber)];
      hashTrade(hash, matchHigh, matchLow, t.tsEventNs, t.priceE4, t.shares, t.type.charCodeAt(0), side, t.broken);
    }
    for (const side of ["B", "S"] as const) {
      for (const { orderReference } of instrument.levels(side).flatMap((level) => level.queue!)) {
        const { mpid } = instrument.orders.get(orderReference)!;
        if (mpid !== "") hashAttribution(hash, high(orderReference), low(orderReference), mpid);
      }
    }
  }
}

function emptyFeed(): FeedImage {
  return { systemEvent: "", mwcb: null, mwcbBreached: "", tsEventNs: 0 };
}
