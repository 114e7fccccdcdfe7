/**
 * The hot threads of a real `fathom run`: receive paths, CPUs, what they tell of themselves, and what they do when more
 * comes than they were made for.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { PerfJson } from "../../src/admin/views/perf.ts";
import { listCpus } from "../../src/io/pin.ts";
import { parseCpuList } from "../../src/io/pin-cpu-set.ts";
import { availability, RECEIVE_PATHS } from "../../src/io/receive-path.ts";
import { runFathom } from "../support/binary.ts";
import { BurstSender } from "../support/burst-sender.ts";
import { eventually, Market, type RunningNode } from "../support/market.ts";
import { type ReplayJson, readTape, replayJson, writeDay } from "../support/tapes.ts";

const DAY = { messages: 220_000, symbols: 50, seed: 77, live: 4000 };
const SUSTAINED = 20_000;
const set = (...settings: string[]) => settings.flatMap((setting) => ["--set", setting]);

let market: Market;
let tape: ReplayJson;
let messages: Uint8Array[];

beforeAll(async () => {
  market = new Market();
  const path = await writeDay(market.path("day.itch"), DAY);
  tape = await replayJson([path]);
  messages = readTape(path);
});
afterAll(() => market.close());

/** A node that has nobody to ask but its lines. */
function alone(name: string, shards: number, ...settings: string[]): Promise<RunningNode> {
  const flags = ["--until-end", ...set(...settings)];
  return market.node(name, { shards, rerequest: false, glimpse: false, flags });
}

function senderOf(count = messages.length, batch?: number): BurstSender {
  const lines = market.groups.map((group, i) => ({ group, port: market.ports[i]! }));
  return new BurstSender(lines, messages.slice(0, count), batch);
}

async function sendAll(sender: BurstSender, rate: number): Promise<void> {
  try {
    await sender.sendTo(sender.messageCount, rate);
    sender.end();
  } finally {
    sender.close();
  }
}

const perfOf = (node: RunningNode) => node.get<PerfJson>("/v1/perf");

describe("receive paths", () => {
  for (const path of [...RECEIVE_PATHS, "auto"] as const) {
    const { isAvailable, reason } = path === "auto" ? { isAvailable: true, reason: "" } : availability(path);
    test.skipIf(!isAvailable)(`${path}${isAvailable ? "" : ` (skipped: ${reason})`}`, async () => {
      const node = await alone(`by-${path}`, 0, `channels.0.receive=${path}`);
      const metrics = await (await node.request("/metrics")).text();
      await sendAll(senderOf(20_000), SUSTAINED);
      const summary = await node.summary();
      expect(summary).toMatchObject({ books_sequence: 20_000, bad_messages: { total: 0 }, gaps: { lost_messages: 0 } });
      const expected = path === "auto" ? /^(recvmmsg|packet-ring-v2)$/ : new RegExp(`^${path}$`);
      for (const line of summary.lines as unknown as Record<string, string | number>[]) {
        expect(line["receive_path"]).toMatch(expected);
        expect(line["receive_reason"]).not.toBe("");
        expect(line["refused_packets"]).toBe(0);
        const { name, receive_path } = line;
        expect(metrics).toContain(
          `fathom_line_receive_path_info{channel="main",line="${name}",path="${receive_path}"} 1`,
        );
        expect(node.started.stderr()).toContain(`line=${name} receive_path=${receive_path} reason=`);
      }
    });
  }
});

