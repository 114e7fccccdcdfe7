/**
 * Talking to a running appliance from the command line, over its unix socket: no token, the file's mode is the guard.
 */
import { FathomError } from "../core/assert.ts";
import { resolveSettings } from "../node/settings.ts";

interface Problem {
  type: string;
  title: string;
  detail?: string;
}

export class AdminClient {
  readonly #socket: string;

  /** `socket`: from the command line; otherwise the configuration's, which is where `fathom run` puts it. */
  constructor(socket: string | undefined, configFile: string | undefined) {
    this.#socket = socket ?? resolveSettings({ file: configFile, env: process.env, flags: [] }).settings.admin.socket;
  }

  /** GET as JSON. Errors: `not-running`, or the API's own problem by its type. */
  async get<T>(path: string): Promise<T> {
    return (await (await this.#request(path)).json()) as T;
  }

  /** GET as a stream of server-sent events, each with its name and parsed data. */
  async *events<T>(path: string): AsyncGenerator<{ event: string; data: T }> {
    const response = await this.#request(path);
    const decoder = new TextDecoder();
    let pending = "";
    for await (const chunk of response.body ?? []) {
      pending += decoder.decode(chunk, { stream: true });
      const blocks = pending.split("\n\n");
      pending = blocks.pop() ?? "";
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split("\n")
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        const data = field("data");
        if (data !== undefined) yield { event: field("event") ?? "message", data: JSON.parse(data) as T };
      }
    }
  }

  async #request(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`http://localhost${path}`, { unix: this.#socket });
    } catch (cause) {
      throw new FathomError("not-running", `no fathom answers on ${this.#socket}`, {
        hint: "Start one with `fathom run`, or name its socket with --socket.",
        cause,
      });
    }
    if (!response.ok) throw await problemError(response);
    return response;
  }
}

async function problemError(response: Response): Promise<FathomError> {
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
  const code = problem?.type.split(":").at(-1)?.split("/").at(-1) ?? `http-${response.status}`;
  return new FathomError(code, problem?.detail ?? problem?.title ?? `the appliance answered ${response.status}`);
}
