/**
 * The book as people usually write it in TypeScript: each message decoded to an object, an object an order, a `Map`
 * from reference to order, a `Map` from price to level and a sorted array of prices a side, a `Map` of orders in each
 * level for time priority. Nothing is slow on purpose, nothing is tuned. It is here to be compared with; only the bench
 * uses it.
 */
import type { LevelImage } from "../../books/contract.ts";

type Side = "B" | "S";

interface Order {
  readonly reference: bigint;
  readonly side: Side;
  readonly price: number;
  readonly level: Level;
  readonly book: Book;
  readonly mpid: string;
  shares: number;
}

interface Level {
  readonly price: number;
  shares: number;
  /** Oldest first. */
  readonly orders: Map<bigint, Order>;
}

interface BookSide {
  /** Ascending. */
  readonly prices: number[];
  readonly levels: Map<number, Level>;
}

interface Trade {
  readonly timestamp: number;
  readonly price: number;
  readonly shares: number;
}

interface Book {
  readonly locate: number;
  readonly symbol: string;
  tradingState: string;
  readonly bids: BookSide;
  readonly asks: BookSide;
  volume: number;
  lastTrade: Trade | undefined;
}

/** The messages that move a book. Prices in 1/10000 dollar, times in nanoseconds since midnight. */
type Message =
  | { type: "R"; locate: number; stock: string }
  | { type: "H"; locate: number; tradingState: string }
  | {
      type: "A" | "F";
      locate: number;
      timestamp: number;
      reference: bigint;
      side: Side;
      shares: number;
      stock: string;
      price: number;
      mpid: string;
    }
  | { type: "E"; locate: number; timestamp: number; reference: bigint; shares: number; match: bigint }
  | {
      type: "C";
      locate: number;
      timestamp: number;
      reference: bigint;
      shares: number;
      match: bigint;
      printable: boolean;
      price: number;
    }
  | { type: "X"; locate: number; timestamp: number; reference: bigint; shares: number }
  | { type: "D"; locate: number; timestamp: number; reference: bigint }
  | {
      type: "U";
      locate: number;
      timestamp: number;
      reference: bigint;
      newReference: bigint;
      shares: number;
      price: number;
    }
  | { type: "P"; locate: number; timestamp: number; shares: number; price: number };

function decode(bytes: Buffer, view: DataView, offset: number): Message | undefined {
  const type = String.fromCharCode(bytes[offset]!);
  const locate = view.getUint16(offset + 1);
  const timestamp = view.getUint16(offset + 5) * 2 ** 32 + view.getUint32(offset + 7);
  switch (type) {
    case "R":
      return { type, locate, stock: text(bytes, offset + 11, 8) };
    case "H":
      return { type, locate, tradingState: text(bytes, offset + 19, 1) };
    case "A":
    case "F":
      return {
        type,
        locate,
        timestamp,
        reference: view.getBigUint64(offset + 11),
        side: bytes[offset + 19] === 0x42 ? "B" : "S",
        shares: view.getUint32(offset + 20),
        stock: text(bytes, offset + 24, 8),
        price: view.getUint32(offset + 32),
        mpid: type === "F" ? text(bytes, offset + 36, 4) : "",
      };
    case "E": {
      const [reference, match] = [view.getBigUint64(offset + 11), view.getBigUint64(offset + 23)];
      return { type, locate, timestamp, reference, shares: view.getUint32(offset + 19), match };
    }
    case "C":
      return {
        type,
        locate,
        timestamp,
        reference: view.getBigUint64(offset + 11),
        shares: view.getUint32(offset + 19),
        match: view.getBigUint64(offset + 23),
        printable: bytes[offset + 31] === 0x59,
        price: view.getUint32(offset + 32),
      };
    case "X":
      return {
        type,
        locate,
        timestamp,
        reference: view.getBigUint64(offset + 11),
        shares: view.getUint32(offset + 19),
      };
    case "D":
      return { type, locate, timestamp, reference: view.getBigUint64(offset + 11) };
    case "U":
      return {
        type,
        locate,
        timestamp,
        reference: view.getBigUint64(offset + 11),
        newReference: view.getBigUint64(offset + 19),
        shares: view.getUint32(offset + 27),
        price: view.getUint32(offset + 31),
      };
    case "P":
      return { type, locate, timestamp, shares: view.getUint32(offset + 20), price: view.getUint32(offset + 32) };
    default:
      return undefined;
  }
}

