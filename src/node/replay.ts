/**
 * Replay: files through the same ingest and books as the live feed. BinaryFILE goes straight to the dispatcher (it has
 * no packets to arbitrate); a capture goes through a channel. The dispatcher runs on this thread, the books too or in
 * shards.
 */

import type { BadMessage } from "../books/bad-messages.ts";
import { badCountsByKind } from "../books/bad-messages.ts";
import { bookToJson } from "../books/book-json.ts";
import { APPLY_STATUS_BAD_FIRST } from "../books/contract.ts";
import type { BookDispatcher } from "../books/dispatcher.ts";
import { FathomError } from "../core/assert.ts";
import { Quality } from "../core/quality.ts";
import { Channel } from "../ingest/channel.ts";
import { clock } from "../io/clock.ts";
import { openAppender } from "../io/disk.ts";
import { BinaryFileFramer } from "../wire/binaryfile.ts";
import { MOLD_BLOCK_HEAD_BYTES, MOLD_HEADER_BYTES, MoldHeader, MoldStatus, parseMold } from "../wire/moldudp64.ts";
import { extractUdp, UdpDatagram, UdpStatus } from "../wire/udp-frame.ts";
import { type BookPlan, makeDispatcher } from "./book-plan.ts";
import { BookThreads } from "./book-threads.ts";
import { type CaptureLines, destinationOf, findCaptureLines } from "./capture-lines.ts";
import { ReplayGate } from "./replay-gate.ts";
import { CaptureCursor, ReplayFile, type ReplayFileReport } from "./replay-source.ts";

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

export interface ReplayCaptureReport extends CaptureLines {
  quality: Quality;
  qualityReason: string;
  messagesLost: number;
  gapsOpened: number;
  gapsRepaired: number;
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
const PACKETS_PER_BATCH = 64;

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

  constructor(options: ReplayOptions, files: readonly ReplayFile[]) {
    this.#options = options;
    this.#files = files;
    this.#sizeBytes = files.reduce((total, { file }) => total + file.sizeBytes, 0);
    this.#failed.promise.catch(() => {});
    this.#threads = new BookThreads("replay", options.plan, (error) => this.#failed.reject(error));
    const inline = options.plan.shards === 0 ? this.#threads.makeInline() : undefined;
    this.#books = makeDispatcher(options.plan, this.#threads.memory, inline);
    const { untilSequence = Number.POSITIVE_INFINITY, untilTimeNs = Number.POSITIVE_INFINITY } = options;
    this.#gate = new ReplayGate(this.#books, untilSequence, untilTimeNs);
  }

  async run(): Promise<ReplayResult> {
    const startNs = clock.monotonicNs();
    try {
      if (this.#files[0]!.format === "binaryfile") await this.#binaryFiles();
      else await this.#captures();
      this.#gate.batchEnd();
      const answer = await this.#cut({ locates: null, hash: true });
      const seconds = (clock.monotonicNs() - startNs) / 1e9;
      if (this.#options.dump) await this.#dump(this.#options.dump);
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
        this.#progress();
      }
      if (gate.isClosed) return;
      const { cutOffset, trailingBytes } = framer.end();
      const trailing = trailingBytes > 0 ? `${trailingBytes} bytes after the end-of-session record` : undefined;
      file.ended(cutOffset, trailing);
    }
  }

  async #captures(): Promise<void> {
    const found = await findCaptureLines(this.#options.files);
    if (found.lines.length === 0) {
      throw new FathomError("no-feed-in-capture", "no MoldUDP64 packet in the capture", {
        hint: `frames without one: ${JSON.stringify(found.skippedFrames)}`,
      });
    }
    const names = found.lines.map((_, i) => String.fromCharCode(97 + i));
    const channel = new Channel({ name: "capture", lines: names.map((name) => ({ name })), join: "now" }, this.#gate);
    const lineOf = new Map(found.lines.map(({ destination }, i) => [destination, i]));
    const take = this.#options.unsequenced ? this.#unsequencedTaker() : this.#packetTaker(channel, lineOf);
    await this.#merge(take, () => channel.batchEnd());
    channel.finish();
    const { quality, qualityReason } = channel.status();
    this.#capture = {
      ...found,
      quality,
      qualityReason,
      messagesLost: channel.counters.get("messagesLost"),
      gapsOpened: channel.counters.get("gapsOpened"),
      gapsRepaired: channel.counters.get("gapsRepaired"),
    };
  }

  /** All packets of all captures in the order of their stamps. */
  async #merge(take: (cursor: CaptureCursor) => void, batchEnd: () => void): Promise<void> {
    let baseSeconds: number | undefined;
    const base = (first: number) => (baseSeconds ??= first - (first % 86_400));
    const cursors: CaptureCursor[] = [];
    for (const file of this.#files) {
      const cursor = new CaptureCursor(file, base);
      if (await cursor.advance()) cursors.push(cursor);
    }
    for (let count = 1; cursors.length > 0 && !this.#gate.isClosed; count++) {
      let first = 0;
      for (let i = 1; i < cursors.length; i++) if (cursors[i]!.tsNs < cursors[first]!.tsNs) first = i;
      const cursor = cursors[first]!;
      take(cursor);
      if (count % PACKETS_PER_BATCH === 0) {
        batchEnd();
        this.#progress();
      }
      // Straight on where there is more in hand: a promise a packet would cost more than the packet.
      if (!cursor.next() && !(await cursor.advance())) cursors.splice(first, 1);
    }
  }

  #packetTaker(channel: Channel, lineOf: ReadonlyMap<string, number>): (cursor: CaptureCursor) => void {
    const datagram = new UdpDatagram();
    return ({ reader: { view, bytes, packet }, tsNs }) => {
      const { offset, length, originalLength, linkType } = packet;
      if (extractUdp(view, offset, length, originalLength, linkType, datagram) !== UdpStatus.ok) return;
      const line = lineOf.get(destinationOf(view, datagram));
      if (line === undefined) return;
      channel.packet(line, bytes, view, datagram.payloadOffset, datagram.payloadLength, tsNs);
    };
  }

  #unsequencedTaker(): (cursor: CaptureCursor) => void {
    const datagram = new UdpDatagram();
    const header = new MoldHeader();
    let sequence = 0;
    this.#gate.quality(Quality.ok);
    return ({ reader: { view, bytes, packet }, tsNs }) => {
      const { offset, length, originalLength, linkType } = packet;
      if (extractUdp(view, offset, length, originalLength, linkType, datagram) !== UdpStatus.ok) return;
      const { payloadOffset, payloadLength } = datagram;
      const status = parseMold(view, payloadOffset, payloadLength, header);
      if (status !== MoldStatus.data && status !== MoldStatus.sequenceZero) return;
      let at = payloadOffset + MOLD_HEADER_BYTES;
      for (let i = 0; i < header.count; i++) {
        const blockBytes = view.getUint16(at);
        this.#gate.message(bytes, view, at + MOLD_BLOCK_HEAD_BYTES, blockBytes, ++sequence, tsNs);
        at += MOLD_BLOCK_HEAD_BYTES + blockBytes;
      }
    };
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

  async #dump({ path, queue }: { path: string; queue: boolean }): Promise<void> {
    const out = openAppender(path);
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
      offenders: [...this.#books.bad.offenders, ...answer.offenders],
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

function add(a: number, b: number): number {
  return a + b;
}

function typeName(type: number): string {
  return type > 0x20 && type < 0x7f ? String.fromCharCode(type) : `0x${type.toString(16).padStart(2, "0")}`;
}
