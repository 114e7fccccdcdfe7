/** Promises of the listeners: who may open the socket, what is replaced and what never, what a failure says. */
import { afterEach, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AdminServer, createAdminServer } from "../../src/admin/server.ts";
import type { FathomError } from "../../src/core/assert.ts";
import { MemoryAppliance } from "../support/admin-appliance.ts";
import { every, newSocketFolder, removeSocketFile, startAdmin, until } from "../support/admin-server.ts";

const TOKEN = { role: "read", token: "0123456789abcdef" } as const;
const appliance = new MemoryAppliance("itch");
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const path = newSocketFolder();
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function listen(options: Partial<Parameters<typeof createAdminServer>[1]>): Promise<AdminServer> {
  const base = { tokens: [TOKEN], every, removeSocketFile, onBug: () => {} };
  const server = await createAdminServer(appliance, { ...base, ...options });
  cleanups.push(() => server.stop());
  return server;
}

async function failure(options: Parameters<typeof listen>[0]): Promise<FathomError> {
  return listen(options).then(
    () => Promise.reject(new Error("it is listening")),
    (error: FathomError) => error,
  );
}

const alive = (path: string) => fetch("http://localhost/livez", { unix: path }).then((response) => response.status);

test("the socket is for its owner only, whatever the umask, and is gone after stop", async () => {
  const umask = process.umask(0);
  cleanups.push(() => process.umask(umask));
  const path = join(folder(), "a.sock");
  const server = await listen({ unixPath: path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(process.umask()).toBe(0);
  expect(await alive(path)).toBe(200);
  await server.stop();
  expect(existsSync(path)).toBeFalse();
});

test("a socket that a killed process left behind is replaced", async () => {
  const path = join(folder(), "a.sock");
  const script = `Bun.serve({ unix: ${JSON.stringify(path)}, fetch: () => new Response() }); console.log("up")`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  await child.stdout.getReader().read();
  child.kill("SIGKILL");
  await child.exited;
  expect(existsSync(path)).toBeTrue();
  await listen({ unixPath: path });
  expect(await alive(path)).toBe(200);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a socket that somebody answers on is left alone", async () => {
  const path = join(folder(), "a.sock");
  await listen({ unixPath: path });
  expect(await failure({ unixPath: path })).toMatchObject({ code: "socket-in-use", exitStatus: 1 });
  expect(await alive(path)).toBe(200);
});

test("a file that is no socket is left alone", async () => {
  const path = join(folder(), "precious");
  writeFileSync(path, "data");
  const error = await failure({ unixPath: path });
  expect(error).toMatchObject({ code: "not-a-socket", exitStatus: 1 });
  expect(error.message).toContain(path);
  expect(readFileSync(path, "utf8")).toBe("data");
});

test("a folder that is not there is said to be the reason", async () => {
  const path = join(folder(), "no/such/a.sock");
  const error = await failure({ unixPath: path });
  expect(error).toMatchObject({ code: "listen-failed", exitStatus: 1 });
  expect(error.message).toContain(path);
  expect(error.hint).toContain("folder must exist");
});

test("a port in use is named, exit 1, and takes the unix socket down with it", async () => {
  const first = await listen({ tcp: { hostname: "127.0.0.1", port: 0 } });
  const path = join(folder(), "a.sock");
  const error = await failure({ unixPath: path, tcp: { hostname: "127.0.0.1", port: first.tcp!.port } });
  expect(error).toMatchObject({ code: "port-in-use", exitStatus: 1 });
  expect(error.message).toContain(`127.0.0.1:${first.tcp!.port}`);
  expect(error.hint).toBeString();
  expect(existsSync(path)).toBeFalse();
});

test("an address of another machine is said to be one", async () => {
  const error = await failure({ tcp: { hostname: "192.0.2.1", port: 1234 } });
  expect(error).toMatchObject({ code: "address-not-available", exitStatus: 1 });
  expect(error.message).toContain("192.0.2.1:1234");
});

test("TCP without tokens is refused before anything listens", async () => {
  const path = join(folder(), "a.sock");
  const error = await failure({ tokens: [], unixPath: path, tcp: { hostname: "127.0.0.1", port: 0 } });
  expect(error.code).toBe("tokens-missing");
  expect(existsSync(path)).toBeFalse();
});

test("stop ends open streams and their watches", async () => {
  const { MarketFlow } = await import("../support/market-flow.ts");
  const own = new MemoryAppliance("itch");
  for (const message of new MarketFlow(1, 1).opening()) own.channel().apply(message);
  const server = await startAdmin(own);
  const response = await server.tcp("/v1/books/ZAAA/stream");
  expect(own.watcherCount).toBe(1);
  await server.stop();
  await until(() => own.watcherCount === 0, "the watch to be stopped");
  await response.body!.cancel().catch(() => {});
});
