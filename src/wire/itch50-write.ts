/**
 * ITCH 5.0 encoders for whoever publishes many messages: one function a type, straight into memory that the caller
 * owns, nothing allocated, no clock, no check that costs. Byte for byte what the table codec (`itch50.ts`) writes; the
 * kinds not here are rare, and `encodeItch` is right for them.
 *
 * `view` and `bytes` are over the same memory, with room for the message at `off` (`ITCH_BYTES_MAX` always do). Each
 * returns the bytes written. Times are ns since midnight, prices 1/10000 dollar, references and match numbers integers
 * below 2^53, codes the ASCII byte of the feed's letter, `stock8` and `mpid4` already space-padded (`stockBytes`).
 *
 * Source: Nasdaq TotalView-ITCH 5.0 specification.
 */
import { writeAscii, writeU48, writeU64 } from "../core/bytes.ts";
import { Itch } from "./itch50.ts";

/** A symbol as it is on the wire: 8 ASCII bytes, space-padded. Make it once an instrument, not once a message. */
export function stockBytes(symbol: string): Uint8Array {
  const bytes = new Uint8Array(8);
  writeAscii(bytes, 0, 8, symbol);
  return bytes;
}

/** A market participant's identifier as it is on the wire: 4 ASCII bytes, space-padded. */
export function mpidBytes(mpid: string): Uint8Array {
  const bytes = new Uint8Array(4);
  writeAscii(bytes, 0, 4, mpid);
  return bytes;
}

function writeHead(view: DataView, off: number, type: number, locate: number, tsNs: number, tracking: number): void {
  view.setUint8(off, type);
  view.setUint16(off + 1, locate);
  view.setUint16(off + 3, tracking);
  writeU48(view, off + 5, tsNs);
}

function copy8(bytes: Uint8Array, off: number, from: Uint8Array): void {
  for (let i = 0; i < 8; i++) bytes[off + i] = from[i]!;
}

/** S, 12 bytes. Its stock locate is always 0. `codeByte`: O S Q M E C. */
export function writeSystemEvent(view: DataView, off: number, tsNs: number, codeByte: number, tracking = 0): number {
  writeHead(view, off, Itch.systemEvent, 0, tsNs, tracking);
  view.setUint8(off + 11, codeByte);
  return 12;
}

/** What a directory message says besides the symbol, in the feed's own letters. */
export interface StockDirectoryFields {
  readonly marketCategory?: string;
  readonly financialStatus?: string;
  readonly roundLotSize?: number;
  readonly roundLotsOnly?: string;
  readonly issueClassification?: string;
  readonly issueSubType?: string;
  readonly authenticity?: string;
  readonly shortSaleThreshold?: string;
  readonly ipoFlag?: string;
  readonly luldReferencePriceTier?: string;
  readonly etpFlag?: string;
  readonly etpLeverageFactor?: number;
  readonly inverseIndicator?: string;
}

/** What a field of a directory message is when it is not given: an ordinary live common stock in lots of 100. */
export const STOCK_DIRECTORY_DEFAULTS: Required<StockDirectoryFields> = {
  marketCategory: "Q",
  financialStatus: "N",
  roundLotSize: 100,
  roundLotsOnly: "N",
  issueClassification: "C",
  issueSubType: "Z",
  authenticity: "P",
  shortSaleThreshold: "N",
  ipoFlag: "N",
  luldReferencePriceTier: "1",
  etpFlag: "N",
  etpLeverageFactor: 0,
  inverseIndicator: "N",
};

/** R, 39 bytes. */
export function writeStockDirectory(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  stock8: Uint8Array,
  fields: StockDirectoryFields = STOCK_DIRECTORY_DEFAULTS,
  tracking = 0,
): number {
  const or = STOCK_DIRECTORY_DEFAULTS;
  writeHead(view, off, Itch.stockDirectory, locate, tsNs, tracking);
  copy8(bytes, off + 11, stock8);
  writeAscii(bytes, off + 19, 1, fields.marketCategory ?? or.marketCategory);
  writeAscii(bytes, off + 20, 1, fields.financialStatus ?? or.financialStatus);
  view.setUint32(off + 21, fields.roundLotSize ?? or.roundLotSize);
  writeAscii(bytes, off + 25, 1, fields.roundLotsOnly ?? or.roundLotsOnly);
  writeAscii(bytes, off + 26, 1, fields.issueClassification ?? or.issueClassification);
  writeAscii(bytes, off + 27, 2, fields.issueSubType ?? or.issueSubType);
  writeAscii(bytes, off + 29, 1, fields.authenticity ?? or.authenticity);
  writeAscii(bytes, off + 30, 1, fields.shortSaleThreshold ?? or.shortSaleThreshold);
  writeAscii(bytes, off + 31, 1, fields.ipoFlag ?? or.ipoFlag);
  writeAscii(bytes, off + 32, 1, fields.luldReferencePriceTier ?? or.luldReferencePriceTier);
  writeAscii(bytes, off + 33, 1, fields.etpFlag ?? or.etpFlag);
  view.setUint32(off + 34, fields.etpLeverageFactor ?? or.etpLeverageFactor);
  writeAscii(bytes, off + 38, 1, fields.inverseIndicator ?? or.inverseIndicator);
  return 39;
}

