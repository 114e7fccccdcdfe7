/**
 * What every book engine is, whichever way it keeps its orders: the naive one that is obviously right and the fast one
 * that is used. One conformance suite runs against all of them.
 *
 * An engine holds the instruments of one channel (or one shard of it). It is a pure function of the messages applied.
 * An order's identity is (stock locate, order reference), so that the result cannot depend on which instruments share
 * an engine: that is what makes it independent of the number of shards.
 */
import type { StateHash } from "../core/hash.ts";
import type { BookEvents } from "./book-events.ts";

/**
 * What came of one message. Anything but `ok` and `skipped` has changed nothing, except the book's doubt. Where several
 * are true the first of this order is given: type, length, locate, side, zero shares, unknown reference, duplicate
 * reference, too many shares.
 */
export const ApplyStatus = {
  ok: 0,
  /** Of an instrument that nobody subscribed to. */
  skipped: 1,
  unknownType: 2,
  wrongLength: 3,
  /** A stock locate that no directory message has announced. */
  unknownLocate: 4,
  /** Execute, cancel, delete or replace of a reference that this instrument does not hold. */
  unknownOrder: 5,
  /** Add, or the new reference of a replace, that this instrument already holds. */
  duplicateOrder: 6,
  /** An execution or cancel of more shares than are left. */
  sharesExceeded: 7,
  /** An add, replace, execution or cancel of zero shares. */
  zeroShares: 8,
  /** A side that is neither B nor S. */
  badSide: 9,
  /** A directory message that gives a known locate another symbol, or a known symbol another locate. */
  locateConflict: 10,
} as const;
export type ApplyStatus = (typeof ApplyStatus)[keyof typeof ApplyStatus];
/** snake_case, by status; for counters, logs and JSON. */
export const APPLY_STATUS_NAMES = [
  "ok",
  "skipped",
  "unknown_type",
  "wrong_length",
  "unknown_locate",
  "unknown_order_reference",
  "duplicate_order_reference",
  "shares_exceeded",
  "zero_shares",
  "bad_side",
  "locate_conflict",
] as const;
export const APPLY_STATUS_COUNT = APPLY_STATUS_NAMES.length;
/** The first status that counts as a bad message. */
export const APPLY_STATUS_BAD_FIRST = ApplyStatus.unknownType;

/** Bad messages about a known instrument, whose book may therefore not be the venue's any more. */
export function isDoubt(status: number): boolean {
  return status >= ApplyStatus.unknownOrder && status <= ApplyStatus.badSide;
}

/** Trades remembered an instrument: what `tradeMax` can ask for, and how far back a broken trade is found. */
export const TRADE_LOG_MAX = 256;

export interface OrderImage {
  orderReference: bigint;
  locate: number;
  side: "B" | "S";
  priceE4: number;
  shares: number;
  /** Attribution of an F message, kept across replaces; "" when it had none. */
  mpid: string;
}

export interface QueuedOrder {
  orderReference: bigint;
  shares: number;
}

export interface LevelImage {
  priceE4: number;
  /** Sum over the level; can pass 2^32. */
  shares: number;
  orders: number;
  /** Oldest first. Only when asked for. */
  queue?: QueuedOrder[];
}

export interface TradeImage {
  matchNumber: bigint;
  /** ns since midnight, exchange clock. */
  tsEventNs: number;
  priceE4: number;
  shares: number;
  /** E execution, C execution with price, P non-displayed, Q cross. */
  type: "E" | "C" | "P" | "Q";
  /** Side of the resting order for E and C; "" where the feed does not say. */
  side: "B" | "S" | "";
  broken: boolean;
}

export interface ImbalanceImage {
  tsEventNs: number;
  pairedShares: number;
  imbalanceShares: number;
  direction: string;
  farPriceE4: number;
  nearPriceE4: number;
  referencePriceE4: number;
  crossType: string;
  priceVariation: string;
}

export interface CrossImage {
  tsEventNs: number;
  priceE4: number;
  shares: number;
  matchNumber: bigint;
  crossType: string;
}

/** Direct listing with a capital raise: where the auction may price. */
export interface PriceDiscoveryImage {
  /** Y: the release for trading may go ahead at the near price. */
  openEligibility: string;
  minimumPriceE4: number;
  maximumPriceE4: number;
  nearExecutionPriceE4: number;
  /** As the feed gives it; its unit is not stated in the specification. */
  nearExecutionTime: bigint;
  lowerCollarPriceE4: number;
  upperCollarPriceE4: number;
}

