/**
 * Events of messages that are about no order of the book, from the message's bytes: trades, crosses, status,
 * imbalances, directory, system. All engines use it; what a message does to their books they say themselves.
 *
 * S and T stand for the low and high word of `second`, R and Q for those of `reference`. Status, `code` = message type:
 *   H trading state S, reason T       h action S, market T       Y action S       N flag S
 *   K IPO price, release time (seconds) in shares, qualifier S
 *   J reference price, upper price Q, lower price R, extension in shares
 *   L MPID Q, primary | mode << 8 | state << 16 in S
 *   O near price, collars Q to R, range T to S, eligibility in shares, near time in amount
 * System, `code` = message type:
 *   S event S       W breached level S       V levels 1 and 2 as reference and second, 3 in amount (1/10^8 dollar)
 * Imbalance: amount = near price + 2^32 * (direction | variation << 8).
 * Directory: financial status | classification << 8 | authenticity << 16 | ETP << 24 in S, ETP leverage in amount,
 *   short sale threshold | IPO << 8 | LULD tier << 16 | inverse << 24 in T.
 * Letters of several bytes have the first one in the highest byte; a symbol lies in memory as it is written.
 */
import { CODE_SHIFT, EventFlag, EventKind, EventSide, FLAGS_SHIFT, SIDE_SHIFT } from "../bus/event-record.ts";
import { readU64 } from "../core/bytes.ts";
import { type FieldSpec, ITCH50, Itch } from "../wire/itch50.ts";
import type { BookEvents } from "./book-events.ts";

const LOCATE = 1;
const BUY = 0x42;
const SELL = 0x53;
const U32_MAX = 0xffffffff;
const TWO_32 = 4294967296;
const PRINTABLE = EventFlag.printable << FLAGS_SHIFT;

/** Writes the event of a message that has been found good, and is none of A, F, E, C, X, D, U. */
export function writeMessageEvent(events: BookEvents, type: number, view: DataView, offset: number): void {
  const locate = view.getUint16(offset + LOCATE);
  if (type === Itch.trade) writeTrade(events, view, offset, locate);
  else if (type === Itch.crossTrade) writeCross(events, view, offset, locate);
  else if (type === Itch.brokenTrade) {
    const match = offset + ITCH50.B.fields.matchNumber[0];
    events.put(EventKind.broken, locate, 0, 0, view.getInt32(match), view.getInt32(match + 4), 0, 0, 0);
  } else if (type === Itch.imbalance) writeImbalance(events, view, offset, locate);
  else if (type === Itch.stockDirectory) writeDirectory(events, view, offset, locate);
  else if (type === Itch.systemEvent || type === Itch.mwcbLevels || type === Itch.mwcbStatus)
    writeSystem(events, type, view, offset);
  else writeStatus(events, type, view, offset, locate);
}

function u8(view: DataView, offset: number, field: FieldSpec): number {
  return view.getUint8(offset + field[0]);
}

function u32(view: DataView, offset: number, field: FieldSpec): number {
  return view.getUint32(offset + field[0]);
}

/** The two words of a 64-bit field. */
function high(view: DataView, offset: number, field: FieldSpec): number {
  return view.getInt32(offset + field[0]);
}

function low(view: DataView, offset: number, field: FieldSpec): number {
  return view.getInt32(offset + field[0] + 4);
}

/** The side in a head word, from the feed's letter. */
function sideBits(letter: number): number {
  return (letter === BUY ? EventSide.bid : letter === SELL ? EventSide.ask : EventSide.none) << SIDE_SHIFT;
}

function writeTrade(events: BookEvents, view: DataView, at: number, locate: number): void {
  const f = ITCH50.P.fields;
  const shares = u32(view, at, f.shares);
  events.put(
    EventKind.trade | sideBits(u8(view, at, f.side)) | (Itch.trade << CODE_SHIFT) | PRINTABLE,
    locate,
    high(view, at, f.orderReference),
    low(view, at, f.orderReference),
    high(view, at, f.matchNumber),
    low(view, at, f.matchNumber),
    u32(view, at, f.priceE4),
    shares,
    shares,
  );
}

function writeCross(events: BookEvents, view: DataView, at: number, locate: number): void {
  const f = ITCH50.Q.fields;
  const shares = readU64(view, at + f.shares[0]);
  events.put(
    EventKind.cross | (u8(view, at, f.crossType) << CODE_SHIFT) | PRINTABLE,
    locate,
    high(view, at, f.shares),
    low(view, at, f.shares),
    high(view, at, f.matchNumber),
    low(view, at, f.matchNumber),
    u32(view, at, f.crossPriceE4),
    Math.min(shares, U32_MAX),
    shares,
  );
}

