/**
 * Nasdaq TotalView-ITCH 5.0: all 23 message types, as one table. The table is the specification in this code base: the
 * object codec below is driven by it, the hot paths take their offsets from it, and the tests walk it. Sans-I/O.
 *
 * Integers are unsigned big-endian. Every message starts with type (1), stock locate (2), tracking number (2) and
 * timestamp (6, ns since midnight). Prices: `u32` fields named *PriceE4 are 1/10000 dollar, `u64` fields named
 * *PriceE8 are 1/100000000 dollar. `alpha` fields are ASCII, space-padded on the right.
 *
 * Source: Nasdaq TotalView-ITCH 5.0 specification.
 */
import { readAscii, readU48, writeAscii, writeU48 } from "../core/bytes.ts";

export type FieldKind = "u8" | "u16" | "u32" | "u48" | "u64" | "char" | "alpha";
/** `[offset, kind, width in bytes (alpha only)]`. */
export type FieldSpec = readonly [offset: number, kind: FieldKind, width?: number];
type MessageSpec = {
  readonly name: string;
  readonly bytes: number;
  readonly fields: Readonly<Record<string, FieldSpec>>;
};

/** Every ITCH message starts with these; offsets from the type byte. */
export const ITCH_HEAD = {
  stockLocate: [1, "u16"],
  trackingNumber: [3, "u16"],
  timestampNs: [5, "u48"],
} as const;

