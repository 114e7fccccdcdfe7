/** Runs in the browser, whose clock is its own: no fault. */
export const now = Date.now();
