/**
 * Progress of long work on stderr: one line that rewrites itself on a terminal, a plain line every few seconds
 * otherwise. Data never goes here.
 */

import { formatCount } from "../core/units.ts";
import { clock } from "../io/clock.ts";

const TERMINAL_INTERVAL_NS = 200e6;
const PLAIN_INTERVAL_NS = 5e9;

export class Progress {
  readonly #label: string;
  readonly #startNs = clock.monotonicNs();
  #lastNs = this.#startNs;
  #shown = false;

  constructor(label: string) {
    this.#label = label;
  }

  /** `ratio` 0…1, or undefined when the whole is not known. Cheap to call often. */
  update(count: number, unit: string, ratio?: number): void {
    const nowNs = clock.monotonicNs();
    const terminal = process.stderr.isTTY === true;
    if (nowNs - this.#lastNs < (terminal ? TERMINAL_INTERVAL_NS : PLAIN_INTERVAL_NS)) return;
    this.#lastNs = nowNs;
    this.#shown = true;
    const seconds = (nowNs - this.#startNs) / 1e9;
    const part = ratio === undefined ? "" : ` ${(Math.min(ratio, 1) * 100).toFixed(0)} %`;
    const left = ratio && ratio > 0.01 ? `, ${Math.ceil(seconds / ratio - seconds)} s left` : "";
    const line = `${this.#label}:${part} ${formatCount(count)} ${unit}, ${formatCount(count / seconds)}/s${left}`;
    process.stderr.write(terminal ? `\r\x1b[2K${line}` : `${line}\n`);
  }

  /** Takes the rewriting line away. */
  end(): void {
    if (this.#shown && process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  }
}