export const ITCH50 = {
  S: { name: "system_event", bytes: 12, fields: { eventCode: [11, "char"] } },
  R: {
    name: "stock_directory",
    bytes: 39,
    fields: {
      stock: [11, "alpha", 8],
      marketCategory: [19, "char"],
      financialStatus: [20, "char"],
      roundLotSize: [21, "u32"],
      roundLotsOnly: [25, "char"],
      issueClassification: [26, "char"],
      issueSubType: [27, "alpha", 2],
      authenticity: [29, "char"],
      shortSaleThreshold: [30, "char"],
      ipoFlag: [31, "char"],
      luldReferencePriceTier: [32, "char"],
      etpFlag: [33, "char"],
      etpLeverageFactor: [34, "u32"],
      inverseIndicator: [38, "char"],
    },
  },
  H: {
    name: "stock_trading_action",
    bytes: 25,
    fields: { stock: [11, "alpha", 8], tradingState: [19, "char"], reserved: [20, "char"], reason: [21, "alpha", 4] },
  },
  Y: { name: "reg_sho_restriction", bytes: 20, fields: { stock: [11, "alpha", 8], regShoAction: [19, "char"] } },
  L: {
    name: "market_participant_position",
    bytes: 26,
    fields: {
      mpid: [11, "alpha", 4],
      stock: [15, "alpha", 8],
      primaryMarketMaker: [23, "char"],
      marketMakerMode: [24, "char"],
      marketParticipantState: [25, "char"],
    },
  },
  V: {
    name: "mwcb_decline_level",
    bytes: 35,
    fields: { level1PriceE8: [11, "u64"], level2PriceE8: [19, "u64"], level3PriceE8: [27, "u64"] },
  },
  W: { name: "mwcb_status", bytes: 12, fields: { breachedLevel: [11, "char"] } },
  K: {
    name: "ipo_quoting_period",
    bytes: 28,
    fields: {
      stock: [11, "alpha", 8],
      releaseTimeSeconds: [19, "u32"],
      releaseQualifier: [23, "char"],
      ipoPriceE4: [24, "u32"],
    },
  },
  J: {
    name: "luld_auction_collar",
    bytes: 35,
    fields: {
      stock: [11, "alpha", 8],
      referencePriceE4: [19, "u32"],
      upperPriceE4: [23, "u32"],
      lowerPriceE4: [27, "u32"],
      extension: [31, "u32"],
    },
  },
  h: {
    name: "operational_halt",
    bytes: 21,
    fields: { stock: [11, "alpha", 8], marketCode: [19, "char"], haltAction: [20, "char"] },
  },
  A: {
    name: "add_order",
    bytes: 36,
    fields: {
      orderReference: [11, "u64"],
      side: [19, "char"],
      shares: [20, "u32"],
      stock: [24, "alpha", 8],
      priceE4: [32, "u32"],
    },
  },
  F: {
    name: "add_order_mpid",
    bytes: 40,
    fields: {
      orderReference: [11, "u64"],
      side: [19, "char"],
      shares: [20, "u32"],
      stock: [24, "alpha", 8],
      priceE4: [32, "u32"],
      attribution: [36, "alpha", 4],
    },
  },
  E: {
    name: "order_executed",
    bytes: 31,
    fields: { orderReference: [11, "u64"], executedShares: [19, "u32"], matchNumber: [23, "u64"] },
  },
  C: {
    name: "order_executed_with_price",
    bytes: 36,
    fields: {
      orderReference: [11, "u64"],
      executedShares: [19, "u32"],
      matchNumber: [23, "u64"],
      printable: [31, "char"],
      executionPriceE4: [32, "u32"],
    },
  },
  X: { name: "order_cancel", bytes: 23, fields: { orderReference: [11, "u64"], canceledShares: [19, "u32"] } },
  D: { name: "order_delete", bytes: 19, fields: { orderReference: [11, "u64"] } },
  U: {
    name: "order_replace",
    bytes: 35,
    fields: {
      originalOrderReference: [11, "u64"],
      newOrderReference: [19, "u64"],
      shares: [27, "u32"],
      priceE4: [31, "u32"],
    },
  },
  P: {
    name: "trade",
    bytes: 44,
    fields: {
      orderReference: [11, "u64"],
      side: [19, "char"],
      shares: [20, "u32"],
      stock: [24, "alpha", 8],
      priceE4: [32, "u32"],
      matchNumber: [36, "u64"],
    },
  },
  Q: {
    name: "cross_trade",
    bytes: 40,
    fields: {
      shares: [11, "u64"],
      stock: [19, "alpha", 8],
      crossPriceE4: [27, "u32"],
      matchNumber: [31, "u64"],
      crossType: [39, "char"],
    },
  },
  B: { name: "broken_trade", bytes: 19, fields: { matchNumber: [11, "u64"] } },
  I: {
    name: "net_order_imbalance",
    bytes: 50,
    fields: {
      pairedShares: [11, "u64"],
      imbalanceShares: [19, "u64"],
      imbalanceDirection: [27, "char"],
      stock: [28, "alpha", 8],
      farPriceE4: [36, "u32"],
      nearPriceE4: [40, "u32"],
      currentReferencePriceE4: [44, "u32"],
      crossType: [48, "char"],
      priceVariation: [49, "char"],
    },
  },
  N: { name: "retail_interest", bytes: 20, fields: { stock: [11, "alpha", 8], interestFlag: [19, "char"] } },
  O: {
    name: "direct_listing_price_discovery",
    bytes: 48,
    fields: {
      stock: [11, "alpha", 8],
      openEligibility: [19, "char"],
      minimumPriceE4: [20, "u32"],
      maximumPriceE4: [24, "u32"],
      nearExecutionPriceE4: [28, "u32"],
      nearExecutionTime: [32, "u64"],
      lowerCollarPriceE4: [40, "u32"],
      upperCollarPriceE4: [44, "u32"],
    },
  },
} as const satisfies Record<string, MessageSpec>;

export type ItchType = keyof typeof ITCH50;
type FieldValue<S extends FieldSpec> = S[1] extends "u64" ? bigint : S[1] extends "char" | "alpha" ? string : number;
type FieldsOf<F> = { -readonly [K in keyof F]: F[K] extends FieldSpec ? FieldValue<F[K]> : never };
/** One message as an object: for tools, tests and other cold code. 64-bit fields are bigint, so they round-trip. */
export type ItchMessage = {
  [T in ItchType]: { type: T } & FieldsOf<typeof ITCH_HEAD> & FieldsOf<(typeof ITCH50)[T]["fields"]>;
}[ItchType];
export type ItchMessageOf<T extends ItchType> = Extract<ItchMessage, { type: T }>;

export const ITCH_TYPES = Object.keys(ITCH50) as ItchType[];
export const ITCH_BYTES_MAX = 50;
/** The exact length of each type by its type byte; 0 = no such type. */
export const ITCH_BYTES: Uint8Array = new Uint8Array(256);
for (const type of ITCH_TYPES) ITCH_BYTES[type.charCodeAt(0)] = ITCH50[type].bytes;

