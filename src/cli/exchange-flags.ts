/**
 * The flags of `fathom exchange`: how they are declared, and how they become an exchange's options. What contradicts
 * itself is a usage error that names the flags, what was found and what was expected.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { formatCount, formatDuration, NS_PER_S } from "../core/units.ts";
import { dayMessagesMin } from "../exchange/day-plan.ts";
import {
  defaultLive,
  EXCHANGE_DEFAULTS,
  type ExchangeOptions,
  type LineOptions,
} from "../exchange/exchange-options.ts";
import { SYMBOLS_MAX } from "../exchange/instruments.ts";
import type { OrderFlowOptions } from "../exchange/order-flow.ts";
import { HEARTBEAT_NS_DEFAULT } from "../exchange/publisher.ts";
import type { Endpoint } from "../node/settings-kinds.ts";
import { count, durationNs, endpoint, integerBetween, positiveCount, ratio, speed } from "./options.ts";

/** As commander hands them over. */
export interface ExchangeFlags {
  symbols: number;
  rate?: number;
  for?: number;
  messages?: number;
  live?: number;
  seed: number;
  syntheticTime?: boolean;
  file?: string;
  speed: number;
  toFile?: string;
  endRecord?: boolean;
  alsoToFile?: string;
  lineA: Endpoint;
  lineB: Endpoint | false;
  interface: string;
  interfaceA?: string;
  interfaceB?: string;
  ttl: number;
  session?: string;
  heartbeat: number;
  payloadMax: number;
  loss?: number;
  lossA?: number;
  lossB?: number;
  dup?: number;
  dupA?: number;
  dupB?: number;
  reorder?: number;
  reorderA?: number;
  reorderB?: number;
  delay?: number; // tidy: allow unit-in-name commander names it after the flag; nanoseconds
  delayA?: number;
  delayB?: number;
  rerequest: Endpoint | false;
  glimpse: Endpoint | false;
  glimpseUser?: string;
  glimpsePassword?: string;
  storeMaxBytes: number;
  linger: number;
  json?: boolean;
}

const STORE_BYTES_MIN = 1024 * 1024;

function option<T>(flags: string, description: string, parse: (given: string) => T): Option {
  return new Option(flags, description).argParser(parse);
}

function within(max: number): (given: string) => string {
  return (given) => {
    if (given.length === 0 || given.length > max || !/^[\x21-\x7e]+$/.test(given))
      throw new InvalidArgumentError(`Expected 1 to ${max} printable characters.`);
    return given;
  };
}

/** As `endpoint`, and port 0 lets the system choose. */
function serverEndpoint(given: string): Endpoint {
  const anyPort = /^(.+):0$/.exec(given);
  if (anyPort === null) return endpoint(given);
  return { ...endpoint(`${anyPort[1]}:1`), port: 0 };
}

