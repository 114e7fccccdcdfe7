/**
 * What the binary refuses: bad settings, files, flags, and what the machine will not give. Each ends with the status
 * for it, nothing on stdout, and words that say where, what was found and expected, and what to do.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { openUdpUnicast } from "../../src/io/udp-unicast.ts";
import { runFathom } from "../support/binary.ts";
import { add, directory } from "../support/books.ts";
import { Market } from "../support/market.ts";
import { dayFlags, writeTape } from "../support/tapes.ts";

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

/** One run that must fail: its status, nothing on stdout, and words on stderr. */
async function expectFailure(args: readonly string[], exitCode: number, words: readonly string[], env = {}) {
  const result = await runFathom(args, { cwd: market.folder, env });
  expect({ exitCode: result.exitCode, stdout: result.stdout }).toEqual({ exitCode, stdout: "" });
  for (const part of words) expect(result.stderr).toContain(part);
  expect(result.stderr).not.toMatch(/a bug in fathom|\n +at /);
}

describe("settings", () => {
  test.each<[string, string, string[]]>([
    [
      "an unknown key",
      "[books]\nshard = 3\n",
      ["fathom.toml:2: books.shard: found an unknown key", "did you mean shards?"],
    ],
    ["not TOML", "[books\nshards = 3\n", ["fathom.toml:1: not TOML"]],
    [
      "a value of another kind",
      '[books]\nshards = "many"\n',
      ['fathom.toml:2: books.shards: found "many", expected "auto" or an'],
    ],
    ["a value out of range", "[books]\nshards = 65\n", ["books.shards: found 65, expected", "from 0 to 64"]],
    ["a missing key", '[[channels]]\nname = "x"\n', ["channels.0.lines: found nothing, expected an array of tables"]],
  ])("%s: file, key, found, expected, exit 78", async (_what, text, words) => {
    writeFileSync(market.path("fathom.toml"), text);
    await expectFailure(["run", "--config", "fathom.toml"], 78, ["bad-config", ...words]);
  });

  test("a file that is not there, or is none; a bad variable; a bad --set", async () => {
    await expectFailure(["run", "--config", "none.toml"], 78, [
      "cannot read none.toml: there is no such file",
      "--config",
    ]);
    mkdirSync(market.path("folder"));
    await expectFailure(["run", "--config", "folder"], 78, ["cannot read folder: it is a directory"]);
    await expectFailure(["run"], 78, ["env FATHOM_BOOKS_SHARDS", 'found "x"'], { FATHOM_BOOKS_SHARDS: "x" });
    await expectFailure(["run", "--set", "books.shrads=1"], 78, ["--set books.shrads=1", "found an unknown key"]);
  });
});

describe("the machine's refusals end with 1 and say which and why", () => {
  const run = (name: string, ...flags: string[]) => ["run", "--config", market.settingsFile(name), ...flags];

  test("an interface that is not there", async () => {
    const flags = ["--set", "channels.0.lines.1.interface=nowhere0"];
    await expectFailure(run("node", ...flags), 1, [
      'interface-not-found: no network interface "nowhere0"',
      "there are: lo",
    ]);
    const exchange = ["exchange", ...market.exchangeFlags(), "--interface-b", "nowhere0"];
    await expectFailure(exchange, 1, ['no network interface "nowhere0"']);
  });

  test("a group's port that another socket has to itself", async () => {
    const holder = openUdpUnicast({ address: market.groups[0], port: market.ports[0] });
    try {
      const where = `${market.groups[0]}:${market.ports[0]}`;
      await expectFailure(run("node"), 1, [`port-in-use: receiving ${where} on lo`, "in use", "ss -lunpt"]);
    } finally {
      holder.close();
    }
  });

  test("an address of the API or of the exchange's servers that is taken", async () => {
    const holder = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const udpHolder = openUdpUnicast({ address: "127.0.0.1", port: 0 });
    try {
      const at = `127.0.0.1:${holder.port}`;
      const words = [`port-in-use: admin: ${at} is in use`, "Choose another port"];
      await expectFailure(run("node", "--set", `admin.listen=${at}`), 1, words);
      const exchange = ["exchange", ...market.exchangeFlags()];
      await expectFailure([...exchange, "--glimpse", at], 1, [at, "in use"]);
      const udpAt = `127.0.0.1:${udpHolder.localPort}`;
      await expectFailure([...exchange, "--rerequest", udpAt], 1, [udpAt, "in use"]);
    } finally {
      holder.stop(true);
      udpHolder.close();
    }
  });

  test("places that cannot be written", async () => {
    const day = dayFlags({ messages: 3000, symbols: 5, seed: 1, live: 100 });
    const nowhere = market.path("none/day.itch");
    await expectFailure(["exchange", "--to-file", nowhere, ...day], 1, [`file-unwritable: cannot write ${nowhere}`]);
    // Nobody can make a folder in a file.
    const inFile = `${market.settingsFile("file")}/state`;
    const words = ["file-unwritable", inFile, "node.state_dir"];
    await expectFailure(run("node", "--set", `node.state_dir=${inFile}`), 1, words);
  });

  test("a token file that is none ends with 78 and does not show what is in it", async () => {
    const config = market.settingsFile("node");
    mkdirSync(market.path("node"));
    writeFileSync(market.path("node/tokens"), "sesame opensesameopensesame\n");
    const { exitCode, stderr } = await runFathom(["run", "--config", config]);
    expect(exitCode).toBe(78);
    expect(stderr).toContain("bad-token-file");
    expect(stderr).not.toContain("opensesame");
  });
});

