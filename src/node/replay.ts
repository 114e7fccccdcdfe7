/**
 * Replay: files through the same ingest and books as the live feed. BinaryFILE goes straight to the dispatcher (it has
 * no packets to arbitrate); a capture goes through a channel. The dispatcher runs on this thread, the books too or in
 * shards.
 */
import { resolve } from "node:path";
import type { BadMessage } from "../books/bad-messages.ts";
import { badCountsByKind, firstOffenders } from "../books/bad-messages.ts";
import { bookToJson } from "../books/book-json.ts";
import { APPLY_STATUS_BAD_FIRST } from "../books/contract.ts";
import type { BookDispatcher } from "../books/dispatcher.ts";
import { ExitStatus, FathomError } from "../core/assert.ts";
import { Quality } from "../core/quality.ts";
import { clock } from "../io/clock.ts";
import { type FileAppender, openAppender } from "../io/disk.ts";
import { BinaryFileFramer } from "../wire/binaryfile.ts";
import { type BookPlan, makeDispatcher, makeShardSinks } from "./book-plan.ts";
import { BookThreads } from "./book-threads.ts";
import { type ReplayCaptureReport, replayCaptures } from "./replay-capture.ts";
import { ReplayGate } from "./replay-gate.ts";
import { ReplayFile, type ReplayFileReport } from "./replay-source.ts";

export interface ReplayOptions {
  files: readonly string[];
  plan: BookPlan;
  untilSequence?: number | undefined;
  /** ns since midnight, inclusive. */
  untilTimeNs?: number | undefined;
  /** A capture whose packets have no sequence: its messages count in the order of the capture. */
  unsequenced?: boolean | undefined;
  /** Final books, one JSON line an instrument. */
  dump?: { path: string; queue: boolean } | undefined;
  onProgress?: (messages: number, ratio: number) => void;
}

export interface ReplayResult {
  files: ReplayFileReport[];
  messages: number;
  messagesByType: Record<string, number>;
  skippedMessages: number;
  orders: number;
  instruments: number;
  /** From the first byte to the last shard's answer, without the dump. */
  seconds: number;
  badMessages: number;
  badByKind: Record<string, number>;
  offenders: BadMessage[];
  lastSequence: number;
  /** ns since midnight. */
  lastTimeNs: number;
  stateHash: string;
  sessionHash: string;
  shards: number;
  quality: Quality;
  /** Of captures only. */
  capture: ReplayCaptureReport | undefined;
}

/** Instruments in one cut of the dump: bounds what is in memory at once. */
const DUMP_LOCATES = 64;
const PAUSE_INTERVAL_NS = 50e6;