/** Type bytes by the field's words, for `switch` in hot code. */
export const Itch = {
  systemEvent: 0x53,
  stockDirectory: 0x52,
  tradingAction: 0x48,
  regSho: 0x59,
  participantPosition: 0x4c,
  mwcbLevels: 0x56,
  mwcbStatus: 0x57,
  ipoQuoting: 0x4b,
  luldCollar: 0x4a,
  operationalHalt: 0x68,
  addOrder: 0x41,
  addOrderMpid: 0x46,
  executed: 0x45,
  executedWithPrice: 0x43,
  cancel: 0x58,
  delete: 0x44,
  replace: 0x55,
  trade: 0x50,
  crossTrade: 0x51,
  brokenTrade: 0x42,
  imbalance: 0x49,
  retailInterest: 0x4e,
  priceDiscovery: 0x4f,
} as const;

const FIELD_BYTES: Record<FieldKind, number> = { u8: 1, u16: 2, u32: 4, u48: 6, u64: 8, char: 1, alpha: 0 };

/** Width of a field in bytes. */
export function fieldBytes(spec: FieldSpec): number {
  return spec[2] ?? FIELD_BYTES[spec[1]];
}

function readField(view: DataView, bytes: Uint8Array, base: number, spec: FieldSpec): string | number | bigint {
  const at = base + spec[0];
  switch (spec[1]) {
    case "u8":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at);
    case "u32":
      return view.getUint32(at);
    case "u48":
      return readU48(view, at);
    case "u64":
      return view.getBigUint64(at);
    case "char":
      return String.fromCharCode(view.getUint8(at));
    case "alpha":
      return readAscii(bytes, at, spec[2] ?? 1);
  }
}

function writeField(view: DataView, bytes: Uint8Array, base: number, spec: FieldSpec, value: string | number | bigint) {
  const at = base + spec[0];
  switch (spec[1]) {
    case "u8":
      return view.setUint8(at, Number(value));
    case "u16":
      return view.setUint16(at, Number(value));
    case "u32":
      return view.setUint32(at, Number(value));
    case "u48":
      return writeU48(view, at, Number(value));
    case "u64":
      return view.setBigUint64(at, BigInt(value));
    case "char":
      return view.setUint8(at, String(value).charCodeAt(0));
    case "alpha":
      return writeAscii(bytes, at, spec[2] ?? 1, String(value));
  }
}

export type ItchDecodeError = {
  type: "unknown_type" | "wrong_length";
  typeByte: number;
  found: number;
  expected: number;
};

/**
 * Decodes one whole message of `length` bytes at `offset`. Never throws on bad bytes: an unknown type or a length that
 * is not the type's own comes back as an error value. Unknown enum codes are passed through as they are.
 */
export function decodeItch(bytes: Uint8Array, offset: number, length: number): ItchMessage | ItchDecodeError {
  const typeByte = length > 0 ? bytes[offset]! : 0;
  const expected = ITCH_BYTES[typeByte]!;
  if (expected === 0) return { type: "unknown_type", typeByte, found: length, expected: 0 };
  if (expected !== length) return { type: "wrong_length", typeByte, found: length, expected };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = String.fromCharCode(typeByte) as ItchType;
  const message: Record<string, string | number | bigint> = { type };
  for (const name in ITCH_HEAD)
    message[name] = readField(view, bytes, offset, ITCH_HEAD[name as keyof typeof ITCH_HEAD]);
  const fields: Readonly<Record<string, FieldSpec>> = ITCH50[type].fields;
  for (const name in fields) message[name] = readField(view, bytes, offset, fields[name]!);
  return message as unknown as ItchMessage;
}

/** Encodes one message at `offset`; returns its length in bytes. The buffer must have room (50 bytes always do). */
export function encodeItch(message: ItchMessage, bytes: Uint8Array, offset = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = message as unknown as Record<string, string | number | bigint>;
  bytes[offset] = message.type.charCodeAt(0);
  for (const name in ITCH_HEAD)
    writeField(view, bytes, offset, ITCH_HEAD[name as keyof typeof ITCH_HEAD], values[name]!);
  const fields: Readonly<Record<string, FieldSpec>> = ITCH50[message.type].fields;
  for (const name in fields) writeField(view, bytes, offset, fields[name]!, values[name]!);
  return ITCH50[message.type].bytes;
}
