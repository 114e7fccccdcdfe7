/**
 * What the session has come to, as a snapshot has to tell it: the last system event, each instrument's directory,
 * trading state, Reg SHO, operational halts and retail interest, and every live order in priority order. A function of
 * the messages published; advanced from the store, and only when somebody asks, so that publishing pays nothing for
 * it.
 *
 * Owned by one `GlimpseServer`. Messages that cannot be true (a file may hold anything) change nothing.
 */
import { readU48 } from "../core/bytes.ts";
import { ITCH_BYTES, Itch } from "../wire/itch50.ts";
import { BLOCK_HEAD_BYTES } from "./block-buffer.ts";
import { ImageOrders } from "./image-orders.ts";
import type { MessageStore, StoreChunk } from "./message-store.ts";

/** The state messages of one instrument, as they were published; a length of 0 = never. */
const SLOT_BYTES = 40;
const SLOTS = { directory: 0, action: 1, regSho: 2, haltQ: 3, haltB: 4, haltX: 5, retail: 6 } as const;
const SLOT_COUNT = 7;
const MARKET_CODE_AT = 19;

/** One instrument's state messages. */
export class InstrumentState {
  readonly bytes = new Uint8Array(new ArrayBuffer(SLOT_BYTES * SLOT_COUNT));
  readonly lengths = new Uint8Array(SLOT_COUNT);

  keep(slot: number, bytes: Uint8Array, offset: number, length: number): void {
    for (let i = 0; i < length; i++) this.bytes[slot * SLOT_BYTES + i] = bytes[offset + i]!;
    this.lengths[slot] = length;
  }

  /** Offset of a slot's message in `bytes`. */
  offsetOf(slot: number): number {
    return slot * SLOT_BYTES;
  }

  get slotCount(): number {
    return SLOT_COUNT;
  }

  /** The instrument's symbol: 8 bytes of the directory message, which come at this offset. */
  get stockOffset(): number {
    return SLOTS.directory * SLOT_BYTES + 11;
  }
}

export class SessionImage {
  readonly orders = new ImageOrders();
  /** By stock locate; undefined = never announced. */
  readonly instruments: (InstrumentState | undefined)[] = [];
  /** The last system event message; undefined = none yet. */
  systemEvent: Uint8Array | undefined;
  /** The next message to be applied: all before it are in the image. */
  sequence = 1;

  /** Applies what the store has from `sequence` on, at most `messages`. Returns how many it applied. */
  advance(store: MessageStore, messages: number): number {
    let left = messages;
    while (left > 0) {
      const chunk = store.chunkOf(this.sequence);
      if (chunk === undefined) break;
      left -= this.apply(chunk, left);
    }
    return messages - left;
  }

  /** Applies what a chunk has from `sequence` on, at most `messages`. Returns how many. */
  apply(chunk: StoreChunk, messages: number): number {
    const until = Math.min(chunk.firstSequence + chunk.count, this.sequence + messages);
    const from = this.sequence;
    if (from < chunk.firstSequence || from >= until) return 0;
    let at = chunk.offsetOf(from);
    for (let sequence = from; sequence < until; sequence++) {
      const length = chunk.view.getUint16(at);
      this.#message(chunk.bytes, chunk.view, at + BLOCK_HEAD_BYTES, length);
      at += BLOCK_HEAD_BYTES + length;
    }
    this.sequence = until;
    return until - from;
  }

  #message(bytes: Uint8Array, view: DataView, at: number, length: number): void {
    const type = length > 0 ? bytes[at]! : 0;
    if (ITCH_BYTES[type] !== length) return;
    switch (type) {
      case Itch.addOrder:
      case Itch.addOrderMpid:
        this.#add(bytes, view, at, type);
        break;
      case Itch.executed:
      case Itch.executedWithPrice:
      case Itch.cancel: {
        const record = this.orders.find(view.getInt32(at + 11), view.getInt32(at + 15));
        if (record !== 0) this.orders.reduce(record, view.getUint32(at + 19));
        break;
      }
      case Itch.delete: {
        const record = this.orders.find(view.getInt32(at + 11), view.getInt32(at + 15));
        if (record !== 0) this.orders.remove(record);
        break;
      }
      case Itch.replace:
        this.#replace(view, at);
        break;
      case Itch.systemEvent:
        this.systemEvent = bytes.slice(at, at + length);
        break;
      default:
        this.#state(bytes, view, at, length, type);
    }
  }

  #add(bytes: Uint8Array, view: DataView, at: number, type: number): void {
    const { orders } = this;
    const refHigh = view.getInt32(at + 11);
    const refLow = view.getInt32(at + 15);
    if (orders.find(refHigh, refLow) !== 0) return;
    const attribution = type === Itch.addOrderMpid ? view.getInt32(at + 36) : 0;
    const locate = view.getUint16(at + 1);
    const priceE4 = view.getUint32(at + 32);
    const tsNs = readU48(view, at + 5);
    orders.add(refHigh, refLow, locate, bytes[at + 19]!, view.getUint32(at + 20), priceE4, attribution, tsNs);
  }

  #replace(view: DataView, at: number): void {
    const { orders } = this;
    const old = orders.find(view.getInt32(at + 11), view.getInt32(at + 15));
    const refHigh = view.getInt32(at + 19);
    const refLow = view.getInt32(at + 23);
    if (old === 0 || orders.find(refHigh, refLow) !== 0) return;
    const locate = orders.locate(old);
    const sideByte = orders.sideByte(old);
    const attribution = orders.attribution(old);
    orders.remove(old);
    const priceE4 = view.getUint32(at + 31);
    orders.add(refHigh, refLow, locate, sideByte, view.getUint32(at + 27), priceE4, attribution, readU48(view, at + 5));
  }

  #state(bytes: Uint8Array, view: DataView, at: number, length: number, type: number): void {
    const slot = slotOf(type, bytes[at + MARKET_CODE_AT]!);
    if (slot < 0) return;
    const locate = view.getUint16(at + 1);
    let state = this.instruments[locate];
    if (state === undefined) {
      if (type !== Itch.stockDirectory) return;
      state = this.instruments[locate] = new InstrumentState();
    }
    state.keep(slot, bytes, at, length);
  }
}

/** Where a state message is kept, -1 = not at all. */
function slotOf(type: number, marketCode: number): number {
  switch (type) {
    case Itch.stockDirectory:
      return SLOTS.directory;
    case Itch.tradingAction:
      return SLOTS.action;
    case Itch.regSho:
      return SLOTS.regSho;
    case Itch.retailInterest:
      return SLOTS.retail;
    case Itch.operationalHalt:
      return marketCode === 0x51 ? SLOTS.haltQ : marketCode === 0x42 ? SLOTS.haltB : SLOTS.haltX;
    default:
      return -1;
  }
}
