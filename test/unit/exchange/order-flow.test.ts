/** The synthetic day: what it consists of, that it is the same for the same seed, and that it is true. */
import { describe, expect, test } from "bun:test";
import { StateHash } from "../../../src/core/hash.ts";
import { NS_PER_S } from "../../../src/core/units.ts";
import { dayMessagesMin } from "../../../src/exchange/day-plan.ts";
import { OrderFlow, type OrderFlowOptions } from "../../../src/exchange/order-flow.ts";
import { decodeItch, ITCH_TYPES } from "../../../src/wire/itch50.ts";
import { engineSide, NaiveExchangeBook } from "../../support/exchange-book.ts";

/** Shares of all messages on a real day, percent. */
const MIX = { A: 42.9, D: 37.6, U: 10.0, E: 4.0, X: 1.9, P: 1.15, F: 1.14, I: 0.95, C: 0.38 };
const BIG_TOLERANCE = 1.5;
const SMALL_TOLERANCE = 0.25;

function hashOf(options: OrderFlowOptions, tsNs?: () => number): string {
  const flow = new OrderFlow(options);
  const hash = new StateHash();
  while (flow.step(tsNs?.())) {
    const { blocks } = flow;
    for (let i = 0; i < blocks.length; i++) {
      // The time of day can be the caller's: all else must not depend on it.
      hash.u32(blocks.bytes[i]!);
    }
    blocks.clear();
  }
  return hash.digest();
}

/** The whole day into a naive book; `each` after every event with the locate it was about. */
function replay(flow: OrderFlow, each?: (book: NaiveExchangeBook, locate: number) => void): NaiveExchangeBook {
  const book = new NaiveExchangeBook();
  const { blocks } = flow;
  while (flow.step()) {
    book.apply(blocks.bytes, blocks.view, 0, blocks.length);
    each?.(book, blocks.view.getUint16(3));
    blocks.clear();
  }
  return book;
}

describe("a day of 300,000 messages in 500 instruments", () => {
  const flow = new OrderFlow({ seed: 42, symbols: 500, messages: 300_000, live: 12_000 });
  const live: number[] = [];
  let events = 0;
  let crossedCount = 0;
  const book = replay(flow, (at, locate) => {
    if (++events % 8 === 0 && at.states.get(locate) === "T" && at.isCrossed(locate)) crossedCount++;
    if (events % 1000 === 0 && at.messages > 250_000) live.push(at.orders.size);
  });

  test("every message is true of the book it is for", () => {
    expect(book.violations).toEqual([]);
  });

  test("a book is never crossed while trading", () => {
    expect(crossedCount).toBe(0);
  });

  test("the messages give the engine's own books", () => {
    expect(book.orders.size).toBe(flow.engine.liveCount);
    for (let locate = 1; locate <= 500; locate++)
      for (const side of ["B", "S"]) expect(engineSide(flow.engine, locate, side)).toEqual(book.side(locate, side));
  });

  test("it has exactly as many messages as asked for, of all 23 types", () => {
    expect(book.messages).toBe(300_000);
    expect(Object.keys(book.typeCounts).sort()).toEqual([...ITCH_TYPES].sort());
  });

  test("the mix is that of a real day", () => {
    for (const [type, percent] of Object.entries(MIX)) {
      const found = (book.typeCounts[type]! / book.messages) * 100;
      const tolerance = percent > 3 ? BIG_TOLERANCE : SMALL_TOLERANCE;
      expect(Math.abs(found - percent), `${type} ${found.toFixed(2)} %, expected ${percent}`).toBeLessThan(tolerance);
    }
  });

  test("live orders rise to the target and stay within 10 %", () => {
    expect(live.length).toBeGreaterThan(10);
    for (const count of live) expect(Math.abs(count - 12_000)).toBeLessThan(1200);
  });

  test("system events come in order, times from 04:00 to 20:00", () => {
    expect(book.systemEvents).toBe("OSQMEC");
    expect(book.tsNsMax).toBeLessThanOrEqual(20 * 3600 * NS_PER_S);
    expect(book.tsNsMax).toBeGreaterThan(19.9 * 3600 * NS_PER_S);
  });
});

