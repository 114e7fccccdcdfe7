/**
 * Books rebuilt from nothing but the events, the plain way, by somebody who never saw a message. Complains about every
 * event that cannot be true: an order that is not there, shares that do not add up, a top that is not the top.
 */
import type { LevelImage } from "../../src/books/contract.ts";
import type { EventReader } from "../../src/bus/event-reader.ts";
import { decodeEvent, decodeSymbol, type EventImage } from "../../src/bus/event-record.ts";

interface EventOrder {
  side: "B" | "S";
  priceE4: number;
  shares: number;
  mpid: number;
}

export class EventInstrument {
  symbol = "";
  /** Iterates in time priority. */
  readonly orders = new Map<bigint, EventOrder>();
  readonly tops = new Map<string, string>();
  readonly levelsTold = new Map<string, string>();
  tradingState = "";
  quality = 0;
  tradedShares = 0;

  levels(side: "B" | "S"): Required<LevelImage>[] {
    const levels = new Map<number, Required<LevelImage>>();
    for (const [orderReference, order] of this.orders) {
      if (order.side !== side) continue;
      const level = levels.get(order.priceE4) ?? { priceE4: order.priceE4, shares: 0, orders: 0, queue: [] };
      levels.set(order.priceE4, level);
      level.shares += order.shares;
      level.orders++;
      level.queue.push({ orderReference, shares: order.shares });
    }
    return [...levels.values()].sort((a, b) => (side === "B" ? b.priceE4 - a.priceE4 : a.priceE4 - b.priceE4));
  }
}

export class EventBooks {
  readonly instruments = new Map<number, EventInstrument>();
  /** The first event that could not be true. */
  wrong = "";
  sequence = 0;
  quality = 0;
  isSnapshot = false;
  barriers: { id: number; sequence: number }[] = [];
  eventCount = 0;
  batchCount = 0;

  /** Takes all that a reader has. */
  drain(reader: EventReader): void {
    for (let count = reader.poll(); count !== 0; count = reader.poll()) {
      if (count < 0) this.#complain(`poll said ${count}`);
      for (let i = 0; i < count; i++) {
        const event = decodeEvent(reader.words, reader.doubles, i * 16);
        this.take(event, event.kind === "directory" ? decodeSymbol(reader.words, i * 16) : "");
      }
    }
  }

  take(event: EventImage, symbol: string): void {
    this.eventCount++;
    if (event.last) this.batchCount++;
    if (event.sequence !== 0 && event.sequence < this.sequence) this.#complain(`sequence ${event.sequence} comes late`);
    if (event.snapshot !== this.isSnapshot && !event.kind.startsWith("snapshot_"))
      this.#complain(`${event.kind} has the wrong snapshot flag`);
    this.sequence = event.sequence;
    if (event.locate === 0 || event.kind === "directory") this.#takeChannel(event, symbol);
    else this.#takeInstrument(event);
  }