/** Declares the flags. */
export function addExchangeFlags(command: Command): Command {
  const at = ({ address, port }: { address: string; port: number }) => `${address}:${port}`;
  const { lines, rerequest, glimpse, storeBytesMax, lingerNs, rate, symbols, seed } = EXCHANGE_DEFAULTS;
  const line = ({ group, port }: { group: string; port: number }) => ({ address: group, port });
  const symbolCount = integerBetween(1, SYMBOLS_MAX);
  command
    .optionsGroup("The synthetic day:")
    .addOption(option("--symbols <n>", "instruments, named ZBAA, ZBAB, …", symbolCount).default(symbols))
    .addOption(
      option("--rate <n>", `messages a second on average, in bursts (default: ${formatCount(rate)})`, positiveCount),
    )
    .addOption(option("--for <duration>", "a whole day in so long: open, halt, close, end of session", durationNs))
    .addOption(option("--messages <n>", "a whole day of exactly so many messages", positiveCount))
    .addOption(option("--live <n>", "live orders to rise to (default: 4 % of the messages, at most 400,000)", count))
    .addOption(option("--seed <n>", "the same seed gives the same day", integerBetween(0, 2 ** 31 - 1)).default(seed))
    .option("--synthetic-time", "stamp with the day's own time, 04:00 to 20:00: the very bytes of --to-file")
    .optionsGroup("Files:")
    .option("--to-file <path>", "write the day to a BinaryFILE as fast as it goes, publish nothing")
    .option("--end-record", "with --to-file: end the file with the record that says end of session")
    .option("--also-to-file <path>", "publish, and write what is published")
    .option("--file <path>", "publish this BinaryFILE (plain, .gz or .zst) in place of a synthetic day")
    .addOption(option("--speed <x>", 'with --file: "1x" as it happened, "10x", "max"', speed).default(1, "1x"))
    .optionsGroup("The feed:")
    .addOption(
      option("--line-a <address:port>", "group of line A", endpoint).default(line(lines[0]), at(line(lines[0]))),
    )
    .addOption(
      option("--line-b <address:port>", "group of line B", endpoint).default(line(lines[1]), at(line(lines[1]))),
    )
    .option("--no-line-b", "one line only")
    .option("--interface <name>", "interface to send by", lines[0].interface)
    .option("--interface-a <name>", "of line A alone")
    .option("--interface-b <name>", "of line B alone")
    .addOption(
      option("--ttl <n>", "routers a packet may pass; 0 stays on this host", integerBetween(0, 255)).default(0),
    )
    .addOption(option("--session <name>", "MoldUDP64 session (default: the second it starts in)", within(10)))
    .addOption(option("--heartbeat <duration>", "when idle", durationNs).default(HEARTBEAT_NS_DEFAULT, "1s"))
    .addOption(
      option("--payload-max <bytes>", "of a packet, its header included", integerBetween(80, 65_507)).default(1400),
    );
  addFaultFlags(command);
  command
    .optionsGroup("Servers:")
    .addOption(
      option("--rerequest <address:port>", "re-request server; port 0: any free one", serverEndpoint).default(
        rerequest,
        at(rerequest),
      ),
    )
    .option("--no-rerequest", "no re-request server")
    .addOption(
      option("--glimpse <address:port>", "snapshot server; port 0: any free one", serverEndpoint).default(
        glimpse,
        at(glimpse),
      ),
    )
    .option("--no-glimpse", "no snapshot server")
    .addOption(option("--glimpse-user <name>", "who may log in (default: anybody)", within(6)))
    .addOption(option("--glimpse-password <text>", "and with what password", within(10)))
    .addOption(
      option("--store-max-bytes <n>", "messages kept for the servers", positiveCount).default(storeBytesMax, "2 GiB"),
    )
    .addOption(option("--linger <duration>", "stay up after the end of session", durationNs).default(lingerNs, "5s"))
    .optionsGroup("Output:")
    .option("--json", "JSON: a line when ready, a line at the end");
  return command;
}

function addFaultFlags(command: Command): void {
  command.optionsGroup("Faults, on both lines or on one (-a, -b), the same for the same seed:");
  const faults = [
    ["loss", "ratio", "packets that are not sent", ratio],
    ["dup", "ratio", "packets sent twice", ratio],
    ["reorder", "ratio", "packets sent after one to four later ones", ratio],
    ["delay", "duration", "every packet so much later", durationNs],
  ] as const;
  for (const [name, value, description, parse] of faults) {
    command.addOption(
      option(`--${name} <${value}>`, `${description}, such as ${value === "ratio" ? "2%" : "50us"}`, parse),
    );
    for (const end of ["a", "b"])
      command.addOption(option(`--${name}-${end} <${value}>`, `on line ${end.toUpperCase()}`, parse));
  }
}

/** Ends with exit status 2. */
function usage(command: Command, text: string): never {
  command.error(`error: ${text}`, { exitCode: 2, code: "fathom.usage" });
}

function isGiven(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === "cli";
}

/** Flags by the names that commander knows their values by. */
const NOT_WITH: Readonly<Record<string, readonly (readonly [name: string, flag: string])[]>> = {
  toFile: [
    ["file", "--file"],
    ["alsoToFile", "--also-to-file"],
    ["rate", "--rate"],
    ["for", "--for"],
  ],
  file: [
    ["messages", "--messages"],
    ["symbols", "--symbols"],
    ["live", "--live"],
    ["syntheticTime", "--synthetic-time"],
  ],
};

