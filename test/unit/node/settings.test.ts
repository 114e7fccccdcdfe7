/** The settings in force: which layer wins, where each value came from, and what is said about a mistake. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ExitStatus, FathomError } from "../../../src/core/assert.ts";
import { placesOf, resolveSettings, SettingsError, settingsSchema } from "../../../src/node/settings.ts";
import { settingKeys, variableOfPath } from "../../../src/node/settings-tree.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fathom-settings-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const LINE = '[[channels.lines]]\nname = "a"\ngroup = "239.1.1.1"\nport = 9000\ninterface = "lo"\n';

function fileOf(text: string): string {
  const path = join(folder, "fathom.toml");
  writeFileSync(path, text);
  return path;
}

/** The settings of a file with this text, and nothing from this machine's environment. */
function settingsOf(text: string, env: Record<string, string> = {}) {
  return resolveSettings({ file: fileOf(text), env });
}

/** What is said about a file with this text, a line a problem, the folder's name left out. */
function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  try {
    settingsOf(text, env);
  } catch (error) {
    expect(error).toBeInstanceOf(FathomError);
    expect((error as FathomError).exitStatus).toBe(ExitStatus.badConfig);
    return (error as FathomError).message.replaceAll(`${folder}/`, "").split("\n");
  }
  return [];
}

