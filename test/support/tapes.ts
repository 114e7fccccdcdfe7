/** Tapes for tests of the binary: days that the exchange writes, and BinaryFILEs made message by message. */
import { readFileSync, writeFileSync } from "node:fs";
import { BinaryFileFramer } from "../../src/wire/binaryfile.ts";
import { runFathom } from "./binary.ts";

export interface DayOptions {
  messages: number;
  symbols: number;
  seed: number;
  live?: number;
}

/** The flags that make a day; the same ones publish it (with `--synthetic-time`) and write it. */
export function dayFlags({ messages, symbols, seed, live = 2000 }: DayOptions): string[] {
  return ["--messages", `${messages}`, "--symbols", `${symbols}`, "--seed", `${seed}`, "--live", `${live}`];
}

/** Writes a day with `fathom exchange --to-file`; returns the path. */
export async function writeDay(path: string, options: DayOptions): Promise<string> {
  const { exitCode, stderr } = await runFathom(["exchange", "--to-file", path, ...dayFlags(options)]);
  if (exitCode !== 0) throw new Error(`no tape: ${stderr}`);
  return path;
}

/** A BinaryFILE's bytes, `[u16 length][message]` each. */
export function tapeBytes(messages: readonly Uint8Array[]): Uint8Array {
  const size = messages.reduce((total, message) => total + 2 + message.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const message of messages) {
    view.setUint16(at, message.length);
    bytes.set(message, at + 2);
    at += 2 + message.length;
  }
  return bytes;
}

export function writeTape(path: string, messages: readonly Uint8Array[]): string {
  writeFileSync(path, tapeBytes(messages));
  return path;
}

/** All messages of a tape, each its own bytes. */
export function readTape(path: string): Uint8Array[] {
  const framer = new BinaryFileFramer();
  framer.feed(new Uint8Array(readFileSync(path)));
  const messages: Uint8Array[] = [];
  while (framer.next()) messages.push(framer.bytes.slice(framer.offset, framer.offset + framer.length));
  return messages;
}

/** What `fathom replay --json` says, as far as the tests look at it. */
export interface ReplayJson {
  messages: number;
  orders: number;
  instruments: number;
  bad_messages: number;
  bad_by_kind: Record<string, number>;
  first_offenders: { kind: string; sequence: number; type: string; stock_locate: number; hex: string }[];
  skipped_messages: number;
  messages_by_type: Record<string, number>;
  last_sequence: number;
  last_time_ns: number;
  quality: string;
  state_hash: string;
  session_hash: string;
  shards: number;
  files: { path: string; problem: string | null; cut_offset: number | null }[];
  capture?: {
    session: string;
    lines: { destination: string; messages: number }[];
    messages_lost: number;
    gaps_opened: number;
    gaps_repaired: number;
    bad_packets: Record<string, number>;
    quality: string;
    quality_reason: string;
  };
}

/** `fathom replay … --json`, which must end with `status`. */
export async function replayJson(args: readonly string[], status = 0): Promise<ReplayJson> {
  const { exitCode, stdout, stderr } = await runFathom(["replay", ...args, "--json"]);
  if (exitCode !== status) throw new Error(`replay ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as ReplayJson;
}

/** The books of a `--dump` file, a line each. */
export function readDump(path: string): unknown[] {
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as unknown);
}
