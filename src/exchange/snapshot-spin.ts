/**
 * One snapshot as bytes, ready to be sent: the image's messages as SoupBinTCP sequenced data, then G. Built in slices
 * (the image must not be advanced meanwhile), and from then on the same for every client that it is sent to.
 */

import { writeGlimpseEnd } from "../wire/glimpse.ts";
import { writeAddOrder, writeAddOrderMpid } from "../wire/itch50-write.ts";
import { SOUP_HEAD_BYTES, Soup, writeSoupHead } from "../wire/soupbintcp.ts";
import type { InstrumentState, SessionImage } from "./session-image.ts";

const CHUNK_BYTES = 256 * 1024;
const PACKET_BYTES_MAX = 64;

interface SpinChunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  length: number;
}

export class SnapshotSpin {
  readonly chunks: SpinChunk[] = [];
  /** The live feed goes on from here. */
  readonly sequence: number;
  /** ITCH messages in it. */
  messages = 0;
  isComplete = false;
  readonly #image: SessionImage;
  readonly #stock = new Uint8Array(8);
  readonly #mpid = new Uint8Array(4);
  #chunk: SpinChunk;
  /** The next instrument, then the next order. */
  #locate = 0;
  #record = 0;

  constructor(image: SessionImage) {
    this.#image = image;
    this.sequence = image.sequence;
    this.#chunk = this.#addChunk();
    if (image.systemEvent !== undefined) this.#put(image.systemEvent, 0, image.systemEvent.length);
    this.#record = image.orders.first;
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Writes about `messages` more. True when the snapshot is complete. */
  build(messages: number): boolean {
    const { instruments, orders } = this.#image;
    let left = messages;
    for (; left > 0 && this.#locate < instruments.length; this.#locate++) {
      const state = instruments[this.#locate];
      if (state !== undefined) left -= this.#putInstrument(state);
    }
    for (; left > 0 && this.#record !== 0; left--) {
      this.#putOrder(this.#record);
      this.#record = orders.next(this.#record);
    }
    if (left <= 0 || this.isComplete) return this.isComplete;
    const at = this.#begin();
    this.#end(writeGlimpseEnd(this.#chunk.bytes, at, this.sequence));
    this.messages--;
    this.isComplete = true;
    return true;
  }

  #putInstrument(state: InstrumentState): number {
    let count = 0;
    for (let slot = 0; slot < state.slotCount; slot++) {
      if (state.lengths[slot] === 0) continue;
      this.#put(state.bytes, state.offsetOf(slot), state.lengths[slot]!);
      count++;
    }
    return count;
  }

  #put(bytes: Uint8Array, offset: number, length: number): void {
    const at = this.#begin();
    for (let i = 0; i < length; i++) this.#chunk.bytes[at + i] = bytes[offset + i]!;
    this.#end(length);
  }

  #putOrder(record: number): void {
    const { orders, instruments } = this.#image;
    const locate = orders.locate(record);
    const state = instruments[locate];
    const stock = this.#stock;
    for (let i = 0; i < 8; i++) stock[i] = state === undefined ? 0x20 : state.bytes[state.stockOffset + i]!;
    const at = this.#begin();
    const { view, bytes } = this.#chunk;
    const tsNs = orders.tsNs(record);
    const ref = orders.reference(record);
    const shares = orders.shares(record);
    const sideByte = orders.sideByte(record);
    const priceE4 = orders.priceE4(record);
    const attribution = orders.attribution(record);
    if (attribution === 0)
      this.#end(writeAddOrder(view, bytes, at, locate, tsNs, ref, sideByte, shares, stock, priceE4));
    else {
      const mpid = this.#mpid;
      for (let i = 0; i < 4; i++) mpid[i] = (attribution >>> (24 - 8 * i)) & 0xff;
      this.#end(writeAddOrderMpid(view, bytes, at, locate, tsNs, ref, sideByte, shares, stock, priceE4, mpid));
    }
  }

  #begin(): number {
    if (this.#chunk.length + PACKET_BYTES_MAX > CHUNK_BYTES) this.#chunk = this.#addChunk();
    return this.#chunk.length + SOUP_HEAD_BYTES;
  }

  #end(messageBytes: number): void {
    this.#chunk.length += writeSoupHead(this.#chunk.view, this.#chunk.length, Soup.sequenced, messageBytes);
    this.messages++;
  }

  #addChunk(): SpinChunk {
    const bytes = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
    const chunk = { bytes, view: new DataView(bytes.buffer), length: 0 };
    this.chunks.push(chunk);
    return chunk;
  }
}
