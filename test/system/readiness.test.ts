/**
 * Whether a running binary may be trusted, as its monitors see it: liveness, readiness and metrics follow the feed, and
 * nobody gets in without a token.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { eventually, Market, type RunningNode } from "../support/market.ts";

const HEARTBEAT_MS = 100;
/** What a loaded machine may take on top. */
const SLACK_MS = 500;
const PERMISSIONS = 0o777;

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

const feed = ["--symbols", "10", "--rate", "5000"];

async function readiness(node: RunningNode): Promise<{ status: number; reasons: string[] }> {
  const response = await node.request("/readyz");
  const { reasons } = (await response.json()) as { reasons: string[] };
  return { status: response.status, reasons };
}

const untilReady = (node: RunningNode, status: number) =>
  eventually(`readyz ${status}`, async () => {
    const answer = await readiness(node);
    return answer.status === status && answer;
  });

describe("readiness", () => {
  test("before the feed no, with it yes, after it has died no, with the next session yes, at its end no", async () => {
    const node = await market.node("node");
    expect(await readiness(node)).toEqual({ status: 503, reasons: ["main: nothing has been heard on any line yet"] });
    const first = market.exchange(...feed, "--session", "FIRST");
    expect(await untilReady(node, 200)).toEqual({ status: 200, reasons: [] });
    const killedAt = performance.now();
    first.process.kill("SIGKILL");
    const dead = await untilReady(node, 503);
    expect(performance.now() - killedAt).toBeWithin(HEARTBEAT_MS, 2 * HEARTBEAT_MS + SLACK_MS);
    expect(dead.reasons[0]).toStartWith("main: nothing");
    await first.ended;
    const stale = await node.untilChannel("stale", ({ quality }) => quality === "stale");
    expect(stale.lines.map(({ quality }) => quality)).toEqual(["stale", "stale"]);
    await node.started.until(/ WARN {2}channel is stale channel=main session=FIRST reason="nothing heard/);

    const second = market.exchange(...feed, "--session", "SECOND");
    await untilReady(node, 200);
    expect((await node.channel()).session).toBe("SECOND");
    second.process.kill("SIGTERM");
    const ended = await untilReady(node, 503);
    expect(ended.reasons).toEqual(["main: the session has ended"]);
    expect((await node.request("/livez")).status).toBe(200);
    expect(await second.ended).toBe(143);
  });

  test("one line alone is enough, and the other says that it is not there", async () => {
    const node = await market.node("node");
    market.exchange(...feed, "--no-line-b");
    await untilReady(node, 200);
    const { lines } = await node.untilChannel("a second of it", ({ messages }) => messages > 5000);
    expect(lines.map(({ quality }) => quality)).toEqual(["ok", "stale"]);
    expect(lines[1]).toMatchObject({ packets: 0, messages: 0, last_packet_at: null });
  });
});

/** Prometheus text format: samples by name and labels. Throws on a line that is none of it. */
function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/.exec(line);
    if (comment) {
      if (comment[1] === "TYPE") types.set(comment[2]!, comment[3]!);
      continue;
    }
    const match = /^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})? (\S+)$/.exec(line);
    if (!match) throw new Error(`not a sample: ${line}`);
    const [, name, labels = "", value] = match;
    const type = types.get(name!);
    if (type === undefined) throw new Error(`${name} has no TYPE before it`);
    if ((type === "counter") !== name!.endsWith("_total")) throw new Error(`${name} is a ${type}`);
    if (samples.has(name! + labels)) throw new Error(`${name}${labels} twice`);
    samples.set(name! + labels, Number(value));
  }
  return samples;
}

