/**
 * What the naive book tells, by looking at an instrument before and after each message: nothing is remembered between
 * two. Held against the fast book's events, which are worked out on the way.
 */
import { CODE_SHIFT, EventFlag, EventKind, EventSide, FLAGS_SHIFT, SIDE_SHIFT } from "../bus/event-record.ts";
import type { ItchMessage } from "../wire/itch50.ts";
import type { BookEvents } from "./book-events.ts";
import type { LevelImage, OrderImage } from "./contract.ts";
import { writeMessageEvent } from "./message-events.ts";
import type { NaiveInstrument } from "./naive-instrument.ts";

const SIDES = ["B", "S"] as const;
const NO_LEVEL: LevelImage = { priceE4: 0, shares: 0, orders: 0 };

const high = (value: bigint) => Number(value >> 32n);
const low = (value: bigint) => Number(value & 0xffffffffn);

/** An instrument as it was before a message. */
export interface Before {
  order: OrderImage | undefined;
  tops: LevelImage[];
}

export function lookBefore(instrument: NaiveInstrument | undefined, message: ItchMessage): Before {
  const reference = "orderReference" in message ? message.orderReference : undefined;
  const original = "originalOrderReference" in message ? message.originalOrderReference : reference;
  const order = original === undefined ? undefined : instrument?.orders.get(original);
  return { order: order && { ...order }, tops: tops(instrument) };
}

function tops(instrument: NaiveInstrument | undefined): LevelImage[] {
  return SIDES.map((side) => instrument?.levels(side)[0] ?? NO_LEVEL);
}

/** Tells of a message that was applied. */
export function tellAfter(
  out: BookEvents,
  message: ItchMessage,
  view: DataView,
  offset: number,
  instrument: NaiveInstrument | undefined,
  before: Before,
): void {
  const touched = instrument && tellOrder(out, message, before.order, instrument);
  if (!touched) {
    writeMessageEvent(out, message.type.charCodeAt(0), view, offset);
    return;
  }
  const [side, ...prices] = touched;
  const index = message.stockLocate * 2 + (side === "B" ? 0 : 1);
  if (out.hasLevels) {
    for (const priceE4 of new Set(prices)) {
      const level = instrument.levels(side).find((candidate) => candidate.priceE4 === priceE4) ?? NO_LEVEL;
      out.price(EventKind.level, index, priceE4, level.shares, level.orders);
    }
  }
  for (const [i, top] of tops(instrument).entries()) {
    const old = before.tops[i]!;
    if (top.priceE4 === old.priceE4 && top.shares === old.shares) continue;
    out.price(EventKind.topOfBook, message.stockLocate * 2 + i, top.priceE4, top.shares, top.orders);
  }
}

/** The event of an order message: the side and the prices that it touched; undefined when it is none. */
function tellOrder(
  out: BookEvents,
  message: ItchMessage,
  order: OrderImage | undefined,
  instrument: NaiveInstrument,
): ["B" | "S", ...number[]] | undefined {
  const say = (
    codes: number,
    side: string,
    reference: bigint,
    second: bigint,
    priceE4: number,
    shares: number,
    amount: number,
  ) => {
    const head = codes | ((side === "B" ? EventSide.bid : EventSide.ask) << SIDE_SHIFT);
    const [wordHigh, wordLow] = [high(reference), low(reference)];
    out.put(head, message.stockLocate, wordHigh, wordLow, high(second), low(second), priceE4, shares, amount);
  };
  if (message.type === "A" || message.type === "F") {
    const { orderReference, side, shares, priceE4 } = message;
    const letters = message.type === "F" ? message.attribution.padEnd(4) : "\0\0\0\0";
    const mpid = [...letters].reduce((word, letter) => word * 256n + BigInt(letter.charCodeAt(0)), 0n);
    say(EventKind.add, side, orderReference, mpid << 32n, priceE4, shares, shares);
    return [side as "B" | "S", priceE4];
  }
  if (order === undefined) return undefined;
  const left = instrument.orders.get(order.orderReference)?.shares ?? 0;
  switch (message.type) {
    case "D":
      say(EventKind.delete, order.side, order.orderReference, 0n, order.priceE4, order.shares, 0);
      return [order.side, order.priceE4];
    case "X":
      say(EventKind.reduce, order.side, order.orderReference, 0n, order.priceE4, message.canceledShares, left);
      return [order.side, order.priceE4];
    case "U": {
      const { newOrderReference, priceE4, shares } = message;
      say(EventKind.replace, order.side, order.orderReference, newOrderReference, priceE4, shares, order.shares);
      return [order.side, order.priceE4, priceE4];
    }
    case "E":
    case "C": {
      const isPrinted = message.type === "E" || message.printable !== "N";
      const flags = isPrinted ? EventFlag.printable << FLAGS_SHIFT : 0;
      const codes = EventKind.execute | (message.type.charCodeAt(0) << CODE_SHIFT) | flags;
      const priceE4 = message.type === "C" ? message.executionPriceE4 : order.priceE4;
      say(codes, order.side, order.orderReference, message.matchNumber, priceE4, message.executedShares, left);
      return [order.side, order.priceE4];
    }
    default:
      return undefined;
  }
}
