/**
 * From (stock locate, order reference) to an order handle. References of a day are unique and nearly dense on a real
 * feed, so they index pages directly, with no hash on the way; whatever does not fit that picture goes to `OrderHash`
 * behind the same seam: references of 2^34 and more, references so sparse that their pages would eat the memory, and
 * the second of two instruments that use the same number. Owned by `FastBooks`.
 *
 * A page is 2^14 references, is made when its first order comes and goes to a spare list when its last one leaves.
 *
 *   reference  [ page: 20 bits | slot: 14 bits ]      directory: page -> Int32Array(2^14) of handles, 0 = none
 *
 * Always holds: an order is in exactly one of the two; `direct` may return another instrument's order (the caller
 * compares the locate, and asks `hashed` when it differs or is 0). Allocates when a page or the directory is added.
 */
import { OrderHash } from "./order-hash.ts";

const SLOT_BITS = 14;
const PAGE_REFERENCES = 1 << SLOT_BITS;
const SLOT_MASK = PAGE_REFERENCES - 1;
/** References below 2^34 can be direct: their high word is 0…3. */
const HIGH_SHIFT = 2;
const DIRECTORY_MIN = 1024;
const DIRECTORY_MAX = 1 << 20;
/** Pages (64 KiB each) that may always be open, and one more for so many live orders: 16 MiB + 1 KiB an order. */
const PAGES_FREE_COUNT = 256;
const PAGE_ORDERS_MIN = 64;
/** Open pages at most, unless the constructor says otherwise: 1 GiB. */
const PAGE_COUNT_MAX = 16384;
/** Stands where no page is, so that a look-up needs no branch for it. Never written. */
const EMPTY_PAGE = new Int32Array(PAGE_REFERENCES);

export class OrderIndex {
  readonly hash = new OrderHash();
  readonly #pageCountMax: number;
  #pages: Int32Array[] = new Array(DIRECTORY_MIN).fill(EMPTY_PAGE);
  /** Orders on each page. */
  #live = new Int32Array(DIRECTORY_MIN);
  #spares: Int32Array[] = [];
  #pageCount = 0;

  constructor(pageCountMax = PAGE_COUNT_MAX) {
    this.#pageCountMax = pageCountMax;
  }

  /** Pages in use. */
  get pageCount(): number {
    return this.#pageCount;
  }

  /** The order on the direct slot of this reference, whichever instrument's it is; 0 = none. */
  direct(high: number, low: number): number {
    if (high >>> HIGH_SHIFT !== 0) return 0;
    const page = (high << 18) | (low >>> SLOT_BITS);
    const pages = this.#pages;
    return page < pages.length ? pages[page]![low & SLOT_MASK]! : 0;
  }

  /** Makes the order findable. Its key must not be there yet. `liveCount`: orders of the engine. */
  insert(high: number, low: number, locate: number, handle: number, liveCount: number): void {
    if (high >>> HIGH_SHIFT === 0) {
      const page = (high << 18) | (low >>> SLOT_BITS);
      if (this.#has(page) || this.#open(page, liveCount)) {
        const entries = this.#pages[page]!;
        if (entries[low & SLOT_MASK] === 0) {
          entries[low & SLOT_MASK] = handle;
          this.#live[page] = this.#live[page]! + 1;
          return;
        }
      }
    }
    this.hash.insert(high, low, locate, handle);
  }

  /** Forgets an order that was found. */
  remove(high: number, low: number, locate: number, handle: number): void {
    if (this.direct(high, low) !== handle) {
      this.hash.remove(high, low, locate);
      return;
    }
    const page = (high << 18) | (low >>> SLOT_BITS);
    this.#pages[page]![low & SLOT_MASK] = 0;
    const live = this.#live[page]! - 1;
    this.#live[page] = live;
    if (live === 0) this.#close(page);
  }

  clear(): void {
    this.hash.clear();
    this.#pages = new Array(DIRECTORY_MIN).fill(EMPTY_PAGE);
    this.#live = new Int32Array(DIRECTORY_MIN);
    this.#spares = [];
    this.#pageCount = 0;
  }

  #has(page: number): boolean {
    return page < this.#pages.length && this.#pages[page] !== EMPTY_PAGE;
  }

  #open(page: number, liveCount: number): boolean {
    if (this.#pageCount >= this.#pageCountMax) return false;
    if (this.#pageCount >= PAGES_FREE_COUNT + liveCount / PAGE_ORDERS_MIN) return false;
    if (page >= this.#pages.length) this.#growDirectory(page);
    this.#pages[page] = this.#spares.pop() ?? new Int32Array(PAGE_REFERENCES);
    this.#pageCount++;
    return true;
  }

  /** All slots of the page are 0 again, as a spare must be. */
  #close(page: number): void {
    this.#spares.push(this.#pages[page]!);
    this.#pages[page] = EMPTY_PAGE;
    this.#pageCount--;
  }

  #growDirectory(page: number): void {
    let length = this.#pages.length;
    while (length <= page && length < DIRECTORY_MAX) length *= 2;
    const pages: Int32Array[] = new Array(length).fill(EMPTY_PAGE);
    for (let i = 0; i < this.#pages.length; i++) pages[i] = this.#pages[i]!;
    this.#pages = pages;
    const live = new Int32Array(length);
    live.set(this.#live);
    this.#live = live;
  }
}
