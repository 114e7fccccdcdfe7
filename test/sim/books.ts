/**
 * The books under test: a dispatcher with its shards inline or behind rings, whose loops are turned when the scheduler
 * says so, and, in strict runs, a naive book and a rig of another shard count fed with the same stream.
 */
import { ApplyStatus } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { combineHashes, hashInstruments } from "../../src/books/state-hash.ts";
import type { Quality } from "../../src/core/quality.ts";
import { ITCH_BYTES } from "../../src/wire/itch50.ts";
import { BooksRig } from "../support/books-rig.ts";
import type { Reference } from "./tape.ts";
import { SimFailure } from "./world.ts";

/** What a rig's rings hold for sure, with room to spare: more and the only thread there is would wait for itself. */
const TURN_MESSAGES = 4096;

export class SimBooks {
  readonly rig: BooksRig;
  readonly #others: BooksRig[];
  readonly #naive: NaiveBooks | undefined;
  #pending = 0;

  constructor(shards: number, isStrict: boolean) {
    this.rig = new BooksRig({ shards });
    this.#others = isStrict ? [new BooksRig({ shards: shards === 3 ? 0 : 3 })] : [];
    this.#naive = isStrict ? new NaiveBooks() : undefined;
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    this.rig.dispatcher.message(bytes, view, offset, length, sequence, tsRecvNs);
    if (this.#naive) {
      for (const other of this.#others) other.dispatcher.message(bytes, view, offset, length, sequence, tsRecvNs);
      if (length > 0 && ITCH_BYTES[bytes[offset]!] === length) this.#naive.applyChecked(bytes, view, offset);
    }
    if (++this.#pending >= TURN_MESSAGES) this.turn();
  }

  batchEnd(): void {
    this.#each((rig) => rig.dispatcher.batchEnd());
  }

  reset(): void {
    this.#each((rig) => rig.dispatcher.reset());
    this.#naive?.reset();
  }

  snapshotBegin(): void {
    this.#each((rig) => rig.dispatcher.snapshotBegin());
  }

  snapshotEnd(nextSequence: number): void {
    this.#each((rig) => rig.dispatcher.snapshotEnd(nextSequence));
  }

  quality(quality: Quality): void {
    this.#each((rig) => rig.dispatcher.quality(quality));
  }

  #each(use: (rig: BooksRig) => void): void {
    use(this.rig);
    for (const other of this.#others) use(other);
  }

  /** Lets all shards read what they have been sent. */
  turn(): void {
    this.#pending = 0;
    this.#each((rig) => {
      for (const loop of rig.loops) while (loop.doWork(0) > 0);
    });
  }

  /** Lets one shard do one turn. */
  turnOne(pick: number): void {
    const { loops } = this.rig;
    if (loops.length > 0) loops[pick % loops.length]!.doWork(0);
  }

  /** The state of all books, straight from the engines. */
  hashes(): Reference {
    this.batchEnd();
    this.turn();
    const reference = hashesOf(this.rig);
    for (const other of this.#others) differ("books of another shard count", reference, hashesOf(other));
    if (this.#naive) {
      const hashes = hashInstruments(this.#naive);
      const naive = { state: combineHashes(hashes, "state"), session: combineHashes(hashes, "session") };
      differ("the naive books", reference, naive);
    }
    return reference;
  }

  /** Instruments' messages that could not be true, and messages that were of no known kind or locate. */
  doubts(): number {
    const counts = this.rig.badCounts();
    let total = 0;
    for (let status = ApplyStatus.unknownType; status < counts.length; status++) total += counts[status]!;
    return total;
  }
}

function hashesOf(rig: BooksRig): Reference {
  const hashes = rig.shards.flatMap((shard) => hashInstruments(shard.engine));
  return { state: combineHashes(hashes, "state"), session: combineHashes(hashes, "session") };
}

function differ(what: string, a: Reference, b: Reference): void {
  if (a.state !== b.state || a.session !== b.session) throw new SimFailure(`${what} differ`);
}