function text(bytes: Buffer, offset: number, length: number): string {
  return bytes.toString("latin1", offset, offset + length).trimEnd();
}

export class MapBooks {
  readonly #books = new Map<number, Book>();
  readonly #orders = new Map<bigint, Order>();

  get orderCount(): number {
    return this.#orders.size;
  }

  /** Applies one message at `offset`; false when it cannot be true of the book. */
  apply(bytes: Buffer, view: DataView, offset: number): boolean {
    const message = decode(bytes, view, offset);
    if (message === undefined) return true;
    if (message.type === "R") {
      this.#books.set(message.locate, emptyBook(message.locate, message.stock));
      return true;
    }
    const book = this.#books.get(message.locate);
    if (book === undefined) return false;
    switch (message.type) {
      case "H":
        book.tradingState = message.tradingState;
        return true;
      case "P":
        trade(book, message.timestamp, message.price, message.shares);
        return true;
      case "A":
      case "F":
        return this.#add(book, message.reference, message.side, message.shares, message.price, message.mpid);
      case "E":
      case "C":
      case "X":
        return this.#reduce(book, message);
      case "D":
        return this.#delete(message.reference);
      case "U": {
        const old = this.#orders.get(message.reference);
        if (old === undefined) return false;
        this.#delete(old.reference);
        return this.#add(book, message.newReference, old.side, message.shares, message.price, old.mpid);
      }
    }
  }

  /** Every book with its queues, ascending by locate. */
  *images(): Generator<{ locate: number; bids: LevelImage[]; asks: LevelImage[] }> {
    for (const book of [...this.#books.values()].sort((a, b) => a.locate - b.locate))
      yield { locate: book.locate, bids: levelImages(book.bids).reverse(), asks: levelImages(book.asks) };
  }

  #add(book: Book, reference: bigint, side: Side, shares: number, price: number, mpid: string): boolean {
    if (shares === 0 || this.#orders.has(reference)) return false;
    const bookSide = side === "B" ? book.bids : book.asks;
    let level = bookSide.levels.get(price);
    if (level === undefined) {
      level = { price, shares: 0, orders: new Map() };
      bookSide.levels.set(price, level);
      bookSide.prices.splice(lowerBound(bookSide.prices, price), 0, price);
    }
    const order: Order = { reference, side, price, level, book, mpid, shares };
    level.orders.set(reference, order);
    level.shares += shares;
    this.#orders.set(reference, order);
    return true;
  }

  #delete(reference: bigint): boolean {
    const order = this.#orders.get(reference);
    if (order === undefined) return false;
    this.#orders.delete(reference);
    const { level, book } = order;
    level.orders.delete(reference);
    level.shares -= order.shares;
    if (level.orders.size > 0) return true;
    const side = order.side === "B" ? book.bids : book.asks;
    side.levels.delete(level.price);
    side.prices.splice(lowerBound(side.prices, level.price), 1);
    return true;
  }

  #reduce(book: Book, message: Extract<Message, { type: "E" | "C" | "X" }>): boolean {
    const order = this.#orders.get(message.reference);
    if (order === undefined || message.shares === 0 || message.shares > order.shares) return false;
    if (message.type === "E") trade(book, message.timestamp, order.price, message.shares);
    else if (message.type === "C" && message.printable) trade(book, message.timestamp, message.price, message.shares);
    if (message.shares === order.shares) return this.#delete(order.reference);
    order.shares -= message.shares;
    order.level.shares -= message.shares;
    return true;
  }
}

function emptyBook(locate: number, symbol: string): Book {
  const side = (): BookSide => ({ prices: [], levels: new Map() });
  return { locate, symbol, tradingState: "", bids: side(), asks: side(), volume: 0, lastTrade: undefined };
}

function trade(book: Book, timestamp: number, price: number, shares: number): void {
  book.volume += shares;
  book.lastTrade = { timestamp, price, shares };
}

/** Where `price` is in the ascending prices, or belongs. */
function lowerBound(prices: readonly number[], price: number): number {
  let low = 0;
  let high = prices.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (prices[middle]! < price) low = middle + 1;
    else high = middle;
  }
  return low;
}

function levelImages({ prices, levels }: BookSide): LevelImage[] {
  return prices.map((priceE4) => {
    const { shares, orders } = levels.get(priceE4)!;
    const queue = [...orders.values()].map((order) => ({ orderReference: order.reference, shares: order.shares }));
    return { priceE4, shares, orders: orders.size, queue };
  });
}
