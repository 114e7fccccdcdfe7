/**
 * Drawing once a frame and only when there is something to draw. `window.__fathomFrames` counts the frames drawn, for
 * the tests.
 */
declare global {
  interface Window {
    __fathomFrames: number;
  }
}

/** `elapsedMs` since the frame before, at most 100. Returns whether it wants another frame (something is fading). */
export type Draw = (elapsedMs: number) => boolean;

const ELAPSED_MS_MAX = 100;

export class FrameLoop {
  readonly #draws: Draw[] = [];
  #asked = false;
  #lastMs = 0;

  constructor() {
    window.__fathomFrames = 0;
  }

  add(draw: Draw): void {
    this.#draws.push(draw);
  }

  /** Something has changed: draw at the next frame. */
  request(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame((nowMs) => this.#frame(nowMs));
  }

  #frame(nowMs: number): void {
    const elapsedMs = Math.min(ELAPSED_MS_MAX, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#asked = false;
    let again = false;
    for (const draw of this.#draws) again = draw(elapsedMs) || again;
    window.__fathomFrames++;
    if (again) this.request();
  }
}
