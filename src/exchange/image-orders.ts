/**
 * The live orders of a feed in the order of their priority: a list of records, oldest first, and a hash from reference
 * to record. Typed arrays; references are any 64-bit numbers, as two halves. Owned by one `SessionImage`.
 *
 * What always holds: a record is in the list exactly while the hash finds it; a replaced order is at the list's end.
 */
/** A record: reference high | low | shares | price | locate and side | attribution | time high | low | prev | next. */
const WORDS = 10;
const REF_HIGH = 0;
const REF_LOW = 1;
const SHARES = 2;
const PRICE = 3;
const INSTRUMENT = 4;
const ATTRIBUTION = 5;
const TIME_HIGH = 6;
const TIME_LOW = 7;
const PREV = 8;
const NEXT = 9;
const TWO_32 = 4294967296;
const FIRST_CAPACITY = 1024;

export class ImageOrders {
  count = 0;
  #records = new Int32Array(FIRST_CAPACITY * WORDS);
  #used = 0;
  #free = 0;
  #head = 0;
  #tail = 0;
  /** Open addressing, linear probing: records by hash of their reference, 0 = empty. */
  #table = new Int32Array(FIRST_CAPACITY * 2);

  /** The oldest order's record, 0 when there is none. */
  get first(): number {
    return this.#head;
  }

  next(record: number): number {
    return this.#records[record * WORDS + NEXT]!;
  }

  reference(record: number): number {
    return (
      (this.#records[record * WORDS + REF_HIGH]! >>> 0) * TWO_32 + (this.#records[record * WORDS + REF_LOW]! >>> 0)
    );
  }

  shares(record: number): number {
    return this.#records[record * WORDS + SHARES]! >>> 0;
  }

  priceE4(record: number): number {
    return this.#records[record * WORDS + PRICE]! >>> 0;
  }

  locate(record: number): number {
    return this.#records[record * WORDS + INSTRUMENT]! >>> 8;
  }

  sideByte(record: number): number {
    return this.#records[record * WORDS + INSTRUMENT]! & 0xff;
  }

  /** The four characters as a big-endian word, 0 = none. */
  attribution(record: number): number {
    return this.#records[record * WORDS + ATTRIBUTION]!;
  }

  /** When it was entered, ns since midnight. */
  tsNs(record: number): number {
    return this.#records[record * WORDS + TIME_HIGH]! * TWO_32 + (this.#records[record * WORDS + TIME_LOW]! >>> 0);
  }

  /** The record of a reference, 0 when it is not live. */
  find(refHigh: number, refLow: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let at = hash(refHigh, refLow) & mask; ; at = (at + 1) & mask) {
      const record = table[at]!;
      if (record === 0 || this.#is(record, refHigh, refLow)) return record;
    }
  }

  /** Adds an order behind all others. Its reference must not be live. */
  add(
    refHigh: number,
    refLow: number,
    locate: number,
    sideByte: number,
    shares: number,
    priceE4: number,
    attribution: number,
    tsNs: number,
  ): void {
    const record = this.#take();
    const records = this.#records;
    const at = record * WORDS;
    records[at + REF_HIGH] = refHigh;
    records[at + REF_LOW] = refLow;
    records[at + SHARES] = shares;
    records[at + PRICE] = priceE4;
    records[at + INSTRUMENT] = (locate << 8) | sideByte;
    records[at + ATTRIBUTION] = attribution;
    records[at + TIME_HIGH] = tsNs / TWO_32;
    records[at + TIME_LOW] = tsNs;
    records[at + PREV] = this.#tail;
    records[at + NEXT] = 0;
    if (this.#tail === 0) this.#head = record;
    else records[this.#tail * WORDS + NEXT] = record;
    this.#tail = record;
    this.count++;
    if (this.count * 2 > this.#table.length) this.#rehash();
    else this.#enter(record);
  }

  /** Takes shares off; an order without shares is gone. */
  reduce(record: number, shares: number): void {
    const left = this.shares(record) - shares;
    if (left > 0) this.#records[record * WORDS + SHARES] = left;
    else this.remove(record);
  }

  remove(record: number): void {
    this.#forget(record);
    const records = this.#records;
    const prev = records[record * WORDS + PREV]!;
    const next = records[record * WORDS + NEXT]!;
    if (prev === 0) this.#head = next;
    else records[prev * WORDS + NEXT] = next;
    if (next === 0) this.#tail = prev;
    else records[next * WORDS + PREV] = prev;
    records[record * WORDS + NEXT] = this.#free;
    this.#free = record;
    this.count--;
  }

  #is(record: number, refHigh: number, refLow: number): boolean {
    const at = record * WORDS;
    return this.#records[at + REF_LOW] === (refLow | 0) && this.#records[at + REF_HIGH] === (refHigh | 0);
  }

  #take(): number {
    const free = this.#free;
    if (free !== 0) {
      this.#free = this.#records[free * WORDS + NEXT]!;
      return free;
    }
    const record = ++this.#used;
    if ((record + 1) * WORDS > this.#records.length) {
      const larger = new Int32Array(this.#records.length * 2);
      larger.set(this.#records);
      this.#records = larger;
    }
    return record;
  }

  #home(record: number): number {
    const at = record * WORDS;
    return hash(this.#records[at + REF_HIGH]!, this.#records[at + REF_LOW]!) & (this.#table.length - 1);
  }

  #enter(record: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let at = this.#home(record);
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = record;
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let record = this.#head; record !== 0; record = this.next(record)) this.#enter(record);
  }

  /** Empties the record's place and moves up whoever had probed past it. */
  #forget(record: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.#home(record);
    while (table[hole] !== record) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const distance = (at - this.#home(table[at]!)) & mask;
      if (distance < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
  }
}

function hash(refHigh: number, refLow: number): number {
  let h = Math.imul(refLow ^ Math.imul(refHigh, 0x85ebca6b), 0x9e3779b1);
  h ^= h >>> 15;
  return h;
}