/**
 * Throws `file-not-found`, `file-unreadable`, `file-empty`, `file-unwritable`, `mixed-formats`, `no-feed-in-capture`.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const files: ReplayFile[] = [];
  try {
    for (const path of options.files) files.push(await ReplayFile.open(path));
    if (new Set(files.map((file) => file.format)).size > 1) {
      throw new FathomError("mixed-formats", "BinaryFILEs and captures cannot be replayed in one go", {
        hint: "replay them one after the other",
      });
    }
    return await new Replay(options, files).run();
  } finally {
    for (const file of files) file.close();
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #files: readonly ReplayFile[];
  readonly #threads: BookThreads;
  readonly #books: BookDispatcher;
  readonly #gate: ReplayGate;
  readonly #failed = Promise.withResolvers<never>();
  readonly #sizeBytes: number;
  #capture: ReplayCaptureReport | undefined;
  #pausedNs = 0;

  constructor(options: ReplayOptions, files: readonly ReplayFile[]) {
    this.#options = options;
    this.#files = files;
    this.#sizeBytes = files.reduce((total, { file }) => total + file.sizeBytes, 0);
    this.#failed.promise.catch(() => {});
    this.#threads = new BookThreads("replay", options.plan, (error) => this.#failed.reject(error));
    const inline = options.plan.shards === 0 ? this.#threads.makeInline() : undefined;
    const { memory } = this.#threads;
    this.#books = makeDispatcher(options.plan, memory, makeShardSinks(memory, inline));
    const { untilSequence = Number.POSITIVE_INFINITY, untilTimeNs = Number.POSITIVE_INFINITY } = options;
    this.#gate = new ReplayGate(this.#books, untilSequence, untilTimeNs);
  }

  async run(): Promise<ReplayResult> {
    const startNs = clock.monotonicNs();
    try {
      // First of all: after an hour's replay is no time to find out that it cannot be written.
      const dump = this.#options.dump && openDump(this.#options.dump, this.#options.files);
      if (this.#files[0]!.format === "binaryfile") await this.#binaryFiles();
      else this.#capture = await this.#captures();
      this.#gate.batchEnd();
      const answer = await this.#cut({ locates: null, hash: true });
      const seconds = (clock.monotonicNs() - startNs) / 1e9;
      if (dump) await this.#dump(dump);
      return this.#result(answer, seconds);
    } finally {
      await Promise.race([this.#threads.close(), this.#failed.promise.catch(() => {})]);
    }
  }

  async #binaryFiles(): Promise<void> {
    const gate = this.#gate;
    gate.quality(Quality.ok);
    let sequence = 0;
    for (const file of this.#files) {
      const framer = new BinaryFileFramer();
      for (let chunk = await file.chunk(); chunk !== undefined && !gate.isClosed; chunk = await file.chunk()) {
        framer.feed(chunk);
        while (!gate.isClosed && framer.next()) {
          gate.message(framer.bytes, framer.view, framer.offset, framer.length, ++sequence, 0);
        }
        gate.batchEnd();
        await this.#pause();
      }
      if (gate.isClosed) return;
      const { cutOffset, trailingBytes } = framer.end();
      const trailing = trailingBytes > 0 ? `${trailingBytes} bytes after the end-of-session record` : undefined;
      file.ended(cutOffset, trailing);
    }
  }

  #captures(): Promise<ReplayCaptureReport> {
    return replayCaptures(this.#files, this.#gate, this.#options.unsequenced === true, () => this.#pause());
  }

  /** Lets the event loop turn now and then, for Ctrl-C and progress: a plain file is read without waiting once. */
  #pause(): Promise<void> | undefined {
    const nowNs = clock.monotonicNs();
    if (nowNs - this.#pausedNs < PAUSE_INTERVAL_NS) return undefined;
    this.#pausedNs = nowNs;
    this.#progress();
    return new Promise((resolve) => setImmediate(resolve));
  }

  #progress(): void {
    if (!this.#options.onProgress) return;
    const read = this.#files.reduce((total, { file }) => total + file.bytesRead, 0);
    this.#options.onProgress(this.#gate.count, read / Math.max(1, this.#sizeBytes));
  }

  #cut(request: Parameters<BookThreads["cut"]>[0]): ReturnType<BookThreads["cut"]> {
    const answer = this.#threads.cut(request, (cut) => this.#books.cut(cut));
    return Promise.race([answer, this.#failed.promise]);
  }

  async #dump({ out, queue }: OpenDump): Promise<void> {
    const encoder = new TextEncoder();
    try {
      const locates = this.#books.directory().map((entry) => entry.locate);
      for (let first = 0; first < locates.length; first += DUMP_LOCATES) {
        const { books } = await this.#cut({ locates: locates.slice(first, first + DUMP_LOCATES), books: { queue } });
        for (const book of books) {
          const line = encoder.encode(`${JSON.stringify(bookToJson(book))}\n`);
          out.write(line, 0, line.length);
        }
      }
    } finally {
      out.close();
    }
  }

  #result(answer: Awaited<ReturnType<BookThreads["cut"]>>, seconds: number): ReplayResult {
    const { memory } = this.#threads;
    const blocks = [memory.dispatcherBad, ...memory.shards.map((shard) => shard.bad)].map((b) => new Float64Array(b));
    const badMessages = blocks.reduce(
      (total, block) => total + block.subarray(APPLY_STATUS_BAD_FIRST).reduce(add, 0),
      0,
    );
    const messagesByType: Record<string, number> = {};
    for (const [type, count] of this.#gate.countByType.entries()) {
      if (count > 0) messagesByType[typeName(type)] = count;
    }
    return {
      files: this.#files.map((file) => file.report),
      messages: this.#gate.count,
      messagesByType,
      skippedMessages: this.#books.skippedCount,
      orders: answer.orderCount,
      instruments: answer.instrumentCount,
      seconds,
      badMessages,
      badByKind: badCountsByKind(blocks),
      offenders: firstOffenders([...this.#books.bad.offenders, ...answer.offenders]),
      lastSequence: this.#books.sequence,
      lastTimeNs: this.#books.tsEventNs,
      stateHash: answer.stateHash,
      sessionHash: answer.sessionHash,
      shards: this.#options.plan.shards,
      quality: answer.quality,
      capture: this.#capture,
    };
  }
}

interface OpenDump {
  out: FileAppender;
  queue: boolean;
}

/** Throws `dump-over-input`, `file-unwritable`. */
function openDump({ path, queue }: { path: string; queue: boolean }, inputs: readonly string[]): OpenDump {
  if (inputs.some((input) => resolve(input) === resolve(path))) {
    throw new FathomError("dump-over-input", `the dump would be written over ${path}, which is replayed`, {
      exitStatus: ExitStatus.usage,
      hint: "give --dump another path",
    });
  }
  return { out: openAppender(path), queue };
}

function add(a: number, b: number): number {
  return a + b;
}

function typeName(type: number): string {
  return type > 0x20 && type < 0x7f ? String.fromCharCode(type) : `0x${type.toString(16).padStart(2, "0")}`;
}
