/** `fathom demo`: the whole way on this machine, to look at. */
import type { Command } from "commander";
import type { ChannelView } from "../admin/contract.ts";
import { ExitStatus, FathomError } from "../core/assert.ts";
import { qualityName } from "../core/quality.ts";
import { formatCount, formatDuration, NS_PER_S } from "../core/units.ts";
import { dayMessagesMin } from "../exchange/day-plan.ts";
import { every } from "../io/timer.ts";
import { Demo, type DemoResult } from "../node/demo.ts";
import { Log, logOutput } from "../node/log.ts";
import { durationNs, integerBetween, port, positiveCount, ratio } from "./options.ts";
import { printJson, printLine, sayLine, styled } from "./output.ts";
import { onStop } from "./stop-signal.ts";

interface DemoFlags {
  for?: number;
  symbols: number;
  rate: number;
  seed: number;
  lossA: number;
  lossB: number;
  port: number;
  shards?: number;
  json?: boolean;
}

const SYMBOLS_MAX = 10_000;
const SHARDS_MAX = 64;
const STATUS_INTERVAL_MS = 1000;

const LESSON = `
An exchange with a matching engine publishes ITCH 5.0 on two faulty multicast lines of the loopback interface; fathom
joins both, repairs what was lost, keeps every book, and serves the page whose address is printed. When the day is over
the exchange's own tape is replayed, and must give the same books to the last order (with --for only: a day without
an end would make a tape without one).

  fathom demo                        until Ctrl-C
  fathom demo --for 15s              a whole trading day in 15 seconds, then a summary`;

export function registerDemo(program: Command): void {
  const command = program.command("demo");
  command
    .summary("the whole way on this machine: an exchange, both lines, books, a page to look at")
    .description(
      "Runs the embedded exchange and the appliance side by side. Stays on this host; leaves nothing behind.",
    )
    .option("--for <duration>", "a whole day in so long; without it until Ctrl-C", durationNs)
    .option("--symbols <n>", "instruments", integerBetween(1, SYMBOLS_MAX), 200)
    .option("--rate <n>", "messages a second on average, in bursts", positiveCount, 20_000)
    .option("--seed <n>", "the same seed gives the same day", integerBetween(0, 2 ** 31 - 1), 7)
    .option("--loss-a <share>", "packets lost on line A", ratio, 0.03)
    .option("--loss-b <share>", "packets lost on line B", ratio, 0.03)
    .option("--port <n>", "TCP port of page and API on 127.0.0.1; 0: any free one", port, 8470)
    .option("--shards <n>", "book threads (default: as many as fit the cores)", integerBetween(0, SHARDS_MAX))
    .option("--json", "on stdout: one JSON line when ready, one with the summary at the end")
    .addHelpText("after", LESSON)
    .action((flags: DemoFlags) => run(command, flags));
}

async function run(command: Command, flags: DemoFlags): Promise<void> {
  checkLength(command, flags);
  let demo: Demo | undefined;
  let isStopping = false;
  const stopped = Promise.withResolvers<void>();
  // From the first moment: a Ctrl-C while starting must not leave the temporary folder behind either.
  const forget = onStop(() => {
    isStopping = true;
    demo?.endDay();
    return stopped.promise;
  });
  try {
    demo = await Demo.start({
      symbols: flags.symbols,
      rate: flags.rate,
      durationNs: flags.for,
      seed: flags.seed,
      lossA: flags.lossA,
      lossB: flags.lossB,
      port: flags.port,
      shards: flags.shards ?? "auto",
      // How well this machine is set up for real feeds is no news to somebody who looks at a demo.
      log: new Log(logOutput({ level: "error" })),
      onPortTaken: () => sayLine(`port ${flags.port} is taken: the page is on another one`),
    });
    if (isStopping) demo.endDay();
    await show(demo, flags.json === true);
  } finally {
    await demo?.close();
    stopped.resolve();
    forget();
  }
}

/** From the page's address to the verdict. Throws `books-differ`. */
async function show(demo: Demo, json: boolean): Promise<void> {
  if (json) printJson({ ready: true, url: demo.pageUrl, socket: demo.node.admin.server.unixPath ?? null });
  else sayReady(demo);
  const cancel = json ? () => {} : every(STATUS_INTERVAL_MS, () => sayStatus(demo.node.appliance.channels()[0]!));
  try {
    const result = await demo.finished();
    cancel();
    if (json) printJson(toJson(result));
    else printResult(result);
    if (isSame(result) === false) {
      throw new FathomError("books-differ", "the books are not those of the exchange's tape", {
        exitStatus: ExitStatus.failure,
        hint: "This is a bug in fathom: please keep the seed and the flags.",
      });
    }
  } finally {
    cancel();
  }
}