/** Everything known of an instrument besides its orders. Codes are the feed's own letters, "" = never said. */
export interface InstrumentImage {
  locate: number;
  symbol: string;
  marketCategory: string;
  financialStatus: string;
  roundLotSize: number;
  roundLotsOnly: string;
  issueClassification: string;
  issueSubType: string;
  /** P live, T test. */
  authenticity: string;
  shortSaleThreshold: string;
  ipoFlag: string;
  luldTier: string;
  etpFlag: string;
  etpLeverageFactor: number;
  inverseIndicator: string;
  /** H halted, P paused, Q quotation only, T trading. */
  tradingState: string;
  tradingReason: string;
  regShoAction: string;
  /** Market codes (Q, B, X) with an operational halt in force. */
  operationalHalts: string;
  retailInterest: string;
  luld: { referencePriceE4: number; upperPriceE4: number; lowerPriceE4: number; extension: number } | null;
  ipo: { releaseTimeSeconds: number; qualifier: string; priceE4: number } | null;
  priceDiscovery: PriceDiscoveryImage | null;
  imbalance: ImbalanceImage | null;
  /** Last cross of each type, ascending by type letter; also one of 0 shares, which set no price. */
  crosses: CrossImage[];
  /** Of printable trades (E, C printable, P, Q of more than 0 shares), broken ones taken out again. */
  volumeShares: number;
  /** Sum of price × shares in 1/10000 dollar; VWAP = notionalE4 / volumeShares. */
  notionalE4: number;
  tradeCount: number;
  /**
   * Broken-trade messages. A trade among the last `TRADE_LOG_MAX` of its instrument is taken out of volume, notional
   * and count; an older one is only counted. Open, high, low and last stay as they were printed.
   */
  brokenCount: number;
  openPriceE4: number;
  highPriceE4: number;
  lowPriceE4: number;
  lastPriceE4: number;
  lastShares: number;
  lastTradeNs: number;
  orderCount: number;
  /**
   * Messages that were about this book but could not be true (`isDoubt`); above 0 its quality is not ok until the next
   * reset.
   */
  doubtCount: number;
}

export interface BookImage {
  instrument: InstrumentImage;
  /** Best first. */
  bids: LevelImage[];
  asks: LevelImage[];
  /** Newest last. Only when asked for. */
  trades?: TradeImage[];
}

/** Numbers are finite: they travel to the shards as JSON. */
export interface BookOptions {
  /** Levels a side; all when absent. */
  levelMax?: number;
  queue?: boolean;
  /** How many of the most recent trades to include; none when absent. */
  tradeMax?: number;
}

/** State of the whole feed, known to every shard alike. */
export interface FeedImage {
  /** Last system event code (O S Q M E C), "" before the first. */
  systemEvent: string;
  mwcb: { level1PriceE8: bigint; level2PriceE8: bigint; level3PriceE8: bigint } | null;
  /** Breached market-wide circuit breaker level, "" = none. */
  mwcbBreached: string;
  /** Exchange time of the last message applied, ns since midnight. */
  tsEventNs: number;
}

export interface BookEngine {
  /**
   * Applies one message of `length` bytes at `offset` (`view` and `bytes` over the same memory). Never throws on bad
   * bytes. Allocates nothing for order messages once warm.
   */
  apply(bytes: Uint8Array, view: DataView, offset: number, length: number): ApplyStatus;
  /** The same for a caller that has already held type and length against `ITCH_BYTES`: the hot path. */
  applyChecked(bytes: Uint8Array, view: DataView, offset: number): ApplyStatus;
  /** Forgets everything: a new session, or a snapshot about to be spun in. */
  reset(): void;
  /** From now on every message applied is told to `events`; to nobody when undefined, as at first. */
  tell(events: BookEvents | undefined): void;
  feed(): FeedImage;
  /** Announced here, ascending. */
  locates(): number[];
  symbolOf(locate: number): string;
  book(locate: number, options?: BookOptions): BookImage | undefined;
  order(locate: number, orderReference: bigint): OrderImage | undefined;
  orderCount(): number;
  instrumentCount(): number;
  /** Bad messages about this instrument since the last reset; 0 when it is not known. */
  doubtCount(locate: number): number;
  /**
   * Feeds the instrument's state into `hash`, canonically: what a GLIMPSE snapshot can restore (directory, trading
   * state, Reg SHO, operational halts, every order of both sides, best level first, oldest first). Two engines that
   * agree on this agree on every book.
   */
  hashState(locate: number, hash: StateHash): void;
  /** The rest: what only somebody who listened all session knows (trades, volume, LULD, IPO, imbalance, crosses). */
  hashSession(locate: number, hash: StateHash): void;
}
