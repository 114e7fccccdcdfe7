/**
 * How far one line is ahead of another: a small fixed table of the last packets' first arrivals, by sequence. A packet
 * counts when it begins at the same sequence on both lines. Owned by a channel; hot, no allocation.
 */
const SLOTS = 4096;
/** The running mean forgets after about so many packets. */
const MEAN_PACKETS = 256;

export class LeadTable {
  /** By line: mean and last lead over the other line, ns (negative: behind), and packets compared. */
  readonly meanNs: Float64Array;
  readonly lastNs: Float64Array;
  readonly packets: Float64Array;
  readonly #sequence = new Float64Array(SLOTS);
  readonly #stampNs = new Float64Array(SLOTS);
  /** Line that brought it first; 255 once it has been compared. */
  readonly #line = new Uint8Array(SLOTS);

  constructor(lines: number) {
    this.meanNs = new Float64Array(lines);
    this.lastNs = new Float64Array(lines);
    this.packets = new Float64Array(lines);
  }

  /** A packet that begins at `sequence` has come in on `line`. */
  packet(line: number, sequence: number, stampNs: number): void {
    const slot = sequence & (SLOTS - 1);
    if (this.#sequence[slot] !== sequence) {
      this.#sequence[slot] = sequence;
      this.#stampNs[slot] = stampNs;
      this.#line[slot] = line;
      return;
    }
    const first = this.#line[slot]!;
    if (first === line || first === 255) return;
    const lead = stampNs - this.#stampNs[slot]!;
    this.#add(first, lead);
    this.#add(line, -lead);
    this.#line[slot] = 255;
  }

  #add(line: number, leadNs: number): void {
    const n = this.packets[line]! + 1;
    this.packets[line] = n;
    this.lastNs[line] = leadNs;
    this.meanNs[line]! += (leadNs - this.meanNs[line]!) / Math.min(n, MEAN_PACKETS);
  }

  /** A new session: the numbers begin again. */
  reset(): void {
    this.#sequence.fill(0);
  }
}
