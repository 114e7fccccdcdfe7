/** Timers of the event loop, for cold code on the main thread. A worker's duty cycle looks at its `nowNs` instead. */

/** Calls back once after `delayNs`; returns what takes it back. */
export function after(delayNs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayNs / 1e6);
  return () => clearTimeout(timer);
}

/** Calls back every `intervalMs`; returns what stops it. */
export function every(intervalMs: number, callback: () => void): () => void {
  const timer = setInterval(callback, intervalMs);
  return () => clearInterval(timer);
}
