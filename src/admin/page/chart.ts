/** What the canvases have in common: sharp at any pixel density, coloured by the styles, drawn a few times a second. */

export interface Pen {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  /** The value of one of the style sheet's colours, as a colour. */
  color(name: string): string;
}

/** A pen on a cleared canvas; undefined while it has no size. */
export function penOf(canvas: HTMLCanvasElement): Pen | undefined {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (width === 0 || height === 0) return undefined;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineJoin = "round";
  context.font = `10.5px ${getComputedStyle(canvas).fontFamily}`;
  return { context, width, height, color: colorReader(canvas) };
}

/** Custom properties come back as they are written; only a real property has them worked out for dark or light. */
function colorReader(canvas: HTMLCanvasElement): (name: string) => string {
  return (name) => {
    canvas.style.color = `var(--${name})`;
    return getComputedStyle(canvas).color;
  };
}

/** Lets through at most one call in `intervalMs`, by the time that frames say has gone by. */
export class Pace {
  readonly #intervalMs: number;
  #sinceMs: number;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#sinceMs = intervalMs;
  }

  due(elapsedMs: number): boolean {
    this.#sinceMs += elapsedMs;
    if (this.#sinceMs < this.#intervalMs) return false;
    this.#sinceMs = 0;
    return true;
  }
}
