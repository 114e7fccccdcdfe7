/**
 * The day that simulated exchanges publish: one synthetic tape of messages, its packets cut in several ways, and what
 * the books must be at each checkpoint. Made once a process and shared by all seeds that draw it.
 *
 * What always holds: messages are numbered from 0; the books after `count` messages are those of `referenceAt(count)`,
 * on which the fast and the naive engine have agreed.
 */
import { FastBooks } from "../../src/books/builder.ts";
import type { BookEngine } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { combineHashes, hashInstruments } from "../../src/books/state-hash.ts";
import { Prng } from "../../src/core/prng.ts";
import { BLOCK_HEAD_BYTES } from "../../src/exchange/block-buffer.ts";
import { OrderFlow } from "../../src/exchange/order-flow.ts";
import { MOLD_HEADER_BYTES } from "../../src/wire/moldudp64.ts";

/** Messages between two places at which the books' hash is known. */
export const CHECKPOINT_MESSAGES = 250;
/** How often the naive book is asked too while the references are made. */
const NAIVE_MESSAGES = 1000;
/** Symbols and live orders of the tapes that seeds choose from. */
const TAPES = [
  { symbols: 40, live: 2000 },
  { symbols: 8, live: 800 },
  { symbols: 120, live: 4000 },
] as const;
export const TAPE_COUNT = TAPES.length;
/** Ways of cutting a tape into packets: messages a packet, by chance between these; 0: as many as fit. */
const CUTS = [
  { min: 0, max: 0 },
  { min: 1, max: 20 },
  { min: 8, max: 30 },
  { min: 3, max: 3 },
] as const;
export const CUT_COUNT = CUTS.length;
const PACKET_BYTES_MAX = 1400;
/** Behind the packets: room for heartbeats and for damaged copies. */
export const SCRATCH_BYTES = 64 * 1024;

export interface Reference {
  state: string;
  session: string;
}

/** A tape as packets. The headers are written when a packet is delivered, as session and sequence are the seed's. */
export class Packing {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** By packet: first message, the one after the last, place, length. */
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly offset: Int32Array;
  readonly length: Int32Array;
  readonly count: number;
  readonly scratchOffset: number;
  /** By packet: the serial number of the episode whose header it bears. */
  readonly bears: Int32Array;

  constructor(tape: Tape, cut: number) {
    const { min, max } = CUTS[cut]!;
    const prng = new Prng(cut + 1);
    const first: number[] = [];
    for (let at = 0; at < tape.count; ) {
      first.push(at);
      const limit = max === 0 ? tape.count : prng.between(min, max);
      const bytesEnd = tape.offsets[at]! + PACKET_BYTES_MAX - MOLD_HEADER_BYTES;
      const begin = at;
      while (at < tape.count && at - begin < limit && tape.offsets[at + 1]! <= bytesEnd) at++;
    }
    this.count = first.length;
    this.first = Int32Array.from(first);
    this.end = Int32Array.from(first, (_, i) => first[i + 1] ?? tape.count);
    this.offset = new Int32Array(this.count);
    this.length = new Int32Array(this.count);
    this.bears = new Int32Array(this.count);
    this.scratchOffset = tape.offsets[tape.count]! + this.count * MOLD_HEADER_BYTES;
    this.bytes = new Uint8Array(new ArrayBuffer(this.scratchOffset + SCRATCH_BYTES));
    this.view = new DataView(this.bytes.buffer);
    for (let i = 0, at = 0; i < this.count; i++) {
      const from = tape.offsets[this.first[i]!]!;
      const to = tape.offsets[this.end[i]!]!;
      this.bytes.set(tape.bytes.subarray(from, to), at + MOLD_HEADER_BYTES);
      this.view.setUint16(at + 18, this.end[i]! - this.first[i]!);
      this.offset[i] = at;
      this.length[i] = MOLD_HEADER_BYTES + to - from;
      at += this.length[i]!;
    }
  }
}

export class Tape {
  readonly count: number;
  /** Blocks: `u16 length`, message. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** By message: where its block begins; one more for the end. */
  readonly offsets: Int32Array;
  readonly #references = new Map<number, Reference>();
  readonly #packings = new Map<number, Packing>();

  constructor(seed: number, messages: number) {
    const { symbols, live } = TAPES[seed]!;
    const flow = new OrderFlow({ seed: seed + 1, symbols, live, messages });
    const pieces: Uint8Array[] = [];
    while (flow.step()) {
      pieces.push(flow.blocks.bytes.slice(0, flow.blocks.length));
      flow.blocks.clear();
    }
    this.bytes = new Uint8Array(new ArrayBuffer(pieces.reduce((sum, piece) => sum + piece.length, 0)));
    let at = 0;
    for (const piece of pieces) {
      this.bytes.set(piece, at);
      at += piece.length;
    }
    this.view = new DataView(this.bytes.buffer);
    const offsets: number[] = [0];
    for (at = 0; at < this.bytes.length; offsets.push(at)) at += BLOCK_HEAD_BYTES + this.view.getUint16(at);
    this.offsets = Int32Array.from(offsets);
    this.count = offsets.length - 1;
    this.#makeReferences();
  }

  #makeReferences(): void {
    const fast = new FastBooks();
    const naive = new NaiveBooks();
    for (let i = 0; i < this.count; i++) {
      this.#apply(fast, i);
      this.#apply(naive, i);
      const done = i + 1;
      if (done % CHECKPOINT_MESSAGES !== 0 && done !== this.count) continue;
      const reference = referenceOf(fast);
      this.#references.set(done, reference);
      if (done % NAIVE_MESSAGES !== 0 && done !== this.count) continue;
      const other = referenceOf(naive);
      if (other.state !== reference.state || other.session !== reference.session)
        throw new Error(`the naive and the fast book differ after ${done} messages of the tape`);
    }
  }

  #apply(engine: BookEngine, message: number): void {
    engine.applyChecked(this.bytes, this.view, this.offsets[message]! + BLOCK_HEAD_BYTES);
  }

  /** Applies messages [from, to) to an engine. */
  play(engine: BookEngine, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#apply(engine, i);
  }

  /** What the books are after `count` messages, if it is a checkpoint. */
  referenceAt(count: number): Reference | undefined {
    return this.#references.get(count);
  }

  packing(cut: number): Packing {
    let packing = this.#packings.get(cut);
    if (!packing) {
      packing = new Packing(this, cut);
      this.#packings.set(cut, packing);
    }
    return packing;
  }
}

export function referenceOf(engine: BookEngine): Reference {
  const hashes = hashInstruments(engine);
  return { state: combineHashes(hashes, "state"), session: combineHashes(hashes, "session") };
}

const tapes = new Map<string, Tape>();

/** The tape of this seed and length, made once. */
export function tapeOf(seed: number, messages: number): Tape {
  const key = `${seed}/${messages}`;
  let tape = tapes.get(key);
  if (!tape) {
    tape = new Tape(seed, messages);
    tapes.set(key, tape);
  }
  return tape;
}