describe("metrics", () => {
  test.each([0, 2])("parse, and say what the API says (%i shards)", async (shards) => {
    const node = await market.node("node", { shards });
    const exchange = market.exchange("--symbols", "20", "--messages", "20k", "--rate", "40000", "--loss", "3%");
    await node.untilChannel("the end", ({ state }) => state === "ended");
    await exchange.stop();
    const { day } = JSON.parse(exchange.stdout().trimEnd().split("\n").at(-1)!) as { day: { live_orders: number } };
    // Counters of orders follow within a quarter of a second.
    await node.untilChannel("its orders", ({ orders }) => orders === day.live_orders);
    const channel = await node.channel();
    const samples = parseMetrics(await (await node.request("/metrics")).text());
    const value = (name: string) => samples.get(`fathom_${name}`);
    expect(value('channel_messages_total{channel="main"}')).toBe(20_000);
    expect(value('messages_total{channel="main"}')).toBe(20_000);
    expect(value('channel_quality{channel="main"}')).toBe(3);
    expect(value('channel_gaps_repaired_total{channel="main"}')).toBe(channel.gaps.repaired);
    for (const { name, packets, won, lost } of channel.lines) {
      expect(value(`line_packets_total{channel="main",line="${name}"}`)).toBe(packets);
      expect(value(`line_messages_won_total{channel="main",line="${name}"}`)).toBe(won);
      expect(value(`line_messages_lost_total{channel="main",line="${name}"}`)).toBe(lost);
      expect(value(`line_bad_packets_total{channel="main",line="${name}",kind="short_header"}`)).toBe(0);
    }
    const parts = [...samples].filter(([name]) => name.startsWith("fathom_books_orders{"));
    expect(parts.length).toBe(Math.max(1, shards));
    expect(parts.reduce((total, [, count]) => total + count, 0)).toBe(day.live_orders);
    expect(value('bad_messages_total{channel="main",kind="unknown_type"}')).toBe(0);
    expect(value("ready")).toBe(0);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(10e6);
    expect([...samples.keys()].some((name) => name.startsWith('fathom_build_info{version="'))).toBe(true);
  });
});

describe("who gets in", () => {
  test("over TCP only with the token of a file that nobody else can read; the socket is as private", async () => {
    const node = await market.node("node");
    const tokenFile = market.path("node/tokens");
    expect(statSync(tokenFile).mode & PERMISSIONS).toBe(0o600);
    expect(statSync(node.socket).mode & PERMISSIONS).toBe(0o600);
    expect(statSync(market.path("node")).mode & PERMISSIONS).toBe(0o700);
    const token = /^admin (\S+)$/m.exec(readFileSync(tokenFile, "utf8"))![1]!;
    const status = async (authorization?: string) => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      return (await fetch(`${node.url}/v1/status`, { headers })).status;
    };
    expect(await status()).toBe(401);
    expect(await status(`Bearer ${token}x`)).toBe(401);
    expect(await status(`Bearer ${token}`)).toBe(200);
    expect(node.started.stdout() + node.started.stderr()).not.toContain(token);
    await node.started.stop();
    const again = await market.node("node");
    expect(readFileSync(tokenFile, "utf8")).toContain(token);
    expect((await fetch(`${again.url}/`)).status).toBe(200);
  });
});

describe("settings in force", () => {
  test("each with its origin, passwords hidden; the log level can be changed while running", async () => {
    const node = await market.node("node", { flags: ["--set", "node.log_format=json"] });
    const { config } = await node.get<{ config: Record<string, unknown>[] }>("/v1/config");
    const entry = (key: string) => config.find((one) => one["key"] === key);
    expect(entry("node.log_format")).toMatchObject({ value: "json", source: "flag" });
    expect(entry("books.shards")).toMatchObject({ value: 0, source: "file", origin: `${market.path("node.toml")}:8` });
    expect(entry("channels.0.gap_wait")).toMatchObject({ value: "2ms", source: "default", origin: "" });
    expect(entry("channels.0.glimpse.password")).toMatchObject({ value: "(hidden)" });
    const body = JSON.stringify({ level: "error" });
    const headers = { "content-type": "application/json" };
    expect((await node.request("/v1/log-level", { method: "PUT", headers, body })).status).toBe(200);
    expect(await node.get("/v1/log-level")).toEqual({ level: "error" });
    const before = node.started.stderr();
    expect(before).toContain('"level":"info"');
    const exchange = market.exchange(...feed);
    await untilReady(node, 200);
    await exchange.stop();
    await untilReady(node, 503);
    expect(node.started.stderr()).toBe(before);
    expect((await node.get<{ openapi: string }>("/openapi.json")).openapi).toStartWith("3.");
  });
});
