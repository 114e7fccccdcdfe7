/**
 * Synthetic traffic for the warm-up: a day's mix of messages about a handful of made-up instruments, as MoldUDP64
 * packets. The same on every machine. A round of it leaves no order behind, so it can be sent again and again with new
 * sequences.
 */
import { Prng } from "../core/prng.ts";
import {
  stockBytes,
  writeAddOrder,
  writeAddOrderMpid,
  writeCancel,
  writeDelete,
  writeExecuted,
  writeExecutedWithPrice,
  writeReplace,
  writeStockDirectory,
  writeTrade,
  writeTradingAction,
} from "../wire/itch50-write.ts";
import { MoldPacketWriter, sessionBytes } from "../wire/moldudp64.ts";

const SESSION = "WARM-UP";
const INSTRUMENTS = 32;
const LIVE_ORDERS = 600;
const PRICE_E4 = 1_000_000;
const PRICE_STEP_E4 = 100;
/** Levels from the middle of a book within which orders are added. */
const LEVELS = 40;
const BUY = 0x42;
const SELL = 0x53;
const YES = 0x59;
const TRADING = 0x54;
const MPID = new TextEncoder().encode("WARM");
const MESSAGE_BYTES_MAX = 64;
/** Between messages, on the feed's clock. */
const STEP_NS = 1000;

/** One round. */
export interface WarmUpTape {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where each packet begins, how long it is, and the sequence of its first message in the first round. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  readonly sequences: readonly number[];
  readonly messageCount: number;
}

/** Messages in a round: few, because making them is cold code; it is sent again and again. */
const TAPE_MESSAGES = 3072;

let made: WarmUpTape | undefined;

/** The tape, made once: by the main thread, which posts it to all that warm up. */
export function warmUpTape(): WarmUpTape {
  made ??= makeWarmUpTape(TAPE_MESSAGES);
  return made;
}

/** `messages`: about how many in a round. */
export function makeWarmUpTape(messages: number): WarmUpTape {
  const packets = new Packets();
  const day = new WarmUpDay(packets);
  day.open();
  while (packets.messageCount < messages) day.step();
  day.close();
  return packets.finish();
}

/** Packs messages as a feed does: mostly one or a few to a packet, now and then as many as fit. */
class Packets {
  messageCount = 0;
  readonly scratch = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES_MAX));
  readonly scratchView = new DataView(this.scratch.buffer);
  readonly #writer = new MoldPacketWriter();
  readonly #packets: { bytes: Uint8Array; sequence: number }[] = [];
  readonly #prng = new Prng(3);
  readonly #session = sessionBytes(SESSION);
  #limit = 0;

  constructor() {
    this.#begin();
  }

  #begin(): void {
    this.#writer.begin(this.#session, this.messageCount + 1);
    this.#limit = this.#prng.chance(0.3) ? Number.POSITIVE_INFINITY : this.#prng.between(1, 4);
  }

  /** The message in `scratch`. */
  add(length: number): void {
    const writer = this.#writer;
    if (writer.count >= this.#limit || !writer.fits(length)) this.#flush();
    writer.append(this.scratch, 0, length);
    this.messageCount++;
  }

  #flush(): void {
    const length = this.#writer.finish();
    this.#packets.push({ bytes: this.#writer.bytes.slice(0, length), sequence: this.#writer.sequence });
    this.#begin();
  }

  finish(): WarmUpTape {
    this.#flush();
    const total = this.#packets.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const bytes = new Uint8Array(new ArrayBuffer(total));
    const offsets: number[] = [];
    let at = 0;
    for (const packet of this.#packets) {
      bytes.set(packet.bytes, at);
      offsets.push(at);
      at += packet.bytes.length;
    }
    return {
      bytes,
      view: new DataView(bytes.buffer),
      offsets,
      lengths: this.#packets.map((packet) => packet.bytes.length),
      sequences: this.#packets.map((packet) => packet.sequence),
      messageCount: this.messageCount,
    };
  }
}

interface LiveOrder {
  reference: number;
  locate: number;
  sideByte: number;
  shares: number;
  priceE4: number;
}

/** A market that makes no sense as one, but in which every message is true. */
class WarmUpDay {
  readonly #packets: Packets;
  readonly #prng = new Prng(7);
  readonly #stocks = Array.from({ length: INSTRUMENTS }, (_, i) => stockBytes(`WARM${i}`));
  readonly #orders: LiveOrder[] = [];
  #reference = 0;
  #match = 0;
  #tsNs = 34_200e9;

  constructor(packets: Packets) {
    this.#packets = packets;
  }

