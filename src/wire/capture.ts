/**
 * A capture file of whichever format, as packets. Sans-I/O: feed chunks of any size, pull packets; the format is told
 * by the magic. Bad bytes never throw: a packet that cannot be read is counted and skipped, a file that cannot be
 * followed any further says so in `problem`.
 *
 *     for each chunk: reader.feed(chunk); while (reader.next()) use(reader.view, reader.packet)
 *     then reader.end(): a cut record, or the problem
 */
import {
  CAPTURE_STATUS_COUNT,
  CAPTURE_STATUS_FATAL_FIRST,
  CAPTURE_STATUS_NAMES,
  type CaptureDecoder,
  CapturePacket,
  CaptureStatus,
  NEED_BYTES,
} from "./capture-packet.ts";
import { ChunkWindow } from "./chunk-window.ts";
import { isPcapMagic, PcapDecoder } from "./pcap.ts";
import { PCAPNG_MAGIC, PcapngDecoder } from "./pcapng.ts";

const MAGIC_BYTES = 4;

/** Why a capture was given up, for people. */
export interface CaptureProblem {
  readonly status: CaptureStatus;
  readonly name: (typeof CAPTURE_STATUS_NAMES)[number];
  /** Where the record or block begins, in bytes from the file's start. */
  readonly fileOffset: number;
  readonly found: string;
}

export interface CaptureEnd {
  /** Where the record begins that the end of the file cut, in bytes from the file's start; 0 for an empty file. */
  readonly cutOffset: number | undefined;
  readonly problem: CaptureProblem | undefined;
}

export class CaptureReader {
  /** The packet that `next()` found, in `bytes` and `view`; valid until the next `next()` or `feed`. */
  readonly packet = new CapturePacket();
  /** How often each status came up, by status; `ok` counts the packets delivered. */
  readonly counts = new Float64Array(CAPTURE_STATUS_COUNT);
  /** Set once the file cannot be followed any further; no packet comes after it. */
  problem: CaptureProblem | undefined;
  readonly #window = new ChunkWindow();
  #decoder: CaptureDecoder | undefined;

  get bytes(): Uint8Array {
    return this.#window.bytes;
  }

  get view(): DataView {
    return this.#window.view;
  }

  /** The next piece of the file; only after `next()` has said false. */
  feed(chunk: Uint8Array): void {
    if (this.problem === undefined) this.#window.feed(chunk);
  }

  /** Moves to the next packet; false when the chunk is used up or the file is given up. */
  next(): boolean {
    if (this.problem !== undefined) return false;
    const decoder = this.#decoder ?? this.#detect();
    if (decoder === undefined) return false;
    for (;;) {
      const status = decoder.next(this.#window, this.packet);
      if (status === NEED_BYTES) return false;
      this.counts[status] = this.counts[status]! + 1;
      if (status === CaptureStatus.ok) return true;
      if (status >= CAPTURE_STATUS_FATAL_FIRST) return this.#giveUp(status, decoder.found);
    }
  }

  /** What the end of the file left behind. Call it when the last chunk has been used up. */
  end(): CaptureEnd {
    const isCut = this.#window.pendingBytes > 0 || this.#decoder === undefined;
    return {
      cutOffset: this.problem === undefined && isCut ? this.#window.fileOffset : undefined,
      problem: this.problem,
    };
  }

  #detect(): CaptureDecoder | undefined {
    const window = this.#window;
    if (!window.ensure(MAGIC_BYTES)) return undefined;
    const magic = window.view.getUint32(window.at);
    if (isPcapMagic(magic)) this.#decoder = new PcapDecoder(magic);
    else if (magic === PCAPNG_MAGIC) this.#decoder = new PcapngDecoder();
    else {
      this.counts[CaptureStatus.badMagic] = 1;
      this.#giveUp(CaptureStatus.badMagic, `magic 0x${magic.toString(16).padStart(8, "0")}`);
    }
    return this.#decoder;
  }

  #giveUp(status: CaptureStatus, found: string): false {
    this.problem = { status, name: CAPTURE_STATUS_NAMES[status], fileOffset: this.#window.fileOffset, found };
    return false;
  }
}