describe("CPUs", () => {
  const cpus = listCpus().allowed;
  const cpu = cpus.at(-1)!;

  test.skipIf(cpus.length < 2)("a pinned thread has its CPU for itself, and the API says which", async () => {
    const node = await market.node("pinned", { flags: set(`runtime.pin={ ingest = [${cpu}] }`) });
    const tasks = `/proc/${node.started.process.pid}/task`;
    const cpusOf = (thread: string) =>
      parseCpuList(/Cpus_allowed_list:\s*(\S+)/.exec(readFileSync(`${tasks}/${thread}/status`, "utf8"))![1]!);
    // Threads that the engine starts later are moved away within a second or so.
    await eventually("all others have left", async () => {
      const owners = readdirSync(tasks).filter((thread) => cpusOf(thread).includes(cpu));
      return owners.length === 1 && cpusOf(owners[0]!).length === 1;
    });
    const perf = await perfOf(node);
    expect(perf.cpus.pinned).toEqual([cpu]);
    expect(perf.threads[0]).toMatchObject({ thread: "ingest", pinned_cpu: cpu });
    expect(await node.started.stop()).toBe(143);
  });

  test("a CPU that there is not is a mistake in the settings, and those that there are are named", async () => {
    const args = ["run", "--config", market.settingsFile("no-cpu"), ...set("runtime.pin={ ingest = [4095] }")];
    const { exitCode, stderr } = await runFathom(args);
    expect(exitCode).toBe(78);
    const words = /runtime\.pin\.ingest: found CPU 4095, expected CPUs that this process may use: [\d,-]+/;
    expect(stderr).toMatch(words);
    const checked = await runFathom(["check", ...args.slice(1)]);
    expect(checked.exitCode).toBe(3);
    expect(checked.stderr).toMatch(words);
  });
});

