/**
 * Errors of the API: RFC 9457 problem details with a stable `type`. Every error answer of every route is made here.
 * A handler throws `ProblemError`; a reader's `FathomError` with a code of `READER_PROBLEMS` becomes one as well; the
 * rest are our bugs, told to the composition root and answered with a bare 500.
 */
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { FathomError } from "../core/assert.ts";
import { READER_PROBLEMS } from "./contract.ts";

const PROBLEMS = {
  "invalid-parameters": { status: 400, title: "Parameters that cannot be read" },
  "malformed-body": { status: 400, title: "Body that cannot be read" },
  unauthorized: { status: 401, title: "No valid token" },
  forbidden: { status: 403, title: "The token's role is not enough" },
  "host-not-allowed": { status: 403, title: "Host name that this node does not answer to" },
  "not-found": { status: 404, title: "No such address" },
  "instrument-not-found": { status: 404, title: "No such instrument" },
  "order-not-found": { status: 404, title: "No such order" },
  "channel-not-found": { status: READER_PROBLEMS["channel-not-found"], title: "No such channel" },
  "channel-required": { status: READER_PROBLEMS["channel-required"], title: "Say which channel" },
  "method-not-allowed": { status: 405, title: "Method that this address does not have" },
  "internal-error": { status: 500, title: "A bug in fathom" },
  "not-ready": { status: READER_PROBLEMS["not-ready"], title: "Nothing to read yet" },
  "cut-timed-out": { status: READER_PROBLEMS["cut-timed-out"], title: "A shard did not answer in time" },
  "too-busy": { status: READER_PROBLEMS["too-busy"], title: "As busy as this node may be" },
  "worker-not-answering": { status: READER_PROBLEMS["worker-not-answering"], title: "A channel does not answer" },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

/** What a client that came at a busy moment is told to wait. */
const RETRY_AFTER_SECONDS = "1";
const TYPE_PREFIX = "urn:fathom:problem:";
const PROBLEM_MEDIA_TYPE = "application/problem+json";

export const ProblemSchema = z
  .object({
    type: z.string().openapi({ example: `${TYPE_PREFIX}instrument-not-found` }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(z.object({ in: z.string(), name: z.string(), detail: z.string() }))
      .optional()
      .openapi({ description: "One for each parameter or field that could not be read." }),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof ProblemSchema>;
export type FieldError = NonNullable<Problem["errors"]>[number];

export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly code: ProblemCode;
  readonly headers: Record<string, string>;
  readonly errors: FieldError[] | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { headers?: Record<string, string>; errors?: FieldError[] } = {},
  ) {
    super(detail);
    this.code = code;
    this.headers = options.headers ?? {};
    this.errors = options.errors;
  }
}

/** The answer for a problem. */
export function problemResponse(error: ProblemError): Response {
  const { status, title } = PROBLEMS[error.code];
  const problem: Problem = { type: TYPE_PREFIX + error.code, title, status, detail: error.message };
  if (error.errors) problem.errors = error.errors;
  const headers = { ...error.headers, "content-type": PROBLEM_MEDIA_TYPE, "cache-control": "no-store" };
  return new Response(JSON.stringify(problem), { status, headers });
}

/** Turns whatever a handler or a reader threw into an answer. `onBug` hears of what neither of them meant to throw. */
export function problemOf(error: unknown, onBug: (error: unknown) => void): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof FathomError && Object.hasOwn(READER_PROBLEMS, error.code)) {
    return new ProblemError(error.code as ProblemCode, error.message, {
      headers: error.code === "too-busy" ? { "retry-after": RETRY_AFTER_SECONDS } : {},
    });
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new ProblemError("malformed-body", error.message || "the body is not what this address takes");
  }
  onBug(error);
  return new ProblemError("internal-error", "the node could not answer; its log says why");
}

/** What a failed validation looks like to the caller: which field, what is wrong with it. */
export function invalidParameters(target: string, issues: readonly z.core.$ZodIssue[]): ProblemError {
  const errors = issues.flatMap((issue): FieldError[] => {
    const names = issue.code === "unrecognized_keys" ? issue.keys : [issue.path.join(".")];
    const detail = issue.code === "unrecognized_keys" ? "there is no such parameter" : issue.message;
    return names.map((name) => ({ in: target, name, detail }));
  });
  const words = errors.map((error) => `${error.name || "the whole"}: ${error.detail}`).join("; ");
  return new ProblemError("invalid-parameters", `in the ${target}, ${words}`, { errors });
}

/** The problem answers of a route for the OpenAPI document, by status. */
export function problemAnswers<S extends number>(...statuses: S[]) {
  const answer = (status: number) => ({
    description: Object.entries(PROBLEMS)
      .filter(([, problem]) => problem.status === status)
      .map(([code, problem]) => `${problem.title} (\`${TYPE_PREFIX}${code}\`)`)
      .join(", or "),
    content: { [PROBLEM_MEDIA_TYPE]: { schema: ProblemSchema } },
  });
  return Object.fromEntries(statuses.map((status) => [status, answer(status)])) as {
    [K in S]: { description: string; content: { "application/problem+json": { schema: typeof ProblemSchema } } };
  };
}
