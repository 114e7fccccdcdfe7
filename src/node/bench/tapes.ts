/**
 * The tapes that are measured: BinaryFILE days by the embedded exchange, the same bytes for the same four numbers. Made
 * when first asked for, kept in a folder under names that say all of it. Cold.
 */
import { freemem } from "node:os";
import { join } from "node:path";
import { FathomError } from "../../core/assert.ts";
import { DayFileWriter } from "../../exchange/file-writer.ts";
import { openFileSource } from "../../io/disk.ts";
import { fileExists } from "../../io/text-file.ts";
import { makeFolder, movePath, removePath } from "./scratch.ts";

export interface TapeSpec {
  readonly messages: number;
  readonly symbols: number;
  /** Live orders that the day settles at. */
  readonly live: number;
  readonly seed: number;
}

const SEED = 42;
/** What a message takes in a file, on average, with its length. */
const MESSAGE_BYTES_MEAN = 32;
/** What building a book of it takes besides: by the order, generously (plain maps and objects take this much). */
const ORDER_BYTES_MAX = 600;
const SLICE_MESSAGES = 50_000;

/** The reference tapes and their short kin. */
export const TAPES = {
  "10m": { messages: 10_000_000, symbols: 500, live: 400_000, seed: SEED },
  "60m": { messages: 60_000_000, symbols: 8_000, live: 1_500_000, seed: SEED },
  quick: { messages: 1_000_000, symbols: 500, live: 40_000, seed: SEED },
} as const satisfies Record<string, TapeSpec>;

/** "10 M messages, 500 symbols, 400 k live". */
export function tapeText({ messages, symbols, live }: TapeSpec): string {
  return `${shortCount(messages)} messages, ${shortCount(symbols)} symbols, ${shortCount(live)} live`;
}

/** 1500000 → "1.5 M". */
export function shortCount(count: number): string {
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))} M`;
  if (count >= 1e4) return `${Number((count / 1e3).toPrecision(3))} k`;
  return String(count);
}

/** Why this machine has no room for work on the tape; `undefined` when it has. */
export function tapeTooLarge({ messages, live }: TapeSpec): string | undefined {
  const needBytes = messages * MESSAGE_BYTES_MEAN * 2 + live * ORDER_BYTES_MAX;
  const freeBytes = freemem();
  if (needBytes < freeBytes * 0.8) return undefined;
  return `needs ${(needBytes / 2 ** 30).toFixed(1)} GiB of memory, ${(freeBytes / 2 ** 30).toFixed(1)} GiB are free`;
}

export class TapeStore {
  readonly folder: string;
  readonly #keep: boolean;
  readonly #made: string[] = [];
  readonly #onProgress: (tape: string, messages: number, ratio: number) => void;
  #folderMade = false;

  constructor(
    folder: string,
    keep: boolean,
    onProgress: (tape: string, messages: number, ratio: number) => void = () => {},
  ) {
    this.folder = folder;
    this.#keep = keep;
    this.#onProgress = onProgress;
  }

  /** The path of the tape's file, which is made first when it is not there. */
  async path(spec: TapeSpec): Promise<string> {
    const name = `day-${spec.messages}-${spec.symbols}-${spec.live}-${spec.seed}.bin`;
    const path = join(this.folder, name);
    if (fileExists(path)) return path;
    this.#folderMade = makeFolder(this.folder) || this.#folderMade;
    const part = `${path}.part-${process.pid}`;
    this.#made.push(part);
    const writer = new DayFileWriter({ ...spec, path: part });
    try {
      while (writer.doWork(SLICE_MESSAGES)) {
        const { messageTotal } = writer.flow.blocks;
        this.#onProgress(tapeText(spec), messageTotal, messageTotal / spec.messages);
        // The event loop must turn, or Ctrl-C would wait for the end of a long tape.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      movePath(part, path);
    } catch (error) {
      removePath(part);
      throw error;
    }
    this.#made.push(path);
    return path;
  }

  /** Takes away the tapes that were made, unless they are to be kept. */
  close(): void {
    for (const path of this.#made) if (!this.#keep || !path.endsWith(".bin")) removePath(path);
    if (this.#folderMade && !this.#keep) removePath(this.folder);
  }
}

/** A whole file in memory. */
export async function readTape(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = openFileSource(path);
  const bytes = new Uint8Array(new ArrayBuffer(file.sizeBytes));
  let at = 0;
  for await (const chunk of file) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at !== bytes.length) throw new FathomError("file-unreadable", `${path} changed while it was read`);
  return bytes;
}