describe("what threads tell of themselves", () => {
  test.each([0, 2])("in the API, the metrics and fathom top, with %i shards", async (shards) => {
    const node = await market.node(`told-${shards}`, { shards, rerequest: false, glimpse: false });
    const sender = senderOf(60_000, 2);
    await sendAll(sender, 30_000);
    const count = sender.messageCount;
    const perf = await eventually("everything is told", async () => {
      const seen = await perfOf(node);
      const applied = seen.threads.flatMap((thread) => thread.stages).filter(({ stage }) => stage === "dispatch");
      return applied[0]?.total === count && seen;
    });
    const [ingest, ...books] = perf.threads;
    expect(books.map(({ thread }) => thread)).toEqual(shards === 0 ? [] : ["shard0", "shard1"]);
    const stages = Object.fromEntries(ingest!.stages.map((stage) => [stage.stage, stage]));
    for (const stage of ["receive", "arbitrate", "dispatch", "publish", ...(shards === 0 ? ["books"] : [])]) {
      expect(stages[stage]!.ns_per_unit, stage).toBeWithin(1, 1e6);
      expect(stages[stage]!.total, stage).toBeGreaterThan(100);
    }
    for (const thread of perf.threads) {
      expect(thread.warm_up?.duration_ns).toBeGreaterThan(0);
      expect(thread.pause_max_ns).toBeGreaterThan(0);
    }
    const metrics = await (await node.request("/metrics")).text();
    expect(metrics).toMatch(/^fathom_loop_busy_seconds_total\{channel="main",thread="ingest"\} 0\.\d+/m);
    expect(metrics).toContain(`fathom_stage_total{channel="main",thread="ingest",stage="dispatch"} ${count}\n`);
    const top = await runFathom(["top", "--once", "--socket", node.socket]);
    expect({ exitCode: top.exitCode, stderr: top.stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const part of ["THREAD", "main ingest dispatch", "main a", "main/control", "nothing is put off"])
      expect(top.stdout).toContain(part);
    expect(top.stdout.split("\n").every((line) => [...line].length <= 100)).toBe(true);
    const json = JSON.parse((await runFathom(["top", "--once", "--json", "--socket", node.socket])).stdout);
    expect(json.bus.message_rings.map((ring: { name: string }) => ring.name)).toEqual([
      "main/control",
      ...books.map(({ thread }) => `main/${thread}`),
    ]);
    for (const ring of json.bus.message_rings.slice(1)) expect(ring.records).toBeGreaterThan(count / 4);
    await node.started.stop();
  });

  test("top goes on until it is told to stop, and says when nobody is there", async () => {
    const node = await market.node("top", {});
    const top = market.start(["top", "--json", "--interval", "20ms", "--socket", node.socket]);
    await top.until(/(\{"status".*\n){3}/);
    expect(await top.stop()).toBe(143);
    await node.started.stop();
    const missing = await runFathom(["top", "--once", "--socket", market.path("nobody.sock")]);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain("not-running");
  });
});

describe("bursts", () => {
  test.each([0, 1])("at ten times the sustained rate for a second nothing is lost (%i shards)", async (shards) => {
    const node = await alone(`burst-${shards}`, shards);
    const sender = senderOf();
    await sender.sendTo(SUSTAINED, SUSTAINED);
    await sendAll(sender, 10 * SUSTAINED);
    // Before it ends: what the burst came to. The deepest is kept, so it does not matter when this is asked.
    const summary = await node.summary();
    expect(summary).toMatchObject({
      books_sequence: tape.messages,
      state_hash: tape.state_hash,
      session_hash: tape.session_hash,
      bad_messages: { total: 0 },
      gaps: { lost_messages: 0 },
    });
    for (const line of summary.lines as unknown as Record<string, number>[]) {
      expect(line["kernel_drops"]).toBe(0);
      expect(line["messages"]).toBe(tape.messages);
    }
  });

  test("one that fills queues is measured, work is put off in the stated order and taken up again", async () => {
    const node = await market.node("flood", {
      shards: 1,
      rerequest: false,
      glimpse: false,
      books: 'ring_bytes = "64KiB"',
      flags: set(
        "degradation.history=4%",
        "degradation.statistics=6%",
        "degradation.watches=8%",
        "degradation.queries=10%",
        "degradation.hold=300ms",
      ),
    });
    const sender = senderOf();
    const symbol = new TextDecoder().decode(messages.find((message) => message[0] === 0x52)!.slice(11, 19)).trim();
    await sender.sendTo(2000, SUSTAINED);
    await eventually("the book is there", async () => (await node.request(`/v1/books/${symbol}`)).status === 200);
    let refused: Response | undefined;
    let status: { degradation: { channel: string; measures: string[] }[] } | undefined;
    const flood = sendAll(sender, 400_000);
    await eventually("questions are refused", async () => {
      const answer = await node.request(`/v1/books/${symbol}`);
      if (answer.status !== 503) return false;
      refused = answer;
      status = await node.get("/v1/status");
      return true;
    });
    await flood;
    expect(refused!.headers.get("retry-after")).toBe("1");
    expect(await refused!.json()).toMatchObject({ type: "urn:fathom:problem:too-busy", status: 503 });
    expect(status!.degradation).toEqual([
      { channel: "main", measures: ["history", "statistics", "watches", "queries"] },
    ]);
    await eventually("everything is taken up again", async () => {
      const { degradation } = await node.get<{ degradation: unknown[] }>("/v1/status");
      return degradation.length === 0;
    });
    expect((await node.request(`/v1/books/${symbol}`)).status).toBe(200);
    const stderr = node.started.stderr();
    const places = [
      "history queries are refused",
      "status and statistics",
      "watched books are",
      "questions about books",
    ].map((words) => stderr.indexOf(`queues are filling: ${words}`));
    expect(places[0]).toBeGreaterThan(0);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(stderr).toContain("a measure is taken back");
    const channel = await node.untilChannel("all is applied", ({ messages: count }) => count === tape.messages);
    expect(channel).toMatchObject({ gaps: { lost_messages: 0 }, bad_messages: { total: 0 } });
    const perf = await perfOf(node);
    const [{ measures, pressure_max }] = perf.degradation as [PerfJson["degradation"][number]];
    expect(measures.map(({ measure, active }) => [measure, active])).toEqual([
      ["history", false],
      ["statistics", false],
      ["watches", false],
      ["queries", false],
    ]);
    for (const { taken } of measures) expect(taken).toBeGreaterThan(0);
    expect(pressure_max).toBeGreaterThan(0.1);
    const shard = perf.threads.find(({ thread }) => thread === "shard0")!;
    expect(shard.bursts.total).toBeGreaterThan(0);
    expect(shard.bursts.burst_depth_max).toBeGreaterThan(0.1);
    expect(shard.bursts.drain_max_ns).toBeGreaterThan(0);
    const metrics = await (await node.request("/metrics")).text();
    expect(metrics).toMatch(/^fathom_degradation_total\{channel="main",measure="queries"\} [1-9]/m);
    await node.started.stop();
  });
});
