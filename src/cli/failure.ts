/**
 * The one place where an error becomes words on stderr and an exit status. Usage errors have been printed by commander
 * already; what the world did is said with its code and what to do; anything else is our bug and comes with its stack.
 */
import { CommanderError } from "commander";
import { ExitStatus, FathomError } from "../core/assert.ts";
import { BUILD } from "../node/version.ts";
import { sayLine, styled } from "./output.ts";

/** Says what went wrong, and returns the exit status for it. */
export function reportFailure(error: unknown): ExitStatus {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitStatus.ok : ExitStatus.usage;
  const label = styled("error", "red", process.stderr);
  if (error instanceof FathomError) {
    // A report of several problems has a line for each, which must stay greppable.
    const separator = error.message.includes("\n") ? "\n" : " ";
    sayLine(`${label}: ${error.code}:${separator}${error.message}`);
    if (error.hint !== undefined) sayLine(`  ${error.hint}`);
    return error.exitStatus;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : Bun.inspect(error);
  sayLine(`${label}: a bug in fathom ${BUILD.version} (${BUILD.commit}): ${stack}`);
  return ExitStatus.failure;
}