/** A day needs its openings and crosses, however short it is. */
function checkLength(command: Command, { for: durationNs, rate, symbols }: DemoFlags): void {
  if (durationNs === undefined) return;
  const messages = Math.round((durationNs / NS_PER_S) * rate);
  const least = dayMessagesMin(symbols);
  if (messages >= least) return;
  const found = `'--for ${formatDuration(durationNs)}' at ${formatCount(rate)}/s is ${formatCount(messages)} messages`;
  const expected = `at least ${formatCount(least)} for a day of ${formatCount(symbols)} symbols`;
  command.error(`error: ${found}. Expected ${expected}.`, { exitCode: ExitStatus.usage, code: "fathom.usage" });
}

function sayReady(demo: Demo): void {
  const { options } = demo;
  const length = options.durationNs === undefined ? "until Ctrl-C" : `for ${formatDuration(options.durationNs)}`;
  const load = `${formatCount(options.symbols)} instruments, ${formatCount(options.rate)} messages/s`;
  sayLine(`${styled("fathom demo", "bold", process.stderr)} ${length}: ${load}`);
  sayLine(`open ${styled(demo.pageUrl, "cyan", process.stderr)}\n`);
}

function sayStatus(channel: ChannelView): void {
  const quality = qualityName(channel.quality);
  const shown = styled(quality.padEnd(10), quality === "ok" ? "green" : "yellow", process.stderr);
  const rate = `${formatCount(channel.messagesPerSecond).padStart(9)} msg/s`;
  const orders = formatCount(channel.orderCount).padStart(8);
  const books = `${orders} orders in ${formatCount(channel.instrumentCount)} books`;
  const { gaps } = channel;
  const losses = channel.lines.map((line) => `${line.name} lost ${formatCount(line.lostCount)}`).join(", ");
  sayLine(`${shown}${rate}${books}   gaps repaired ${gaps.repaired}/${gaps.opened} (${losses})`);
}

/** Undefined: there is no tape to hold the books against. */
function isSame({ tape, stateHash, sequence }: DemoResult): boolean | undefined {
  return tape && tape.stateHash === stateHash && tape.messages === sequence;
}

function toJson(result: DemoResult) {
  const { channel, exchange, tape } = result;
  return {
    messages: exchange.messages,
    sequence: result.sequence,
    instruments: channel.instrumentCount,
    orders: result.orders,
    gaps_opened: channel.gaps.opened,
    gaps_repaired: channel.gaps.repaired,
    messages_lost: channel.gaps.lostMessages,
    bad_messages: channel.badMessages.total,
    state_hash: result.stateHash,
    tape_state_hash: tape?.stateHash ?? null,
    same: isSame(result) ?? null,
    shards: result.plan.shards,
  };
}

function printResult(result: DemoResult): void {
  const { channel, exchange, tape } = result;
  const row = (name: string, value: string) => printLine(`${name.padEnd(16)}${value}`);
  printLine("");
  row("published", `${formatCount(exchange.messages)} messages, session ${exchange.session}`);
  row("received", `${formatCount(result.sequence)} in order`);
  for (const line of channel.lines) {
    const counts = `${formatCount(line.packetCount)} packets, won ${formatCount(line.wonCount)} messages`;
    row(
      `line ${line.name}`,
      `${counts}, lost ${formatCount(line.lostCount)}, late ${formatCount(line.duplicateCount)}`,
    );
  }
  row(
    "gaps",
    `${channel.gaps.repaired} of ${channel.gaps.opened} repaired, ${channel.gaps.lostMessages} messages lost`,
  );
  row("books", `${formatCount(channel.instrumentCount)} instruments, ${formatCount(result.orders)} live orders`);
  row("bad messages", formatCount(channel.badMessages.total));
  row("state hash", result.stateHash);
  if (!tape) return;
  const verdict = isSame(result) ? styled("the same", "green") : styled("DIFFERENT", "red");
  row("tape replayed", `${tape.stateHash}, ${verdict}`);
}
