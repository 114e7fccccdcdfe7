/**
 * Ctrl-C and `kill`: what was registered is run, last first, each awaited; then the process ends with 130 or 143, or
 * with the status of what went wrong on the way.
 * A second signal, or an orderly stop that takes too long, ends it at once with the same status.
 */
import { ExitStatus } from "../core/assert.ts";
import { clock } from "../io/clock.ts";
import { drained, sayLine } from "./output.ts";

const STOP_TIMEOUT_MS = 10_000;
/** One Ctrl-C under npm comes twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_NS = 1e9;

type StopAction = () => void | Promise<void>;

const actions: StopAction[] = [];
let caught: NodeJS.Signals | undefined;
let caughtAtNs = 0;

/**
 * Registers what must be done before the process ends by a signal. With nothing registered a signal ends it at once.
 * Returns the way to take it back, for work that has ended by itself.
 */
export function onStop(action: StopAction): () => void {
  actions.push(action);
  return () => {
    const at = actions.indexOf(action);
    if (at >= 0) actions.splice(at, 1);
  };
}

/** The signal that is ending the process, if one is. */
export function stopSignal(): NodeJS.Signals | undefined {
  return caught;
}

/** Listens for SIGINT and SIGTERM. Called once, by `main`. */
export function installStopSignals(): void {
  process.on("SIGINT", () => void stop("SIGINT", ExitStatus.sigint));
  process.on("SIGTERM", () => void stop("SIGTERM", ExitStatus.sigterm));
}

async function stop(signal: NodeJS.Signals, status: ExitStatus): Promise<void> {
  if (caught !== undefined) {
    if (clock.monotonicNs() - caughtAtNs < SAME_SIGNAL_NS) return;
    process.exit(status);
  }
  caught = signal;
  caughtAtNs = clock.monotonicNs();
  // tidy: allow banned-name the last resort when an orderly stop hangs, not a clock
  const overdue = setTimeout(() => {
    sayLine(`fathom: still stopping after ${STOP_TIMEOUT_MS / 1000} s, ending now`);
    process.exit(status);
  }, STOP_TIMEOUT_MS);
  overdue.unref();
  for (let action = actions.pop(); action !== undefined; action = actions.pop()) {
    try {
      await action();
    } catch (error) {
      sayLine(`fathom: while stopping: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  // The command ends by what was done here; if it ends badly, that is said first.
  await new Promise<void>((resolve) => setImmediate(resolve));
  await drained();
  process.exit(process.exitCode || status);
}
