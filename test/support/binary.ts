/**
 * The compiled binary, for tests of what users run: built first where it is missing or older than the sources, or the
 * one that FATHOM_BINARY names, as it is. It runs in an empty folder and without FATHOM_ variables, so that no settings
 * of this machine leak in.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Subprocess } from "bun";

const REPOSITORY = join(import.meta.dir, "../..");
const BINARY = join(REPOSITORY, "dist/fathom");
const RUN_TIMEOUT_MS = 30_000;

let isBuilt = false;

/**
 * Path of the binary: `dist/fathom`, built from the sources as they are, unless FATHOM_BINARY is set. Throws, with the
 * build's words, when it cannot be.
 */
export function fathomBinary(): string {
  const given = process.env["FATHOM_BINARY"];
  if (given) return resolve(given);
  if (!isBuilt) {
    const build = Bun.spawnSync([process.execPath, join(REPOSITORY, "build.ts"), "--if-needed"], { stderr: "pipe" });
    if (build.exitCode !== 0) throw new Error(`no binary to test: ${build.stderr.toString()}`);
    isBuilt = true;
  }
  return BINARY;
}

export interface FathomOptions {
  env?: Record<string, string>;
  /** An empty folder that is taken away afterwards when absent. */
  cwd?: string;
  /** Another copy of the binary. */
  binary?: string;
}

export interface FathomResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `fathom …` to its end; one that takes longer than 30 s is killed, and its status is 137. */
export async function runFathom(args: readonly string[], options: FathomOptions = {}): Promise<FathomResult> {
  const started = startFathom(args, options);
  const overdue = setTimeout(() => started.process.kill("SIGKILL"), RUN_TIMEOUT_MS);
  const exitCode = await started.ended;
  clearTimeout(overdue);
  return { exitCode, stdout: started.stdout(), stderr: started.stderr() };
}

export interface StartedFathom {
  readonly process: Subprocess<"ignore", "pipe", "pipe">;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /**
   * Resolves with the match when stdout or stderr, from the beginning, holds the pattern. Rejects when the process
   * ends without it, or when that takes longer than 30 s.
   */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  /** The exit status, once both outputs have been read to their end. */
  readonly ended: Promise<number>;
  /** Ends it with SIGTERM if it still runs, and resolves with its exit status. */
  stop(): Promise<number>;
}

/** Starts `fathom …` and goes on. The caller must `stop()` it, or await `ended`. */
export function startFathom(args: readonly string[], options: FathomOptions = {}): StartedFathom {
  const folder = options.cwd ?? mkdtempSync(join(tmpdir(), "fathom-run-"));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("FATHOM_"));
  const child = Bun.spawn([options.binary ?? fathomBinary(), ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const texts = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  const collect = async (name: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) {
      texts[name] += decoder.decode(chunk, { stream: true });
      for (const look of waiting) look();
    }
  };
  const ended = Promise.all([collect("stdout"), collect("stderr"), child.exited]).then(() => {
    if (options.cwd === undefined) rmSync(folder, { recursive: true, force: true });
    return child.exitCode ?? 128 + (constants.signals as Record<string, number>)[String(child.signalCode)]!;
  });
  const until = (pattern: RegExp) =>
    new Promise<RegExpMatchArray>((resolve, reject) => {
      const look = () => {
        const match = texts.stdout.match(pattern) ?? texts.stderr.match(pattern);
        if (match === null) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      look();
      const late = () => reject(new Error(`in ${RUN_TIMEOUT_MS / 1000} s no ${pattern}: ${texts.stderr}`));
      setTimeout(late, RUN_TIMEOUT_MS).unref();
      const missed = (status: number) => reject(new Error(`ended with ${status} without ${pattern}: ${texts.stderr}`));
      void ended.then(missed);
    });
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { process: child, stdout: () => texts.stdout, stderr: () => texts.stderr, until, ended, stop };
}
