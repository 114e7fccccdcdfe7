/**
 * What the exchange says: one method for each ITCH message type, written as blocks into `blocks` with the time in
 * `tsNs`. Owned by one `MatchingEngine`, which calls the order messages; the flow calls the administrative ones
 * through it. The order messages allocate nothing; the rare ones go through the table codec.
 */
import { encodeItch, type ItchMessage } from "../wire/itch50.ts";
import {
  mpidBytes,
  type StockDirectoryFields,
  stockBytes,
  writeAddOrder,
  writeAddOrderMpid,
  writeBrokenTrade,
  writeCancel,
  writeCrossTrade,
  writeDelete,
  writeExecuted,
  writeExecutedWithPrice,
  writeImbalance,
  writeRegSho,
  writeReplace,
  writeStockDirectory,
  writeSystemEvent,
  writeTrade,
  writeTradingAction,
} from "../wire/itch50-write.ts";
import { BlockBuffer } from "./block-buffer.ts";

/** ASCII of the sides. */
export const BUY = 0x42;
export const SELL = 0x53;

export interface ImbalanceFields {
  pairedShares: number;
  imbalanceShares: number;
  directionByte: number;
  farPriceE4: number;
  nearPriceE4: number;
  referencePriceE4: number;
  crossTypeByte: number;
  variationByte: number;
}

type RareType = "L" | "V" | "W" | "K" | "J" | "h" | "N" | "O";
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A rare message without its head, which the output fills in. */
export type RareMessage = Without<
  Extract<ItchMessage, { type: RareType }>,
  "stockLocate" | "trackingNumber" | "timestampNs" | "stock"
>;

export class ItchOutput {
  readonly blocks = new BlockBuffer();
  /** Stamp of the messages to come, ns since midnight. */
  tsNs = 0;
  /** By stock locate. */
  readonly symbols: string[] = [""];
  readonly #stocks: Uint8Array[] = [stockBytes("")];
  readonly #mpids: Uint8Array[];

  /** `mpids`: attributions by number, from 1 on. */
  constructor(mpids: readonly string[]) {
    this.#mpids = ["", ...mpids].map(mpidBytes);
  }

  addSymbol(symbol: string): number {
    this.symbols.push(symbol);
    this.#stocks.push(stockBytes(symbol));
    return this.symbols.length - 1;
  }

  systemEvent(codeByte: number): void {
    const at = this.blocks.begin();
    this.blocks.end(writeSystemEvent(this.blocks.view, at, this.tsNs, codeByte));
  }

  directory(locate: number, fields: StockDirectoryFields): void {
    const { blocks } = this;
    const at = blocks.begin();
    const stock = this.#stocks[locate]!;
    blocks.end(writeStockDirectory(blocks.view, blocks.bytes, at, locate, this.tsNs, stock, fields));
  }

  tradingAction(locate: number, stateByte: number, reason: string): void {
    const { blocks } = this;
    const at = blocks.begin();
    const stock = this.#stocks[locate]!;
    blocks.end(writeTradingAction(blocks.view, blocks.bytes, at, locate, this.tsNs, stock, stateByte, reason));
  }

  regSho(locate: number, actionByte: number): void {
    const { blocks } = this;
    const at = blocks.begin();
    blocks.end(writeRegSho(blocks.view, blocks.bytes, at, locate, this.tsNs, this.#stocks[locate]!, actionByte));
  }

  /** `attribution`: number of the MPID, 0 = an A message. */
  add(locate: number, ref: number, sideByte: number, shares: number, priceE4: number, attribution: number): void {
    const { blocks } = this;
    const at = blocks.begin();
    const stock = this.#stocks[locate]!;
    const { view, bytes } = blocks;
    if (attribution === 0)
      blocks.end(writeAddOrder(view, bytes, at, locate, this.tsNs, ref, sideByte, shares, stock, priceE4));
    else {
      const mpid = this.#mpids[attribution]!;
      blocks.end(writeAddOrderMpid(view, bytes, at, locate, this.tsNs, ref, sideByte, shares, stock, priceE4, mpid));
    }
  }

  executed(locate: number, ref: number, shares: number, match: number): void {
    const at = this.blocks.begin();
    this.blocks.end(writeExecuted(this.blocks.view, at, locate, this.tsNs, ref, shares, match));
  }

  executedWithPrice(
    locate: number,
    ref: number,
    shares: number,
    match: number,
    printableByte: number,
    priceE4: number,
  ): void {
    const { blocks } = this;
    const at = blocks.begin();
    blocks.end(writeExecutedWithPrice(blocks.view, at, locate, this.tsNs, ref, shares, match, printableByte, priceE4));
  }

  cancel(locate: number, ref: number, shares: number): void {
    const at = this.blocks.begin();
    this.blocks.end(writeCancel(this.blocks.view, at, locate, this.tsNs, ref, shares));
  }

  delete(locate: number, ref: number): void {
    const at = this.blocks.begin();
    this.blocks.end(writeDelete(this.blocks.view, at, locate, this.tsNs, ref));
  }

  replace(locate: number, oldRef: number, newRef: number, shares: number, priceE4: number): void {
    const at = this.blocks.begin();
    this.blocks.end(writeReplace(this.blocks.view, at, locate, this.tsNs, oldRef, newRef, shares, priceE4));
  }

  /** A trade against a hidden order: the feed names neither its reference nor its side. */
  trade(locate: number, shares: number, priceE4: number, match: number): void {
    const { blocks } = this;
    const at = blocks.begin();
    const stock = this.#stocks[locate]!;
    blocks.end(writeTrade(blocks.view, blocks.bytes, at, locate, this.tsNs, 0, BUY, shares, stock, priceE4, match));
  }

  crossTrade(locate: number, shares: number, priceE4: number, match: number, crossTypeByte: number): void {
    const { blocks } = this;
    const at = blocks.begin();
    const stock = this.#stocks[locate]!;
    const { view, bytes } = blocks;
    blocks.end(writeCrossTrade(view, bytes, at, locate, this.tsNs, shares, stock, priceE4, match, crossTypeByte));
  }

  brokenTrade(locate: number, match: number): void {
    const at = this.blocks.begin();
    this.blocks.end(writeBrokenTrade(this.blocks.view, at, locate, this.tsNs, match));
  }

  imbalance(locate: number, fields: ImbalanceFields): void {
    const { blocks } = this;
    const at = blocks.begin();
    const length = writeImbalance(
      blocks.view,
      blocks.bytes,
      at,
      locate,
      this.tsNs,
      fields.pairedShares,
      fields.imbalanceShares,
      fields.directionByte,
      this.#stocks[locate]!,
      fields.farPriceE4,
      fields.nearPriceE4,
      fields.referencePriceE4,
      fields.crossTypeByte,
      fields.variationByte,
    );
    blocks.end(length);
  }

  /** A message of the kinds that are sent a few times a day. Locate 0: about no one instrument. */
  rare(locate: number, message: RareMessage): void {
    const at = this.blocks.begin();
    const whole = {
      ...message,
      stockLocate: locate,
      trackingNumber: 0,
      timestampNs: this.tsNs,
      stock: this.symbols[locate],
    };
    this.blocks.end(encodeItch(whole as unknown as ItchMessage, this.blocks.bytes, at));
  }
}
