/** `fathom exchange` on the command line: contradictions are usage errors that say what was found and expected. */
import { describe, expect, test } from "bun:test";
import { Command, CommanderError } from "commander";
import { registerExchange } from "../../../src/cli/exchange.ts";
import {
  addExchangeFlags,
  checkExchangeFlags,
  type ExchangeFlags,
  exchangeOptions,
} from "../../../src/cli/exchange-flags.ts";

/** Runs the command line; the error that it ends with, and what it said. */
async function run(line: string): Promise<{ error: unknown; said: string }> {
  let said = "";
  const program = new Command("fathom").exitOverride();
  registerExchange(program);
  program.configureOutput({ writeErr: (text) => (said += text), writeOut: (text) => (said += text) });
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(["bun", "fathom", "exchange", ...line.split(" ").filter((word) => word !== "")]);
    return { error: undefined, said };
  } catch (error) {
    return { error, said };
  }
}

function optionsOf(line: string): ReturnType<typeof exchangeOptions> {
  const command = addExchangeFlags(new Command("exchange").exitOverride());
  command.parse(["bun", "exchange", ...line.split(" ").filter((word) => word !== "")]);
  checkExchangeFlags(command, command.opts<ExchangeFlags>());
  return exchangeOptions(command, command.opts<ExchangeFlags>());
}

describe("usage errors", () => {
  const cases: [line: string, ...says: string[]][] = [
    ["--loss-a 200%", "--loss-a", "200%", "share from 0 to 1"],
    ["--symbols 10001", "--symbols", "10001", "1 to 10000"],
    ["--line-a nowhere", "--line-a", "nowhere", "address"],
    ["--rerequest 127.0.0.1:70000", "--rerequest", "70000", "address"],
    ["--session ABCDEFGHIJK", "--session", "1 to 10"],
    ["--to-file x.itch", "--to-file", "--messages"],
    ["--to-file x.itch --messages 10M --rate 5k", "--rate", "--to-file"],
    ["--file x.itch --messages 10M", "--messages", "--file"],
    ["--speed 10x", "--speed", "--file"],
    ["--end-record", "--end-record", "--to-file"],
    ["--rate 1k --for 60s --messages 10M", "--rate", "--for", "--messages"],
    ["--messages 3k --symbols 500", "--messages", "3000", "7,000"],
    ["--for 1s --rate 1k --symbols 500", "--for", "1,000 messages", "7,000"],
    ["--synthetic-time", "--synthetic-time", "--messages"],
    ["--store-max-bytes 10k", "--store-max-bytes", "10000", "at least 1M"],
  ];
  for (const [line, ...says] of cases) {
    test(line, async () => {
      const { error, said } = await run(line);
      expect(error).toBeInstanceOf(CommanderError);
      expect((error as CommanderError).exitCode).not.toBe(0);
      for (const text of says) expect(said).toContain(text);
    });
  }
});

describe("flags become options", () => {
  test("nothing given: two lines on lo, servers, an endless day", () => {
    expect(optionsOf("")).toMatchObject({
      source: {
        kind: "synthetic",
        symbols: 500,
        rate: 20_000,
        messages: Number.POSITIVE_INFINITY,
        syntheticTime: false,
      },
      lines: [
        { name: "a", group: "239.192.77.1", port: 26_400, interface: "lo", ttl: 0, loss: 0 },
        { name: "b", group: "239.192.77.2", port: 26_401, interface: "lo", ttl: 0, loss: 0 },
      ],
      rerequest: { address: "127.0.0.1", port: 26_410 },
      glimpse: { address: "127.0.0.1", port: 26_420 },
    });
  });

  test("faults of both lines and of one", () => {
    const { lines } = optionsOf("--loss 1% --loss-b 5% --dup-a 2% --reorder 0.5% --delay-b 50us");
    expect(lines[0]).toMatchObject({ loss: 0.01, duplicate: 0.02, reorder: 0.005, delayNs: 0 });
    expect(lines[1]).toMatchObject({ loss: 0.05, duplicate: 0, reorder: 0.005, delayNs: 50_000 });
  });

  test("two of rate, time and messages give the third", () => {
    expect(optionsOf("--rate 10k --for 60s").source).toMatchObject({ messages: 600_000, rate: 10_000, live: 24_000 });
    expect(optionsOf("--messages 1M --for 50s").source).toMatchObject({ messages: 1_000_000, rate: 20_000 });
    expect(optionsOf("--messages 10M").source).toMatchObject({ messages: 10_000_000, rate: 20_000, live: 400_000 });
  });

  test("what is not wanted is not there; port 0 lets the system choose", () => {
    const options = optionsOf("--no-line-b --no-glimpse --rerequest 127.0.0.1:0 --session DAY1");
    expect(options.lines.length).toBe(1);
    expect(options.glimpse).toBeUndefined();
    expect(options).toMatchObject({ rerequest: { address: "127.0.0.1", port: 0 }, session: "DAY1" });
  });

  test("a file has the pace it is told", () => {
    expect(optionsOf("--file day.itch").source).toEqual({ kind: "file", path: "day.itch", speed: 1 });
    expect(optionsOf("--file day.itch --speed max --rate 100k").source).toMatchObject({
      speed: Infinity,
      rate: 100_000,
    });
  });
});
