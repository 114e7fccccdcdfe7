/**
 * Runs an exchange to its end: the loop around its duty cycle. Two forms of the same loop: one that never returns to
 * the event loop, for a worker thread of its own, and one that does every few milliseconds, for a process that must
 * also hear signals, or read a compressed file.
 */
import { assert } from "../core/assert.ts";
import { NS_PER_MS } from "../core/units.ts";
import { clock } from "../io/clock.ts";
import { waitReadable } from "../io/wait.ts";
import { Exchange, type ExchangeReady, type ExchangeSummary } from "./exchange.ts";
import type { ExchangeOptions } from "./exchange-options.ts";

export interface ExchangeHooks {
  /** Everything is bound, nothing has been published. */
  readonly onReady?: (ready: ExchangeReady) => void;
  /** Asked every millisecond or so; true ends the day early but in order. */
  readonly shouldStop?: () => boolean;
  /** Told about four times a second. */
  readonly onProgress?: (exchange: Exchange) => void;
}

const PROGRESS_NS = 250 * NS_PER_MS;
const CONTROL_NS = NS_PER_MS;
/** How long one wait lasts, unless something comes in. */
const WAIT_MS_MIN = 1;
const WAIT_MS_MAX = 5;
const FDS_MAX = 64;

class ExchangeLoop {
  readonly exchange: Exchange;
  readonly #hooks: ExchangeHooks;
  readonly #fds = new Int32Array(FDS_MAX);
  #controlNs = 0;
  #progressNs = 0;
  #stopped = false;

  constructor(options: ExchangeOptions, hooks: ExchangeHooks) {
    this.exchange = new Exchange(options);
    this.#hooks = hooks;
    hooks.onReady?.(this.exchange.ready);
  }

  /** Cycles until a millisecond or so is over, waiting when there is nothing to do. False: all is over. */
  turn(): boolean {
    const { exchange } = this;
    let nowNs = clock.monotonicNs();
    const untilNs = nowNs + CONTROL_NS;
    do {
      if (exchange.isOver) return false;
      if (exchange.source.needsInput && !exchange.isEnded) return true;
      if (exchange.doWork(nowNs) === 0) this.#wait(nowNs);
      nowNs = clock.monotonicNs();
    } while (nowNs < untilNs);
    this.#control(nowNs);
    return true;
  }

  #wait(nowNs: number): void {
    // poll(2) counts in milliseconds. What is due sooner waits for one: it costs a core to spin for it.
    const dueMs = Math.floor((this.exchange.nextDueNs - nowNs) / NS_PER_MS);
    const timeoutMs = Math.max(WAIT_MS_MIN, Math.min(dueMs, WAIT_MS_MAX));
    waitReadable(this.#fds, this.exchange.waitFds(this.#fds), timeoutMs);
  }

  #control(nowNs: number): void {
    if (nowNs - this.#progressNs >= PROGRESS_NS) {
      this.#progressNs = nowNs;
      this.#hooks.onProgress?.(this.exchange);
    }
    if (this.#stopped || nowNs - this.#controlNs < CONTROL_NS) return;
    this.#controlNs = nowNs;
    if (this.#hooks.shouldStop?.() !== true) return;
    this.#stopped = true;
    this.exchange.stop(nowNs);
  }
}

/**
 * Runs a synthetic exchange on this thread until it is over, never returning to the event loop: for a worker. Throws
 * what `Exchange` throws. A file cannot be played this way: see `runExchangeAsync`.
 */
export function runExchange(options: ExchangeOptions, hooks: ExchangeHooks = {}): ExchangeSummary {
  assert(options.source.kind === "synthetic", "a file is read asynchronously: use runExchangeAsync");
  const loop = new ExchangeLoop(options, hooks);
  try {
    while (loop.turn());
    return loop.exchange.summary();
  } finally {
    loop.exchange.close();
  }
}

/** The same, returning to the event loop every few milliseconds; also plays files. */
export async function runExchangeAsync(options: ExchangeOptions, hooks: ExchangeHooks = {}): Promise<ExchangeSummary> {
  const loop = new ExchangeLoop(options, hooks);
  const { exchange } = loop;
  try {
    while (loop.turn()) {
      if (exchange.source.needsInput) await exchange.source.fill();
      await nextTurn();
    }
    return exchange.summary();
  } finally {
    exchange.close();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
