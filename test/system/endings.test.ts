/** How `fathom run` and `fathom replay` end, and what is then left: by a signal, by a reader gone, by another node. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { fathomBinary } from "../support/binary.ts";
import { Market } from "../support/market.ts";
import { dayFlags, writeDay } from "../support/tapes.ts";

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

const feed = ["--symbols", "10", "--rate", "5000"];

/** Runs a line of bash with `fathom` as the binary; stdout, stderr and status. */
async function bash(script: string) {
  const shell = Bun.spawn(["bash", "-c", `fathom() { "${fathomBinary()}" "$@"; }; ${script}`], {
    cwd: market.folder,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([new Response(shell.stdout).text(), new Response(shell.stderr).text()]);
  return { stdout, stderr, exitCode: await shell.exited };
}

describe("fathom run, by a signal", () => {
  test.each([
    ["SIGINT", 130, 0],
    ["SIGTERM", 143, 2],
  ] as const)("%s in the midst of the feed: the summary, %i, no socket (%i shards)", async (signal, status, shards) => {
    const node = await market.node("node", { shards });
    market.exchange(...feed);
    await node.untilChannel("a second of it", ({ messages }) => messages > 5000);
    expect(existsSync(node.socket)).toBe(true);
    node.started.process.kill(signal);
    expect(await node.started.ended).toBe(status);
    const { channels } = JSON.parse(node.started.stdout().trimEnd().split("\n").at(-1)!) as {
      channels: { messages: number; books_sequence: number; state_hash: string }[];
    };
    expect(channels[0]!.books_sequence).toBeGreaterThan(5000);
    expect(channels[0]!.state_hash).toMatch(/^[0-9a-f]{16}$/);
    expect(existsSync(node.socket)).toBe(false);
  });

  test("while it is still starting: no socket either", async () => {
    const started = market.start(["run", "--config", market.settingsFile("node")]);
    await started.until(/made a token file/);
    started.process.kill("SIGINT");
    expect(await started.ended).toBe(130);
    expect(existsSync(market.path("node/admin.sock"))).toBe(false);
  });

  test("--for ends it by itself, with 0 and the summary for people", async () => {
    const started = market.start(["run", "--config", market.settingsFile("node"), "--for", "300ms"]);
    expect(await started.ended).toBe(0);
    expect(started.stdout()).toMatch(/^channel main: session none, waiting\n {2}sequence 0, 0 live orders\n/);
    expect(started.stderr()).toContain(`admin socket: ${market.path("node/admin.sock")}`);
  });
});

describe("two nodes", () => {
  test("on one socket: the second says so and ends with 1, the first goes on", async () => {
    const first = await market.node("node");
    const second = market.start(["run", "--config", market.path("node.toml")]);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toContain(`socket-in-use: admin: another process answers on ${first.socket}`);
    expect((await first.request("/livez")).status).toBe(200);
  });

  test("one after another that was killed: its socket is taken over", async () => {
    const first = await market.node("node");
    first.started.process.kill("SIGKILL");
    await first.started.ended;
    expect(existsSync(first.socket)).toBe(true);
    const second = await market.node("node");
    expect((await second.request("/livez")).status).toBe(200);
  });
});

describe("a reader that has gone away", () => {
  test("ends a run quietly and in order", async () => {
    const config = market.settingsFile("node");
    const { stdout, stderr } = await bash(
      `fathom run --config ${config} --set node.log_level=error --for 1s --json | head -n 1; echo "$PIPESTATUS"`,
    );
    expect(stdout).toMatch(/^\{"ready":true.*\n0\n$/);
    expect(stderr).toBe("");
    expect(existsSync(market.path("node/admin.sock"))).toBe(false);
  });

  test("ends a replay, a list and a table of settings quietly", async () => {
    const day = await writeDay(market.path("day.itch"), { messages: 5000, symbols: 10, seed: 1 });
    for (const command of [`replay ${day}`, `replay ${day} --json`, "check --keys", "--help", "exchange --help"]) {
      const { stdout, stderr } = await bash(`fathom ${command} | true; echo "$PIPESTATUS"`);
      expect([command, stdout, stderr]).toEqual([command, "0\n", ""]);
    }
  });
});

test("a tape that is being written is ended by Ctrl-C, and said not to be whole", async () => {
  const path = market.path("day.itch");
  const day = dayFlags({ messages: 50_000_000, symbols: 50, seed: 1 });
  const started = market.start(["exchange", "--to-file", path, ...day]);
  await (async () => {
    while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
  })();
  started.process.kill("SIGINT");
  expect(await started.ended).toBe(130);
  expect(started.stderr()).toMatch(/day\.itch: stopped after \d+ of 50000000 messages, not a whole day/);
});
