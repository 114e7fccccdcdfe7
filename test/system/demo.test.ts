/** `fathom demo` on the binary alone: what a new user sees first, and that nothing of it stays behind. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fathomBinary, type StartedFathom, startFathom } from "../support/binary.ts";
import { eventually } from "../support/market.ts";

interface DemoSummary {
  messages: number;
  sequence: number;
  gaps_opened: number;
  gaps_repaired: number;
  messages_lost: number;
  bad_messages: number;
  state_hash: string;
  tape_state_hash: string;
  same: boolean;
  shards: number;
}

let folder: string;
/** Where the demo keeps its things: empty again at the end. */
let temporary: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fathom-demo-test-"));
  temporary = join(folder, "tmp");
  mkdirSync(temporary);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (...flags: string[]) =>
  startFathom(["demo", "--port", "0", ...flags], { cwd: folder, env: { TMPDIR: temporary } });
const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)!;
const summaryOf = (demo: StartedFathom) => JSON.parse(lastLine(demo.stdout())) as DemoSummary;
const isWhole = (summary: DemoSummary) =>
  expect(summary).toMatchObject({
    same: true,
    tape_state_hash: summary.state_hash,
    sequence: summary.messages,
    messages_lost: 0,
    gaps_repaired: summary.gaps_opened,
    bad_messages: 0,
  });

describe("a bounded demo", () => {
  test("of the binary alone, in an empty folder with an empty environment, ends with the same books", async () => {
    const alone = join(folder, "alone");
    mkdirSync(alone);
    copyFileSync(fathomBinary(), join(alone, "fathom"));
    const child = Bun.spawn(["./fathom", "demo", "--for", "5s", "--port", "0", "--json"], {
      cwd: alone,
      env: {},
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect([await child.exited, stderr]).toEqual([0, ""]);
    const summary = JSON.parse(lastLine(stdout)) as DemoSummary;
    isWhole(summary);
    expect(summary.messages).toBe(100_000);
    expect(readdirSync(alone)).toEqual(["fathom"]);
  });

  test("says where the page is, how it goes, and what it came to", async () => {
    const demo = start("--for", "2s", "--symbols", "30", "--rate", "10000", "--seed", "3");
    const [, url, token] = await demo.until(/open (http:\/\/127\.0\.0\.1:\d+)\/#token=(\S+)/);
    const page = await fetch(`${url}/`);
    expect(page.headers.get("content-type")).toStartWith("text/html");
    const status = await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(await status.json()).toMatchObject({ node: "demo" });
    await demo.until(/^ok +[\d,]+ msg\/s +[\d,]+ orders in 30 books/m);
    expect(await demo.ended).toBe(0);
    expect(demo.stdout()).toMatch(/^published +20,000 messages/m);
    expect(demo.stdout()).toMatch(/^received +20,000 in order$/m);
    expect(demo.stdout()).toMatch(/^gaps +(\d+) of \1 repaired, 0 messages lost$/m);
    expect(demo.stdout()).toMatch(/^state hash +([0-9a-f]{16})\ntape replayed +\1, the same$/m);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each([0, 3])("repairs what both lines lose (%i shards)", async (shards) => {
    const loss = ["--loss-a", "15%", "--loss-b", "15%"];
    const demo = start("--for", "2s", "--symbols", "30", "--rate", "20000", "--shards", `${shards}`, ...loss, "--json");
    expect(await demo.ended).toBe(0);
    const summary = summaryOf(demo);
    isWhole(summary);
    expect(summary.gaps_opened).toBeGreaterThan(5);
    expect(summary.shards).toBe(shards);
  });

  test("two at a time do not hear each other, and take another port where the usual one is taken", async () => {
    const held = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    try {
      const flags = ["--for", "2s", "--symbols", "20", "--rate", "5000", "--json"];
      const first = start(...flags, "--seed", "1");
      const second = start(...flags, "--seed", "2", "--port", `${held.port}`);
      expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
      isWhole(summaryOf(first));
      isWhole(summaryOf(second));
      expect(summaryOf(first).state_hash).not.toBe(summaryOf(second).state_hash);
      expect(second.stderr()).toContain(`port ${held.port} is taken: the page is on another one`);
    } finally {
      held.stop(true);
    }
  });
});

describe("Ctrl-C", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends the day in order: the summary, %i, and nothing left behind", async (signal, status) => {
    const demo = start("--symbols", "30", "--for", "60s", "--json");
    const [line] = await demo.until(/^\{"ready":true.*\n/m);
    const { url } = JSON.parse(line) as { url: string };
    const [origin, token] = url.split("/#token=");
    await eventually("half the instruments quoted", async () => {
      const response = await fetch(`${origin}/v1/status`, { headers: { authorization: `Bearer ${token}` } });
      return ((await response.json()) as { orders: number }).orders > 100;
    });
    expect(readdirSync(temporary).length).toBe(1);
    demo.process.kill(signal);
    expect(await demo.ended).toBe(status);
    isWhole(summaryOf(demo));
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a day without an end writes no tape, and says that it was held against none", async () => {
    const demo = start("--symbols", "30", "--json");
    await demo.until(/^\{"ready":true.*\n/m);
    const [folder] = readdirSync(temporary);
    expect(readdirSync(`${temporary}/${folder}`)).not.toContain("tape.itch");
    demo.process.kill("SIGINT");
    expect(await demo.ended).toBe(130);
    expect(summaryOf(demo)).toMatchObject({ same: null, tape_state_hash: null, messages_lost: 0 });
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("while it is still starting, too", async () => {
    const demo = start("--json");
    await eventually("its folder", async () => readdirSync(temporary).length === 1);
    demo.process.kill("SIGINT");
    expect(await demo.ended).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("a reader that has gone away ends it quietly, and nothing is left behind", async () => {
    const command = `"${fathomBinary()}" demo --port 0 --symbols 30 --rate 5000 --json | head -n 1; echo "$PIPESTATUS"`;
    const script = command.replace("--json | head", "--for 1s --json | head");
    const shell = Bun.spawn(["bash", "-c", script], {
      cwd: folder,
      env: { PATH: process.env["PATH"]!, TMPDIR: temporary },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([new Response(shell.stdout).text(), new Response(shell.stderr).text()]);
    expect(stdout).toMatch(/^\{"ready":true.*\n0\n$/);
    expect(stderr).toBe("");
    expect(readdirSync(temporary)).toEqual([]);
  });
});
