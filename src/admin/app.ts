/**
 * The admin API as one Hono app over an `ApplianceReader`: guards, routes, errors, OpenAPI document and the page. Knows
 * nothing of sockets; `server.ts` puts it on them and says with each request which listener took it.
 */
import { z } from "@hono/zod-openapi";
import type { ApplianceReader } from "./contract.ts";
import { hostGuard, requireRole, securityHeaders } from "./guard.ts";
import { ProblemError, problemOf, problemResponse } from "./problem.ts";
import { type AdminApp, newAdminApp } from "./routes/answers.ts";
import { addBookRoutes } from "./routes/books.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addNodeRoutes } from "./routes/node.ts";
import { addPageRoutes } from "./routes/page.ts";
import { addPerfRoutes } from "./routes/perf.ts";
import { addStreamRoute, type StreamOptions } from "./routes/stream.ts";
import type { Token } from "./tokens.ts";

export interface AdminAppOptions {
  tokens: readonly Token[];
  /** Host names besides loopback's that TCP requests may be addressed to; without ports, IPv6 in brackets. */
  hostNames?: readonly string[] | undefined;
  /** A repeating timer; returns what stops it. */
  every: StreamOptions["every"];
  streamCountMax?: number | undefined;
  keepAliveMs?: number | undefined;
  /** Hears of what a handler threw and nobody meant to: for the log. */
  onBug: (error: unknown, request: { method: string; path: string }) => void;
}

const STREAM_COUNT_MAX_DEFAULT = 64;
const KEEP_ALIVE_MS_DEFAULT = 15_000;

export function createAdminApp(appliance: ApplianceReader, options: AdminAppOptions): AdminApp {
  const { tokens } = options;
  const app = newAdminApp();
  app.use(securityHeaders, hostGuard(options.hostNames ?? []));
  app.use("/v1/*", requireRole(tokens, "read"));
  addHealthRoutes(app, appliance, tokens);
  addNodeRoutes(app, appliance, tokens);
  addPerfRoutes(app, appliance);
  addBookRoutes(app, appliance);
  addStreamRoute(app, appliance, {
    every: options.every,
    streamCountMax: options.streamCountMax ?? STREAM_COUNT_MAX_DEFAULT,
    keepAliveMs: options.keepAliveMs ?? KEEP_ALIVE_MS_DEFAULT,
  });
  addPageRoutes(app);
  addOpenApi(app, appliance.version().version);
  app.notFound((context) => {
    throw notFoundOrMethod(app, context.req.method, context.req.path);
  });
  app.onError((error, context) => {
    const { method, path } = context.req;
    return problemResponse(problemOf(error, (bug) => options.onBug(bug, { method, path })));
  });
  return app;
}

function addOpenApi(app: AdminApp, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "Over TCP. On the unix socket the file mode is the guard, and no token is needed.",
  });
  const info = {
    title: "fathom admin API",
    version,
    description: "Errors are RFC 9457 problem details. Every answer with book data carries its quality.",
  };
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    responses: { 200: { description: "OpenAPI 3.1", content: { "application/json": { schema: z.looseObject({}) } } } },
  });
  let document: string | undefined;
  app.get("/openapi.json", (context) => {
    document ??= JSON.stringify(app.getOpenAPI31Document({ openapi: "3.1.0", info }));
    return context.body(document, 200, { "content-type": "application/json" });
  });
}

/** 405 with what is allowed where the path exists under other methods, 404 otherwise. */
function notFoundOrMethod(app: AdminApp, method: string, path: string): ProblemError {
  const allowed = new Set<string>();
  for (const route of app.routes) {
    if (route.method !== "ALL" && patternOf(route.path).test(path)) allowed.add(route.method);
  }
  if (allowed.size === 0) return new ProblemError("not-found", `there is nothing at ${path}`);
  if (allowed.has("GET")) allowed.add("HEAD");
  const allow = [...allowed].sort().join(", ");
  return new ProblemError("method-not-allowed", `${path} does not take ${method}, only ${allow}`, {
    headers: { allow },
  });
}

/** "/v1/books/:symbol" → the paths it stands for. */
function patternOf(routePath: string): RegExp {
  const parts = routePath.split("/").map((part) => (part.startsWith(":") ? "[^/]+" : RegExp.escape(part)));
  return new RegExp(`^${parts.join("/")}$`);
}
