/**
 * A real morning of AAPL as LOBSTER has it: 999 messages and ten levels a side after each. The messages are played as
 * ITCH into a book that begins with the first row.
 *
 * What was in the book before it began is one order a level here, which stands for all whose numbers are not known. A
 * level that comes into sight from below the tenth is taken over from the row, because the file says nothing of what
 * goes on down there; that is the only thing that is.
 */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { BookEngine } from "../../../src/books/contract.ts";
import { add, applyAll, directory, ENGINES, itch } from "../../support/books.ts";
import { realData } from "../wire/real-data.ts";

const DEPTH = 10;
const folder = realData("lobster-aapl-l10");
const NAME = "AAPL_2012-06-21_34200000_57600000";
type Side = "B" | "S";
type Levels = { priceE4: number; shares: number }[];

/** Columns: ask price, ask shares, bid price, bid shares, level by level. */
const rowSide = (row: number[], side: Side): Levels =>
  Array.from({ length: DEPTH }, (_, i) => {
    const at = i * 4 + (side === "S" ? 0 : 2);
    return { priceE4: row[at]!, shares: row[at + 1]! };
  });

class LobsterBook {
  readonly engine: BookEngine;
  learnedCount = 0;
  /** The tenth level of the row before: beyond it nothing is known. */
  readonly #horizon: Record<Side, number>;
  #before = 10n ** 12n;
  /** The order that stands for what was there before, by side and price. */
  readonly #standIns = new Map<string, bigint>();

  constructor(engine: BookEngine, row: number[]) {
    this.engine = engine;
    applyAll(engine, directory(1, "AAPL"));
    this.#horizon = { B: rowSide(row, "B").at(-1)!.priceE4, S: rowSide(row, "S").at(-1)!.priceE4 };
    for (const side of ["B", "S"] as const)
      for (const { priceE4, shares } of rowSide(row, side)) this.#standIn(side, priceE4, shares);
  }

  #standIn(side: Side, priceE4: number, shares: number): void {
    this.#standIns.set(`${side}${priceE4}`, ++this.#before);
    applyAll(this.engine, add(1, this.#before, side, shares, priceE4));
  }

  message([, type, id, shares, priceE4, direction]: number[]): void {
    const side = direction === 1 ? "B" : "S";
    const known = this.engine.order(1, BigInt(id!));
    const orderReference = known?.orderReference ?? this.#standIns.get(`${side}${priceE4}`) ?? -1n;
    if (type === 1) applyAll(this.engine, add(1, id!, side, shares!, priceE4!));
    else if (type === 4)
      applyAll(this.engine, itch("E", 1, { orderReference, executedShares: shares!, matchNumber: 1n }));
    else if (type === 5) applyAll(this.engine, itch("P", 1, { side: "B", shares: shares!, priceE4: priceE4! }));
    else if (type === 3 && known) {
      expect(known).toMatchObject({ shares: shares!, priceE4: priceE4!, side });
      applyAll(this.engine, itch("D", 1, { orderReference }));
    } else applyAll(this.engine, itch("X", 1, { orderReference, canceledShares: shares! }));
  }

  /** Holds the side against a row; what has come into sight is learned, what has gone out of it is forgotten. */
  compare(row: number[], side: Side): void {
    const levels = rowSide(row, side);
    for (const { priceE4, shares } of levels.filter((level) => this.#isBeyond(side, level.priceE4))) {
      const missing = shares - (this.#levels(side).find((level) => level.priceE4 === priceE4)?.shares ?? 0);
      if (missing === 0) continue;
      this.#standIn(side, priceE4, missing);
      this.learnedCount++;
    }
    expect(
      this.#levels(side)
        .map(({ priceE4, shares }) => ({ priceE4, shares }))
        .slice(0, DEPTH),
    ).toEqual(levels);
    this.#horizon[side] = levels.at(-1)!.priceE4;
    for (const level of this.#levels(side).filter(({ priceE4 }) => this.#isBeyond(side, priceE4))) {
      for (const { orderReference } of level.queue!) applyAll(this.engine, itch("D", 1, { orderReference }));
    }
  }

  #isBeyond(side: Side, priceE4: number): boolean {
    return side === "B" ? priceE4 < this.#horizon[side] : priceE4 > this.#horizon[side];
  }

  #levels(side: Side) {
    return this.engine.book(1, { queue: true })![side === "B" ? "bids" : "asks"];
  }
}

function numbers(kind: string): number[][] {
  const lines = readFileSync(`${folder}/${NAME}_${kind}_10.csv`, "utf8").trim().split(/\r?\n/);
  return lines.map((line) => line.split(",").map(Number));
}

const name = "LOBSTER, AAPL, 2012-06-21: 998 rows of ten levels agree: %s";
test.skipIf(folder === undefined).each(ENGINES)(name, (_engine, make) => {
  const [messages, rows] = [numbers("message"), numbers("orderbook")];
  const lobster = new LobsterBook(make(), rows[0]!);
  let agreed = 0;
  for (let i = 1; i < rows.length; i++) {
    const before = lobster.learnedCount;
    lobster.message(messages[i]!);
    lobster.compare(rows[i]!, "B");
    lobster.compare(rows[i]!, "S");
    // One message takes away one level at most, so one comes into sight; an add or a hidden trade takes none away.
    const takesAway = messages[i]![1] !== 1 && messages[i]![1] !== 5;
    expect(lobster.learnedCount - before).toBeLessThanOrEqual(takesAway ? 1 : 0);
    agreed++;
  }
  expect(agreed).toBe(998);
  expect(lobster.engine.doubtCount(1)).toBe(0);
});
