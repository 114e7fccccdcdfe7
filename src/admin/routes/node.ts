/** The node itself: status, channels, configuration in force, log level. */
import { createRoute, z } from "@hono/zod-openapi";
import type { ApplianceReader } from "../contract.ts";
import { requireRole } from "../guard.ts";
import { ProblemError, problemAnswers } from "../problem.ts";
import type { Token } from "../tokens.ts";
import { ChannelSchema, ChannelsSchema, channelToJson } from "../views/channel.ts";
import { ConfigSchema, LogLevelSchema, StatusSchema, statusToJson } from "../views/node.ts";
import { type AdminApp, jsonAnswer, TOKEN_NEEDED } from "./answers.ts";

const statusRoute = createRoute({
  method: "get",
  path: "/v1/status",
  summary: "What this node is and how it is doing",
  security: TOKEN_NEEDED,
  responses: { 200: jsonAnswer(StatusSchema, "The node's status"), ...problemAnswers(401, 403) },
});

const channelsRoute = createRoute({
  method: "get",
  path: "/v1/channels",
  summary: "All channels with their lines",
  security: TOKEN_NEEDED,
  responses: { 200: jsonAnswer(ChannelsSchema, "In the order of the configuration"), ...problemAnswers(401, 403) },
});

const channelRoute = createRoute({
  method: "get",
  path: "/v1/channels/{name}",
  summary: "One channel with its lines",
  security: TOKEN_NEEDED,
  request: { params: z.object({ name: z.string().min(1) }) },
  responses: { 200: jsonAnswer(ChannelSchema, "The channel"), ...problemAnswers(401, 403, 404) },
});

const configRoute = createRoute({
  method: "get",
  path: "/v1/config",
  summary: "The configuration in force, and where each value came from",
  security: TOKEN_NEEDED,
  responses: { 200: jsonAnswer(ConfigSchema, "Every key; secrets are left out"), ...problemAnswers(401, 403) },
});

const getLogLevelRoute = createRoute({
  method: "get",
  path: "/v1/log-level",
  summary: "The log level",
  security: TOKEN_NEEDED,
  responses: { 200: jsonAnswer(LogLevelSchema, "The level in force"), ...problemAnswers(401, 403) },
});

const putLogLevelRoute = (tokens: readonly Token[]) =>
  createRoute({
    method: "put",
    path: "/v1/log-level",
    summary: "Sets the log level until the next start; needs the role admin",
    security: TOKEN_NEEDED,
    middleware: [requireRole(tokens, "admin")] as const,
    request: { body: { required: true, content: { "application/json": { schema: LogLevelSchema } } } },
    responses: { 200: jsonAnswer(LogLevelSchema, "The level now in force"), ...problemAnswers(400, 401, 403) },
  });

export function addNodeRoutes(app: AdminApp, appliance: ApplianceReader, tokens: readonly Token[]): void {
  app.openapi(statusRoute, (context) =>
    context.json(statusToJson(appliance.version(), appliance.status(), appliance.ready()), 200),
  );
  app.openapi(channelsRoute, (context) => context.json({ channels: appliance.channels().map(channelToJson) }, 200));
  app.openapi(channelRoute, (context) => {
    const { name } = context.req.valid("param");
    const channel = appliance.channels().find((view) => view.name === name);
    if (!channel) throw new ProblemError("channel-not-found", `there is no channel "${name}"`);
    return context.json(channelToJson(channel), 200);
  });
  app.openapi(configRoute, (context) => {
    const config = appliance.config().map(({ key, value, source, origin }) => ({
      key,
      value: typeof value === "object" && value !== null ? [...value] : value,
      source,
      origin,
    }));
    return context.json({ config }, 200);
  });
  app.openapi(getLogLevelRoute, (context) => context.json({ level: appliance.logLevel() }, 200));
  app.openapi(putLogLevelRoute(tokens), (context) => {
    appliance.setLogLevel(context.req.valid("json").level);
    return context.json({ level: appliance.logLevel() }, 200);
  });
}
