/** Numbers of time with and without their unit. */
export const RETRY_INTERVAL = 50; // canary: unit-in-name
export const RETRY_INTERVAL_NS = 50e6;
export const TCP_NODELAY = 1;
const waitDelay = 2 * 1000; // canary: unit-in-name
export interface Options {
  timeout: number; // canary: unit-in-name
  timeoutMs: number;
  interval: string;
}
export class Timer {
  #deadline = 0; // canary: unit-in-name
  constructor(readonly latency: number) {} // canary: unit-in-name
  late(): boolean {
    return this.#deadline > this.latency + waitDelay;
  }
}
