/** The command line as users meet it, on the compiled binary: what it teaches, refuses, and ends with. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json";
import { fathomBinary, runFathom, startFathom } from "../support/binary.ts";

describe("version and help", () => {
  test("the binary says which build it is, for people and for programs", async () => {
    const { exitCode, stdout, stderr } = await runFathom(["version", "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const version = JSON.parse(stdout);
    expect(version.version).toBe(packageJson.version);
    expect(version.commit).toMatch(/^([0-9a-f]{12}(-dirty)?|unknown)$/);
    expect(version.target).toStartWith("linux-");
    expect((await runFathom(["version"])).stdout).toContain(version.commit);
  });

  test("help is data on stdout and has a first step; nothing asked for is a usage error", async () => {
    const help = await runFathom(["--help"]);
    expect(help.exitCode).toBe(0);
    expect(help.stdout).toContain("fathom check --resolved");
    expect(help.stderr).toBe("");
    const bare = await runFathom([]);
    expect(bare.exitCode).toBe(2);
    expect(bare.stdout).toBe("");
    expect(bare.stderr).toContain("Usage: fathom");
  });

  test("a copy alone in an empty folder works", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fathom-alone-"));
    try {
      const binary = join(folder, "fathom");
      copyFileSync(fathomBinary(), binary);
      expect((await runFathom(["version"], { binary, cwd: folder, env: { PATH: "" } })).exitCode).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("usage errors end with 2 and say what was found and expected", () => {
  test.each<[string, string[], string[]]>([
    ["an unknown command", ["chek"], ["unknown command 'chek'", "Did you mean check?"]],
    ["an unknown flag", ["check", "--reslved"], ["unknown option '--reslved'", "Did you mean --resolved?"]],
    ["a flag without its value", ["check", "--config"], ["argument missing", "fathom check --help"]],
    ["a value of another kind", ["check", "--set", "shards"], ["'shards' is invalid", 'such as "books.shards=2"']],
    ["too many arguments", ["version", "now"], ["too many arguments", "fathom version --help"]],
  ])("%s", async (_, args, parts) => {
    const { exitCode, stdout, stderr } = await runFathom(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    for (const part of parts) expect(stderr).toContain(part);
  });
});

describe("fathom check", () => {
  test("with nothing given: good, on stderr; every value in force on stdout", async () => {
    const plain = await runFathom(["check"]);
    expect({ exitCode: plain.exitCode, stdout: plain.stdout }).toEqual({ exitCode: 0, stdout: "" });
    expect(plain.stderr).toStartWith("good: no settings file");
    const resolved = await runFathom(["check", "--resolved"], { env: { FATHOM_BOOKS_SHARDS: "2" } });
    expect(resolved.stdout).toMatch(/^books\.shards += 2 +# env FATHOM_BOOKS_SHARDS$/m);
    expect(resolved.stdout).toMatch(/^node\.log_level += "info" +# default$/m);
    expect(resolved.stdout).not.toContain("\x1b[");
  });

  test("bad settings end with 78, a line a problem, and as JSON for programs", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fathom-check-"));
    try {
      writeFileSync(join(folder, "fathom.toml"), '[books]\nshards = "many"\n[nodes]\n');
      const args = ["check", "--config", "fathom.toml"];
      const text = await runFathom(args, { cwd: folder });
      expect({ exitCode: text.exitCode, stdout: text.stdout }).toEqual({ exitCode: 78, stdout: "" });
      expect(text.stderr).toContain('\nfathom.toml:2: books.shards: found "many", expected "auto" or an integer from');
      expect(text.stderr).toContain("\nfathom.toml:3: nodes: found an unknown key");
      const json = await runFathom([...args, "--json"], { cwd: folder });
      expect(json.exitCode).toBe(78);
      expect(JSON.parse(json.stdout)).toMatchObject({
        ok: false,
        problems: [{ key: "books.shards" }, { key: "nodes" }],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a settings file that is not there ends with 78 and its path", async () => {
    const { exitCode, stderr } = await runFathom(["check", "--config", "none.toml"]);
    expect(exitCode).toBe(78);
    expect(stderr).toContain("none.toml: there is no such file");
  });

  test("settings that this machine cannot serve end with 3", async () => {
    const env = { FATHOM_CHANNELS_0_LINES_1_INTERFACE: "nowhere0" };
    const { exitCode, stdout } = await runFathom(["check", "--json"], { env });
    expect(exitCode).toBe(3);
    const findings: string[] = JSON.parse(stdout).findings;
    expect(findings).toHaveLength(1);
    expect(findings[0]).toStartWith('channels.0.lines.1.interface: no network interface "nowhere0"; there are: lo');
  });

  test("every key is explained", async () => {
    const { stdout } = await runFathom(["check", "--keys", "--json"]);
    const keys: { key: string; variable: string; meaning: string }[] = JSON.parse(stdout);
    expect(keys.length).toBeGreaterThan(30);
    expect(keys.find(({ key }) => key === "channels.N.lines.N.group")).toMatchObject({
      required: true,
      variable: "FATHOM_CHANNELS_N_LINES_N_GROUP",
    });
  });
});

describe("ends", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends a running command in order, with %i", async (signal, status) => {
    const exchange = startFathom(["exchange", "--symbols", "5", "--rate", "500"]);
    await exchange.until(/line a/i);
    exchange.process.kill(signal);
    expect(await exchange.ended).toBe(status);
  });

  test("one Ctrl-C that comes twice, as under npm, does not cut the orderly stop short", async () => {
    const exchange = startFathom(["exchange", "--symbols", "5", "--rate", "500"]);
    await exchange.until(/line a/i);
    exchange.process.kill("SIGINT");
    exchange.process.kill("SIGINT");
    expect(await exchange.ended).toBe(130);
    expect(exchange.stdout() + exchange.stderr()).toMatch(/packets sent/);
  });

  test("a reader that has gone away ends it quietly", async () => {
    // The reader of descriptor 3 has ended before anything is written to it.
    const script = 'exec 3> >(true); wait $!; "$0" check --keys >&3; echo "status $?"';
    const shell = Bun.spawn(["bash", "-c", script, fathomBinary()], { stdout: "pipe", stderr: "pipe" });
    expect(await new Response(shell.stdout).text()).toBe("status 0\n");
    expect(await new Response(shell.stderr).text()).toBe("");
  });
});
