/**
 * The admin API on its sockets: a unix socket (mode 0600) and, where asked for, TCP with bearer tokens. Owns both
 * listeners from start to stop. What the world can do to a listener (a port in use, a socket left behind) is said as a
 * `FathomError`; a socket file is only ever replaced when nobody answers on it.
 */
import { FathomError } from "../core/assert.ts";
import { type AdminAppOptions, createAdminApp } from "./app.ts";
import type { ApplianceReader } from "./contract.ts";
import type { Connection } from "./guard.ts";
import type { AdminApp } from "./routes/answers.ts";

export interface AdminServerOptions extends AdminAppOptions {
  unixPath?: string | undefined;
  /** Port 0 takes a free one. */
  tcp?: { hostname: string; port: number } | undefined;
  /** Removes a socket file; false, and nothing done, when there is something else at the path. */
  removeSocketFile: (path: string) => boolean;
  /** Of silence, before a TCP connection is closed that is no stream. 1 to 255. */
  idleTimeoutSeconds?: number | undefined;
}

export interface AdminServer {
  unixPath: string | undefined;
  /** Of the TCP listener: where it really is. */
  tcp: { hostname: string; port: number; url: string } | undefined;
  /** Requests being answered now, streams among them. */
  pendingCount(): number;
  /** Closes both listeners and every stream. */
  stop(): Promise<void>;
}

const IDLE_TIMEOUT_SECONDS_DEFAULT = 60;
const REQUEST_BYTES_MAX = 64 * 1024;
const PROBE_TIMEOUT_MS = 1_000;
const SOCKET_UMASK = 0o177;
const LIMITS = { maxRequestBodySize: REQUEST_BYTES_MAX, development: false };
/** The peer is on this machine and trusted; its connection is left to it. */
const UNIX_CONNECTION: Connection = { holdOpen() {}, hangUp() {} };
const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
const WILDCARDS = ["0.0.0.0", "::"];

type Listener = ReturnType<typeof Bun.serve>;

/**
 * Starts listening. Errors: `port-in-use`, `address-not-available`, `listen-failed`, `socket-in-use`,
 * `not-a-socket`, `tokens-missing` (all exit 1).
 */
export async function createAdminServer(appliance: ApplianceReader, options: AdminServerOptions): Promise<AdminServer> {
  const { tcp, unixPath } = options;
  if (tcp && options.tokens.length === 0) {
    throw new FathomError("tokens-missing", `admin: refusing to listen on ${hostPort(tcp)} without tokens`, {
      hint: "Give a token file with at least one token, or leave TCP off and use the unix socket.",
    });
  }
  const app = createAdminApp(appliance, { ...options, hostNames: hostNames(options) });
  const listeners: Listener[] = [];
  const stop = async () => {
    await Promise.all(listeners.map((listener) => listener.stop(true)));
  };
  const pendingCount = () => listeners.reduce((count, listener) => count + listener.pendingRequests, 0);
  try {
    if (unixPath !== undefined) listeners.push(await listenUnix(app, unixPath, options));
    const tcpListener = tcp && listenTcp(app, tcp, options);
    if (tcpListener) listeners.push(tcpListener);
    return { unixPath, tcp: tcpListener && tcpAddress(tcp, tcpListener.port!), pendingCount, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tcpAddress(tcp: { hostname: string }, port: number): AdminServer["tcp"] {
  const reachable = WILDCARDS.includes(tcp.hostname) ? "127.0.0.1" : tcp.hostname;
  return { hostname: tcp.hostname, port, url: `http://${hostPort({ hostname: reachable, port })}` };
}

/** An address that was chosen to listen on is a name that requests may be addressed to. */
function hostNames({ tcp, hostNames = [] }: AdminServerOptions): string[] {
  if (!tcp || LOOPBACK.includes(tcp.hostname) || WILDCARDS.includes(tcp.hostname)) return [...hostNames];
  return [...hostNames, bracketed(tcp.hostname)];
}

function listenTcp(app: AdminApp, tcp: { hostname: string; port: number }, options: AdminServerOptions): Listener {
  try {
    return Bun.serve({
      hostname: tcp.hostname,
      port: tcp.port,
      // Bun shares the port by default outside development: two nodes would take turns, and neither would say so.
      reusePort: false,
      idleTimeout: options.idleTimeoutSeconds ?? IDLE_TIMEOUT_SECONDS_DEFAULT,
      fetch: (request, server) => app.fetch(request, { transport: "tcp", connection: connectionOf(request, server) }),
      ...LIMITS,
    });
  } catch (error) {
    throw tcpError(error, hostPort(tcp));
  }
}

/** A time-out of 0 is none; 1 is the shortest that Bun has. */
function connectionOf(request: Request, server: Listener): Connection {
  return { holdOpen: () => server.timeout(request, 0), hangUp: () => server.timeout(request, 1) };
}

function tcpError(cause: unknown, where: string): FathomError {
  const code = (cause as { code?: string }).code;
  if (code === "EADDRINUSE") {
    return new FathomError("port-in-use", `admin: ${where} is in use by another process`, {
      hint: "Choose another port for the admin API, or stop what listens there.",
      cause,
    });
  }
  if (code === "EADDRNOTAVAIL") {
    return new FathomError("address-not-available", `admin: ${where} is no address of this machine`, {
      hint: "Use 127.0.0.1, or an address that `ip address` shows.",
      cause,
    });
  }
  return new FathomError("listen-failed", `admin: cannot listen on ${where}: ${messageOf(cause)}`, { cause });
}

async function listenUnix(app: AdminApp, path: string, options: AdminServerOptions): Promise<Listener> {
  const listen = () => {
    // The umask, so that there is no moment at which the file has another mode than 0600.
    const umask = process.umask(SOCKET_UMASK);
    try {
      return Bun.serve({
        unix: path,
        // No time-out: on a unix socket Bun cannot lift it for one request, and streams are idle by nature.
        idleTimeout: 0,
        fetch: (request: Request) => app.fetch(request, { transport: "unix", connection: UNIX_CONNECTION }),
        ...LIMITS,
      } as unknown as Bun.Serve.Options<undefined>);
    } finally {
      process.umask(umask);
    }
  };
  try {
    return listen();
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw unixError(error, path);
  }
  if (await answers(path)) {
    throw new FathomError("socket-in-use", `admin: another process answers on ${path}`, {
      hint: "Stop it, or give this node another socket path.",
    });
  }
  if (!options.removeSocketFile(path)) {
    throw new FathomError("not-a-socket", `admin: ${path} exists and is no socket`, {
      hint: "Give another socket path, or remove the file.",
    });
  }
  try {
    return listen();
  } catch (error) {
    throw unixError(error, path);
  }
}

/** Whether anybody accepts connections there: anything but a refusal counts as somebody. */
async function answers(path: string): Promise<boolean> {
  try {
    await fetch("http://localhost/livez", { unix: path, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return true;
  } catch (error) {
    const code = (error as { code?: string }).code;
    return code !== "ECONNREFUSED" && code !== "ENOENT";
  }
}

function unixError(cause: unknown, path: string): FathomError {
  return new FathomError("listen-failed", `admin: cannot listen on the unix socket ${path}: ${messageOf(cause)}`, {
    hint: "Its folder must exist and be writable, and the whole path shorter than 108 bytes.",
    cause,
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function hostPort(tcp: { hostname: string; port: number }): string {
  return `${bracketed(tcp.hostname)}:${tcp.port}`;
}

function bracketed(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
