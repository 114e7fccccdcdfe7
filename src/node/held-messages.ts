/**
 * Messages of one batch, set aside where they lie: where each begins, how long it is, its sequence and stamp. The bytes
 * stay the receiver's, so what is held must be passed on before its next `receive`; and nothing else is held, because
 * nobody else promises to leave its bytes alone. Fixed room; one thread.
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

  /** From now on messages that lie in `bytes` are held. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = undefined;
    this.count = 0;
  }

  /** False, and nothing held: there is no more room, or it lies elsewhere. */
  take(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): boolean {
    const i = this.count;
    if (i === MESSAGES_MAX || bytes !== this.#bytes) return false;
    this.#view = view;
    this.#offsets[i] = offset;
    this.#lengths[i] = length;
    this.#sequences[i] = sequence;
    this.#stampsNs[i] = tsRecvNs;
    this.count = i + 1;
    return true;
  }

  /** Hands everything on, in order, and holds nothing any more. */
  passTo(taker: MessageTaker): void {
    const count = this.count;
    if (count === 0) return;
    this.count = 0;
    const bytes = this.#bytes!;
    const view = this.#view!;
    for (let i = 0; i < count; i++) {
      taker.message(bytes, view, this.#offsets[i]!, this.#lengths[i]!, this.#sequences[i]!, this.#stampsNs[i]!);
    }
  }
}