describe("files", () => {
  const MESSAGES = [directory(1, "AAPL"), add(1, 1, "B", 100, 1_000_000), add(1, 2, "S", 50, 1_010_000)];
  /** Reading it fails even for root. */
  const UNREADABLE = "/proc/self/mem";
  const cases: [string, () => string, string[]][] = [
    ["that is not there", () => market.path("none.itch"), ["file-not-found: there is no file "]],
    ["that is a folder", () => market.folder, ["file-unreadable: cannot read ", "it is a directory"]],
    [
      "that is empty",
      () => writeTape(market.path("empty.itch"), []),
      ["file-empty", "empty.itch is empty", "expected"],
    ],
    ["that cannot be read", () => UNREADABLE, [`file-unreadable: cannot read ${UNREADABLE}`]],
  ];

  test.each(cases)("a file %s: which, why, exit 1", async (_what, path, words) => {
    await expectFailure(["replay", path()], 1, words);
    await expectFailure(["exchange", ...market.exchangeFlags(), "--file", path()], 1, words);
  });

  test("a file of something else", async () => {
    const path = market.settingsFile("not-a-tape");
    const { exitCode, stderr } = await runFathom(["replay", path]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`file-cut: ${path}: not one whole message; expected BinaryFILE, pcap or pcapng`);
  });

  test("a file that was cut, played by the exchange: all whole messages, then the offset and exit 1", async () => {
    const path = writeTape(market.path("cut.itch"), MESSAGES);
    const bytes = new Uint8Array(await Bun.file(path).arrayBuffer());
    writeFileSync(path, bytes.subarray(0, bytes.length - 3));
    const flags = ["--file", path, "--speed", "max", "--linger", "50ms", "--json"];
    const { exitCode, stdout, stderr } = await runFathom(["exchange", ...market.exchangeFlags(), ...flags]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/file-cut: .*cut\.itch ends in the middle of a message, at offset \d+/);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1)!).messages).toBe(MESSAGES.length - 1);
  });
});

describe("flags out of range end with 2: which, found, expected", () => {
  test.each<[string[], string[]]>([
    [
      ["replay", "x", "--shards", "65"],
      ["'--shards <n>'", "'65'", "an integer from 0 to 64"],
    ],
    [
      ["replay", "x", "--shards", "-1"],
      ["'--shards <n>'", "'-1'"],
    ],
    [
      ["replay", "x", "--shard-by", "table"],
      ["'--shard-by <rule>'", "hash, range"],
    ],
    [
      ["replay", "x", "--until-seq", "0"],
      ["'--until-seq <n>'", "'0'", "above 0"],
    ],
    [
      ["replay", "x", "--until-time", "25:00"],
      ["'--until-time <time>'", '"10:30:00.000000001"'],
    ],
    [
      ["replay", "x", "--symbols", "A,,B"],
      ["'--symbols <list>'", "'A,,B'", '"AAPL,MSFT"'],
    ],
    [["replay"], ["missing required argument 'files'"]],
    [
      ["run", "--for", "5"],
      ["'--for <duration>'", "'5'", '"15s"'],
    ],
    [
      ["demo", "--for", "0s"],
      ["'--for 0 ns' at 20,000/s is 0 messages", "at least 4,000"],
    ],
    [
      ["demo", "--symbols", "0"],
      ["'--symbols <n>'", "'0'", "from 1 to 10000"],
    ],
    [
      ["demo", "--loss-a", "101%"],
      ["'--loss-a <share>'", "'101%'", "from 0 to 1"],
    ],
    [
      ["demo", "--port", "65536"],
      ["'--port <n>'", "'65536'", "from 0 to 65535"],
    ],
    [
      ["exchange", "--symbols", "10001"],
      ["'--symbols <n>'", "'10001'", "from 1 to 10000"],
    ],
    [
      ["exchange", "--loss", "5"],
      ["'--loss <ratio>'", "'5'", "from 0 to 1"],
    ],
    [
      ["exchange", "--line-a", "239.1.1.1"],
      ["'--line-a <address:port>'", "'239.1.1.1'"],
    ],
    [
      ["exchange", "--to-file", "x", "--messages", "3"],
      ["'--messages <n>'", "'3'", "at least 7,000"],
    ],
    [["exchange", "--speed", "2x"], ["'--speed <x>' is for '--file <path>'"]],
    [
      ["books", "--levels", "0"],
      ["'--levels <n>'", "'0'"],
    ],
  ])("fathom %p", async (args, words) => {
    await expectFailure(args, 2, ["error: ", ...words, "--help says what it takes"]);
  });
});
