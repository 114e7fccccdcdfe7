/**
 * Whether what is shown is connected to the node. Each source (the poll, the stream) reports for itself; the page is
 * connected when all of them are.
 */
export type LinkSource = "poll" | "stream";

export class Link {
  readonly #down = new Map<LinkSource, string>();
  readonly #onChange: (reason: string | undefined) => void;

  /** `onChange` gets the reason while disconnected, undefined when all is well again. */
  constructor(onChange: (reason: string | undefined) => void) {
    this.#onChange = onChange;
  }

  up(source: LinkSource): void {
    if (this.#down.delete(source)) this.#onChange(this.reason);
  }

  down(source: LinkSource, reason: string): void {
    if (this.#down.get(source) === reason) return;
    this.#down.set(source, reason);
    this.#onChange(this.reason);
  }

  get reason(): string | undefined {
    return this.#down.values().next().value;
  }
}