describe("layers", () => {
  test("flag wins over environment over file over default, and each value says which", () => {
    const file = fileOf(`[books]\nshards = 1\nshard_by = "table"\nring_bytes = "1MiB"\n`);
    const env = { FATHOM_BOOKS_SHARDS: "2", FATHOM_BOOKS_SHARD_BY: "hash" };
    const { settings, origins } = resolveSettings({
      file,
      env,
      flags: [{ key: "books.shards", value: "3", flag: "--shards" }],
    });
    expect(settings.books).toMatchObject({ shards: 3, shardBy: "hash", ringBytes: 1_048_576, symbols: ["*"] });
    expect(origins.get("books.shards")).toBe("flag --shards");
    expect(origins.get("books.shard_by")).toBe("env FATHOM_BOOKS_SHARD_BY");
    expect(origins.get("books.ring_bytes")).toBe(`file ${file}:4`);
    expect(origins.get("books.symbols")).toBe("default");
  });

  test("with nothing given the embedded exchange's channel is in force", () => {
    const { settings } = settingsOf("");
    expect(settings.channels).toHaveLength(1);
    expect(settings.channels[0]).toMatchObject({
      rerequest: [{ address: "127.0.0.1", port: 26_410 }],
      glimpse: { address: "127.0.0.1", port: 26_420, nextSequenceRule: "from" },
      lines: [
        { group: "239.192.77.1", port: 26_400, interface: "lo" },
        { group: "239.192.77.2", port: 26_401, interface: "lo" },
      ],
    });
  });

  test("a channel of the file does not inherit the embedded exchange's servers", () => {
    const { settings } = settingsOf(`[[channels]]\nname = "x"\n${LINE}`);
    expect(settings.channels[0]).toMatchObject({ name: "x", rerequest: [], join: "auto", gapWaitNs: 2_000_000 });
    expect(settings.channels[0]!.glimpse).toBeUndefined();
  });

  test("the environment reaches one key of one line, a whole array, and a free table", () => {
    const { settings, origins } = settingsOf(`[[channels]]\nname = "x"\n${LINE}`, {
      FATHOM_CHANNELS_0_LINES_0_INTERFACE: "eth1",
      FATHOM_CHANNELS_0_RECEIVE_BUFFER_BYTES: "8MiB",
      FATHOM_BOOKS_SYMBOLS: "AAPL, Z*",
      FATHOM_BOOKS_TABLE: "{ AAPL = 1, 'BRK.A' = 0 }",
      FATHOM_ADMIN_ALLOWED_HOSTS: '["feed-1"]',
      FATHOM_ADMIN_ALLOW_REMOTE: "true",
    });
    expect(settings.channels[0]!.lines[0]).toMatchObject({ interface: "eth1", group: "239.1.1.1" });
    expect(settings.channels[0]!.receiveBufferBytes).toBe(8_388_608);
    expect(settings.books.symbols).toEqual(["AAPL", "Z*"]);
    expect(settings.books.table).toEqual({ AAPL: 1, "BRK.A": 0 });
    expect(settings.admin).toMatchObject({ allowedHosts: ["feed-1"], allowRemote: true });
    expect(origins.get("channels.0.lines.0.interface")).toBe("env FATHOM_CHANNELS_0_LINES_0_INTERFACE");
    expect(origins.get("channels.0.lines.0.group")).toContain("fathom.toml:5");
  });

  test("channels given whole by the environment take the place of the file's", () => {
    const channels = '[{name = "y", lines = [{name = "a", group = "239.1.1.2", port = 1, interface = "lo"}]}]';
    const { settings, origins } = settingsOf(`[[channels]]\nname = "x"\njoin = "now"\n${LINE}`, {
      FATHOM_CHANNELS: channels,
      FATHOM_CHANNELS_0_NAME: "z",
    });
    expect(settings.channels).toHaveLength(1);
    expect(settings.channels[0]).toMatchObject({ name: "z", join: "auto" });
    expect(origins.get("channels.0.join")).toBe("default");
    expect(origins.get("channels.0.lines.0.port")).toBe("env FATHOM_CHANNELS");
  });

  test("CPUs, shares and durations are read in every form that is written, also from the environment", () => {
    const off = settingsOf("").settings;
    expect(off.runtime).toEqual({
      idle: "auto",
      spinNs: 50_000,
      pin: { mode: "off", ingest: [], shards: [] },
      warmUpNs: 300e6,
    });
    expect(off.channels[0]!.receive).toBe("recvmmsg");
    const file = '[runtime]\nwarm_up = "off"\npin = { ingest = 2, shards = [3, 4] }\n[degradation]\nhistory = "off"\n';
    const { settings, origins, entries } = settingsOf(file, { FATHOM_DEGRADATION_QUERIES: "0.9" });
    expect(settings.runtime).toMatchObject({ warmUpNs: 0, pin: { mode: "given", ingest: [2], shards: [3, 4] } });
    expect(settings.degradation.shares).toEqual({
      history: Number.POSITIVE_INFINITY,
      statistics: 0.5,
      watches: 0.6,
      queries: 0.9,
    });
    expect(origins.get("runtime.pin.ingest")).toContain("fathom.toml:3");
    expect(entries.find((entry) => entry.key === "runtime.pin.shards")?.value).toEqual([3, 4]);
    const given = (pin: string) => settingsOf("", { FATHOM_RUNTIME_PIN: pin }).settings.runtime.pin;
    expect(given("auto").mode).toBe("auto");
    expect(given("{ ingest = [1] }")).toEqual({ mode: "given", ingest: [1], shards: [] });
    expect(given('{"shards": 5}')).toEqual({ mode: "given", ingest: [], shards: [5] });
  });

  test("variables of other programs and of no section are left alone", () => {
    expect(
      settingsOf("", { FATHOM_TOKEN: "x", FATHOM: "y", FATHOM_NODE: "z", NODE_ENV: "test" }).settings,
    ).toBeDefined();
  });

  test("what is kept in state_dir follows it", () => {
    const { settings } = settingsOf('[node]\nstate_dir = "/srv/fathom"\n');
    expect(settings.admin.tokenFile).toBe("/srv/fathom/tokens");
  });

  test("root has the system's places, everybody else their own", () => {
    expect(placesOf({ HOME: "/home/u" }, true)).toMatchObject({
      stateDir: "/var/lib/fathom",
      adminSocket: "/run/fathom/admin.sock",
    });
    expect(placesOf({ HOME: "/home/u" }, false)).toMatchObject({
      stateDir: "/home/u/.local/state/fathom",
      adminSocket: "/home/u/.local/state/fathom/admin.sock",
    });
    expect(placesOf({ HOME: "/home/u", XDG_RUNTIME_DIR: "/run/user/1", XDG_STATE_HOME: "/s" }, false)).toMatchObject({
      tokenFile: "/s/fathom/tokens",
      adminSocket: "/run/user/1/fathom/admin.sock",
    });
  });

  test("a password is in force but never shown", () => {
    const resolved = settingsOf("", { FATHOM_CHANNELS_0_GLIMPSE_PASSWORD: "hush" });
    expect(resolved.settings.channels[0]!.glimpse!.password).toBe("hush");
    expect(JSON.stringify(resolved.entries)).not.toContain("hush");
    expect(problemsOf("", { FATHOM_CHANNELS_0_GLIMPSE_PASSWORD: "hush-hush-hush" }).join()).not.toContain("hush");
  });
});