function writeImbalance(events: BookEvents, view: DataView, at: number, locate: number): void {
  const f = ITCH50.I.fields;
  const direction = u8(view, at, f.imbalanceDirection);
  const letters = direction | (u8(view, at, f.priceVariation) << 8);
  events.put(
    EventKind.imbalance | sideBits(direction) | (u8(view, at, f.crossType) << CODE_SHIFT),
    locate,
    high(view, at, f.pairedShares),
    low(view, at, f.pairedShares),
    high(view, at, f.imbalanceShares),
    low(view, at, f.imbalanceShares),
    u32(view, at, f.currentReferencePriceE4),
    u32(view, at, f.farPriceE4),
    u32(view, at, f.nearPriceE4) + letters * TWO_32,
  );
}

function writeDirectory(events: BookEvents, view: DataView, at: number, locate: number): void {
  const f = ITCH50.R.fields;
  const first = u8(view, at, f.shortSaleThreshold) | (u8(view, at, f.ipoFlag) << 8);
  const second = u8(view, at, f.financialStatus) | (u8(view, at, f.issueClassification) << 8);
  events.put(
    EventKind.directory | (u8(view, at, f.marketCategory) << CODE_SHIFT),
    locate,
    view.getInt32(at + f.stock[0] + 4, true),
    view.getInt32(at + f.stock[0], true),
    first | (u8(view, at, f.luldReferencePriceTier) << 16) | (u8(view, at, f.inverseIndicator) << 24),
    second | (u8(view, at, f.authenticity) << 16) | (u8(view, at, f.etpFlag) << 24),
    0,
    u32(view, at, f.roundLotSize),
    u32(view, at, f.etpLeverageFactor),
  );
}

function writeSystem(events: BookEvents, type: number, view: DataView, at: number): void {
  const head = EventKind.system | (type << CODE_SHIFT);
  const { S, V, W } = ITCH50;
  if (type === Itch.systemEvent) events.put(head, 0, 0, 0, 0, u8(view, at, S.fields.eventCode), 0, 0, 0);
  else if (type === Itch.mwcbStatus) events.put(head, 0, 0, 0, 0, u8(view, at, W.fields.breachedLevel), 0, 0, 0);
  else {
    const { level1PriceE8: first, level2PriceE8: second, level3PriceE8: third } = V.fields;
    const amount = readU64(view, at + third[0]);
    const [secondHigh, secondLow] = [high(view, at, second), low(view, at, second)];
    events.put(head, 0, high(view, at, first), low(view, at, first), secondHigh, secondLow, 0, 0, amount);
  }
}

function writeStatus(events: BookEvents, type: number, view: DataView, at: number, locate: number): void {
  const { H, K, J, L, O, N, Y, h } = ITCH50;
  const head = EventKind.status | (type << CODE_SHIFT);
  if (type === Itch.tradingAction) {
    const { reason, tradingState } = H.fields;
    events.put(head, locate, 0, 0, u32(view, at, reason), u8(view, at, tradingState), 0, 0, 0);
  } else if (type === Itch.operationalHalt) {
    const { marketCode, haltAction } = h.fields;
    events.put(head, locate, 0, 0, u8(view, at, marketCode), u8(view, at, haltAction), 0, 0, 0);
  } else if (type === Itch.regSho) {
    events.put(head, locate, 0, 0, 0, u8(view, at, Y.fields.regShoAction), 0, 0, 0);
  } else if (type === Itch.retailInterest) {
    events.put(head, locate, 0, 0, 0, u8(view, at, N.fields.interestFlag), 0, 0, 0);
  } else if (type === Itch.ipoQuoting) {
    const { ipoPriceE4, releaseTimeSeconds, releaseQualifier } = K.fields;
    const qualifier = u8(view, at, releaseQualifier);
    events.put(head, locate, 0, 0, 0, qualifier, u32(view, at, ipoPriceE4), u32(view, at, releaseTimeSeconds), 0);
  } else if (type === Itch.luldCollar) {
    const { referencePriceE4, upperPriceE4, lowerPriceE4, extension } = J.fields;
    const [upper, lower] = [u32(view, at, upperPriceE4), u32(view, at, lowerPriceE4)];
    events.put(head, locate, upper, lower, 0, 0, u32(view, at, referencePriceE4), u32(view, at, extension), 0);
  } else if (type === Itch.participantPosition) {
    const { mpid, primaryMarketMaker, marketMakerMode, marketParticipantState } = L.fields;
    const mode = u8(view, at, primaryMarketMaker) | (u8(view, at, marketMakerMode) << 8);
    const letters = mode | (u8(view, at, marketParticipantState) << 16);
    events.put(head, locate, u32(view, at, mpid), 0, 0, letters, 0, 0, 0);
  } else if (type === Itch.priceDiscovery) {
    const f = O.fields;
    events.put(
      head,
      locate,
      u32(view, at, f.lowerCollarPriceE4),
      u32(view, at, f.upperCollarPriceE4),
      u32(view, at, f.minimumPriceE4),
      u32(view, at, f.maximumPriceE4),
      u32(view, at, f.nearExecutionPriceE4),
      u8(view, at, f.openEligibility),
      readU64(view, at + f.nearExecutionTime[0]),
    );
  }
}