/** Refuses flags that make no sense together. */
export function checkExchangeFlags(command: Command, flags: ExchangeFlags): void {
  for (const [mode, others] of Object.entries(NOT_WITH)) {
    if (!isGiven(command, mode)) continue;
    for (const [name, flag] of others)
      if (isGiven(command, name))
        usage(command, `option '${flag}' cannot be used with '${mode === "file" ? "--file" : "--to-file"}'`);
  }
  if (flags.toFile !== undefined && flags.messages === undefined)
    usage(command, "option '--to-file <path>' needs '--messages <n>' to say how long the day is");
  if (flags.endRecord && flags.toFile === undefined) usage(command, "option '--end-record' is for '--to-file <path>'");
  if (isGiven(command, "speed") && flags.file === undefined)
    usage(command, "option '--speed <x>' is for '--file <path>'");
  if (flags.rate !== undefined && flags.for !== undefined && flags.messages !== undefined)
    usage(command, "of '--rate', '--for' and '--messages' two say it all: found all three");
  if (flags.storeMaxBytes < STORE_BYTES_MIN)
    usage(
      command,
      `option '--store-max-bytes <n>' argument '${flags.storeMaxBytes}' is invalid. Expected at least 1M.`,
    );
}

/** The synthetic day that the flags ask for. */
export function dayOptions(command: Command, flags: ExchangeFlags): OrderFlowOptions & { rate: number } {
  const { symbols, seed } = flags;
  const seconds = flags.for === undefined ? undefined : flags.for / NS_PER_S;
  let rate: number = flags.rate ?? EXCHANGE_DEFAULTS.rate;
  let messages = flags.messages ?? Number.POSITIVE_INFINITY;
  if (seconds !== undefined && flags.messages !== undefined) rate = flags.messages / seconds;
  else if (seconds !== undefined) messages = Math.round(rate * seconds);
  const least = dayMessagesMin(symbols);
  if (messages < least) {
    const found =
      flags.messages === undefined
        ? `'--for ${formatDuration(flags.for ?? 0)}' at ${formatCount(rate)}/s is ${formatCount(messages)} messages`
        : `option '--messages <n>' argument '${flags.messages}' is invalid`;
    usage(command, `${found}. Expected at least ${formatCount(least)} for a day of ${formatCount(symbols)} symbols.`);
  }
  if (flags.syntheticTime && !Number.isFinite(messages))
    usage(command, "option '--synthetic-time' needs '--messages <n>' or '--for <duration>'");
  return { seed, symbols, messages, rate, live: flags.live ?? defaultLive(messages) };
}

function lineOf(flags: ExchangeFlags, name: "a" | "b", at: Endpoint): LineOptions {
  const own = name === "a";
  return {
    name,
    group: at.address,
    port: at.port,
    interface: (own ? flags.interfaceA : flags.interfaceB) ?? flags.interface,
    ttl: flags.ttl,
    loss: (own ? flags.lossA : flags.lossB) ?? flags.loss ?? 0,
    duplicate: (own ? flags.dupA : flags.dupB) ?? flags.dup ?? 0,
    reorder: (own ? flags.reorderA : flags.reorderB) ?? flags.reorder ?? 0,
    delayNs: (own ? flags.delayA : flags.delayB) ?? flags.delay ?? 0,
  };
}

/** Everything that a publishing exchange is made from. */
export function exchangeOptions(command: Command, flags: ExchangeFlags): ExchangeOptions {
  const lines = [lineOf(flags, "a", flags.lineA)];
  if (flags.lineB) lines.push(lineOf(flags, "b", flags.lineB));
  const { rate, ...day } = flags.file === undefined ? dayOptions(command, flags) : { rate: flags.rate };
  const source: ExchangeOptions["source"] =
    flags.file === undefined
      ? { kind: "synthetic", ...(day as OrderFlowOptions), rate: rate!, syntheticTime: flags.syntheticTime ?? false }
      : { kind: "file", path: flags.file, speed: flags.speed, ...(rate === undefined ? {} : { rate }) };
  return {
    source,
    lines,
    faultSeed: flags.seed,
    payloadBytesMax: flags.payloadMax,
    heartbeatNs: flags.heartbeat,
    storeBytesMax: flags.storeMaxBytes,
    lingerNs: flags.linger,
    ...(flags.session === undefined ? {} : { session: flags.session }),
    ...(flags.rerequest ? { rerequest: flags.rerequest } : {}),
    ...(flags.glimpse ? { glimpse: { ...flags.glimpse, ...glimpseLogin(flags) } } : {}),
    ...(flags.alsoToFile === undefined ? {} : { alsoToFile: flags.alsoToFile }),
  };
}

function glimpseLogin(flags: ExchangeFlags): { username?: string; password?: string } {
  return {
    ...(flags.glimpseUser === undefined ? {} : { username: flags.glimpseUser }),
    ...(flags.glimpsePassword === undefined ? {} : { password: flags.glimpsePassword }),
  };
}
