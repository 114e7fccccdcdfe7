/**
 * Messages of one batch, set aside where they lie: where each begins, how long it is, its sequence and stamp. The bytes
 * stay the receiver's, so what is held must be passed on before its next `receive`. Fixed room; one thread.
 */

const MESSAGES_MAX = 8192;

interface MessageTaker {
  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void;
}

export class HeldMessages {
  count = 0;
  #bytes: Uint8Array | undefined;
  #view: DataView | undefined;
  readonly #offsets = new Int32Array(MESSAGES_MAX);
  readonly #lengths = new Int32Array(MESSAGES_MAX);
  readonly #sequences = new Float64Array(MESSAGES_MAX);
  readonly #stampsNs = new Float64Array(MESSAGES_MAX);

  /** False, and nothing held: there is no more room, or it lies elsewhere than those before it. */
  take(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): boolean {
    const i = this.count;
    if (i === 0) {
      this.#bytes = bytes;
      this.#view = view;
    } else if (i === MESSAGES_MAX || bytes !== this.#bytes) return false;
    this.#offsets[i] = offset;
    this.#lengths[i] = length;
    this.#sequences[i] = sequence;
    this.#stampsNs[i] = tsRecvNs;
    this.count = i + 1;
    return true;
  }

  /** Hands everything on, in order, and holds nothing any more. */
  passTo(taker: MessageTaker): void {
    const bytes = this.#bytes!;
    const view = this.#view!;
    const count = this.count;
    this.count = 0;
    for (let i = 0; i < count; i++) {
      taker.message(bytes, view, this.#offsets[i]!, this.#lengths[i]!, this.#sequences[i]!, this.#stampsNs[i]!);
    }
  }
}
