/** The hot ITCH encoders write, byte for byte, what the table codec writes; and nothing beside it. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeItch, ITCH50, type ItchMessage, type ItchMessageOf, type ItchType } from "../../src/wire/itch50.ts";
import * as write from "../../src/wire/itch50-write.ts";
import { messageArbitrary } from "./wire-arbitraries.ts";

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

type Writer<T extends ItchType> = (view: DataView, bytes: Uint8Array, off: number, m: ItchMessageOf<T>) => number;
type Writers = { [T in ItchType]?: Writer<T> };

/** A 64-bit field of the table as the number that the hot encoders take. */
const n = (value: bigint) => Number(value);
const code = (text: string) => text.charCodeAt(0);
const stock = write.stockBytes;

const WRITERS = {
  S: (v, _b, o, m) => write.writeSystemEvent(v, o, m.timestampNs, code(m.eventCode), m.trackingNumber),
  R: (v, b, o, m) =>
    write.writeStockDirectory(v, b, o, m.stockLocate, m.timestampNs, stock(m.stock), m, m.trackingNumber),
  H: (v, b, o, m) =>
    write.writeTradingAction(
      v,
      b,
      o,
      m.stockLocate,
      m.timestampNs,
      stock(m.stock),
      code(m.tradingState),
      m.reason,
      m.trackingNumber,
    ),
  Y: (v, b, o, m) =>
    write.writeRegSho(v, b, o, m.stockLocate, m.timestampNs, stock(m.stock), code(m.regShoAction), m.trackingNumber),
  A: (v, b, o, m) =>
    write.writeAddOrder(
      v,
      b,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.orderReference),
      code(m.side),
      m.shares,
      stock(m.stock),
      m.priceE4,
      m.trackingNumber,
    ),
  F: (v, b, o, m) =>
    write.writeAddOrderMpid(
      v,
      b,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.orderReference),
      code(m.side),
      m.shares,
      stock(m.stock),
      m.priceE4,
      write.mpidBytes(m.attribution),
      m.trackingNumber,
    ),
  E: (v, _b, o, m) =>
    write.writeExecuted(
      v,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.orderReference),
      m.executedShares,
      n(m.matchNumber),
      m.trackingNumber,
    ),
  C: (v, _b, o, m) =>
    write.writeExecutedWithPrice(
      v,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.orderReference),
      m.executedShares,
      n(m.matchNumber),
      code(m.printable),
      m.executionPriceE4,
      m.trackingNumber,
    ),
  X: (v, _b, o, m) =>
    write.writeCancel(v, o, m.stockLocate, m.timestampNs, n(m.orderReference), m.canceledShares, m.trackingNumber),
  D: (v, _b, o, m) => write.writeDelete(v, o, m.stockLocate, m.timestampNs, n(m.orderReference), m.trackingNumber),
  U: (v, _b, o, m) =>
    write.writeReplace(
      v,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.originalOrderReference),
      n(m.newOrderReference),
      m.shares,
      m.priceE4,
      m.trackingNumber,
    ),
  P: (v, b, o, m) =>
    write.writeTrade(
      v,
      b,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.orderReference),
      code(m.side),
      m.shares,
      stock(m.stock),
      m.priceE4,
      n(m.matchNumber),
      m.trackingNumber,
    ),
  Q: (v, b, o, m) =>
    write.writeCrossTrade(
      v,
      b,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.shares),
      stock(m.stock),
      m.crossPriceE4,
      n(m.matchNumber),
      code(m.crossType),
      m.trackingNumber,
    ),
  B: (v, _b, o, m) => write.writeBrokenTrade(v, o, m.stockLocate, m.timestampNs, n(m.matchNumber), m.trackingNumber),
  I: (v, b, o, m) =>
    write.writeImbalance(
      v,
      b,
      o,
      m.stockLocate,
      m.timestampNs,
      n(m.pairedShares),
      n(m.imbalanceShares),
      code(m.imbalanceDirection),
      stock(m.stock),
      m.farPriceE4,
      m.nearPriceE4,
      m.currentReferencePriceE4,
      code(m.crossType),
      code(m.priceVariation),
      m.trackingNumber,
    ),
} satisfies Writers;

/** What the hot encoders can say: references below 2^53, ASCII codes, no locate on a system event. */
function withinReach(message: ItchMessage): ItchMessage {
  const fields = Object.entries(message).map(([name, value]) => {
    if (typeof value === "bigint") return [name, value % (SAFE + 1n)];
    const isCode = typeof value === "string" && value.length === 1 && name !== "type";
    return [name, isCode ? String.fromCharCode(value.charCodeAt(0) & 0x7f) : value];
  });
  const reachable = Object.fromEntries(fields) as ItchMessage;
  if (reachable.type === "S") reachable.stockLocate = 0;
  if (reachable.type === "H") reachable.reserved = " ";
  return reachable;
}

describe.each(Object.keys(WRITERS) as (keyof typeof WRITERS)[])("hot encoder of %s", (type) => {
  test("equals the table codec", () => {
    fc.assert(
      fc.property(messageArbitrary(type).map(withinReach), fc.nat(7), (message, offset) => {
        const expected = new Uint8Array(64).fill(0xee);
        encodeItch(message, expected, offset);
        const bytes = new Uint8Array(64).fill(0xee);
        const writer = WRITERS[type] as Writer<ItchType>;
        expect(writer(new DataView(bytes.buffer), bytes, offset, message)).toBe(ITCH50[type].bytes);
        expect(bytes).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});

test("what is not said of a stock is an ordinary one, and the tracking number is 0", () => {
  const bytes = new Uint8Array(39);
  write.writeStockDirectory(new DataView(bytes.buffer), bytes, 0, 7, 1, stock("ZBAA"), { roundLotSize: 10 });
  const message = { ...write.STOCK_DIRECTORY_DEFAULTS, roundLotSize: 10, stock: "ZBAA" };
  const expected = new Uint8Array(39);
  encodeItch({ type: "R", stockLocate: 7, trackingNumber: 0, timestampNs: 1, ...message }, expected);
  expect(bytes).toEqual(expected);
});
