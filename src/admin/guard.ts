/**
 * Who may ask: the transport decides. The unix socket's file mode has let in its caller, who is trusted as admin; over
 * TCP a request must name a host that this node answers to (against DNS rebinding) and bring a bearer token.
 */
import type { MiddlewareHandler } from "hono";
import { ProblemError } from "./problem.ts";
import { type Role, roleAllows, roleOf, type Token } from "./tokens.ts";

/** What a request brings along inside, set by the server and out of a client's reach. */
export interface AdminEnv {
  Bindings: {
    /** Which listener took it. */
    transport: "unix" | "tcp";
    connection: Connection;
  };
}

/** What an answer may ask of the connection that it goes out on. */
export interface Connection {
  /** No idle time-out: the answer is a stream. */
  holdOpen(): void;
  /** Cuts it within seconds, whatever is still unsent. */
  hangUp(): void;
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

/** No script or style but our own files, no framing, nothing cached by others on the way. */
const SECURITY_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

export const securityHeaders: MiddlewareHandler<AdminEnv> = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.res.headers.set(name, value);
  if (!context.res.headers.has("cache-control")) context.res.headers.set("cache-control", "no-store");
};

/** Refuses TCP requests whose Host is neither loopback nor one of `hostNames` (no ports; IPv6 in brackets). */
export function hostGuard(hostNames: readonly string[]): MiddlewareHandler<AdminEnv> {
  const allowed = new Set([...LOOPBACK_NAMES, ...hostNames.map((name) => name.toLowerCase())]);
  return async (context, next) => {
    const name = hostNameOf(context.req.header("host") ?? "");
    if (context.env.transport === "tcp" && !allowed.has(name)) {
      throw new ProblemError("host-not-allowed", `this node does not answer to the host name "${name}"`);
    }
    await next();
  };
}

/** "localhost:7000" → "localhost", "[::1]:7000" → "[::1]". */
function hostNameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

/** Lets through who has at least `needed`. */
export function requireRole(tokens: readonly Token[], needed: Role): MiddlewareHandler<AdminEnv> {
  return async (context, next) => {
    if (context.env.transport === "tcp") {
      const role = roleOfHeader(tokens, context.req.header("authorization"));
      if (!roleAllows(role, needed)) {
        throw new ProblemError("forbidden", `this needs the role ${needed}; the token has ${role}`);
      }
    }
    await next();
  };
}

function roleOfHeader(tokens: readonly Token[], header: string | undefined): Role {
  const challenge = (error: string) => ({ headers: { "www-authenticate": `Bearer realm="fathom"${error}` } });
  const presented = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  if (presented === undefined) {
    throw new ProblemError("unauthorized", 'send the header "Authorization: Bearer <token>"', challenge(""));
  }
  const role = roleOf(tokens, presented);
  if (role === undefined) {
    throw new ProblemError("unauthorized", "this node does not know the token", challenge(', error="invalid_token"'));
  }
  return role;
}
