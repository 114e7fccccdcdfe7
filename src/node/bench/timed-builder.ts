/**
 * The three builders behind one face, so that the same loop times each: over a tape in memory, framed by the product's
 * own framer. The loops are written out for each builder, so that none pays for a call that it would not have alone.
 */
import { FastBooks } from "../../books/builder.ts";
import type { BookEngine } from "../../books/contract.ts";
import { NaiveBooks } from "../../books/naive.ts";
import { combineHashes, hashInstruments } from "../../books/state-hash.ts";
import type { BinaryFileFramer } from "../../wire/binaryfile.ts";
import type { DigestedBook } from "./book-digest.ts";
import type { Builder } from "./child-spec.ts";
import { MapBooks } from "./map-book.ts";

export interface TimedBuilder {
  readonly orderCount: number;
  /** Messages that could not be true, since the start. */
  readonly badCount: number;
  /** Applies up to `messageMax` more messages of the framer; returns how many there were. */
  run(framer: BinaryFileFramer, messageMax: number): number;
  books(): Iterable<DigestedBook>;
  /** 16 digits over all books; `undefined` for builders that have none. */
  stateHash(): string | undefined;
}

export function makeBuilder(builder: Builder): TimedBuilder {
  if (builder === "fathom") return new FastRun();
  return builder === "naive" ? new EngineRun(new NaiveBooks()) : new MapRun();
}

class EngineRun implements TimedBuilder {
  badCount = 0;
  protected readonly engine: BookEngine;

  constructor(engine: BookEngine) {
    this.engine = engine;
  }

  get orderCount(): number {
    return this.engine.orderCount();
  }

  run(framer: BinaryFileFramer, messageMax: number): number {
    const { engine } = this;
    let count = 0;
    while (count < messageMax && framer.next()) {
      if (engine.apply(framer.bytes, framer.view, framer.offset, framer.length) !== 0) this.badCount++;
      count++;
    }
    return count;
  }

  *books(): Generator<DigestedBook> {
    for (const locate of this.engine.locates()) {
      const book = this.engine.book(locate, { queue: true })!;
      yield { locate, bids: book.bids, asks: book.asks };
    }
  }

  stateHash(): string {
    return combineHashes(hashInstruments(this.engine), "state");
  }
}

/** As `EngineRun`, with a loop that only ever meets the fast engine. */
class FastRun extends EngineRun {
  readonly #books: FastBooks;

  constructor() {
    const books = new FastBooks();
    super(books);
    this.#books = books;
  }

  override run(framer: BinaryFileFramer, messageMax: number): number {
    const books = this.#books;
    let count = 0;
    while (count < messageMax && framer.next()) {
      if (books.apply(framer.bytes, framer.view, framer.offset, framer.length) !== 0) this.badCount++;
      count++;
    }
    return count;
  }
}

class MapRun implements TimedBuilder {
  badCount = 0;
  readonly #books = new MapBooks();

  get orderCount(): number {
    return this.#books.orderCount;
  }

  run(framer: BinaryFileFramer, messageMax: number): number {
    const books = this.#books;
    let { bytes } = framer;
    let buffer = bufferOf(bytes);
    let count = 0;
    while (count < messageMax && framer.next()) {
      if (framer.bytes !== bytes) {
        bytes = framer.bytes;
        buffer = bufferOf(bytes);
      }
      if (!books.apply(buffer, framer.view, framer.offset)) this.badCount++;
      count++;
    }
    return count;
  }

  books(): Iterable<DigestedBook> {
    return this.#books.images();
  }

  stateHash(): undefined {
    return undefined;
  }
}

/** The same memory with Node's reading methods. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
}
