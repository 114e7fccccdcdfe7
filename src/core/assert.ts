/**
 * Bugs and the world. An assert means *our* bug: it throws, and nothing in fathom catches it to go on.
 * What the world can do (bad config, a port in use, a file cut short) is a `FathomError` with a stable code,
 * an exit status and a word on what to do about it.
 */

/** The process's exit statuses, the same in every command. */
export const ExitStatus = {
  ok: 0,
  failure: 1,
  usage: 2,
  degraded: 3,
  badConfig: 78,
  sigint: 130,
  sigterm: 143,
} as const;
export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** A bug in fathom itself. Never thrown for anything a peer, a file or a user can cause. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Holds what must always be true. Throws `AssertionError` when it is not. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`assertion failed: ${message}`);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

/** What the world did, said so that a person can mend it. */
export class FathomError extends Error {
  override readonly name = "FathomError";
  /** Stable, kebab-case; also the last part of a problem's `type` in the admin API. */
  readonly code: string;
  readonly exitStatus: ExitStatus;
  /** What to do about it, in one sentence. */
  readonly hint: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { exitStatus?: ExitStatus; hint?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exitStatus = options.exitStatus ?? ExitStatus.failure;
    this.hint = options.hint;
  }
}