/** H, 25 bytes. `stateByte`: H P Q T. `reason`: up to 4 letters, "" = none. */
export function writeTradingAction(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  stock8: Uint8Array,
  stateByte: number,
  reason: string,
  tracking = 0,
): number {
  writeHead(view, off, Itch.tradingAction, locate, tsNs, tracking);
  copy8(bytes, off + 11, stock8);
  view.setUint8(off + 19, stateByte);
  view.setUint8(off + 20, 0x20);
  writeAscii(bytes, off + 21, 4, reason);
  return 25;
}

/** Y, 20 bytes. `actionByte`: 0 1 2 (the digits). */
export function writeRegSho(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  stock8: Uint8Array,
  actionByte: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.regSho, locate, tsNs, tracking);
  copy8(bytes, off + 11, stock8);
  view.setUint8(off + 19, actionByte);
  return 20;
}

/** A, 36 bytes. */
export function writeAddOrder(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  sideByte: number,
  shares: number,
  stock8: Uint8Array,
  priceE4: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.addOrder, locate, tsNs, tracking);
  writeU64(view, off + 11, ref);
  view.setUint8(off + 19, sideByte);
  view.setUint32(off + 20, shares);
  copy8(bytes, off + 24, stock8);
  view.setUint32(off + 32, priceE4);
  return 36;
}

/** F, 40 bytes. */
export function writeAddOrderMpid(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  sideByte: number,
  shares: number,
  stock8: Uint8Array,
  priceE4: number,
  mpid4: Uint8Array,
  tracking = 0,
): number {
  writeAddOrder(view, bytes, off, locate, tsNs, ref, sideByte, shares, stock8, priceE4, tracking);
  view.setUint8(off, Itch.addOrderMpid);
  for (let i = 0; i < 4; i++) bytes[off + 36 + i] = mpid4[i]!;
  return 40;
}

/** E, 31 bytes. */
export function writeExecuted(
  view: DataView,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  shares: number,
  match: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.executed, locate, tsNs, tracking);
  writeU64(view, off + 11, ref);
  view.setUint32(off + 19, shares);
  writeU64(view, off + 23, match);
  return 31;
}

/** C, 36 bytes. `printableByte`: Y N. */
export function writeExecutedWithPrice(
  view: DataView,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  shares: number,
  match: number,
  printableByte: number,
  priceE4: number,
  tracking = 0,
): number {
  writeExecuted(view, off, locate, tsNs, ref, shares, match, tracking);
  view.setUint8(off, Itch.executedWithPrice);
  view.setUint8(off + 31, printableByte);
  view.setUint32(off + 32, priceE4);
  return 36;
}

/** X, 23 bytes. `shares`: those taken off. */
export function writeCancel(
  view: DataView,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  shares: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.cancel, locate, tsNs, tracking);
  writeU64(view, off + 11, ref);
  view.setUint32(off + 19, shares);
  return 23;
}

/** D, 19 bytes. */
export function writeDelete(
  view: DataView,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.delete, locate, tsNs, tracking);
  writeU64(view, off + 11, ref);
  return 19;
}

/** U, 35 bytes. */
export function writeReplace(
  view: DataView,
  off: number,
  locate: number,
  tsNs: number,
  oldRef: number,
  newRef: number,
  shares: number,
  priceE4: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.replace, locate, tsNs, tracking);
  writeU64(view, off + 11, oldRef);
  writeU64(view, off + 19, newRef);
  view.setUint32(off + 27, shares);
  view.setUint32(off + 31, priceE4);
  return 35;
}

/** P, 44 bytes. A trade against a hidden order; the feed gives it reference 0 and side B. */
export function writeTrade(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  ref: number,
  sideByte: number,
  shares: number,
  stock8: Uint8Array,
  priceE4: number,
  match: number,
  tracking = 0,
): number {
  writeAddOrder(view, bytes, off, locate, tsNs, ref, sideByte, shares, stock8, priceE4, tracking);
  view.setUint8(off, Itch.trade);
  writeU64(view, off + 36, match);
  return 44;
}

/** Q, 40 bytes. `shares` is 64 bits wide. `crossTypeByte`: O C H. */
export function writeCrossTrade(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  shares: number,
  stock8: Uint8Array,
  priceE4: number,
  match: number,
  crossTypeByte: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.crossTrade, locate, tsNs, tracking);
  writeU64(view, off + 11, shares);
  copy8(bytes, off + 19, stock8);
  view.setUint32(off + 27, priceE4);
  writeU64(view, off + 31, match);
  view.setUint8(off + 39, crossTypeByte);
  return 40;
}

/** B, 19 bytes. */
export function writeBrokenTrade(
  view: DataView,
  off: number,
  locate: number,
  tsNs: number,
  match: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.brokenTrade, locate, tsNs, tracking);
  writeU64(view, off + 11, match);
  return 19;
}

/** I, 50 bytes. `paired` and `imbalance` are shares, `far`, `near` and `ref` are prices in 1/10000 dollar. */
export function writeImbalance(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  locate: number,
  tsNs: number,
  paired: number,
  imbalance: number,
  directionByte: number,
  stock8: Uint8Array,
  far: number,
  near: number,
  ref: number,
  crossTypeByte: number,
  variationByte: number,
  tracking = 0,
): number {
  writeHead(view, off, Itch.imbalance, locate, tsNs, tracking);
  writeU64(view, off + 11, paired);
  writeU64(view, off + 19, imbalance);
  view.setUint8(off + 27, directionByte);
  copy8(bytes, off + 28, stock8);
  view.setUint32(off + 36, far);
  view.setUint32(off + 40, near);
  view.setUint32(off + 44, ref);
  view.setUint8(off + 48, crossTypeByte);
  view.setUint8(off + 49, variationByte);
  return 50;
}
