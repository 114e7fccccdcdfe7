/** `fathom exchange`: the embedded exchange; live on both lines, from a file, or into one. */
import type { Command } from "commander";
import { FathomError } from "../core/assert.ts";
import { NS_PER_S } from "../core/units.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { FilePlayer } from "../exchange/file-player.ts";
import { DayFileWriter } from "../exchange/file-writer.ts";
import { runExchangeAsync } from "../exchange/run-exchange.ts";
import { clock } from "../io/clock.ts";
import {
  addExchangeFlags,
  checkExchangeFlags,
  dayOptions,
  type ExchangeFlags,
  exchangeOptions,
} from "./exchange-flags.ts";
import { exchangeJson, exchangeText, fileJson, fileText, readyJson, readyText } from "./exchange-report.ts";
import { printJson, printLine, sayLine } from "./output.ts";
import { Progress } from "./progress.ts";
import { onStop } from "./stop-signal.ts";

const DESCRIPTION =
  "A whole exchange in one process: a price-time matching engine with synthetic order flow publishes ITCH 5.0 over " +
  "MoldUDP64 on two lines, answers re-requests and serves GLIMPSE snapshots. Stays on this host unless told otherwise.";

const LESSON = `
Examples:
  fathom exchange                                         until Ctrl-C, 20,000 messages a second
  fathom exchange --for 60s --loss-a 2% --dup-b 1%        a whole day in a minute, on faulty lines
  fathom exchange --to-file day.itch --messages 10M --symbols 500 --live 400k --seed 42
  fathom exchange --file day.itch --speed 10x             play a file; "max" sends at most about 1 M messages a second
                                                          (25 full packets a millisecond a line) unless --rate is given

The same --seed, --symbols, --messages and --live make the same day; with --synthetic-time what is published is,
byte for byte, what --to-file writes.`;

/** Messages written between two looks at signals and progress. */
const SLICE_MESSAGES = 50_000;

export function registerExchange(program: Command): void {
  const command = program.command("exchange").summary("the embedded exchange: live, from a file, or into one");
  command.description(DESCRIPTION).addHelpText("after", LESSON);
  addExchangeFlags(command).action(async (flags: ExchangeFlags) => {
    checkExchangeFlags(command, flags);
    if (flags.toFile !== undefined) await writeFile(command, flags, flags.toFile);
    else await publish(command, flags);
  });
}

async function writeFile(command: Command, flags: ExchangeFlags, path: string): Promise<void> {
  const options = dayOptions(command, flags);
  const startNs = clock.monotonicNs();
  const writer = new DayFileWriter({ ...options, path, endRecord: flags.endRecord ?? false });
  const progress = new Progress(`writing ${path}`);
  let isStopping = false;
  const done = Promise.withResolvers<void>();
  const stopped = onStop(() => {
    isStopping = true;
    return done.promise;
  });
  try {
    while (!isStopping && writer.doWork(SLICE_MESSAGES)) {
      const { messageTotal } = writer.flow.blocks;
      progress.update(messageTotal, "messages", messageTotal / options.messages);
      await new Promise((resolve) => setImmediate(resolve));
    }
    progress.end();
    const summary = writer.summary();
    const seconds = (clock.monotonicNs() - startNs) / NS_PER_S;
    if (!writer.flow.isOver) {
      writer.close();
      sayLine(`${path}: stopped after ${summary.messages} of ${options.messages} messages, not a whole day`);
    } else if (flags.json) printJson(fileJson(summary, seconds));
    else printLine(fileText(summary, seconds));
  } finally {
    done.resolve();
    stopped();
  }
}

async function publish(command: Command, flags: ExchangeFlags): Promise<void> {
  const options = exchangeOptions(command, flags);
  const progress = new Progress("exchange");
  const startNs = clock.monotonicNs();
  // A file has no length in time: --for ends its playing.
  const untilNs = flags.file !== undefined && flags.for !== undefined ? startNs + flags.for : Infinity;
  let isStopping = false;
  const done = Promise.withResolvers<void>();
  const stopped = onStop(() => {
    isStopping = true;
    return done.promise;
  });
  try {
    const summary = await runExchangeAsync(options, {
      onReady: (ready) => (flags.json ? printJson(readyJson(ready)) : sayLine(readyText(ready))),
      shouldStop: () => isStopping || clock.monotonicNs() >= untilNs,
      onProgress: (exchange) => showProgress(progress, exchange),
    });
    progress.end();
    const seconds = (clock.monotonicNs() - startNs) / NS_PER_S;
    if (flags.json) printJson(exchangeJson(summary, seconds));
    else printLine(exchangeText(summary, seconds));
    if (summary.cutOffset !== undefined)
      throw new FathomError(
        "file-cut",
        `${flags.file} ends in the middle of a message, at offset ${summary.cutOffset}`,
        {
          hint: "all whole messages before it have been published",
        },
      );
  } finally {
    done.resolve();
    stopped();
  }
}

function showProgress(progress: Progress, exchange: Exchange): void {
  const { source } = exchange;
  const messages = source.blocks.messageTotal;
  const ratio = source instanceof FilePlayer ? source.progress : messages / source.messagesExpected;
  progress.update(messages, "messages", ratio > 0 ? ratio : undefined);
}
