/**
 * One number over every order of every book, computed as `itch-book.c` computes it: side index (locate * 2, + 1 for
 * asks) ascending, best level first, oldest order first; each of side, price, reference and shares mixed into 64 bits.
 * In two 32-bit halves, because a million orders in BigInt would take longer than building the books.
 */
import type { LevelImage } from "../../books/contract.ts";

/** Books of any engine; levels must have their queues. */
export interface DigestedBook {
  readonly locate: number;
  readonly bids: readonly LevelImage[];
  readonly asks: readonly LevelImage[];
}

export interface BookDigest {
  /** 16 hexadecimal digits. */
  readonly digest: string;
  readonly orders: number;
}

const TWO_32 = 4294967296;
/** The FNV prime is 2^40 + 0x1b3. */
const PRIME_LOW = 0x1b3;

/** `books` in ascending order of locate. */
export function digestBooks(books: Iterable<DigestedBook>): BookDigest {
  const mixer = new Mixer();
  let orders = 0;
  for (const { locate, bids, asks } of books) {
    for (const [side, levels] of [bids, asks].entries()) {
      for (const { priceE4, queue = [] } of levels) {
        for (const { orderReference, shares } of queue) {
          mixer.mix(0, locate * 2 + side);
          mixer.mix(0, priceE4);
          mixer.mix(Number(orderReference >> 32n), Number(orderReference & 0xffffffffn));
          mixer.mix(0, shares);
          orders++;
        }
      }
    }
  }
  return { digest: mixer.digest(), orders };
}

class Mixer {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  /** h ^= x; h *= 2^40 + 0x1b3; h ^= h >> 29; all in 64 bits. */
  mix(high: number, low: number): void {
    const h = (this.#high ^ high) >>> 0;
    const l = (this.#low ^ low) >>> 0;
    const product = l * PRIME_LOW;
    const carry = Math.floor(product / TWO_32);
    // The high half of h * 0x1b3, and of h << 40.
    const productHigh = ((h * PRIME_LOW + carry) % TWO_32) + ((l << 8) >>> 0);
    const newHigh = productHigh >>> 0;
    const newLow = product >>> 0;
    this.#low = (newLow ^ ((newLow >>> 29) | (newHigh << 3))) >>> 0;
    this.#high = (newHigh ^ (newHigh >>> 29)) >>> 0;
  }

  digest(): string {
    return this.#high.toString(16).padStart(8, "0") + this.#low.toString(16).padStart(8, "0");
  }
}
