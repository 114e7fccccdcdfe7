/**
 * The fast book: every instrument of a shard (or of the whole channel) in typed arrays, one pass from the message's
 * bytes to the depth. Called by one thread only: the shard's. Prices, shares and reference words are handled by their
 * 32 bits throughout (`getInt32`), and become unsigned numbers where they are added, compared or shown.
 *
 * Always holds: an order of (locate, reference) is in `depth` exactly when `index` finds it; a message that is not `ok`
 * has changed nothing but its instrument's doubt. Order messages allocate nothing except where a pool doubles, an index
 * page opens or an instrument's trade ring grows: amortised, and rare once warm.
 */
import { CODE_SHIFT } from "../bus/event-record.ts";
import { readU48, readU64 } from "../core/bytes.ts";
import type { StateHash } from "../core/hash.ts";
import { ITCH_BYTES, ITCH50, Itch } from "../wire/itch50.ts";
import type { BookEvents } from "./book-events.ts";
import {
  ApplyStatus,
  type BookEngine,
  type BookImage,
  type BookOptions,
  type FeedImage,
  isDoubt,
  type OrderImage,
} from "./contract.ts";
import { Depth } from "./depth.ts";
import { FastEvents, PRINTED } from "./fast-events.ts";
import { FastImages } from "./fast-images.ts";
import { Instruments } from "./instruments.ts";
import { writeMessageEvent } from "./message-events.ts";
import { OrderIndex } from "./order-index.ts";
import { Stat, TradeLog } from "./trade-log.ts";

const BUY = 0x42;
const SELL = 0x53;
const NOT_PRINTABLE = 0x4e;
/** Offsets of the body's fields, from the specification's table; the compiler folds them. */
const LOCATE = 1;
const TIMESTAMP = 5;
const REFERENCE = ITCH50.A.fields.orderReference[0];
const ADD_SIDE = ITCH50.A.fields.side[0];
const ADD_SHARES = ITCH50.A.fields.shares[0];
const ADD_PRICE = ITCH50.A.fields.priceE4[0];
const ADD_MPID = ITCH50.F.fields.attribution[0];
const TAKEN_SHARES = ITCH50.E.fields.executedShares[0];
const MATCH = ITCH50.E.fields.matchNumber[0];
const PRINTABLE = ITCH50.C.fields.printable[0];
const EXECUTION_PRICE = ITCH50.C.fields.executionPriceE4[0];
const NEW_REFERENCE = ITCH50.U.fields.newOrderReference[0];
const NEW_SHARES = ITCH50.U.fields.shares[0];
const NEW_PRICE = ITCH50.U.fields.priceE4[0];

export interface FastBooksOptions {
  /** Live orders to have room for from the start; grows beyond. */
  orderCapacity?: number;
  /** Open pages (64 KiB each) of the direct reference index at most; what does not fit is hashed. */
  indexPageMax?: number;
}

export class FastBooks implements BookEngine {
  readonly #depth: Depth;
  readonly #index: OrderIndex;
  readonly #instruments = new Instruments();
  readonly #trades = new TradeLog();
  readonly #images: FastImages;
  readonly #known = this.#instruments.known;
  /** Undefined: nobody listens, and nothing is done for it. */
  #events: FastEvents | undefined;
  #systemEvent = "";
  #mwcb: FeedImage["mwcb"] = null;
  #mwcbBreached = "";
  #tsEventNs = 0;

  constructor(options: FastBooksOptions = {}) {
    this.#depth = new Depth(options.orderCapacity);
    this.#index = new OrderIndex(options.indexPageMax);
    this.#images = new FastImages(this.#depth, this.#instruments, this.#trades);
  }

  apply(bytes: Uint8Array, view: DataView, offset: number, length: number): ApplyStatus {
    const expected = length > 0 ? ITCH_BYTES[bytes[offset]!]! : 0;
    if (expected === 0) return ApplyStatus.unknownType;
    if (expected !== length) return ApplyStatus.wrongLength;
    return this.applyChecked(bytes, view, offset);
  }