test("a day goes: directory, indications, open cross, halt with collars and cross, indications, close cross", () => {
  const flow = new OrderFlow({ seed: 7, symbols: 20, messages: 60_000, live: 2000 });
  const { blocks } = flow;
  const seen: string[] = [];
  const note = (text: string) => seen.at(-1) !== text && seen.push(text);
  const isListed = (locate: number) => flow.instruments[locate - 1]!.kind === "listed";
  const halted = Array.from({ length: 20 }, (_, rank) => flow.activity.byRank(rank)).filter(isListed)[2]!;
  while (flow.step()) {
    for (let at = 0; at < blocks.length; at += 2 + blocks.view.getUint16(at)) {
      const message = decodeItch(blocks.bytes, at + 2, blocks.view.getUint16(at));
      if (message.type === "S") note(`S ${message.eventCode}`);
      if (message.type === "I" && message.crossType !== "H") note(`I ${message.crossType}`);
      if (message.type === "Q" && message.crossType !== "H") note(`Q ${message.crossType}`);
      if (!("stockLocate" in message) || message.stockLocate !== halted) continue;
      if (message.type === "H" || message.type === "Y") note(message.type === "H" ? `H ${message.tradingState}` : "Y");
      if (message.type === "J" || (message.type === "Q" && message.crossType === "H")) note(`${message.type} halt`);
    }
    blocks.clear();
  }
  const day = ["S O", "H T", "Y", "S S", "I O", "S Q", "Q O", "H H", "J halt", "H Q", "J halt", "Q halt", "H T", "I C"];
  expect(seen).toEqual([...day, "S M", "Q C", "S E", "S C"]);
});

test("the same options give the same bytes, another seed others", () => {
  const options = { seed: 3, symbols: 30, messages: 30_000, live: 1000 };
  const first = hashOf(options);
  expect(hashOf(options)).toBe(first);
  expect(hashOf({ ...options, seed: 4 })).not.toBe(first);
  expect(hashOf({ ...options, live: 1500 })).not.toBe(first);
});

test("whose time the messages carry changes nothing else", () => {
  const options = { seed: 3, symbols: 30, messages: 30_000, live: 1000 };
  const types = (tsNs?: () => number) => {
    const flow = new OrderFlow(options);
    const hash = new StateHash();
    const { blocks } = flow;
    while (flow.step(tsNs?.())) {
      for (let at = 0; at < blocks.length; at += 2 + blocks.view.getUint16(at)) {
        const length = blocks.view.getUint16(at);
        // The direct listing's messages tell a time in their body.
        if (blocks.bytes[at + 2] === 0x4f) continue;
        for (let i = 0; i < length; i++) if (i < 5 || i >= 11) hash.u32(blocks.bytes[at + 2 + i]!);
      }
      blocks.clear();
    }
    return hash.digest();
  };
  let nowNs = 5e13;
  expect(types(() => (nowNs += 1000))).toBe(types());
});

describe("days of unusual size are whole all the same", () => {
  const days: OrderFlowOptions[] = [
    { seed: 1, symbols: 1, messages: dayMessagesMin(1), live: 10 },
    { seed: 2, symbols: 8, messages: 5000, live: 0 },
    { seed: 3, symbols: 1000, messages: dayMessagesMin(1000), live: 100 },
    { seed: 4, symbols: 50, messages: 30_000, live: 12_000 },
  ];
  for (const options of days) {
    test(`${options.symbols} symbols, ${options.messages} messages, ${options.live} live`, () => {
      const book = replay(new OrderFlow(options));
      expect(book.violations).toEqual([]);
      expect(book.messages).toBe(options.messages);
      expect(book.systemEvents).toBe("OSQMEC");
    });
  }
});

describe("an endless day", () => {
  for (const stopAt of [100, 5000, 60_000, 200_000]) {
    test(`told to finish after ${stopAt} messages it closes in order and soon`, () => {
      const flow = new OrderFlow({ seed: 5, symbols: 40, messages: Number.POSITIVE_INFINITY, live: 5000 });
      const book = new NaiveExchangeBook();
      const { blocks } = flow;
      let finished = false;
      while (flow.step()) {
        book.apply(blocks.bytes, blocks.view, 0, blocks.length);
        blocks.clear();
        if (!finished && book.messages >= stopAt) {
          finished = true;
          flow.finish();
        }
      }
      expect(book.violations).toEqual([]);
      expect(book.systemEvents).toBe("OSQMEC");
      expect(book.messages - stopAt).toBeLessThan(5000);
      expect(book.messages).toBe(flow.messages);
    });
  }
});
