/** The thread of the embedded exchange in `fathom demo`. */
import type { ExchangeReady, ExchangeSummary } from "../exchange/exchange.ts";
import type { ExchangeOptions } from "../exchange/exchange-options.ts";
import { runExchange } from "../exchange/run-exchange.ts";
import { post, serveWorker } from "./worker-thread.ts";

export interface ExchangeInit {
  options: ExchangeOptions;
  /** One word; 1 asks for an early but orderly end of the day. */
  stop: SharedArrayBuffer;
  /** One word; the exchange publishes nothing before it is 1. */
  go: SharedArrayBuffer;
}

export type ExchangeEvent =
  | { type: "exchange-ready"; ready: ExchangeReady }
  | { type: "exchange-summary"; summary: ExchangeSummary };

const GO_WAIT_MS = 100;

export function serveExchange(): void {
  serveWorker<ExchangeInit>(({ options, stop, go }) => {
    const stopWord = new Int32Array(stop);
    const goWord = new Int32Array(go);
    const shouldStop = () => Atomics.load(stopWord, 0) === 1;
    const onReady = (ready: ExchangeReady) => {
      post({ type: "exchange-ready", ready } satisfies ExchangeEvent);
      while (Atomics.load(goWord, 0) === 0 && !shouldStop()) Atomics.wait(goWord, 0, 0, GO_WAIT_MS);
    };
    const summary = runExchange(options, { onReady, shouldStop });
    post({ type: "exchange-summary", summary } satisfies ExchangeEvent);
  });
}
