/**
 * Asking a program of this machine a question: bounded in time and in output, off the hot path, never blocking. What
 * may go wrong (no such program, too slow, too talkative) is an answer, not an exception. The child inherits nothing but
 * PATH and a plain locale, and is gone when the promise resolves.
 */
export type CommandEnd = "done" | "absent" | "timed-out" | "too-long";

export interface CommandResult {
  readonly end: CommandEnd;
  /** What it exited with; -1 when it did not come to that. */
  readonly exitStatus: number;
  /** At most `outputBytesMax` of each. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  timeoutMs?: number;
  outputBytesMax?: number;
}

const TIMEOUT_MS_DEFAULT = 1_000;
const OUTPUT_BYTES_MAX_DEFAULT = 65_536;
/** Where daemons' tools lie, which are not on every user's PATH. */
const SYSTEM_PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where a program lies, or null. Looks in the system's folders only, so nothing that a user's PATH slips in is run. */
export function findProgram(name: string): string | null {
  return Bun.which(name, { PATH: SYSTEM_PATHS });
}

/** Runs `command[0]`, found by `findProgram`, to its end or its time's. Never rejects. */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, outputBytesMax = OUTPUT_BYTES_MAX_DEFAULT } = options;
  const program = findProgram(command[0]!);
  if (program === null) return failed("absent");
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn([program, ...command.slice(1)], {
      env: { PATH: SYSTEM_PATHS, LC_ALL: "C", TZ: "UTC" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
  } catch {
    return failed("absent");
  }
  let end: CommandEnd = "done";
  const stop = (why: CommandEnd) => {
    if (end === "done") end = why;
    child.kill("SIGKILL");
  };
  const deadline = setTimeout(() => stop("timed-out"), timeoutMs);
  const collect = (stream: ReadableStream<Uint8Array>) =>
    readBounded(stream, outputBytesMax, () => stop("too-long")).catch(() => "");
  try {
    const outputs = Promise.all([collect(child.stdout), collect(child.stderr)]);
    const exitStatus = await child.exited;
    // A grandchild may hold the pipes open after the end: what has come until the deadline is what counts.
    const [stdout, stderr] = await Promise.race([outputs, expiry(timeoutMs)]);
    return { end, exitStatus: end === "done" ? exitStatus : -1, stdout, stderr };
  } finally {
    clearTimeout(deadline);
  }
}

function failed(end: CommandEnd): CommandResult {
  return { end, exitStatus: -1, stdout: "", stderr: "" };
}

function expiry(timeoutMs: number): Promise<[string, string]> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(["", ""]), timeoutMs).unref();
  });
}

async function readBounded(stream: ReadableStream<Uint8Array>, bytesMax: number, tooLong: () => void) {
  const decoder = new TextDecoder();
  let text = "";
  let leftBytes = bytesMax;
  for await (const chunk of stream) {
    text += decoder.decode(chunk.subarray(0, leftBytes), { stream: true });
    leftBytes -= chunk.length;
    if (leftBytes >= 0) continue;
    tooLong();
    break;
  }
  return text;
}
