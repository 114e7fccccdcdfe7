/** What it all costs: hot threads, stages, queues, bursts, rings. */
import { createRoute } from "@hono/zod-openapi";
import type { ApplianceReader } from "../contract.ts";
import { problemAnswers } from "../problem.ts";
import { BusSchema, busToJson } from "../views/bus.ts";
import { PerfSchema, perfToJson } from "../views/perf.ts";
import { type AdminApp, jsonAnswer, TOKEN_NEEDED } from "./answers.ts";

const perfRoute = createRoute({
  method: "get",
  path: "/v1/perf",
  summary: "What each hot thread costs: stages, queues, pauses, bursts; and what is put off",
  description: "Rates are of the last second. Stages are timed in one batch of 31; `fathom top` shows this live.",
  security: TOKEN_NEEDED,
  responses: { 200: jsonAnswer(PerfSchema, "Thread by thread"), ...problemAnswers(401, 403) },
});

const busRoute = createRoute({
  method: "get",
  path: "/v1/bus",
  summary: "The rings between threads and to other processes: depth, lag, overruns",
  security: TOKEN_NEEDED,
  responses: { 200: jsonAnswer(BusSchema, "Ring by ring"), ...problemAnswers(401, 403) },
});

export function addPerfRoutes(app: AdminApp, appliance: ApplianceReader): void {
  app.openapi(perfRoute, (context) => context.json(perfToJson(appliance.perf()), 200));
  app.openapi(busRoute, (context) => context.json(busToJson(appliance.bus()), 200));
}