  applyChecked(bytes: Uint8Array, view: DataView, offset: number): ApplyStatus {
    const type = bytes[offset]!;
    const locate = view.getUint16(offset + LOCATE);
    let status: ApplyStatus;
    if (this.#known[locate] === 0) {
      status = this.#applyUnannounced(type, bytes, view, offset);
      this.#tellOther(status, type, view, offset);
    } else {
      switch (type) {
        case Itch.addOrder:
        case Itch.addOrderMpid:
          status = this.#add(type, bytes, view, offset, locate);
          break;
        case Itch.delete:
          status = this.#delete(view, offset, locate);
          break;
        case Itch.replace:
          status = this.#replace(view, offset, locate);
          break;
        case Itch.executed:
        case Itch.executedWithPrice:
          status = this.#execute(type, view, offset, locate);
          break;
        case Itch.cancel:
          status = this.#cancel(view, offset, locate);
          break;
        default:
          status = this.#applyOther(type, bytes, view, offset, locate);
          this.#tellOther(status, type, view, offset);
      }
    }
    if (status === ApplyStatus.ok) this.#tsEventNs = readU48(view, offset + TIMESTAMP);
    else if (isDoubt(status)) {
      this.#trades.doubt(locate);
      this.#events?.out.doubt(locate);
    }
    return status;
  }

  #tellOther(status: ApplyStatus, type: number, view: DataView, offset: number): void {
    if (this.#events !== undefined && status === ApplyStatus.ok)
      writeMessageEvent(this.#events.out, type, view, offset);
  }

  /** The handle of an instrument's order, or 0. */
  #find(locate: number, high: number, low: number): number {
    const order = this.#index.direct(high, low);
    if (order !== 0 && this.#depth.side(order) >>> 1 === locate) return order;
    const hash = this.#index.hash;
    return hash.count === 0 ? 0 : hash.find(high, low, locate);
  }

  #add(type: number, bytes: Uint8Array, view: DataView, offset: number, locate: number): ApplyStatus {
    const sideByte = bytes[offset + ADD_SIDE]!;
    if (sideByte !== BUY && sideByte !== SELL) return ApplyStatus.badSide;
    const shares = view.getInt32(offset + ADD_SHARES);
    if (shares === 0) return ApplyStatus.zeroShares;
    const high = view.getInt32(offset + REFERENCE);
    const low = view.getInt32(offset + REFERENCE + 4);
    if (this.#find(locate, high, low) !== 0) return ApplyStatus.duplicateOrder;
    const side = locate * 2 + (sideByte === BUY ? 0 : 1);
    const order = this.#insert(side, high, low, shares, view.getInt32(offset + ADD_PRICE));
    const mpid = type === Itch.addOrderMpid ? view.getInt32(offset + ADD_MPID) : 0;
    if (type === Itch.addOrderMpid) this.#depth.attribute(order, mpid);
    const events = this.#events;
    if (events !== undefined) {
      events.added(order, side, high, low, mpid, shares, view.getInt32(offset + ADD_PRICE));
    }
    return ApplyStatus.ok;
  }

  #insert(side: number, high: number, low: number, shares: number, price: number): number {
    const order = this.#depth.insert(side, high, low, shares, price);
    this.#index.insert(high, low, side >>> 1, order, this.#depth.liveCount);
    return order;
  }