  open(): void {
    const { scratch, scratchView } = this.#packets;
    for (const [i, stock] of this.#stocks.entries()) {
      const tsNs = this.#tick();
      this.#packets.add(writeStockDirectory(scratchView, scratch, 0, i + 1, tsNs, stock));
      this.#packets.add(writeTradingAction(scratchView, scratch, 0, i + 1, tsNs, stock, TRADING, ""));
    }
  }

  #tick(): number {
    this.#tsNs += STEP_NS;
    return this.#tsNs;
  }

  /** One message, in about the mix of a day, the rare kinds oftener: they are to be warm too. */
  step(): void {
    const dice = this.#prng.below(100);
    const isFew = this.#orders.length < LIVE_ORDERS / 2;
    if (isFew || (dice < 44 && this.#orders.length < LIVE_ORDERS)) this.#add();
    else if (dice < 68) this.#delete(this.#pick());
    else if (dice < 80) this.#replace(this.#orders[this.#pick()]!);
    else if (dice < 90) this.#execute(this.#orders[this.#pick()]!);
    else if (dice < 97) this.#cancel(this.#orders[this.#pick()]!);
    else this.#trade(this.#orders[this.#pick()]!);
  }

  close(): void {
    while (this.#orders.length > 0) this.#delete(this.#orders.length - 1);
  }

  #pick(): number {
    return this.#prng.below(this.#orders.length);
  }

  #price(sideByte: number): number {
    const away = this.#prng.below(LEVELS) * PRICE_STEP_E4;
    return sideByte === BUY ? PRICE_E4 - away : PRICE_E4 + PRICE_STEP_E4 + away;
  }

  #add(): void {
    const { scratch, scratchView } = this.#packets;
    const sideByte = this.#prng.chance(0.5) ? BUY : SELL;
    const locate = 1 + this.#prng.below(INSTRUMENTS);
    const stock = this.#stocks[locate - 1]!;
    const shares = 100 * this.#prng.between(1, 20);
    const order = { reference: ++this.#reference, locate, sideByte, shares, priceE4: this.#price(sideByte) };
    this.#orders.push(order);
    const { reference, priceE4 } = order;
    const tsNs = this.#tick();
    this.#packets.add(
      this.#prng.chance(0.2)
        ? writeAddOrderMpid(scratchView, scratch, 0, locate, tsNs, reference, sideByte, shares, stock, priceE4, MPID)
        : writeAddOrder(scratchView, scratch, 0, locate, tsNs, reference, sideByte, shares, stock, priceE4),
    );
  }

  #delete(at: number): void {
    const { locate, reference } = this.#orders[at]!;
    this.#orders[at] = this.#orders.at(-1)!;
    this.#orders.pop();
    this.#packets.add(writeDelete(this.#packets.scratchView, 0, locate, this.#tick(), reference));
  }

  #replace(order: LiveOrder): void {
    const old = order.reference;
    order.reference = ++this.#reference;
    order.shares = 100 * this.#prng.between(1, 20);
    order.priceE4 = this.#price(order.sideByte);
    const { locate, reference, shares, priceE4 } = order;
    const { scratchView } = this.#packets;
    this.#packets.add(writeReplace(scratchView, 0, locate, this.#tick(), old, reference, shares, priceE4));
  }

  /** In part; the rest of the order stays for a delete. */
  #execute(order: LiveOrder): void {
    if (order.shares < 2) return;
    const { scratchView } = this.#packets;
    const { locate, reference, priceE4 } = order;
    const shares = 1 + this.#prng.below(order.shares >> 1);
    order.shares -= shares;
    const tsNs = this.#tick();
    this.#packets.add(
      this.#prng.chance(0.25)
        ? writeExecutedWithPrice(scratchView, 0, locate, tsNs, reference, shares, ++this.#match, YES, priceE4)
        : writeExecuted(scratchView, 0, locate, tsNs, reference, shares, ++this.#match),
    );
  }

  #cancel(order: LiveOrder): void {
    if (order.shares < 2) return;
    const shares = 1 + this.#prng.below(order.shares >> 1);
    order.shares -= shares;
    const { locate, reference } = order;
    this.#packets.add(writeCancel(this.#packets.scratchView, 0, locate, this.#tick(), reference, shares));
  }

  #trade({ locate, sideByte, priceE4 }: LiveOrder): void {
    const { scratch, scratchView } = this.#packets;
    const stock = this.#stocks[locate - 1]!;
    const match = ++this.#match;
    this.#packets.add(
      writeTrade(scratchView, scratch, 0, locate, this.#tick(), 0, sideByte, 100, stock, priceE4, match),
    );
  }
}
