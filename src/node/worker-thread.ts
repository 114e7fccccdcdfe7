/**
 * Starting a worker of a role, and nothing about what the role does. In the compiled binary a worker is the entry
 * itself (the safest form: separate worker files must be entry points, and their relative URLs break from sub-folders);
 * from source it is `worker-entry.ts`. The role comes as an argument, the start message as the first `postMessage`.
 */
import { FathomError } from "../core/assert.ts";
import { clock } from "../io/clock.ts";

export type WorkerRole = "ingest" | "shard" | "exchange";

interface Failed {
  type: "failed";
  code: string;
  message: string;
  hint: string | undefined;
  stack: string | undefined;
}

/** What any worker may say; each role adds its own. */
export type WorkerEvent<T> = T | Failed | { type: "stopped" };

/** True in the compiled binary, where the sources live in Bun's embedded file system. */
export function isCompiled(): boolean {
  return import.meta.url.includes("$bunfs") || import.meta.url.includes("~BUN");
}

export interface WorkerThread {
  readonly stopped: Promise<void>;
}

/**
 * Starts a worker and hands it `init`. `onEvent` gets what it says; a worker that fails is reported once through
 * `onFailure`, with the code and hint of what happened there.
 */
export function startWorker<Init extends object, Event extends { type: string }>(
  role: WorkerRole,
  init: Init,
  onEvent: (event: Event) => void,
  onFailure: (error: FathomError) => void,
): WorkerThread {
  const url = isCompiled() ? import.meta.url : new URL("./worker-entry.ts", import.meta.url).href;
  const worker = new Worker(url, { argv: [`role=${role}`] });
  const { promise, resolve } = Promise.withResolvers<void>();
  let ended = false;
  const fail = (error: FathomError) => {
    if (ended) return;
    ended = true;
    onFailure(error);
    resolve();
  };
  worker.onmessage = ({ data }: MessageEvent<WorkerEvent<Event>>) => {
    if (data.type === "failed") {
      const failed = data as Failed;
      const error = new FathomError(
        failed.code,
        failed.message,
        failed.hint === undefined ? {} : { hint: failed.hint },
      );
      if (failed.stack) error.stack = failed.stack;
      fail(error);
    } else if (data.type === "stopped") {
      ended = true;
      resolve();
    } else {
      onEvent(data as Event);
    }
  };
  worker.onerror = (event) => fail(new FathomError("worker-failed", `${role} worker: ${event.message}`));
  worker.addEventListener("close", () => fail(new FathomError("worker-failed", `${role} worker ended unasked`)));
  worker.postMessage({ ...init, epochBaseSeconds: clock.epochBaseSeconds });
  return { stopped: promise };
}

/** In a worker: says something to the main thread. Works while the worker never returns to its event loop. */
export function post(event: object): void {
  (self as unknown as { postMessage(message: object): void }).postMessage(event);
}

/**
 * In a worker: waits for the start message, adopts the process's epoch base, runs `body` to its end and says how it
 * ended. An error becomes a `failed` event; it never takes the process down by itself.
 */
export function serveWorker<Init extends object>(body: (init: Init) => void | Promise<void>): void {
  self.onmessage = async (event: MessageEvent<Init & { epochBaseSeconds: number }>) => {
    clock.adoptEpochBase(event.data.epochBaseSeconds);
    try {
      await body(event.data);
      post({ type: "stopped" });
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      const code = failure instanceof FathomError ? failure.code : "worker-failed";
      const hint = failure instanceof FathomError ? failure.hint : undefined;
      const stack = failure instanceof FathomError ? undefined : failure.stack;
      post({ type: "failed", code, message: failure.message, hint, stack });
    }
    process.exit(0);
  };
}
