/** What each message becomes as an event, field by field, from every engine. */
import { describe, expect, test } from "bun:test";
import { BookEvents, EVENT_KINDS_ALL, kindMask } from "../../src/books/book-events.ts";
import type { BookEngine } from "../../src/books/contract.ts";
import { EventReader } from "../../src/bus/event-reader.ts";
import { decodeEvent, decodeSymbol, type EventImage, EventKind } from "../../src/bus/event-record.ts";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { Quality } from "../../src/core/quality.ts";
import { itch as anyItch, apply, directory, ENGINES } from "../support/books.ts";
import { makeRing } from "../support/event-records.ts";

const T = 34_200_000_000_001;
const BIG = 2n ** 63n + 5n;
const itch: typeof anyItch = (type, locate, given) => anyItch(type, locate, { timestampNs: T, ...given } as never);
const add = (locate: number, orderReference: bigint, side: string, shares: number, priceE4: number) =>
  itch("A", locate, { orderReference, side, shares, priceE4 });

/** An engine that is listened to. */
class Listened {
  readonly events: BookEvents;
  readonly engine: BookEngine;
  readonly reader: EventReader;
  #sequence = 0;

  constructor(make: () => BookEngine, kinds = EVENT_KINDS_ALL) {
    const { ring } = makeRing("a SharedArrayBuffer", { channelId: 513 });
    this.reader = new EventReader(ring, { name: "listener", policy: "lossless-overrun" });
    this.events = new BookEvents(new EventWriter(ring), kinds);
    this.engine = make();
    this.engine.tell(this.events);
    this.events.quality(Quality.ok);
    this.apply(directory(7, "ZVZZT"), directory(8, "AAPL"));
    this.taken();
  }

