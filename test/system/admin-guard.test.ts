/** Promises: who may ask what over which transport; wrong hosts, paths and methods are refused by their right names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MemoryAppliance } from "../support/admin-appliance.ts";
import { startAdmin, type TestServer, TOKENS } from "../support/admin-server.ts";
import { MarketFlow } from "../support/market-flow.ts";

const appliance = new MemoryAppliance("itch");
let server: TestServer;

beforeAll(async () => {
  for (const message of new MarketFlow(2, 1).opening()) appliance.channel().apply(message);
  server = await startAdmin(appliance, { hostNames: ["Fathom.Example"] });
});

afterAll(() => server.stop());

const DATA = [
  "/v1/status",
  "/v1/channels",
  "/v1/channels/itch",
  "/v1/config",
  "/v1/log-level",
  "/v1/instruments",
  "/v1/books/ZAAA",
  "/v1/books/ZAAA/orders/1",
  "/v1/books/ZAAA/stream",
  "/v1/snapshot",
  "/v1/nothing",
  "/metrics",
];
const OPEN = ["/livez", "/readyz", "/openapi.json", "/", "/assets/page.js", "/assets/page.css", "/assets/icon.svg"];

async function refused(response: Response, status: number, code: string): Promise<Response> {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ type: `urn:fathom:problem:${code}`, status });
  return response;
}

describe("over TCP", () => {
  test.each(DATA)("%s needs a token", async (path) => {
    const none = await refused(await server.tcp(path, { token: null }), 401, "unauthorized");
    expect(none.headers.get("www-authenticate")).toBe('Bearer realm="fathom"');
    const wrong = await refused(await server.tcp(path, { token: `${TOKENS.read}x` }), 401, "unauthorized");
    expect(wrong.headers.get("www-authenticate")).toContain('error="invalid_token"');
    const basic = { token: null, headers: { authorization: `Basic ${TOKENS.admin}` } };
    await refused(await server.tcp(path, basic), 401, "unauthorized");
  });

  test.each(OPEN)("%s is open", async (path) => {
    expect((await server.tcp(path, { token: null })).status).toBe(200);
  });

  test("setting the log level needs the role admin", async () => {
    const put = (token: string) =>
      server.tcp("/v1/log-level", { method: "PUT", body: '{"level":"warn"}', token, headers: JSON_TYPE });
    await refused(await put(TOKENS.read), 403, "forbidden");
    await refused(await put(TOKENS.trade), 403, "forbidden");
    expect(appliance.logLevel()).toBe("info");
    expect((await put(TOKENS.admin)).status).toBe(200);
    expect(appliance.logLevel()).toBe("warn");
  });

  test("any role may read", async () => {
    for (const token of Object.values(TOKENS)) expect((await server.tcp("/v1/status", { token })).status).toBe(200);
  });

  test.each(["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]"])(
    "a request to the host %p is refused, token or not",
    async (host) => {
      for (const path of ["/v1/status", "/", "/livez"]) {
        await refused(await server.tcp(path, { headers: { host } }), 403, "host-not-allowed");
      }
    },
  );

  test.each(["localhost", "LOCALHOST:9", "127.0.0.1:1", "[::1]:80", "fathom.example", "fathom.example:443"])(
    "a request to the host %p is answered",
    async (host) => {
      expect((await server.tcp("/v1/status", { headers: { host } })).status).toBe(200);
    },
  );
});

describe("over the unix socket", () => {
  test("no token is needed, and the caller is admin", async () => {
    for (const path of ["/v1/status", "/metrics", "/v1/books/ZAAA"]) {
      expect((await server.unix(path)).status).toBe(200);
    }
    const put = { method: "PUT", body: '{"level":"error"}', headers: JSON_TYPE };
    expect((await server.unix("/v1/log-level", put)).status).toBe(200);
    expect(appliance.logLevel()).toBe("error");
  });
});

describe("whatever the answer", () => {
  test("security headers go with it", async () => {
    for (const path of ["/", "/v1/status", "/v1/nothing", "/assets/page.js"]) {
      const { headers } = await server.tcp(path);
      const policy = headers.get("content-security-policy")!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
    expect((await server.tcp("/v1/status")).headers.get("cache-control")).toBe("no-store");
  });

  test("a path that is not there is a 404", async () => {
    for (const path of ["/nothing", "/v1", "/v1/books", "/v1/books/ZAAA/x", "/assets/../main.ts", "/v1/status/"]) {
      await refused(await server.unix(path), 404, "not-found");
    }
  });

  test("a method that is not there is a 405 that names those that are", async () => {
    const wrong = async (method: string, path: string, allow: string) => {
      const response = await refused(await server.unix(path, { method }), 405, "method-not-allowed");
      expect(response.headers.get("allow")).toBe(allow);
    };
    await wrong("POST", "/v1/status", "GET, HEAD");
    await wrong("DELETE", "/v1/log-level", "GET, HEAD, PUT");
    await wrong("PUT", "/v1/books/ZAAA", "GET, HEAD");
    await wrong("POST", "/", "GET, HEAD");
    await wrong("PATCH", "/openapi.json", "GET, HEAD");
  });

  test("HEAD is GET without the body", async () => {
    const response = await server.tcp("/v1/books/ZAAA", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test("page files are not sent again to who has them", async () => {
    const first = await server.tcp("/assets/page.js");
    const etag = first.headers.get("etag")!;
    const again = await server.tcp("/assets/page.js", { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
  });
});

const JSON_TYPE = { "content-type": "application/json" };
