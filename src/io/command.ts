/**
 * Asking a program of this machine a question: bounded in time and in output, off the hot path, never blocking. What
 * may go wrong (no such program, too slow, too talkative) is an answer, not an exception. The child inherits nothing
 * but PATH and a plain locale, and is gone when the promise resolves.
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
const PIPE_GRACE_MS = 100;
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
  const outputs = [child.stdout, child.stderr].map(
    (stream) => new BoundedOutput(stream, outputBytesMax, () => stop("too-long")),
  );
  try {
    const exitStatus = await child.exited;
    clearTimeout(deadline);
    // A grandchild may hold the pipes open after the end: what has come by then is what counts.
    await Promise.race([Promise.all(outputs.map((output) => output.ended)), grace()]);
    const [stdout, stderr] = outputs.map((output) => output.text) as [string, string];
    return { end, exitStatus: end === "done" ? exitStatus : -1, stdout, stderr };
  } finally {
    clearTimeout(deadline);
  }
}

function failed(end: CommandEnd): CommandResult {
  return { end, exitStatus: -1, stdout: "", stderr: "" };
}

function grace(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PIPE_GRACE_MS).unref();
  });
}

/** What has come through a pipe so far, up to a limit. */
class BoundedOutput {
  text = "";
  readonly ended: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>, bytesMax: number, tooLong: () => void) {
    this.ended = this.#read(stream, bytesMax, tooLong).catch(() => {});
  }

  async #read(stream: ReadableStream<Uint8Array>, bytesMax: number, tooLong: () => void): Promise<void> {
    const decoder = new TextDecoder();
    let leftBytes = bytesMax;
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk.subarray(0, leftBytes), { stream: true });
      leftBytes -= chunk.length;
      if (leftBytes >= 0) continue;
      tooLong();
      break;
    }
  }
}
