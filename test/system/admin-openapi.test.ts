/** Promise: the OpenAPI document is whole: all routes are in it, references lead somewhere, answers are described. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createAdminApp } from "../../src/admin/app.ts";
import { MemoryAppliance } from "../support/admin-appliance.ts";
import { every, startAdmin, type TestServer } from "../support/admin-server.ts";

type Json = { [key: string]: Json } & Json[] & string;
const appliance = new MemoryAppliance("itch");
let server: TestServer;
let document: Json;

beforeAll(async () => {
  server = await startAdmin(appliance);
  document = (await (await server.unix("/openapi.json")).json()) as Json;
});

afterAll(() => server.stop());

test("it is OpenAPI 3.1 with the version of the binary", () => {
  expect(document["openapi"]).toBe("3.1.0" as never);
  expect(document["info"]).toMatchObject({ version: "0.1.0" });
});

test("every route of the app is in it, and nothing else", () => {
  const app = createAdminApp(appliance, { tokens: [], every, onBug: () => {} });
  const routes = app.routes
    .filter((route) => route.method !== "ALL")
    .map((route) => `${route.method} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
  const documented = Object.entries(document["paths"]!).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...new Set(routes)].sort()).toEqual(documented.sort());
});

test("every reference leads somewhere and every schema is used", () => {
  const text = JSON.stringify(document);
  const references = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]!));
  const schemas = Object.keys(document["components"]!["schemas"]!);
  for (const reference of references) expect(schemas).toContain(reference);
  for (const schema of schemas) if (schema !== "BookUpdate") expect([...references]).toContain(schema);
});

test("operations have a summary, declared path parameters, described answers, and say when a token is needed", () => {
  for (const [path, item] of Object.entries(document["paths"]!)) {
    for (const [method, operation] of Object.entries(item)) {
      const where = `${method} ${path}`;
      expect(operation["summary"]?.length, where).toBeGreaterThan(5);
      const declared = (operation["parameters"] ?? ([] as unknown as Json)).filter(
        (p) => p["in"] === ("path" as never),
      );
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      expect(declared.map((p) => p["name"] as unknown as string).sort(), where).toEqual(inPath.sort());
      for (const response of Object.values(operation["responses"]!)) {
        expect(response["description"]?.length, where).toBeGreaterThan(3);
      }
      const guarded = path.startsWith("/v1/") || path === "/metrics";
      expect(operation["security"] !== undefined, where).toBe(guarded);
      if (guarded) expect(Object.keys(operation["responses"]!), where).toContain("401");
    }
  }
});