describe("what is said about a mistake", () => {
  test("file, line, key, what was found, what was expected: one line a problem, all of them", () => {
    expect(problemsOf(`[books]\nshards = "many"\nring_bytes = 1000\n[admim]\n`)).toEqual([
      'fathom.toml:2: books.shards: found "many", expected "auto" or an integer from 0 to 64',
      "fathom.toml:3: books.ring_bytes: found 1000, " +
        'expected a size (a power of two, 64KiB to 1GiB) such as "16MiB" or 16777216',
      "fathom.toml:4: admim: found an unknown key, expected a known one; did you mean admin?",
    ]);
  });

  test.each<[string, string, string]>([
    ["[node]\nlog_levl = 'info'", "fathom.toml:2: node.log_levl: found an unknown key", "did you mean log_level?"],
    ["books = 3", "fathom.toml:1: books: found 3", "expected a table, [books]"],
    ["[channels]\nname = 'x'", "fathom.toml:1: channels: found {", "expected an array of tables, [[channels]]"],
    [`[[channels]]\n${LINE}`, "fathom.toml:1: channels.0.name: found nothing", "this key has no default"],
    ["[[channels]]\nname = 'x'\nlines = []", "fathom.toml:3: channels.0.lines: found 0 of them", "at least 1"],
    [`[[channels]]\nname = 'x'\ngap_wait = '0s'\n${LINE}`, "fathom.toml:3: channels.0.gap_wait", "above zero"],
    [`[[channels]]\nname = 'x'\nrerequest = ['h:99999']\n${LINE}`, "channels.0.rerequest", "127.0.0.1:26410"],
    ["[books]\nshards = 65", "books.shards: found 65", "from 0 to 64"],
    ["[books]\nshards = 1.5", "books.shards: found 1.5", "from 0 to 64"],
    ["[runtime]\nidle = 'busy'", 'fathom.toml:2: runtime.idle: found "busy"', '"auto" or "park" or "spin"'],
    ["[runtime]\npin = 3", "fathom.toml:2: runtime.pin: found 3", '"off", "auto" or CPUs by role'],
    ["[runtime]\npin = { ingest = [1], shards = [1] }", "runtime.pin: found {", "each once"],
    ["[runtime]\npin = { ingest = [1], books = [2] }", "runtime.pin: found {", "CPUs by role"],
    ["[runtime]\npin = {}", "runtime.pin: found {}", "CPUs by role"],
    ["[runtime]\nwarm_up = 'no'", 'runtime.warm_up: found "no"', 'or "off"'],
    ["[degradation]\nqueries = '101%'", 'degradation.queries: found "101%"', 'up to 100% such as "40%"'],
    ["[degradation]\nhistory = '0%'", "degradation.history", "above 0%"],
    [`[[channels]]\nname = 'x'\nreceive = 'dpdk'\n${LINE}`, "channels.0.receive", '"recvmmsg" or "packet-ring-v2"'],
    ["[admin]\nallow_remote = 'yes'", 'admin.allow_remote: found "yes"', "expected true or false"],
    ["[admin]\nlisten = '8470'", 'admin.listen: found "8470"', "an address and a port"],
  ])("%p", (text, place, expected) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(place);
    expect(problems[0]).toContain(expected);
  });

  test.each<[string, Record<string, string>, string, string]>([
    ["a mistyped variable", { FATHOM_BOOKS_SHARD: "1" }, "env FATHOM_BOOKS_SHARD", "did you mean FATHOM_BOOKS_SHARDS?"],
    ["a variable's bad value", { FATHOM_BOOKS_SHARDS: "x" }, "env FATHOM_BOOKS_SHARDS: books.shards", 'found "x"'],
    ["a channel that leaves a hole", { FATHOM_CHANNELS_2_NAME: "x" }, "env FATHOM_CHANNELS_2_NAME", "past the end"],
    [
      "a channel begun by a variable",
      { FATHOM_CHANNELS_1_NAME: "x" },
      "env FATHOM_CHANNELS_1_NAME",
      "channels.1.lines",
    ],
  ])("%s", (_, env, place, rest) => {
    const problems = problemsOf("", env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(place);
    expect(problems[0]).toContain(rest);
  });

  test("whatever a variable holds, it is in force or it is what is complained about", () => {
    const keys = settingKeys(settingsSchema({})).map((key) => key.path.replaceAll(".N", ".0"));
    const file = fileOf("");
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom("", "[", "{}", "[1]", "true", "-1", "1e400", "\0", "__proto__"),
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), value, (key, given) => {
        const variable = variableOfPath(key);
        try {
          expect(resolveSettings({ file, env: { [variable]: given } }).origins.size).toBeGreaterThan(30);
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
          for (const problem of (error as SettingsError).problems) expect(problem.where).toBe(`env ${variable}`);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("an unknown key of a flag", () => {
    const flags = [{ key: "books.shrds", value: "1", flag: "--set books.shrds=1" }];
    expect(() => resolveSettings({ file: fileOf(""), env: {}, flags })).toThrow(/did you mean books\.shards\?/);
  });

  test("a file that is not there, or not TOML, is named with its line", () => {
    expect(() => resolveSettings({ file: `${folder}/none.toml`, env: {} })).toThrow(
      /none\.toml: there is no such file/,
    );
    expect(problemsOf("[node]\nname = 'x'\n\n# a note\nlog_level =\n")).toEqual([
      expect.stringMatching(/^fathom\.toml:5: not TOML: Missing value/),
    ]);
    expect(problemsOf("a = [1,\n2\nb = 3\n")[0]).toStartWith("fathom.toml:1: not TOML");
  });
});

describe("settings that cannot be in force together", () => {
  const two = (first: string, second: string) => `[[channels]]\nname = "x"\n${first}[[channels]]\n${second}`;
  test.each([
    ["two channels of one name", two(LINE, `name = "x"\n${LINE.replace("9000", "9001")}`), "channels.1.name"],
    ["two lines of one stream", two(LINE, `name = "y"\n${LINE}`), "channels.1.lines.0.group"],
    [
      "two lines of one name",
      `[[channels]]\nname = "x"\n${LINE}${LINE.replace("9000", "9001")}`,
      "channels.0.lines.1.name",
    ],
    [
      "a group that nobody can join",
      `[[channels]]\nname = "x"\n${LINE.replace("239.1.1.1", "255.255.255.255")}`,
      "group",
    ],
    [
      "a source beside a unicast address",
      `[[channels]]\nname = "x"\n${LINE.replace("239.1.1.1", "10.0.0.1")}source = "10.0.0.2"`,
      "source",
    ],
    ["a multicast source", `[[channels]]\nname = "x"\n${LINE}source = "239.0.0.2"`, "channels.0.lines.0.source"],
    ["a snapshot join without a server", `[[channels]]\nname = "x"\njoin = "glimpse"\n${LINE}`, "channels.0.join"],
    ["ranges out of order", '[books]\nranges = ["P", "F"]', "books.ranges"],
    ["too few ranges", '[books]\nshards = 3\nshard_by = "range"\nranges = ["P"]', "books.ranges"],
    ["a table that names no shard", '[books]\nshards = 2\nshard_by = "table"\ntable = { A = 2 }', "books.table.A"],
    ["an address that others can reach", '[admin]\nlisten = "0.0.0.0:8470"', "admin.listen"],
    ["a socket path that the kernel refuses", `[admin]\nsocket = "/${"x".repeat(107)}"`, "admin.socket"],
  ])("%s", (_, text, key) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(key);
    expect(problems[0]).toMatch(/^fathom\.toml:\d+: /);
  });

  test("remote addresses are taken when the settings say so, loopback ones always", () => {
    expect(problemsOf('[admin]\nlisten = "0.0.0.0:8470"\nallow_remote = true')).toEqual([]);
    expect(problemsOf('[admin]\nlisten = "127.0.0.2:0"')).toEqual([]);
    expect(problemsOf('[admin]\nlisten = "localhost:8470"')).toEqual([]);
    expect(settingsOf('[admin]\nlisten = ""').settings.admin.listen).toBeNull();
  });

  test("each problem is an object too, for programs", () => {
    try {
      settingsOf("[books]\nshards = 99");
      throw new Error("it was taken");
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
      expect((error as SettingsError).problems[0]).toMatchObject({ key: "books.shards", found: "99" });
    }
  });
});
