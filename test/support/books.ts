/**
 * Messages by their fields and engines by their names, for the tests of the books: a message is what the table codec
 * encodes, so that no test depends on the code it tests.
 */
import { FastBooks } from "../../src/books/builder.ts";
import { ApplyStatus, type BookEngine } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { hashInstruments } from "../../src/books/state-hash.ts";
import {
  encodeItch,
  ITCH_BYTES_MAX,
  ITCH50,
  type ItchMessage,
  type ItchMessageOf,
  type ItchType,
} from "../../src/wire/itch50.ts";

/** Everything that implements the contract; the last has no direct index, so that all references are hashed. */
export const ENGINES: [name: string, make: () => BookEngine][] = [
  ["NaiveBooks", () => new NaiveBooks()],
  ["FastBooks", () => new FastBooks()],
  ["FastBooks, tiny pools", () => new FastBooks({ orderCapacity: 2 })],
  ["FastBooks, hashed references", () => new FastBooks({ indexPageMax: 0 })],
];

type Fields<T extends ItchType> = Partial<Omit<ItchMessageOf<T>, "type" | "stockLocate">>;

/** A message's bytes; what is not given is 0, or blank. */
export function itch<T extends ItchType>(type: T, stockLocate: number, given: Fields<T> = {}): Uint8Array {
  const message: Record<string, unknown> = { type, stockLocate, trackingNumber: 0, timestampNs: 0 };
  for (const [name, [, kind]] of Object.entries(ITCH50[type].fields))
    message[name] = kind === "u64" ? 0n : kind === "char" || kind === "alpha" ? "" : 0;
  const bytes = new Uint8Array(ITCH_BYTES_MAX);
  return bytes.slice(0, encodeItch({ ...message, ...given } as unknown as ItchMessage, bytes));
}

export const directory = (locate: number, stock: string, given: Fields<"R"> = {}) =>
  itch("R", locate, { stock, ...given });

export const add = (
  locate: number,
  orderReference: bigint | number,
  side: string,
  shares: number,
  priceE4: number,
  timestampNs = 0,
) => itch("A", locate, { orderReference: BigInt(orderReference), side, shares, priceE4, timestampNs });

export function apply(engine: BookEngine, message: Uint8Array): ApplyStatus {
  // At an odd offset, because that is where messages are in a packet.
  const bytes = new Uint8Array(message.length + 7);
  bytes.set(message, 3);
  return engine.apply(bytes, new DataView(bytes.buffer), 3, message.length);
}

/** Applies messages that must all be good. */
export function applyAll(engine: BookEngine, ...messages: Uint8Array[]): void {
  for (const message of messages) {
    const status = apply(engine, message);
    if (status !== ApplyStatus.ok) throw new Error(`status ${status} of ${String.fromCharCode(message[0]!)}`);
  }
}

/** Everything an engine can be asked, for comparing engines: images of all books with queues and trades, and hashes. */
export function everything(engine: BookEngine) {
  return {
    feed: engine.feed(),
    orderCount: engine.orderCount(),
    instrumentCount: engine.instrumentCount(),
    books: engine.locates().map((locate) => engine.book(locate, { queue: true, tradeMax: 1000 })),
    symbols: engine.locates().map((locate) => engine.symbolOf(locate)),
    hashes: hashInstruments(engine),
  };
}

/** One side as "price shares orders" lines, best first. */
export function ladder(engine: BookEngine, locate: number, side: "bids" | "asks"): string[] {
  return engine.book(locate)![side].map((level) => `${level.priceE4} ${level.shares} ${level.orders}`);
}

/** The references queued at a price, oldest first. */
export function queueAt(engine: BookEngine, locate: number, side: "bids" | "asks", priceE4: number): bigint[] {
  const level = engine.book(locate, { queue: true })![side].find((candidate) => candidate.priceE4 === priceE4);
  return level?.queue?.map((order) => order.orderReference) ?? [];
}
