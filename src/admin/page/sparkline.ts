/** A small line of the recent past on a canvas, Drawn when a value comes, not by frame. */
import { penOf } from "./chart.ts";

export class Sparkline {
  readonly canvas: HTMLCanvasElement;
  readonly #values: number[] = [];
  readonly #valueMax: number;

  /** `valueMax`: how many values are kept. */
  constructor(className: string, valueMax = 120) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = className;
    this.#valueMax = valueMax;
  }

  push(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.#valueMax) this.#values.shift();
    this.draw();
  }

  draw(): void {
    const pen = penOf(this.canvas);
    if (!pen) return;
    const { context, width, height } = pen;
    const color = pen.color("accent");
    const top = Math.max(...this.#values, 1e-9);
    const x = (i: number) => width - 1 - ((this.#values.length - 1 - i) * (width - 2)) / (this.#valueMax - 1);
    const y = (value: number) => height - 1.5 - (Math.max(0, value) / top) * (height - 4);
    context.beginPath();
    for (const [i, value] of this.#values.entries()) context.lineTo(x(i), y(value));
    context.strokeStyle = color;
    context.lineWidth = 1.25;
    context.stroke();
    context.lineTo(x(this.#values.length - 1), height);
    context.lineTo(x(0), height);
    context.globalAlpha = 0.12;
    context.fillStyle = color;
    context.fill();
    context.globalAlpha = 1;
  }
}
