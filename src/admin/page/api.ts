/** Asking the node: every call carries the tab's token, every failure says what it was. */

export class ApiError extends Error {
  readonly status: number;

  /** `status` 0: nobody answered. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const ANSWER_TIMEOUT_MS = 8_000;

export class Api {
  token = "";

  /** Throws `ApiError`. */
  async get<T>(path: string): Promise<T> {
    const response = await this.open(path, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError(0, "the answer broke off");
    }
  }

  /** The answer with its body still to be read. Throws `ApiError`. */
  async open(path: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = this.token === "" ? {} : { authorization: `Bearer ${this.token}` };
    let response: Response;
    try {
      response = await fetch(path, { headers, signal, cache: "no-store" });
    } catch {
      throw new ApiError(0, "the node does not answer");
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
    throw new ApiError(response.status, problem.detail ?? problem.title ?? `the node answered ${response.status}`);
  }
}
