/**
 * A naive book that knows nothing of the engine: Maps, Sets and the messages. It takes the exchange's blocks one by
 * one, holds every message against what must be true of it, and writes the books out for comparison.
 */
import { readU64 } from "../../src/core/bytes.ts";
import type { MatchingEngine } from "../../src/exchange/matching-engine.ts";
import {
  LEVEL_HEAD,
  LEVEL_PRICE,
  LEVEL_WORDS,
  ORDER_NEXT,
  ORDER_WORDS,
  SIDES_PER_LOCATE,
} from "../../src/exchange/resting-orders.ts";

interface Order {
  locate: number;
  side: string;
  priceE4: number;
  shares: number;
}

/** `[price, [[reference, shares], …oldest first]]`, best level first. */
export type Side = [number, [number, number][]][];

export class NaiveExchangeBook {
  readonly orders = new Map<number, Order>();
  /** By stock locate. */
  readonly states = new Map<number, string>();
  /** What was not true, in words. */
  readonly violations: string[] = [];
  messages = 0;
  typeCounts: Record<string, number> = {};
  systemEvents = "";
  tsNsMax = 0;
  /** Shares of all adds, and of all executions of displayed orders. */
  addedShares = 0;
  executedShares = 0;
  /** References by side, then by price, oldest first. */
  readonly #sides = new Map<string, Map<number, Set<number>>>();
  readonly #matches = new Set<number>();
  #referenceMax = 0;
  #matchMax = 0;

