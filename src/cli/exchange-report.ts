/** What `fathom exchange` says, when it is ready and at the end: for people, and as JSON with snake_case names. */
import { formatCount } from "../core/units.ts";
import type { DaySummary } from "../exchange/day-summary.ts";
import type { ExchangeReady, ExchangeSummary } from "../exchange/exchange.ts";
import type { FileSummary } from "../exchange/file-writer.ts";

type Json = Record<string, unknown>;

/** camelCase → snake_case, all the way down; letters that stand for message types stay as they are. */
function snake(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snake);
  if (value === null || typeof value !== "object") return value;
  const result: Json = {};
  for (const [key, inner] of Object.entries(value))
    result[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = key === "byType" ? inner : snake(inner);
  return result;
}

export function readyJson(ready: ExchangeReady): Json {
  return { event: "ready", ...(snake(ready) as Json) };
}

export function exchangeJson(summary: ExchangeSummary, seconds: number): Json {
  return { event: "summary", ...(snake(summary) as Json), seconds, messages_per_second: summary.messages / seconds };
}

export function fileJson(summary: FileSummary, seconds: number): Json {
  return { ...(snake(summary) as Json), seconds, messages_per_second: summary.messages / seconds };
}

export function readyText(ready: ExchangeReady): string {
  const lines = ready.lines.map(({ name, group, port, interface: by }) => {
    return `line ${name.toUpperCase()} ${group}:${port}${by === undefined ? "" : ` on ${by}`}`;
  });
  const { rerequest, glimpse } = ready;
  const servers = [
    rerequest ? `re-request ${rerequest.address}:${rerequest.port}` : "no re-request",
    glimpse ? `GLIMPSE ${glimpse.address}:${glimpse.port}` : "no GLIMPSE",
  ];
  return `session ${ready.session}: ${[...lines, ...servers].join(", ")}`;
}

function mixText(byType: Readonly<Record<string, number>>, messages: number): string {
  return Object.entries(byType)
    .map(([type, count]) => `${type} ${count / messages < 1e-4 ? count : `${((count / messages) * 100).toFixed(2)} %`}`)
    .join("  ");
}

/** Lines on a synthetic day. */
export function dayText(day: DaySummary): string[] {
  return [
    `orders     ${formatCount(day.orders)} entered, ${formatCount(day.liveOrders)} live on ` +
      `${formatCount(day.levels)} levels (at most ${formatCount(day.levelOrdersMax)} on one), ` +
      `${formatCount(day.matches)} matches`,
    `symbols    ${formatCount(day.symbols)}, busiest ${day.busiestSymbols.join(" ")}; new orders ` +
      `${day.addDepthMean.toFixed(1)} levels deep on average; seed ${day.seed}`,
  ];
}

function speedText(messages: number, seconds: number): string {
  return `${formatCount(messages)} messages in ${seconds.toFixed(2)} s, ${formatCount(messages / seconds)}/s`;
}

export function fileText(summary: FileSummary, seconds: number): string {
  return [
    `${summary.path}: ${speedText(summary.messages, seconds)}, ${formatCount(summary.bytes)} bytes`,
    `mix        ${mixText(summary.byType, summary.messages)}`,
    ...dayText(summary),
  ].join("\n");
}

export function exchangeText(summary: ExchangeSummary, seconds: number): string {
  const { rerequest, glimpse, day } = summary;
  const lines = summary.lines.map(
    (line) =>
      `line ${line.name.toUpperCase()}     ${formatCount(line.sent)} packets sent, ${formatCount(line.lost)} lost, ` +
      `${formatCount(line.duplicated)} duplicated, ${formatCount(line.reordered)} reordered, ` +
      `${formatCount(line.failed)} failed`,
  );
  return [
    `session ${summary.session}: ${speedText(summary.messages, seconds)}, next sequence ${summary.nextSequence}`,
    `mix        ${mixText(summary.byType, summary.messages)}`,
    ...(day === undefined ? [] : dayText(day)),
    ...lines,
    ...(rerequest === undefined
      ? []
      : [`re-request ${formatCount(rerequest.requests)} asked, ${formatCount(rerequest.answered)} answered`]),
    ...(glimpse === undefined
      ? []
      : [`GLIMPSE    ${formatCount(glimpse.accepted)} logins, ${formatCount(glimpse.completed)} snapshots sent`]),
  ].join("\n");
}
