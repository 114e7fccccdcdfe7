/**
 * Where an exchange's messages come from: the synthetic day, or a file. Either leaves due messages as blocks.
 */
import type { BlockBuffer } from "./block-buffer.ts";

export interface MessageSource {
  /** What `produce` wrote; whoever publishes it clears it. */
  readonly blocks: BlockBuffer;
  /** No message will come any more. */
  readonly isOver: boolean;
  /** Messages of the whole, NaN or Infinity when that is not known. */
  readonly messagesExpected: number;
  /** Writes what is due, a bounded amount. Returns the messages written. */
  produce(nowNs: number): number;
  /** When the next message is due; Infinity when that is not for the clock to say. */
  readonly nextDueNs: number;
  /** Come to an end soon, in an orderly way. */
  finish(nowNs: number): void;
  /** True when `fill` must be awaited before more can be produced. */
  readonly needsInput: boolean;
  fill(): Promise<void>;
  close(): void;
}
