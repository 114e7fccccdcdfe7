/**
 * Writes a synthetic day to a BinaryFILE as fast as it can be made. Work comes in slices, so that whoever runs it can
 * say how far it is and be stopped. The same options give the same bytes.
 */
import { type FileAppender, openAppender } from "../io/disk.ts";
import { writeBinaryFileEnd } from "../wire/binaryfile.ts";
import { type DaySummary, summarizeDay } from "./day-summary.ts";
import { OrderFlow, type OrderFlowOptions } from "./order-flow.ts";

export interface FileWriterOptions extends OrderFlowOptions {
  readonly path: string;
  /** Ends the file with the record of length 0 that says end of session. Default: no, as such files usually are. */
  readonly endRecord?: boolean;
}

export interface FileSummary extends DaySummary {
  readonly path: string;
  readonly bytes: number;
}

/** Blocks gathered before they go to the file. */
const DRAIN_BYTES = 32 * 1024;

export class DayFileWriter {
  readonly flow: OrderFlow;
  readonly #appender: FileAppender;
  readonly #endRecord: boolean;

  /** Opens the file anew. Throws `file-unwritable`. */
  constructor(options: FileWriterOptions) {
    this.flow = new OrderFlow(options);
    this.#endRecord = options.endRecord ?? false;
    this.#appender = openAppender(options.path);
  }

  /** Writes about `messages` more. False when the file is complete and closed. Throws `write-failed`. */
  doWork(messages: number): boolean {
    const { flow } = this;
    const { blocks } = flow;
    const until = blocks.messageTotal + messages;
    while (blocks.messageTotal < until && flow.step()) if (blocks.length >= DRAIN_BYTES) this.#drain();
    if (!flow.isOver) return true;
    this.#drain();
    if (this.#endRecord) {
      const record = new Uint8Array(2);
      this.#appender.write(record, 0, writeBinaryFileEnd(new DataView(record.buffer), 0));
    }
    this.#appender.close();
    return false;
  }

  /** Gives up: what was written so far stays, whole messages all. */
  close(): void {
    this.#drain();
    this.#appender.close();
  }

  summary(): FileSummary {
    const { path, bytesWritten } = this.#appender;
    return { path, bytes: bytesWritten, ...summarizeDay(this.flow) };
  }

  #drain(): void {
    const { blocks } = this.flow;
    if (blocks.length > 0) this.#appender.write(blocks.bytes, 0, blocks.length);
    blocks.clear();
  }
}
