/** Health for supervisors and load balancers, open to all; metrics for Prometheus. True to the state of the feeds. */
import { createRoute, z } from "@hono/zod-openapi";
import type { ApplianceReader } from "../contract.ts";
import { requireRole } from "../guard.ts";
import { problemAnswers } from "../problem.ts";
import type { Token } from "../tokens.ts";
import { LiveSchema, ReadySchema } from "../views/node.ts";
import { type AdminApp, jsonAnswer, TOKEN_NEEDED } from "./answers.ts";

const METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const liveRoute = createRoute({
  method: "get",
  path: "/livez",
  summary: "Whether the process can still do its work",
  responses: { 200: jsonAnswer(LiveSchema, "Alive"), 503: jsonAnswer(LiveSchema, "Wants a restart") },
});

const readyRoute = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether the books are current and may be traded on",
  responses: { 200: jsonAnswer(ReadySchema, "Ready"), 503: jsonAnswer(ReadySchema, "Not ready, and why") },
});

const metricsRoute = (tokens: readonly Token[]) =>
  createRoute({
    method: "get",
    path: "/metrics",
    summary: "Metrics in Prometheus text format",
    security: TOKEN_NEEDED,
    middleware: [requireRole(tokens, "read")] as const,
    responses: {
      200: { description: "All metrics of the node", content: { "text/plain": { schema: z.string() } } },
      ...problemAnswers(401, 403),
    },
  });

export function addHealthRoutes(app: AdminApp, appliance: ApplianceReader, tokens: readonly Token[]): void {
  app.openapi(liveRoute, (context) => {
    const live = appliance.live();
    return context.json({ live }, live ? 200 : 503);
  });
  app.openapi(readyRoute, (context) => {
    const { ready, reasons } = appliance.ready();
    return context.json({ ready, reasons }, ready ? 200 : 503);
  });
  app.openapi(metricsRoute(tokens), (context) =>
    context.text(appliance.metrics(), 200, { "content-type": METRICS_MEDIA_TYPE }),
  );
}
