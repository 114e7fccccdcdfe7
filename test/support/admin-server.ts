/** The admin API on real sockets for one test file: a unix socket in a folder of its own, and a TCP port of its own. */
import { lstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApplianceReader } from "../../src/admin/contract.ts";
import { type AdminServer, type AdminServerOptions, createAdminServer } from "../../src/admin/server.ts";

export const TOKENS = {
  read: "read-token-0123456789",
  trade: "trade-token-0123456789",
  admin: "admin-token-0123456789",
} as const;

export interface TestServer {
  server: AdminServer;
  folder: string;
  url: string;
  unixPath: string;
  /** What handlers threw and nobody meant to. */
  bugs: unknown[];
  /** Over TCP; `token` null sends none. */
  tcp(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
  /** Over the unix socket. */
  unix(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

/** A repeating timer, as the composition root hands one in. */
export function every(intervalMs: number, callback: () => void): () => void {
  const timer = setInterval(callback, intervalMs);
  return () => clearInterval(timer);
}

/** True when it was a socket, and is gone. */
export function removeSocketFile(path: string): boolean {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  rmSync(path);
  return true;
}

export function newSocketFolder(): string {
  return mkdtempSync(join(tmpdir(), "fathom-admin-"));
}

export async function startAdmin(
  appliance: ApplianceReader,
  options: Partial<AdminServerOptions> = {},
): Promise<TestServer> {
  const folder = newSocketFolder();
  const unixPath = join(folder, "admin.sock");
  const bugs: unknown[] = [];
  const server = await createAdminServer(appliance, {
    tokens: Object.entries(TOKENS).map(([role, token]) => ({ role: role as keyof typeof TOKENS, token })),
    every,
    removeSocketFile,
    onBug: (error) => void bugs.push(error),
    unixPath,
    tcp: { hostname: "127.0.0.1", port: 0 },
    ...options,
  });
  const url = server.tcp?.url ?? "";
  return {
    server,
    folder,
    url,
    unixPath,
    bugs,
    tcp: (path, { token = TOKENS.read, headers, ...init } = {}) =>
      fetch(url + path, {
        ...init,
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...(headers as object) },
      }),
    unix: (path, init) => fetch(`http://localhost${path}`, { ...init, unix: unixPath }),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when `condition` holds; rejects after `timeoutMs`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
