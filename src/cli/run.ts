/** `fathom run`: the appliance, until it is told to stop. */
import type { Command } from "commander";
import { channelToJson } from "../admin/views/channel.ts";
import { formatCount } from "../core/units.ts";
import { after, every } from "../io/timer.ts";
import { Log, logOutput } from "../node/log.ts";
import { Node } from "../node/run-node.ts";
import { durationNs } from "./options.ts";
import { printJson, printLine, sayLine } from "./output.ts";
import { addSettingsOptions, type SettingsOptions, settingsFrom } from "./settings-options.ts";
import { onStop } from "./stop-signal.ts";

interface RunOptions extends SettingsOptions {
  for?: number;
  untilEnd?: boolean;
  json?: boolean;
}

const LESSON = `
With no settings file it takes the feed of \`fathom exchange\` on this host:
  fathom exchange --for 60s --loss-a 5% --loss-b 5% &
  fathom run --until-end

The token for the page is in admin.token_file, mode 0600; on the unix socket (admin.socket) none is needed.
Exit status: 0 done, 1 a line could not be joined or an address is taken, 78 bad settings, 130 and 143 by a signal.`;

const END_POLL_MS = 20;
/** The slower line may still be bringing its copies of what the faster one has ended with. */
const SETTLE_NS = 250e6;

export function registerRun(program: Command): void {
  const command = program
    .command("run")
    .summary("the appliance: join the lines, keep the books, serve the API and the page")
    .description("Runs until Ctrl-C, --for or --until-end, then says what each channel came to.");
  addSettingsOptions(command)
    .option("--for <duration>", "stop after so long", durationNs)
    .option("--until-end", "stop when every channel's session has ended")
    .option("--json", "on stdout: one JSON line when ready, one with the summary at the end")
    .addHelpText("after", LESSON)
    .action(run);
}

async function run(options: RunOptions): Promise<void> {
  const resolved = settingsFrom(options);
  const { logLevel: level, logFormat: format } = resolved.settings.node;
  const stopRequest = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  // From the first moment: a Ctrl-C while starting must not leave the socket behind either.
  const forget = onStop(() => {
    stopRequest.resolve();
    return stopped.promise;
  });
  try {
    const node = await Node.start(resolved, new Log(logOutput({ level, format })));
    try {
      sayReady(node, options.json === true);
      await serve(node, options, stopRequest);
      await saySummary(node, options.json === true);
    } finally {
      await node.stop();
    }
  } finally {
    stopped.resolve();
    forget();
  }
}

/** Resolves when it is time to stop; rejects when the appliance cannot go on. */
async function serve(node: Node, options: RunOptions, stopRequest: PromiseWithResolvers<void>): Promise<void> {
  const cancels: (() => void)[] = [];
  if (options.for !== undefined) cancels.push(after(options.for, stopRequest.resolve));
  if (options.untilEnd) {
    const isEnded = () => node.appliance.channels().every((channel) => channel.state === "ended");
    const poll = every(END_POLL_MS, () => {
      if (!isEnded()) return;
      poll();
      cancels.push(after(SETTLE_NS, stopRequest.resolve));
    });
    cancels.push(poll);
  }
  try {
    await Promise.race([stopRequest.promise, node.appliance.failed]);
  } finally {
    for (const cancel of cancels) cancel();
  }
}

function sayReady({ appliance, admin, plan }: Node, json: boolean): void {
  const { tcp, unixPath } = admin.server;
  const channels = appliance.channels().map((channel) => ({
    name: channel.name,
    lines: channel.lines.map((line) => `${line.group}:${line.port}`),
  }));
  if (json) {
    printJson({ ready: true, url: tcp?.url ?? null, socket: unixPath ?? null, shards: plan.shards, channels });
    return;
  }
  for (const { name, lines } of channels) sayLine(`channel ${name}: joined ${lines.join(" and ")}`);
  if (tcp) sayLine(`page and API: ${tcp.url}/`);
  if (unixPath !== undefined) sayLine(`admin socket: ${unixPath}`);
}

async function saySummary(node: Node, json: boolean): Promise<void> {
  const hashes = await node.hashes();
  const channels = node.appliance.channels();
  if (json) {
    printJson({
      channels: channels.map((channel, i) => ({
        ...channelToJson(channel),
        books_sequence: hashes[i]!.answer.sequence,
        state_hash: hashes[i]!.answer.stateHash,
        session_hash: hashes[i]!.answer.sessionHash,
        orders: hashes[i]!.answer.orderCount,
      })),
    });
    return;
  }
  for (const [i, channel] of channels.entries()) {
    const { answer } = hashes[i]!;
    const { gaps } = channel;
    printLine(`channel ${channel.name}: session ${channel.session || "none"}, ${channel.state}`);
    printLine(`  sequence ${formatCount(answer.sequence)}, ${formatCount(answer.orderCount)} live orders`);
    printLine(
      `  gaps ${gaps.opened} opened, ${gaps.repaired} repaired, ${formatCount(gaps.lostMessages)} messages lost`,
    );
    for (const line of channel.lines) {
      const counts = `${formatCount(line.packetCount)} packets, won ${formatCount(line.wonCount)} messages`;
      printLine(`  line ${line.name}: ${counts}, lost ${formatCount(line.lostCount)}`);
    }
    const kinds = Object.entries(channel.badMessages.byKind).filter(([, count]) => count > 0);
    const byKind = kinds.map(([kind, count]) => `${kind} ${formatCount(count)}`).join(", ");
    printLine(`  bad messages ${formatCount(channel.badMessages.total)}${byKind === "" ? "" : ` (${byKind})`}`);
    printLine(`  state hash ${answer.stateHash}, session hash ${answer.sessionHash}`);
  }
}