  /** Applies whole blocks. */
  apply(bytes: Uint8Array, view: DataView, offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += 2 + view.getUint16(at)) this.message(bytes, view, at + 2);
  }

  message(bytes: Uint8Array, view: DataView, at: number): void {
    const type = String.fromCharCode(bytes[at]!);
    this.messages++;
    this.typeCounts[type] = (this.typeCounts[type] ?? 0) + 1;
    const tsNs = view.getUint16(at + 5) * 2 ** 32 + view.getUint32(at + 7);
    if (tsNs < this.tsNsMax) this.#say(`time goes back at a ${type}`);
    this.tsNsMax = tsNs;
    const locate = view.getUint16(at + 1);
    if (type === "A" || type === "F") {
      const order = { locate, side: String.fromCharCode(bytes[at + 19]!), priceE4: view.getUint32(at + 32) };
      this.#add(readU64(view, at + 11), { ...order, shares: view.getUint32(at + 20) });
    } else if (type === "D") this.#remove(readU64(view, at + 11), locate);
    else if (type === "X") this.#reduce(readU64(view, at + 11), view.getUint32(at + 19), locate, true);
    else if (type === "E" || type === "C") this.#execute(type, view, at, locate);
    else if (type === "U") this.#replace(view, at, locate);
    else this.#other(type, bytes, view, at, locate);
  }

  #other(type: string, bytes: Uint8Array, view: DataView, at: number, locate: number): void {
    if (type === "H") this.states.set(locate, String.fromCharCode(bytes[at + 19]!));
    else if (type === "S") this.systemEvents += String.fromCharCode(bytes[at + 11]!);
    else if (type === "P") {
      this.#match(readU64(view, at + 36));
      if (readU64(view, at + 11) !== 0 || bytes[at + 19] !== 0x42) this.#say("a hidden trade that names its order");
    } else if (type === "Q") this.#match(readU64(view, at + 31));
    else if (type === "B" && !this.#matches.delete(readU64(view, at + 11))) this.#say("broken trade of no match");
  }

  #say(text: string): void {
    this.violations.push(`message ${this.messages}: ${text}`);
  }

  #match(match: number): void {
    if (match !== ++this.#matchMax) this.#say(`match ${match} after ${this.#matchMax - 1}`);
    this.#matches.add(match);
  }

  #levels(locate: number, side: string): Map<number, Set<number>> {
    const key = `${locate}${side}`;
    const known = this.#sides.get(key);
    if (known) return known;
    const levels = new Map<number, Set<number>>();
    this.#sides.set(key, levels);
    return levels;
  }

  #add(reference: number, order: Order): void {
    if (reference !== ++this.#referenceMax) this.#say(`reference ${reference} after ${this.#referenceMax - 1}`);
    if (order.shares === 0 || order.priceE4 === 0) this.#say("an order of nothing");
    this.orders.set(reference, order);
    this.addedShares += order.shares;
    const levels = this.#levels(order.locate, order.side);
    const queue = levels.get(order.priceE4);
    if (queue) queue.add(reference);
    else levels.set(order.priceE4, new Set([reference]));
  }

  #remove(reference: number, locate: number): Order | undefined {
    const order = this.orders.get(reference);
    if (!order || order.locate !== locate) {
      this.#say(`reference ${reference} of locate ${locate} is not live`);
      return undefined;
    }
    this.orders.delete(reference);
    const levels = this.#levels(order.locate, order.side);
    const queue = levels.get(order.priceE4)!;
    queue.delete(reference);
    if (queue.size === 0) levels.delete(order.priceE4);
    return order;
  }

  #reduce(reference: number, shares: number, locate: number, mustRemain: boolean): void {
    const order = this.orders.get(reference);
    if (!order || order.locate !== locate) this.#say(`reference ${reference} of locate ${locate} is not live`);
    else if (shares === 0 || shares > order.shares || (mustRemain && shares === order.shares))
      this.#say(`${shares} of ${order.shares} shares`);
    else if (shares === order.shares) this.#remove(reference, locate);
    else order.shares -= shares;
  }

  #execute(type: string, view: DataView, at: number, locate: number): void {
    const reference = readU64(view, at + 11);
    const shares = view.getUint32(at + 19);
    const order = this.orders.get(reference);
    if (order) {
      const best = this.bestE4(locate, order.side);
      if (best !== order.priceE4) this.#say(`executed at ${order.priceE4} while the best is ${best}`);
      const first = this.#levels(locate, order.side).get(order.priceE4)!.values().next().value;
      if (first !== reference) this.#say(`${reference} executed before ${first}`);
    }
    if (type === "E" && this.states.get(locate) !== "T") this.#say("an execution while not trading");
    this.executedShares += shares;
    this.#match(readU64(view, at + 23));
    this.#reduce(reference, shares, locate, false);
  }

  #replace(view: DataView, at: number, locate: number): void {
    const order = this.#remove(readU64(view, at + 11), locate);
    if (order)
      this.#add(readU64(view, at + 19), {
        ...order,
        shares: view.getUint32(at + 27),
        priceE4: view.getUint32(at + 31),
      });
  }

  /** 0 when the side is empty. */
  bestE4(locate: number, side: string): number {
    const prices = [...this.#levels(locate, side).keys()];
    if (prices.length === 0) return 0;
    return side === "B" ? Math.max(...prices) : Math.min(...prices);
  }

  isCrossed(locate: number): boolean {
    const bidE4 = this.bestE4(locate, "B");
    const askE4 = this.bestE4(locate, "S");
    return bidE4 !== 0 && askE4 !== 0 && bidE4 >= askE4;
  }

  side(locate: number, side: string): Side {
    const levels = [...this.#levels(locate, side)].sort((a, b) => (side === "B" ? b[0] - a[0] : a[0] - b[0]));
    return levels.map(([priceE4, queue]) => [priceE4, [...queue].map((ref) => [ref, this.orders.get(ref)!.shares])]);
  }
}

/** The engine's own displayed book in the same form. */
export function engineSide(engine: MatchingEngine, locate: number, side: string): Side {
  const { resting } = engine;
  const index = locate * SIDES_PER_LOCATE + (side === "B" ? 0 : 1);
  const result: Side = [];
  for (let rank = 0; resting.levelAt(index, rank) !== 0; rank++) {
    const level = resting.levelAt(index, rank) * LEVEL_WORDS;
    const queue: [number, number][] = [];
    for (
      let slot = resting.levels[level + LEVEL_HEAD]!;
      slot !== 0;
      slot = resting.orders[slot * ORDER_WORDS + ORDER_NEXT]!
    )
      queue.push([resting.reference(slot), resting.shares(slot)]);
    result.push([resting.levels[level + LEVEL_PRICE]!, queue]);
  }
  return result;
}
