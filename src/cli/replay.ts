/** `fathom replay`: files through the same ingest and books as the live feed, and what came of it. */
import type { Command } from "commander";
import { ExitStatus } from "../core/assert.ts";
import { QUALITY_NAMES, qualityName } from "../core/quality.ts";
import { formatCount, formatTimeOfDay } from "../core/units.ts";
import { type ReplayResult, replay } from "../node/replay.ts";
import { type BooksPlanOptions, planOf, planOptions } from "./books-options.ts";
import { positiveCount, timeOfDayNs } from "./options.ts";
import { printJson, printLine, sayLine, styled } from "./output.ts";
import { Progress } from "./progress.ts";

interface Options extends BooksPlanOptions {
  untilSeq?: number;
  untilTime?: number;
  dump?: string;
  queue?: boolean;
  unsequenced?: boolean;
  json?: boolean;
}

const LESSON = `
Formats, told by content: BinaryFILE ([u16 length][ITCH 5.0 message]…), pcap, pcapng; each plain, .gz or .zst.
BinaryFILEs are read one after the other; their messages count from 1. Captures are merged by their stamps, so line A
and line B may be files of their own; what neither line has is counted as lost.

  fathom replay day.itch.gz
  fathom replay day.itch --symbols 'AAPL,MS*' --until-time 10:30:00 --dump books.ndjson --queue
  fathom replay line-a.pcap line-b.pcap --json

Two runs agree on every book when their state_hash is the same; session_hash adds trades, volume and the day's states.
Exit status 1 when a file was cut or damaged: everything before that has been applied, and is in the result.`;

export function registerReplay(program: Command): void {
  const command = program
    .command("replay")
    .summary("run files through the same ingest and books")
    .description("Builds the books of recorded messages and says how many, how fast, and with what result.")
    .argument("<files...>", "BinaryFILE, pcap or pcapng")
    .option("--until-seq <n>", "stop after this sequence", positiveCount)
    .option("--until-time <time>", "stop after the last message stamped at this time or before", timeOfDayNs)
    .option("--dump <path>", "write the final books, one JSON line an instrument")
    .option("--queue", "with --dump: the orders of each level, oldest first")
    .option("--unsequenced", "a capture without sequence numbers: take its messages in the order they lie")
    .option("--json", "the result as one JSON object")
    .addHelpText("after", LESSON)
    .action((files: string[], options: Options) => run(files, options));
  for (const option of planOptions()) command.addOption(option);
}

async function run(files: string[], options: Options): Promise<void> {
  const progress = new Progress("replay");
  const result = await replay({
    files,
    plan: planOf(options),
    untilSequence: options.untilSeq,
    untilTimeNs: options.untilTime,
    unsequenced: options.unsequenced,
    dump: options.dump === undefined ? undefined : { path: options.dump, queue: options.queue === true },
    onProgress: (messages, ratio) => progress.update(messages, "messages", ratio),
  });
  progress.end();
  if (options.json) printJson(toJson(result));
  else printResult(result);
  for (const problem of problemsOf(result)) {
    sayLine(`${styled("error", "red", process.stderr)}: ${problem}`);
    process.exitCode = ExitStatus.failure;
  }
  if (result.instruments === 0 && result.skippedMessages > 0) {
    sayLine(
      `${styled("note", "yellow", process.stderr)}: no instrument of the feed is in --symbols ${options.symbols}`,
    );
  }
}

/** Why the result is not that of whole files. */
function problemsOf({ files, capture, messages }: ReplayResult): string[] {
  const problems = files.flatMap(({ path, problem }) =>
    problem === undefined ? [] : [`file-cut: ${path}: ${problem}; all before it was applied`],
  );
  if (capture && messages === 0 && capture.sequenceZeroCount > 0) {
    problems.push("no-sequence: all packets have sequence 0; --unsequenced takes their messages as they lie");
  }
  return problems;
}