  apply(...messages: Uint8Array[]): this {
    for (const message of messages) {
      this.events.begin(++this.#sequence, T, this.#sequence + 0.5);
      apply(this.engine, message);
    }
    return this;
  }

  /** What has been said since the last time. */
  taken(): EventImage[] {
    this.events.publish();
    const images: EventImage[] = [];
    for (let count = this.reader.poll(); count !== 0; count = this.reader.poll())
      for (let i = 0; i < count; i++) images.push(decodeEvent(this.reader.words, this.reader.doubles, i * 16));
    return images;
  }

  /** The one event that a message becomes, besides levels and tops. */
  one(message: Uint8Array): EventImage {
    this.taken();
    const events = this.apply(message)
      .taken()
      .filter(({ kind }) => kind !== "level" && kind !== "top_of_book");
    expect(events).toHaveLength(1);
    return events[0]!;
  }
}

/** Levels and tops as "kind side price shares orders". */
const prices = (events: EventImage[]) =>
  events
    .filter(({ kind }) => kind === "level" || kind === "top_of_book")
    .map(({ kind, side, priceE4, amount, reference }) => `${kind} ${side} ${priceE4} ${amount} ${reference}`);

describe.each(ENGINES)("%s", (_name, make) => {
  test("stamps, instrument, quality", () => {
    const books = new Listened(make);
    expect(books.one(add(7, BIG, "S", 0xfffffff0, 0xfffffff1))).toEqual({
      kind: "add",
      sequence: 3,
      tsEventNs: T,
      tsRecvNs: 3.5,
      channel: 513,
      locate: 7,
      side: "S",
      code: 0,
      last: false,
      snapshot: false,
      printable: false,
      doubt: false,
      quality: Quality.ok,
      reference: BIG,
      second: 0n,
      priceE4: 0xfffffff1,
      shares: 0xfffffff0,
      amount: 0xfffffff0,
    });
  });

  test("the life of an order", () => {
    const books = new Listened(make);
    const add = itch("F", 7, { orderReference: BIG, side: "B", shares: 900, priceE4: 1000, attribution: "AB" });
    expect(books.one(add)).toMatchObject({ kind: "add", side: "B", shares: 900, second: 0x4142202000000000n });
    const reduced = books.one(itch("X", 7, { orderReference: BIG, canceledShares: 100 }));
    expect(reduced).toMatchObject({
      kind: "reduce",
      side: "B",
      reference: BIG,
      priceE4: 1000,
      shares: 100,
      amount: 800,
    });
    const executed = books.one(itch("E", 7, { orderReference: BIG, executedShares: 200, matchNumber: BIG + 1n }));
    expect(executed).toMatchObject({ kind: "execute", side: "B", reference: BIG, second: BIG + 1n, code: 0x45 });
    expect(executed).toMatchObject({ priceE4: 1000, shares: 200, amount: 600, printable: true });
    const off = { orderReference: BIG, executedShares: 100, matchNumber: 4n, executionPriceE4: 990 };
    const hidden = books.one(itch("C", 7, { ...off, printable: "N" }));
    expect(hidden).toMatchObject({ kind: "execute", code: 0x43, priceE4: 990, shares: 100, amount: 500 });
    expect([hidden.printable, hidden.second]).toEqual([false, 4n]);
    expect(books.one(itch("C", 7, { ...off, printable: "Y" }))).toMatchObject({ printable: true, amount: 400 });
    const replace = { originalOrderReference: BIG, newOrderReference: BIG + 9n, shares: 70, priceE4: 1010 };
    const replaced = books.one(itch("U", 7, replace));
    expect(replaced).toMatchObject({ kind: "replace", side: "B", reference: BIG, second: BIG + 9n, priceE4: 1010 });
    expect(replaced).toMatchObject({ shares: 70, amount: 400 });
    const deleted = books.one(itch("D", 7, { orderReference: BIG + 9n }));
    expect(deleted).toMatchObject({
      kind: "delete",
      side: "B",
      reference: BIG + 9n,
      priceE4: 1010,
      shares: 70,
      amount: 0,
    });
  });

  test("an order that is used up says that nothing is left", () => {
    const books = new Listened(make).apply(add(7, 1n, "S", 50, 10), add(7, 2n, "S", 60, 10));
    expect(books.one(itch("E", 7, { orderReference: 1n, executedShares: 50 }))).toMatchObject({
      amount: 0,
      shares: 50,
    });
    expect(books.one(itch("X", 7, { orderReference: 2n, canceledShares: 60 }))).toMatchObject({
      amount: 0,
      shares: 60,
    });
  });

  test("levels follow the order's event, then the top, when its price or shares have changed", () => {
    const books = new Listened(make);
    const after = (...messages: Uint8Array[]) => prices(books.apply(...messages).taken());
    expect(after(add(7, 1n, "B", 100, 50))).toEqual(["level B 50 100 1", "top_of_book B 50 100 1"]);
    expect(after(add(7, 2n, "B", 10, 40))).toEqual(["level B 40 10 1"]);
    expect(after(add(7, 3n, "B", 30, 50))).toEqual(["level B 50 130 2", "top_of_book B 50 130 2"]);
    expect(after(add(7, 4n, "S", 5, 60))).toEqual(["level S 60 5 1", "top_of_book S 60 5 1"]);
    expect(after(itch("X", 7, { orderReference: 2n, canceledShares: 4 }))).toEqual(["level B 40 6 1"]);
    expect(after(itch("E", 7, { orderReference: 1n, executedShares: 100 }))).toEqual([
      "level B 50 30 1",
      "top_of_book B 50 30 1",
    ]);
    // Alone at the best price: a replace of the same shares there changes nothing that anybody sees of the top.
    const replace = (from: bigint, to: bigint, shares: number, priceE4: number) =>
      itch("U", 7, { originalOrderReference: from, newOrderReference: to, shares, priceE4 });
    expect(after(replace(3n, 5n, 30, 50))).toEqual(["level B 50 30 1"]);
    expect(after(replace(5n, 6n, 31, 50))).toEqual(["level B 50 31 1", "top_of_book B 50 31 1"]);
    expect(after(replace(6n, 7n, 31, 45))).toEqual(["level B 50 0 0", "level B 45 31 1", "top_of_book B 45 31 1"]);
    expect(after(replace(7n, 8n, 31, 40))).toEqual(["level B 45 0 0", "level B 40 37 2", "top_of_book B 40 37 2"]);
    expect(after(itch("D", 7, { orderReference: 8n }))).toEqual(["level B 40 6 1", "top_of_book B 40 6 1"]);
    expect(after(itch("D", 7, { orderReference: 2n }))).toEqual(["level B 40 0 0", "top_of_book B 0 0 0"]);
    expect(after(itch("D", 7, { orderReference: 2n }))).toEqual([]);
  });

  test("a level of more shares than 32 bits hold", () => {
    const books = new Listened(make).apply(add(7, 1n, "S", 0xffffffff, 10));
    books.taken();
    const top = books
      .apply(add(7, 2n, "S", 3, 10))
      .taken()
      .at(-1)!;
    expect(top).toMatchObject({
      kind: "top_of_book",
      amount: 2 ** 32 + 2,
      shares: 0xffffffff,
      reference: 2n,
      last: true,
    });
  });

  test("trades, crosses and broken trades", () => {
    const books = new Listened(make);
    const trade = { orderReference: 0n, side: "B", shares: 300, priceE4: 77, matchNumber: BIG };
    expect(books.one(itch("P", 7, trade))).toMatchObject({ kind: "trade", side: "B", code: 0x50, printable: true });
    expect(books.one(itch("P", 7, trade))).toMatchObject({ second: BIG, priceE4: 77, shares: 300, amount: 300 });
    const cross = { shares: 2n ** 33n, crossPriceE4: 88, matchNumber: 6n, crossType: "O" };
    expect(books.one(itch("Q", 8, cross))).toMatchObject({ kind: "cross", locate: 8, code: 0x4f, second: 6n });
    expect(books.one(itch("Q", 8, cross))).toMatchObject({ reference: 2n ** 33n, amount: 2 ** 33, shares: 0xffffffff });
    expect(books.one(itch("B", 7, { matchNumber: BIG }))).toMatchObject({ kind: "broken", second: BIG, locate: 7 });
  });

  test("an imbalance", () => {
    const imbalance = {
      pairedShares: BIG,
      imbalanceShares: BIG + 1n,
      imbalanceDirection: "S",
      farPriceE4: 11,
      nearPriceE4: 0xfffffff0,
      currentReferencePriceE4: 13,
      crossType: "C",
      priceVariation: "L",
    };
    const event = new Listened(make).one(itch("I", 7, imbalance));
    expect(event).toMatchObject({ kind: "imbalance", side: "S", code: 0x43, reference: BIG, second: BIG + 1n });
    expect([event.priceE4, event.shares]).toEqual([13, 11]);
    expect(event.amount).toBe(0xfffffff0 + 2 ** 32 * (0x53 | (0x4c << 8)));
  });

  test("the directory", () => {
    const books = new Listened(make);
    const given = { roundLotSize: 100, marketCategory: "Q", authenticity: "P", financialStatus: "N", etpFlag: "Y" };
    const classes = { shortSaleThreshold: "N", ipoFlag: "Z", luldReferencePriceTier: "1", inverseIndicator: "N" };
    const message = directory(9, "BRK.A", { ...given, ...classes, issueClassification: "C", etpLeverageFactor: 3 });
    const event = books.one(message);
    expect(event).toMatchObject({ kind: "directory", locate: 9, code: 0x51, shares: 100, amount: 3, priceE4: 0 });
    const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
    const bytes = new Uint8Array(new BigUint64Array([event.second]).buffer);
    expect([...bytes]).toEqual([...letters("NCPY"), ...letters("NZ1N")]);
    expect(decodeSymbol(books.reader.words, 0)).toBe("BRK.A");
  });

  test("status messages", () => {
    const books = new Listened(make);
    const status = (message: Uint8Array) => {
      const { kind, code, reference, second, priceE4, shares, amount } = books.one(message);
      const hex = (value: bigint) => value.toString(16).padStart(16, "0");
      return [kind, String.fromCharCode(code), hex(reference), hex(second), priceE4, shares, amount];
    };
    const none = "0000000000000000";
    const halt = itch("H", 7, { tradingState: "H", reason: "T1" });
    expect(status(halt)).toEqual(["status", "H", none, "5431202000000048", 0, 0, 0]);
    expect(status(itch("Y", 7, { regShoAction: "1" }))).toEqual(["status", "Y", none, "0000000000000031", 0, 0, 0]);
    const market = itch("h", 7, { marketCode: "X", haltAction: "T" });
    expect(status(market)).toEqual(["status", "h", none, "0000005800000054", 0, 0, 0]);
    expect(status(itch("N", 7, { interestFlag: "A" }))).toEqual(["status", "N", none, "0000000000000041", 0, 0, 0]);
    const ipo = itch("K", 7, { releaseTimeSeconds: 34_200, releaseQualifier: "A", ipoPriceE4: 99 });
    expect(status(ipo)).toEqual(["status", "K", none, "0000000000000041", 99, 34_200, 0]);
    const collar = itch("J", 7, { referencePriceE4: 5, upperPriceE4: 6, lowerPriceE4: 4, extension: 2 });
    expect(status(collar)).toEqual(["status", "J", "0000000600000004", none, 5, 2, 0]);
    const codes = { primaryMarketMaker: "Y", marketMakerMode: "N", marketParticipantState: "A" };
    const participant = itch("L", 7, { mpid: "ABCD", ...codes });
    expect(status(participant)).toEqual(["status", "L", "4142434400000000", "0000000000414e59", 0, 0, 0]);
    const discovery = itch("O", 7, {
      openEligibility: "Y",
      minimumPriceE4: 1,
      maximumPriceE4: 2,
      nearExecutionPriceE4: 3,
      nearExecutionTime: 4n,
      lowerCollarPriceE4: 5,
      upperCollarPriceE4: 6,
    });
    expect(status(discovery)).toEqual(["status", "O", "0000000500000006", "0000000100000002", 3, 0x59, 4]);
  });

  test("what is about the feed", () => {
    const books = new Listened(make);
    expect(books.one(itch("S", 0, { eventCode: "Q" }))).toMatchObject({ kind: "system", code: 0x53, second: 0x51n });
    const breach = books.one(itch("W", 7, { breachedLevel: "2" }));
    expect(breach).toMatchObject({ kind: "system", code: 0x57, locate: 0, second: 0x32n });
    const levels = { level1PriceE8: BIG, level2PriceE8: BIG + 1n, level3PriceE8: 2n ** 40n };
    const limits = books.one(itch("V", 0, levels));
    expect(limits).toMatchObject({ kind: "system", code: 0x56, reference: BIG, second: BIG + 1n, amount: 2 ** 40 });
  });

  test("bad messages say nothing, but the first about an instrument puts its book in doubt", () => {
    const books = new Listened(make);
    books.apply(itch("D", 9, { orderReference: 1n }), itch("A", 7).slice(0, 5), add(7, 1n, "B", 1, 1));
    expect(books.taken().filter(({ kind }) => kind === "quality")).toEqual([]);
    books.apply(add(7, 1n, "B", 1, 1), itch("D", 7, { orderReference: 9n }));
    const [doubt, ...rest] = books.taken();
    expect(rest).toEqual([]);
    expect(doubt).toMatchObject({ kind: "quality", locate: 7, code: Quality.recovering, doubt: true, sequence: 6 });
    books.apply(add(7, 2n, "B", 1, 1), add(8, 2n, "B", 1, 1));
    const adds = books.taken().filter(({ kind }) => kind === "add");
    expect(adds.map(({ locate, doubt, quality }) => [locate, doubt, quality])).toEqual([
      [7, true, Quality.recovering],
      [8, false, Quality.ok],
    ]);
    // Worse than what the channel is, never better.
    books.events.quality(Quality.stale);
    books.apply(add(7, 3n, "B", 1, 1));
    expect(books.taken().map(({ quality }) => quality)).toEqual(Array(4).fill(Quality.stale));
    books.engine.reset();
    books.events.quality(Quality.ok);
    books.apply(directory(7, "ZVZZT"), add(7, 4n, "B", 1, 1));
    const after = books.taken();
    expect(after.map(({ kind }) => kind)).toEqual(["reset", "quality", "directory", "add", "level", "top_of_book"]);
    expect(after.at(-1)).toMatchObject({ doubt: false, quality: Quality.ok });
  });

  test("snapshots, barriers and quality", () => {
    const books = new Listened(make);
    books.events.quality(Quality.recovering);
    books.engine.reset();
    books.events.snapshotBegin();
    books.events.begin(0, T, 99);
    apply(books.engine, directory(7, "ZVZZT"));
    books.events.snapshotEnd(1000);
    books.events.quality(Quality.ok);
    books.events.barrier(42, 1000);
    const summary = ({ kind, sequence, snapshot, quality, code, reference, last }: EventImage) =>
      [kind, sequence, snapshot, quality, code, reference, last] as const;
    expect(books.taken().map(summary)).toEqual([
      ["quality", 2, false, Quality.recovering, Quality.recovering, 0n, false],
      ["reset", 0, false, Quality.recovering, 0, 0n, false],
      ["snapshot_begin", 0, true, Quality.recovering, 0, 0n, false],
      ["directory", 0, true, Quality.recovering, 0, 0x202020545a5a565an, false],
      ["snapshot_end", 1000, false, Quality.recovering, 0, 0n, false],
      ["quality", 1000, false, Quality.ok, Quality.ok, 0n, false],
      ["barrier", 1000, false, Quality.ok, 0, 42n, true],
    ]);
  });

  test("only the kinds that are wanted are written", () => {
    const books = new Listened(make, kindMask(EventKind.topOfBook, EventKind.trade));
    books.apply(add(7, 1n, "B", 1, 1), itch("P", 7, { shares: 1 }), itch("D", 7, { orderReference: 1n }));
    expect(books.taken().map(({ kind }) => kind)).toEqual(["top_of_book", "trade", "top_of_book"]);
  });

  test("who begins to listen late hears of the top as soon as it changes", () => {
    const books = new Listened(make).apply(add(7, 1n, "B", 5, 10), add(7, 2n, "B", 5, 9));
    books.engine.tell(undefined);
    books.apply(add(7, 3n, "B", 5, 11), add(7, 4n, "B", 5, 8));
    books.taken();
    books.engine.tell(books.events);
    expect(prices(books.apply(itch("X", 7, { orderReference: 4n, canceledShares: 1 })).taken())).toEqual([
      "level B 8 4 1",
    ]);
    expect(prices(books.apply(itch("D", 7, { orderReference: 3n })).taken())).toEqual([
      "level B 11 0 0",
      "top_of_book B 10 5 1",
    ]);
  });
});