  #takeChannel(event: EventImage, symbol: string): void {
    if (event.kind === "reset") this.instruments.clear();
    else if (event.kind === "snapshot_begin") this.isSnapshot = true;
    else if (event.kind === "snapshot_end") this.isSnapshot = false;
    else if (event.kind === "quality") this.quality = event.code;
    else if (event.kind === "barrier") this.barriers.push({ id: Number(event.reference), sequence: event.sequence });
    else if (event.kind === "directory") {
      const instrument = this.instruments.get(event.locate) ?? new EventInstrument();
      instrument.symbol = symbol;
      this.instruments.set(event.locate, instrument);
    } else if (event.kind !== "system" && event.kind !== "status")
      this.#complain(`${event.kind} is about no instrument`);
  }

  #takeInstrument(event: EventImage): void {
    const instrument = this.instruments.get(event.locate);
    if (!instrument) {
      this.#complain(`${event.kind} of ${event.locate}, which nobody announced`);
      return;
    }
    instrument.quality = event.quality;
    const { orders } = instrument;
    switch (event.kind) {
      case "add":
        if (orders.has(event.reference)) this.#complain(`${event.reference} is added twice`);
        orders.set(event.reference, {
          side: event.side as "B" | "S",
          priceE4: event.priceE4,
          shares: event.shares,
          mpid: Number(event.second >> 32n),
        });
        return;
      case "reduce":
      case "execute":
        if (event.printable) instrument.tradedShares += event.shares;
        this.#less(orders, event, event.shares, event.amount);
        return;
      case "delete":
        this.#less(orders, event, event.shares, 0);
        return;
      case "replace": {
        const old = orders.get(event.reference);
        if (old?.shares !== event.amount || old.side !== event.side)
          this.#complain(`${event.reference} had not ${event.amount} shares to be replaced`);
        orders.delete(event.reference);
        if (orders.has(event.second)) this.#complain(`${event.second} is there already`);
        orders.set(event.second, { ...old!, priceE4: event.priceE4, shares: event.shares });
        return;
      }
      case "trade":
      case "cross":
        instrument.tradedShares += event.amount;
        return;
      case "top_of_book":
        instrument.tops.set(event.side, `${event.priceE4} ${event.amount} ${event.reference}`);
        this.#check(instrument, event, instrument.levels(event.side as "B" | "S")[0]);
        return;
      case "level": {
        const levels = instrument.levels(event.side as "B" | "S");
        const level = levels.find(({ priceE4 }) => priceE4 === event.priceE4);
        const text = event.amount === 0 ? "" : `${event.amount} ${event.reference}`;
        instrument.levelsTold.set(`${event.side} ${event.priceE4}`, text);
        this.#check(instrument, event, level && { ...level, priceE4: event.priceE4 });
        return;
      }
      case "status":
        if (event.code === 0x48) instrument.tradingState = String.fromCharCode(Number(event.second & 0xffn));
        return;
    }
  }

  #less(orders: Map<bigint, EventOrder>, event: EventImage, shares: number, left: number): void {
    const order = orders.get(event.reference);
    if (order?.shares !== shares + left || order.side !== event.side) {
      this.#complain(`${event.kind} of ${event.reference}: ${order?.shares} - ${shares} is not ${left}`);
      return;
    }
    if (event.kind !== "execute" && order.priceE4 !== event.priceE4) this.#complain(`price of ${event.reference}`);
    order.shares = left;
    if (left === 0) orders.delete(event.reference);
  }

  /** What an event says of a price against what is there. */
  #check(instrument: EventInstrument, event: EventImage, level: LevelImage | undefined): void {
    const { priceE4, shares, orders } = level ?? {
      priceE4: event.amount === 0 ? event.priceE4 : 0,
      shares: 0,
      orders: 0,
    };
    const isRight =
      event.priceE4 === priceE4 &&
      event.amount === shares &&
      event.shares === Math.min(shares, 0xffffffff) &&
      event.reference === BigInt(orders);
    if (!isRight)
      this.#complain(`${event.kind} of ${instrument.symbol} ${event.side} is ${priceE4} ${shares} ${orders}`);
  }

  /** The tops as last told against those that are there. */
  checkTops(): void {
    for (const [locate, instrument] of this.instruments) {
      for (const side of ["B", "S"] as const) {
        const top = instrument.levels(side)[0];
        const told = (instrument.tops.get(side) ?? "0 0 0").split(" ");
        if (top ? told[0] !== `${top.priceE4}` || told[1] !== `${top.shares}` : told[1] !== "0")
          this.#complain(`top of ${locate} ${side} was told as ${told} and is ${top?.priceE4} ${top?.shares}`);
      }
    }
  }

  /** The levels as last told against those that are there; for a stream that has level events. */
  checkLevels(): void {
    for (const [locate, instrument] of this.instruments) {
      const told = [...instrument.levelsTold].filter(([, text]) => text !== "").map((entry) => entry.join(" "));
      const there = (["B", "S"] as const).flatMap((side) =>
        instrument.levels(side).map(({ priceE4, shares, orders }) => `${side} ${priceE4} ${shares} ${orders}`),
      );
      if (`${told.sort()}` !== `${there.sort()}`) this.#complain(`levels of ${locate}: told ${told}, there ${there}`);
    }
  }

  #complain(what: string): void {
    if (this.wrong === "") this.wrong = `event ${this.eventCount}: ${what}`;
  }
}
