/** Giving the event loop of a thread a turn, for a duty cycle that depends on callbacks. Cold: costs microseconds. */

/** Resolves after everything that is due has run; with `timeoutMs` above 0 not before that time has passed. */
export function eventLoopTurn(timeoutMs = 0): Promise<void> {
  return new Promise((resolve) => {
    if (timeoutMs > 0) setTimeout(resolve, timeoutMs);
    else setImmediate(resolve);
  });
}