  #remove(order: number, locate: number, high: number, low: number): void {
    this.#index.remove(high, low, locate, order);
    this.#depth.remove(order);
  }

  #delete(view: DataView, offset: number, locate: number): ApplyStatus {
    const high = view.getInt32(offset + REFERENCE);
    const low = view.getInt32(offset + REFERENCE + 4);
    const order = this.#find(locate, high, low);
    if (order === 0) return ApplyStatus.unknownOrder;
    const events = this.#events;
    if (events !== undefined) {
      events.deleting(order, high, low);
    }
    this.#remove(order, locate, high, low);
    if (events !== undefined) events.settle();
    return ApplyStatus.ok;
  }

  #replace(view: DataView, offset: number, locate: number): ApplyStatus {
    const shares = view.getInt32(offset + NEW_SHARES);
    if (shares === 0) return ApplyStatus.zeroShares;
    const high = view.getInt32(offset + REFERENCE);
    const low = view.getInt32(offset + REFERENCE + 4);
    const old = this.#find(locate, high, low);
    if (old === 0) return ApplyStatus.unknownOrder;
    const newHigh = view.getInt32(offset + NEW_REFERENCE);
    const newLow = view.getInt32(offset + NEW_REFERENCE + 4);
    if (this.#find(locate, newHigh, newLow) !== 0) return ApplyStatus.duplicateOrder;
    const depth = this.#depth;
    const side = depth.side(old);
    const mpid = depth.mpid(old);
    const events = this.#events;
    if (events !== undefined) {
      events.replacing(old, high, low, newHigh, newLow, shares, view.getInt32(offset + NEW_PRICE));
    }
    this.#remove(old, locate, high, low);
    const order = this.#insert(side, newHigh, newLow, shares, view.getInt32(offset + NEW_PRICE));
    if (mpid !== 0) depth.attribute(order, mpid);
    if (events !== undefined) events.replaced(order);
    return ApplyStatus.ok;
  }

  /** Takes shares off an order that was found and has as many. */
  #take(order: number, locate: number, high: number, low: number, shares: number): void {
    if (shares >>> 0 === this.#depth.shares(order)) this.#remove(order, locate, high, low);
    else this.#depth.reduce(order, shares);
  }

  #cancel(view: DataView, offset: number, locate: number): ApplyStatus {
    const shares = view.getInt32(offset + TAKEN_SHARES);
    if (shares === 0) return ApplyStatus.zeroShares;
    const high = view.getInt32(offset + REFERENCE);
    const low = view.getInt32(offset + REFERENCE + 4);
    const order = this.#find(locate, high, low);
    if (order === 0) return ApplyStatus.unknownOrder;
    if (shares >>> 0 > this.#depth.shares(order)) return ApplyStatus.sharesExceeded;
    const events = this.#events;
    if (events !== undefined) {
      events.reducing(order, high, low, shares);
    }
    this.#take(order, locate, high, low, shares);
    if (events !== undefined) events.settle();
    return ApplyStatus.ok;
  }

  #execute(type: number, view: DataView, offset: number, locate: number): ApplyStatus {
    const shares = view.getInt32(offset + TAKEN_SHARES);
    if (shares === 0) return ApplyStatus.zeroShares;
    const high = view.getInt32(offset + REFERENCE);
    const low = view.getInt32(offset + REFERENCE + 4);
    const order = this.#find(locate, high, low);
    if (order === 0) return ApplyStatus.unknownOrder;
    const depth = this.#depth;
    if (shares >>> 0 > depth.shares(order)) return ApplyStatus.sharesExceeded;
    const sideByte = (depth.side(order) & 1) === 0 ? BUY : SELL;
    const isAtOwnPrice = type === Itch.executed;
    const priceE4 = isAtOwnPrice ? depth.price(order) : view.getUint32(offset + EXECUTION_PRICE);
    const isPrinted = isAtOwnPrice || view.getUint8(offset + PRINTABLE) !== NOT_PRINTABLE;
    const events = this.#events;
    if (events !== undefined) {
      const codes = (type << CODE_SHIFT) | (isPrinted ? PRINTED : 0);
      const matchHigh = view.getInt32(offset + MATCH);
      events.executing(order, high, low, shares, codes, priceE4, matchHigh, view.getInt32(offset + MATCH + 4));
    }
    this.#take(order, locate, high, low, shares);
    if (events !== undefined) events.settle();
    if (isPrinted) this.#print(view, offset, MATCH, priceE4, shares >>> 0, type | (sideByte << 8));
    return ApplyStatus.ok;
  }

  #print(view: DataView, offset: number, matchField: number, priceE4: number, shares: number, codes: number): void {
    if (shares === 0) return;
    const match = offset + matchField;
    const tsEventNs = readU48(view, offset + TIMESTAMP);
    const locate = view.getUint16(offset + LOCATE);
    this.#trades.print(locate, view.getInt32(match), view.getInt32(match + 4), tsEventNs, priceE4, shares, codes);
  }

  /** All that is neither about an order nor of an unknown locate. */
  #applyOther(type: number, bytes: Uint8Array, view: DataView, offset: number, locate: number): ApplyStatus {
    switch (type) {
      case Itch.trade: {
        const { priceE4, shares, matchNumber } = ITCH50.P.fields;
        const traded = view.getUint32(offset + shares[0]);
        this.#print(view, offset, matchNumber[0], view.getUint32(offset + priceE4[0]), traded, type);
        return ApplyStatus.ok;
      }
      case Itch.crossTrade: {
        const { crossPriceE4, shares, matchNumber } = ITCH50.Q.fields;
        this.#instruments.cross(view, offset, locate);
        const traded = readU64(view, offset + shares[0]);
        this.#print(view, offset, matchNumber[0], view.getUint32(offset + crossPriceE4[0]), traded, type);
        return ApplyStatus.ok;
      }
      case Itch.brokenTrade: {
        const at = offset + ITCH50.B.fields.matchNumber[0];
        this.#trades.break(locate, view.getInt32(at), view.getInt32(at + 4));
        return ApplyStatus.ok;
      }
      case Itch.operationalHalt:
        this.#instruments.operationalHalt(bytes, offset, locate);
        return ApplyStatus.ok;
      case Itch.stockDirectory:
        return this.#instruments.announce(bytes, view, offset);
      case Itch.systemEvent:
      case Itch.mwcbLevels:
      case Itch.mwcbStatus:
        return this.#applyFeedWide(type, view, offset);
      default:
        this.#instruments.keep(type, bytes, offset, locate);
        return ApplyStatus.ok;
    }
  }

  /** Of a locate not announced: its announcement, or something that is about no instrument. */
  #applyUnannounced(type: number, bytes: Uint8Array, view: DataView, offset: number): ApplyStatus {
    if (type === Itch.systemEvent || type === Itch.mwcbLevels || type === Itch.mwcbStatus)
      return this.#applyFeedWide(type, view, offset);
    if (type !== Itch.stockDirectory) return ApplyStatus.unknownLocate;
    const status = this.#instruments.announce(bytes, view, offset);
    if (status !== ApplyStatus.ok) return status;
    const locate = view.getUint16(offset + LOCATE);
    this.#depth.announce(locate);
    this.#trades.announce(locate);
    return status;
  }

  #applyFeedWide(type: number, view: DataView, offset: number): ApplyStatus {
    if (type === Itch.systemEvent)
      this.#systemEvent = String.fromCharCode(view.getUint8(offset + ITCH50.S.fields.eventCode[0]));
    else if (type === Itch.mwcbStatus)
      this.#mwcbBreached = String.fromCharCode(view.getUint8(offset + ITCH50.W.fields.breachedLevel[0]));
    else {
      const { level1PriceE8, level2PriceE8, level3PriceE8 } = ITCH50.V.fields;
      this.#mwcb = {
        level1PriceE8: view.getBigUint64(offset + level1PriceE8[0]),
        level2PriceE8: view.getBigUint64(offset + level2PriceE8[0]),
        level3PriceE8: view.getBigUint64(offset + level3PriceE8[0]),
      };
    }
    return ApplyStatus.ok;
  }

  tell(events: BookEvents | undefined): void {
    this.#events = events && new FastEvents(events, this.#depth);
  }

  reset(): void {
    this.#depth.clear();
    this.#index.clear();
    this.#instruments.clear();
    this.#trades.clear();
    this.#systemEvent = "";
    this.#mwcb = null;
    this.#mwcbBreached = "";
    this.#tsEventNs = 0;
    this.#events?.reset();
  }

  feed(): FeedImage {
    return {
      systemEvent: this.#systemEvent,
      mwcb: this.#mwcb && { ...this.#mwcb },
      mwcbBreached: this.#mwcbBreached,
      tsEventNs: this.#tsEventNs,
    };
  }

  locates(): number[] {
    return this.#instruments.locates();
  }

  symbolOf(locate: number): string {
    return this.#instruments.symbolOf(locate);
  }

  book(locate: number, options: BookOptions = {}): BookImage | undefined {
    return this.#known[locate] === 1 ? this.#images.book(locate, options) : undefined;
  }

  order(locate: number, orderReference: bigint): OrderImage | undefined {
    const high = Number((orderReference >> 32n) & 0xffffffffn) | 0;
    const low = Number(orderReference & 0xffffffffn) | 0;
    const order = this.#known[locate] === 1 ? this.#find(locate, high, low) : 0;
    return order === 0 ? undefined : this.#images.order(order);
  }

  orderCount(): number {
    return this.#depth.liveCount;
  }

  instrumentCount(): number {
    return this.#instruments.count;
  }

  doubtCount(locate: number): number {
    return this.#known[locate] === 1 ? this.#trades.stat(locate, Stat.doubt) : 0;
  }

  hashState(locate: number, hash: StateHash): void {
    if (this.#known[locate] === 1) this.#images.hashState(locate, hash);
  }

  hashSession(locate: number, hash: StateHash): void {
    if (this.#known[locate] === 1) this.#images.hashSession(locate, hash);
  }
}
