/**
 * The synthetic day at a chosen pace: when each event of the order flow is due by the clock. Calm and burst alternate
 * around the rate; a bounded day ends on time. The pace never changes what is published, only when.
 */
import { Prng } from "../core/prng.ts";
import { NS_PER_S } from "../core/units.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import type { MessageSource } from "./message-source.ts";
import { OrderFlow, type OrderFlowOptions } from "./order-flow.ts";

export interface SyntheticSourceOptions extends OrderFlowOptions {
  /** Messages a second on average; Infinity: as fast as they are taken. */
  readonly rate: number;
  /**
   * Messages carry the virtual day's time (04:00 to 20:00) and not the real one: the published stream is then the
   * same, byte for byte, as the file of the same options.
   */
  readonly syntheticTime: boolean;
}

/** One call of `produce` stops after so much: the servers must not starve. */
const PRODUCE_BYTES_MAX = 16 * 1024;
/** When it falls so far behind (the machine was asleep) it goes on from here, without catching up. */
const BEHIND_NS_MAX = NS_PER_S / 4;
/** How far the pace may leave the rate to end a bounded day on time. */
const CATCH_UP_MAX = 3;
/** A day that has been told to finish does so at least this fast, messages a second. */
const FINISH_RATE = 50_000;

export class SyntheticSource implements MessageSource {
  readonly flow: OrderFlow;
  readonly needsInput = false;
  /** When the next event is due. */
  nextDueNs = -Infinity;
  readonly #prng: Prng;
  readonly #syntheticTime: boolean;
  readonly #realOffsetNs: number;
  #rate: number;
  #startNs = 0;

  /** `realOffsetNs`: what turns the clock of `produce` into the time of day, ns since midnight. */
  constructor(options: SyntheticSourceOptions, realOffsetNs: number) {
    this.flow = new OrderFlow(options);
    this.#prng = new Prng(options.seed ^ 0x5eed);
    this.#rate = options.rate;
    this.#syntheticTime = options.syntheticTime;
    this.#realOffsetNs = realOffsetNs;
  }

  get blocks(): BlockBuffer {
    return this.flow.blocks;
  }

  get isOver(): boolean {
    return this.flow.isOver;
  }

  get messagesExpected(): number {
    return this.flow.messages;
  }

  produce(nowNs: number): number {
    const { flow } = this;
    const { blocks } = flow;
    if (this.nextDueNs === -Infinity) {
      this.nextDueNs = nowNs;
      this.#startNs = nowNs;
    }
    if (nowNs - this.nextDueNs > BEHIND_NS_MAX) this.nextDueNs = nowNs - BEHIND_NS_MAX;
    const tsNs = this.#syntheticTime ? -1 : nowNs + this.#realOffsetNs;
    const before = blocks.messageTotal;
    let sofar = before;
    while (this.nextDueNs <= nowNs && blocks.length < PRODUCE_BYTES_MAX && flow.step(tsNs)) {
      this.#pace(blocks.messageTotal - sofar);
      sofar = blocks.messageTotal;
    }
    if (flow.isOver) this.nextDueNs = Infinity;
    return blocks.messageTotal - before;
  }

  finish(_nowNs: number): void {
    this.flow.finish();
    this.#rate = Math.max(this.#rate, FINISH_RATE);
    this.#startNs = Number.NaN;
  }

  async fill(): Promise<void> {}

  close(): void {}

  /** Decides when the next event is due, after one of `messages` messages. */
  #pace(messages: number): void {
    if (!Number.isFinite(this.#rate)) return;
    const usualNs = NS_PER_S / this.#rate;
    // The gap follows what is left of the planned time, so that a bounded day ends on it.
    const endNs = this.#startNs + this.flow.messages * usualNs;
    const left = this.flow.messages - this.blocks.messageTotal;
    const neededNs = Number.isFinite(endNs) && left > 0 ? (endNs - this.nextDueNs) / left : usualNs;
    const meanNs = Math.min(Math.max(neededNs, usualNs / CATCH_UP_MAX), usualNs * CATCH_UP_MAX);
    this.nextDueNs += this.#prng.exponential((meanNs * messages) / this.flow.intensity);
  }
}
