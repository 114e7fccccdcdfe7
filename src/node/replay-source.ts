/**
 * Files as a channel's stream: BinaryFILE straight into the sink, captures through the channel's own arbitration. Tells
 * the two apart by their first bytes. Several captures are merged by their stamps, so that line A and line B may lie in
 * files of their own; several BinaryFILEs are one after the other.
 */
import { FathomError } from "../core/assert.ts";
import { type ChunkedFile, openFileSource } from "../io/disk.ts";
import { CaptureReader } from "../wire/capture.ts";
import { isPcapMagic } from "../wire/pcap.ts";
import { PCAPNG_MAGIC } from "../wire/pcapng.ts";

export type ReplayFormat = "binaryfile" | "capture";

/** What is said of one file at the end. */
export interface ReplayFileReport {
  path: string;
  format: ReplayFormat;
  bytes: number;
  /** What is wrong with it, for people; `undefined` when it was read to a proper end. */
  problem: string | undefined;
  /** Where the part begins that could not be read, in bytes of the (decoded) file. */
  cutOffset: number | undefined;
}

/** A file with its first chunk in hand. */
export class ReplayFile {
  readonly file: ChunkedFile;
  readonly format: ReplayFormat;
  readonly report: ReplayFileReport;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #first: Uint8Array | undefined;

  private constructor(file: ChunkedFile, chunks: AsyncIterator<Uint8Array>, first: Uint8Array | undefined) {
    this.file = file;
    this.#chunks = chunks;
    this.#first = first;
    this.format = isCapture(first) ? "capture" : "binaryfile";
    const { path, sizeBytes } = file;
    this.report = { path, format: this.format, bytes: sizeBytes, problem: undefined, cutOffset: undefined };
  }

  /** Throws `file-not-found`, `file-unreadable`, or `file-empty`. */
  static async open(path: string): Promise<ReplayFile> {
    const file = openFileSource(path);
    const chunks = file[Symbol.asyncIterator]();
    const first = (await chunks.next()).value as Uint8Array | undefined;
    if (first === undefined && file.cut === undefined) {
      file.close();
      throw new FathomError("file-empty", `${path} is empty`, { hint: "expected BinaryFILE, pcap or pcapng" });
    }
    return new ReplayFile(file, chunks, first);
  }

  /** The next chunk, or `undefined` at the end. */
  async chunk(): Promise<Uint8Array | undefined> {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      return first;
    }
    const next = await this.#chunks.next();
    return next.done ? undefined : next.value;
  }

  /** Takes down how the file ended; a compressed file that was cut says so before the format can. */
  ended(cutOffset: number | undefined, problem: string | undefined): void {
    const { cut } = this.file;
    this.report.cutOffset = cutOffset;
    if (problem !== undefined) this.report.problem = problem;
    else if (cut) this.report.problem = `${cut.reason} at byte ${cut.compressedOffset} of the compressed file`;
    else if (cutOffset === 0) this.report.problem = "not one whole message; expected BinaryFILE, pcap or pcapng";
    else if (cutOffset !== undefined) this.report.problem = `cut in the middle at byte ${cutOffset}`;
  }

  close(): void {
    this.file.close();
  }
}

function isCapture(chunk: Uint8Array | undefined): boolean {
  if (chunk === undefined || chunk.length < 4) return false;
  const magic = new DataView(chunk.buffer, chunk.byteOffset).getUint32(0);
  return isPcapMagic(magic) || magic === PCAPNG_MAGIC;
}

/** One capture as a cursor over its packets. */
export class CaptureCursor {
  readonly source: ReplayFile;
  readonly reader = new CaptureReader();
  /** Stamp of the packet under the cursor, ns since `baseSeconds`; the last one's where the packet has none. */
  tsNs = 0;
  readonly #baseSeconds: () => number;

  /**
   * `baseSeconds`: what stamps are counted from, seconds since 1970. Near the capture's own day they are exact to the
   * nanosecond.
   */
  constructor(source: ReplayFile, baseSeconds: (firstSeconds: number) => number) {
    this.source = source;
    this.#baseSeconds = () => baseSeconds(this.reader.packet.seconds);
  }

  /** Moves to the next packet of the chunk in hand; false: `advance`, or the end. */
  next(): boolean {
    if (!this.reader.next()) return false;
    const { packet } = this.reader;
    if (packet.hasTime) this.tsNs = (packet.seconds - this.#baseSeconds()) * 1e9 + packet.nanoseconds;
    return true;
  }

  /** The same, over as many chunks as it takes; false at the end. */
  async advance(): Promise<boolean> {
    while (!this.next()) if (!(await this.#refill())) return false;
    return true;
  }

  /** Takes the next chunk; false at the end, which is then taken down in the file's report. */
  async #refill(): Promise<boolean> {
    const { reader, source } = this;
    const chunk = reader.problem === undefined ? await source.chunk() : undefined;
    if (chunk !== undefined) {
      reader.feed(chunk);
      return true;
    }
    const { cutOffset, problem } = reader.end();
    const problemText = problem && `${problem.name} at byte ${problem.fileOffset}: found ${problem.found}`;
    source.ended(cutOffset ?? problem?.fileOffset, problemText);
    return false;
  }
}
