/** Waiting in the browser: the one place of the page that starts timers. */

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** Runs `work` again and again, `intervalMs` after it last ended. It must deal with its own failures. */
export async function repeat(intervalMs: number, work: () => Promise<void>): Promise<never> {
  for (;;) {
    await work();
    await sleep(intervalMs);
  }
}

/** Calls `onSilence` when `touch()` has not been called for `silenceMs`. */
export function watchdog(silenceMs: number, onSilence: () => void): { touch: () => void; stop: () => void } {
  let timer = setTimeout(onSilence, silenceMs);
  return {
    touch: () => {
      clearTimeout(timer);
      timer = setTimeout(onSilence, silenceMs);
    },
    stop: () => clearTimeout(timer),
  };
}
