/**
 * A cut: a question put into every shard's stream at one sequence, and the answers joined. It is the one way in which
 * anything outside reads a book: a single book, a snapshot of all, a hash, an order. Cold.
 */
import { type Quality, worseQuality } from "../core/quality.ts";
import type { BadMessage } from "./bad-messages.ts";
import type { BookImage, BookOptions, FeedImage, OrderImage } from "./contract.ts";
import { combineHashes, type InstrumentHash } from "./state-hash.ts";

export interface CutRequest {
  id: number;
  /** Which instruments; `null`: all. */
  locates: readonly number[] | null;
  /** What of each book; absent: no books. */
  books?: BookOptions;
  /** Hash each instrument's state and session. */
  hash?: boolean;
  /** One order; `reference` in decimal, as 64 bits do not fit a JSON number. */
  order?: { locate: number; reference: string };
}

/** One shard's answer. */
export interface CutPart {
  id: number;
  shard: number;
  /** Parts that make the whole: a cut of a few instruments goes to their shards only. */
  partCount: number;
  /** The last sequence before the cut. */
  sequence: number;
  /** The channel's, as the stream had it at the cut. */
  quality: Quality;
  feed: FeedImage;
  orderCount: number;
  instrumentCount: number;
  books: BookImage[];
  hashes: InstrumentHash[];
  order: OrderImage | undefined;
  /** The shard's first bad messages. */
  offenders: readonly BadMessage[];
}

export interface CutAnswer {
  sequence: number;
  quality: Quality;
  feed: FeedImage;
  orderCount: number;
  instrumentCount: number;
  /** Ascending by locate. */
  books: BookImage[];
  hashes: InstrumentHash[];
  /** Over `hashes`; of an empty set when none were asked for. */
  stateHash: string;
  sessionHash: string;
  order: OrderImage | undefined;
  offenders: BadMessage[];
}

/** Joins the parts of one cut. */
export class CutCollector {
  readonly #parts: CutPart[] = [];

  /** The whole answer with the last part, `undefined` before. */
  add(part: CutPart): CutAnswer | undefined {
    this.#parts.push(part);
    return this.#parts.length < part.partCount ? undefined : join(this.#parts);
  }
}

function join(parts: readonly CutPart[]): CutAnswer {
  const first = parts[0]!;
  const hashes = parts.flatMap((part) => part.hashes).sort((a, b) => a.locate - b.locate);
  const sum = (of: (part: CutPart) => number) => parts.reduce((total, part) => total + of(part), 0);
  return {
    sequence: first.sequence,
    quality: parts.reduce<Quality>((worst, part) => worseQuality(worst, part.quality), first.quality),
    feed: first.feed,
    orderCount: sum((part) => part.orderCount),
    instrumentCount: sum((part) => part.instrumentCount),
    books: parts.flatMap((part) => part.books).sort((a, b) => a.instrument.locate - b.instrument.locate),
    hashes,
    stateHash: combineHashes(hashes, "state"),
    sessionHash: combineHashes(hashes, "session"),
    order: parts.find((part) => part.order !== undefined)?.order,
    offenders: parts.flatMap((part) => part.offenders),
  };
}