function toJson(result: ReplayResult) {
  const { capture } = result;
  return {
    messages: result.messages,
    orders: result.orders,
    instruments: result.instruments,
    seconds: Number(result.seconds.toFixed(6)),
    messages_per_second: Math.round(result.messages / result.seconds),
    bad_messages: result.badMessages,
    bad_by_kind: result.badByKind,
    first_offenders: result.offenders.map(({ locate, ...rest }) => ({ ...rest, stock_locate: locate })),
    skipped_messages: result.skippedMessages,
    messages_by_type: result.messagesByType,
    last_sequence: result.lastSequence,
    last_time_ns: result.lastTimeNs,
    last_time: formatTimeOfDay(result.lastTimeNs),
    quality: qualityName(result.quality),
    state_hash: result.stateHash,
    session_hash: result.sessionHash,
    shards: result.shards,
    files: result.files.map((file) => ({
      path: file.path,
      format: file.format,
      bytes: file.bytes,
      problem: file.problem ?? null,
      cut_offset: file.cutOffset ?? null,
    })),
    capture: capture && {
      session: capture.session,
      lines: capture.lines.map((line) => ({ destination: line.destination, messages: line.messageCount })),
      other_sessions: capture.otherSessions,
      messages_lost: capture.messagesLost,
      gaps_opened: capture.gapsOpened,
      gaps_repaired: capture.gapsRepaired,
      sequence_zero_packets: capture.sequenceZeroCount,
      bad_packets: capture.badPackets,
      skipped_frames: capture.skippedFrames,
      quality: QUALITY_NAMES[capture.quality],
      quality_reason: capture.qualityReason,
    },
  };
}

function printResult(result: ReplayResult): void {
  const row = (name: string, value: string) => printLine(`${name.padEnd(15)}${value}`);
  row("messages", formatCount(result.messages));
  if (result.skippedMessages > 0) row("skipped", `${formatCount(result.skippedMessages)} (not subscribed to)`);
  row("instruments", formatCount(result.instruments));
  row("orders", `${formatCount(result.orders)} live`);
  row("seconds", result.seconds.toFixed(3));
  row("messages/s", formatCount(result.messages / result.seconds));
  row("last", `sequence ${formatCount(result.lastSequence)}, ${formatTimeOfDay(result.lastTimeNs)}`);
  const kinds = Object.entries(result.badByKind).filter(([, count]) => count > 0);
  const bad = kinds.map(([kind, count]) => `${kind} ${formatCount(count)}`).join(", ");
  row("bad messages", `${formatCount(result.badMessages)}${bad === "" ? "" : ` (${bad})`}`);
  for (const { sequence, type, locate, kind, hex } of result.offenders) {
    printLine(`  ${kind}: sequence ${sequence}, type ${type || "none"}, stock locate ${locate}: ${hex}`);
  }
  if (result.capture) printCapture(result.capture);
  row("state hash", result.stateHash);
  row("session hash", result.sessionHash);
}

function printCapture(capture: NonNullable<ReplayResult["capture"]>): void {
  const lines = capture.lines.map(({ destination, messageCount }) => `${destination} (${formatCount(messageCount)})`);
  printLine(`session        ${capture.session || "(blank)"} on ${lines.join(", ")}`);
  if (capture.otherSessions.length > 0) printLine(`not replayed   sessions ${capture.otherSessions.join(", ")}`);
  const reason = capture.qualityReason === "" ? "" : ` (${capture.qualityReason})`;
  printLine(`quality        ${qualityName(capture.quality)}${reason}`);
  const { gapsOpened, gapsRepaired, messagesLost } = capture;
  printLine(
    `gaps           ${gapsOpened} opened, ${gapsRepaired} repaired, ${formatCount(messagesLost)} messages lost`,
  );
  const counts = (byKind: Readonly<Record<string, number>>) =>
    Object.entries(byKind).map(([kind, count]) => `${kind} ${formatCount(count)}`);
  const refused = counts(capture.badPackets);
  if (refused.length > 0) printLine(`bad packets    ${refused.join(", ")}`);
  const skipped = counts(capture.skippedFrames);
  if (skipped.length > 0) printLine(`other frames   ${skipped.join(", ")}`);
}
