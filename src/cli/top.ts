/** `fathom top`: what a running appliance does with its threads, live. A client of the admin API like any other. */
import { type Command, Option } from "commander";
import type { BusJson } from "../admin/views/bus.ts";
import type { ChannelJson } from "../admin/views/channel.ts";
import type { StatusJson } from "../admin/views/node.ts";
import type { PerfJson } from "../admin/views/perf.ts";
import { NS_PER_S } from "../core/units.ts";
import { after } from "../io/timer.ts";
import { AdminClient } from "./admin-client.ts";
import { durationNs } from "./options.ts";
import { printJson, printLine } from "./output.ts";
import { onStop } from "./stop-signal.ts";
import { type TopData, topLines } from "./top-view.ts";

interface TopOptions {
  config?: string;
  socket?: string;
  interval: number; // tidy: allow unit-in-name commander names it after the flag; nanoseconds
  once?: boolean;
  json?: boolean;
}

const WIDTH_DEFAULT = 100;
/** The alternate screen without a cursor, and back. */
const SCREEN_OPEN = "\x1b[?1049h\x1b[?25l";
const SCREEN_CLOSE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_REST_OF_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

const LESSON = `
BUSY is the share of time in turns that found something to do. PAUSE is the longest that the thread was away from its
queues beyond the sleep that it meant, in the last second or two; MAX since the start. DEPTH MAX is how full its fullest
queue ever was, DRAIN how long the last burst took from there to empty. Stages are timed in one batch of 31.`;

export function registerTop(program: Command): void {
  program
    .command("top")
    .summary("what a running appliance does with its threads, live")
    .description("Threads, stages, lines, rings: how busy, how deep, how fast. Until Ctrl-C.")
    .option("--once", "one picture, and end")
    .addOption(
      new Option("--interval <duration>", "between two pictures").argParser(durationNs).default(NS_PER_S, "1s"),
    )
    .option("-c, --config <file>", "the appliance's settings file, for where its socket is")
    .option("--socket <path>", "the appliance's admin socket; by default the settings'")
    .option("--json", "one JSON line a picture: status, channels, perf and bus as the API has them")
    .addHelpText("after", LESSON)
    .action(top);
}

async function top(options: TopOptions): Promise<void> {
  const client = new AdminClient(options.socket, options.config);
  if (options.once) return show(await ask(client), options);
  const stopRequest = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  let isStopping = false;
  const forget = onStop(() => {
    isStopping = true;
    stopRequest.resolve();
    return stopped.promise;
  });
  const isLive = process.stdout.isTTY === true && !options.json;
  try {
    let data = await ask(client);
    if (isLive) process.stdout.write(SCREEN_OPEN);
    while (!isStopping) {
      if (isLive) draw(data);
      else show(data, options);
      await Promise.race([stopRequest.promise, elapsed(options.interval)]);
      if (!isStopping) data = await ask(client);
    }
  } finally {
    if (isLive) process.stdout.write(SCREEN_CLOSE);
    stopped.resolve();
    forget();
  }
}

async function ask(client: AdminClient): Promise<TopData> {
  const [status, { channels }, perf, bus] = await Promise.all([
    client.get<StatusJson>("/v1/status"),
    client.get<{ channels: ChannelJson[] }>("/v1/channels"),
    client.get<PerfJson>("/v1/perf"),
    client.get<BusJson>("/v1/bus"),
  ]);
  return { status, channels, perf, bus };
}

function elapsed(timeNs: number): Promise<void> {
  return new Promise((resolve) => void after(timeNs, resolve));
}

function show(data: TopData, { json }: TopOptions): void {
  if (json) printJson(data);
  else for (const line of topLines(data, process.stdout.columns ?? WIDTH_DEFAULT)) printLine(line);
}

/** Over the last picture, line by line, so that nothing flickers; what does not fit the screen is left out. */
function draw(data: TopData): void {
  const { columns, rows } = process.stdout;
  const lines = topLines(data, columns ?? WIDTH_DEFAULT).slice(0, Math.max(1, (rows ?? 40) - 1));
  process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_REST_OF_LINE}`).join("\n")}${CLEAR_BELOW}`);
}
