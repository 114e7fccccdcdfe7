/**
 * The bench's child processes: started one at a time, their output gathered, never left behind. Cold.
 */
import { FathomError } from "../../core/assert.ts";
import { isCompiled } from "../worker-thread.ts";

export interface Finished {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<Bun.Subprocess>();

/** Runs a program to its end. It is killed after `timeoutMs`. */
export async function runProcess(command: readonly string[], timeoutMs: number): Promise<Finished> {
  // tidy: allow banned-name the bench is the one place that starts processes, and it measures whole processes
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: timeoutMs });
  running.add(child);
  try {
    const [stdout, stderr, exitStatus] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { exitStatus, stdout, stderr };
  } finally {
    running.delete(child);
  }
}

/** Ends what is still running, for an orderly stop. */
export function killProcesses(): void {
  for (const child of running) child.kill();
}

/**
 * The command that makes a fathom of its own for one run of a case: from the binary it is the binary, from source the
 * entry beside this file.
 */
export function childCommand(specification: string): string[] {
  if (isCompiled()) return [process.execPath, "bench-child", specification];
  return [process.execPath, `${import.meta.dir}/child-entry.ts`, specification];
}

/** Runs a program that prints one JSON object as its last line. Throws `bench-run-failed`, with what it said. */
export async function runForJson(what: string, command: readonly string[], timeoutMs: number): Promise<unknown> {
  const { exitStatus, stdout, stderr } = await runProcess(command, timeoutMs);
  const line = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (exitStatus === 0 && line.startsWith("{")) return JSON.parse(line);
  const said = stderr.trim().split("\n").slice(-4).join("\n") || "it said nothing";
  throw new FathomError("bench-run-failed", `${what} ended with ${exitStatus} and no result: ${said}`);
}
