/**
 * Ctrl-C, `kill`, and a reader of our output that has gone away (`| head`): what was registered is run, last first,
 * each awaited; then the process ends with 130, 143 or 0, or with the status of what went wrong on the way.
 * A second signal, or an orderly stop that takes too long, ends it at once with the same status.
 */
import { ExitStatus } from "../core/assert.ts";
import { clock } from "../io/clock.ts";
import { drained, onBrokenPipe, sayLine } from "./output.ts";

const STOP_TIMEOUT_MS = 10_000;
/** One Ctrl-C under npm comes twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_NS = 1e9;

type StopAction = () => void | Promise<void>;

const actions: StopAction[] = [];
let isCaught = false;
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

/** The process is being stopped from outside, and will be ended here. */
export function isStopping(): boolean {
  return isCaught;
}

/** Listens for SIGINT, SIGTERM and broken pipes. Called once, by `main`. */
export function installStopSignals(): void {
  process.on("SIGINT", () => signalled(ExitStatus.sigint));
  process.on("SIGTERM", () => signalled(ExitStatus.sigterm));
  onBrokenPipe(() => {
    if (!isCaught) void stop(ExitStatus.ok);
  });
}

function signalled(status: ExitStatus): void {
  if (!isCaught) void stop(status);
  else if (clock.monotonicNs() - caughtAtNs >= SAME_SIGNAL_NS) process.exit(status);
}

async function stop(status: ExitStatus): Promise<void> {
  isCaught = true;
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
