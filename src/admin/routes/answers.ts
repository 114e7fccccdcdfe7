/** How routes are made: the app's type, its hook for parameters that do not parse, and the JSON answer of a schema. */
import { OpenAPIHono, type z } from "@hono/zod-openapi";
import type { AdminEnv } from "../guard.ts";
import { invalidParameters } from "../problem.ts";

export type AdminApp = OpenAPIHono<AdminEnv>;

export function newAdminApp(): AdminApp {
  return new OpenAPIHono<AdminEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalidParameters(result.target, result.error.issues);
    },
  });
}

/** The 200 of a route in the OpenAPI document. */
export function jsonAnswer<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** What the OpenAPI document says of routes that need a token. */
export const TOKEN_NEEDED: Record<string, string[]>[] = [{ bearer: [] }];
