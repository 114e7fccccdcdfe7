/**
 * What a seed stands for: every fault is switched on or off by chance, and its strength drawn. The plan is plain data,
 * so that it can be printed; the same seed and number of messages give the same plan.
 */
import { Prng } from "../../src/core/prng.ts";
import type { ChannelSettings, JoinPolicy } from "../../src/ingest/options.ts";
import type { LineFaults } from "./line.ts";
import { NO_FAULTS } from "./line.ts";
import type { StreamFaults } from "./stream.ts";
import { CHECKPOINT_MESSAGES, CUT_COUNT, TAPE_COUNT } from "./tape.ts";
import type { PathFaults } from "./unicast.ts";
import type { EpisodePlan } from "./world.ts";

const MS = 1e6;
const SECOND = 1e9;
const HOUR = 3600 * SECOND;

/** Something that happens once so many messages have been published in all. */
export type SimEvent = { at: number } & (
  | { kind: "line-dead"; line: number; durationNs: number }
  | { kind: "quiet"; durationNs: number }
  | { kind: "server-down"; port: number; durationNs: number }
  | { kind: "glimpse"; connect: StreamFaults["connect"]; isRejecting: boolean; durationNs: number }
);

export interface SimPlan {
  seed: number;
  messages: number;
  lines: LineFaults[];
  isLenient: boolean;
  episodes: EpisodePlan[];
  /** Published before the channel listens. */
  joinAfter: number;
  messagesPerSecond: number;
  stepMessages: number;
  channel: Partial<ChannelSettings>;
  rerequestServers: number;
  hasGlimpse: boolean;
  storeBytesMax: number;
  answerBytesMax: number;
  answersPerSecond: number;
  path: PathFaults;
  stream: StreamFaults;
  /** Share of the steps in which the servers get a turn. */
  serverShare: number;
  shards: number;
  isStrict: boolean;
  checkpointShare: number;
  shadowShare: number;
  events: SimEvent[];
}

/** Between the two, small ones as likely as large ones. */
function logBetween(prng: Prng, low: number, high: number): number {
  return low * (high / low) ** prng.float();
}

function lineFaults(prng: Prng, isLenient: boolean): LineFaults {
  const on = (share = 0.5) => prng.chance(share);
  const byPackets = on();
  const loss = on() ? prng.float() * 0.3 : 0;
  const burstMax = Math.floor(logBetween(prng, 1, 5000));
  const reorder = on(0.4) ? prng.float() * 0.3 : 0;
  const reorderNsMax = logBetween(prng, 0.01 * MS, 200 * MS);
  const reorderPacketsMax = byPackets ? Math.floor(logBetween(prng, 1, 1024)) : 0;
  return {
    loss,
    burstMax,
    duplicate: on(0.3) ? prng.float() * 0.5 : 0,
    reorder,
    reorderNsMax,
    reorderPacketsMax,
    delayNs: on() ? logBetween(prng, 1000, 50 * MS) : NO_FAULTS.delayNs,
    jitterNs: on(0.3) ? logBetween(prng, 1000, 5 * MS) : 0,
    damage: on(0.3) ? prng.float() * 0.05 : 0,
    heartbeatLoss: on(0.3) ? prng.float() : 0,
    flips: isLenient ? 0.001 + prng.float() * 0.05 : 0,
  };
}

/** Where the numbers begin: mostly at 1, else so that they pass a power of two on the way, or come close to 2^53. */
function drawBase(prng: Prng, messages: number): number {
  const pick = prng.below(12);
  if (pick === 0) return 2 ** 31 - prng.below(messages) - 1;
  if (pick === 1) return 2 ** 32 - prng.below(messages) - 1;
  if (pick === 2) return 2 ** 53 - 1 - messages - prng.below(100) - 1;
  return 0;
}

function episodes(prng: Prng, messages: number, lineCount: number, hasGlimpse: boolean): EpisodePlan[] {
  const count = prng.chance(0.7) ? 1 : prng.between(2, 4);
  const plans: EpisodePlan[] = [];
  let left = messages;
  for (let i = 0; i < count && left >= CHECKPOINT_MESSAGES; i++) {
    const even = Math.floor((left * prng.float()) / CHECKPOINT_MESSAGES) * CHECKPOINT_MESSAGES;
    const own = i === count - 1 ? left : Math.max(CHECKPOINT_MESSAGES, even);
    // While a snapshot is taken of one life, another under the same name cannot be told from it for a moment.
    const isRestart = i > 0 && !hasGlimpse && prng.chance(0.5);
    plans.push({
      session: isRestart ? plans[i - 1]!.session : `DAY${i}`,
      tape: prng.below(TAPE_COUNT),
      messages: own,
      base: hasGlimpse && !isRestart && plans[i - 1]?.isRestart !== true ? drawBase(prng, own) : 0,
      cuts: Array.from({ length: lineCount }, () => prng.below(CUT_COUNT)),
      end: prng.chance(0.5) ? "end-of-session" : "crash",
      downNs: prng.chance(0.5) ? logBetween(prng, MS, 60 * SECOND) : 0,
      isRestart,
    });
    left -= own;
  }
  // A restart must begin before where the old life ended: numbers that only go on cannot be told from it.
  for (let i = 1; i < plans.length; i++) if (plans[i]!.isRestart && plans[i - 1]!.base > 0) plans[i - 1]!.base = 0;
  return plans;
}

function drawEvents(prng: Prng, plan: { messages: number; lines: number; servers: number; glimpse: boolean }) {
  const events: SimEvent[] = [];
  const at = () => prng.below(plan.messages);
  if (prng.chance(0.4))
    for (let i = prng.between(1, 4); i > 0; i--) {
      const durationNs = logBetween(prng, MS, prng.chance(0.2) ? HOUR : 10 * SECOND);
      const when = at();
      const both = prng.chance(0.4);
      const first = prng.below(plan.lines);
      for (let line = 0; line < plan.lines; line++)
        if (both || line === first) events.push({ at: when, kind: "line-dead", line, durationNs });
      // The market is quiet meanwhile, or it is not.
      if (prng.chance(0.5)) events.push({ at: when, kind: "quiet", durationNs: durationNs * 1.1 });
    }
  if (prng.chance(0.3))
    for (let i = prng.between(1, 5); i > 0; i--)
      events.push({ at: at(), kind: "quiet", durationNs: logBetween(prng, MS, 20 * SECOND) });
  for (let port = 1; port <= plan.servers; port++)
    if (prng.chance(0.4))
      for (let i = prng.between(1, 3); i > 0; i--)
        events.push({ at: at(), kind: "server-down", port, durationNs: logBetween(prng, MS, 100 * SECOND) });
  if (plan.glimpse && prng.chance(0.5))
    for (let i = prng.between(1, 3); i > 0; i--) {
      const connect = (["open", "refuse", "hang"] as const)[prng.below(3)]!;
      const durationNs = logBetween(prng, 10 * MS, 30 * SECOND);
      events.push({ at: i === 1 ? 0 : at(), kind: "glimpse", connect, isRejecting: prng.chance(0.5), durationNs });
    }
  return events.sort((a, b) => a.at - b.at);
}

function drawSettings(prng: Prng): Partial<ChannelSettings> {
  const join: JoinPolicy = prng.chance(0.6) ? "auto" : (["from-start", "glimpse", "now"] as const)[prng.below(3)]!;
  return {
    join,
    gapWaitNs: logBetween(prng, 0.05 * MS, 20 * MS),
    gapGiveUpNs: logBetween(prng, 5 * MS, 500 * MS),
    heartbeatIntervalNs: prng.chance(0.5) ? SECOND : logBetween(prng, 150 * MS, SECOND),
    reorderMessagesMax: 2 ** prng.between(8, 16),
    reorderBytesMax: 65_536 * prng.between(2, 40),
    batchesPerWorkMax: prng.between(1, 16),
    requestMessagesMax: prng.between(1, 1500),
    requestsOutstandingMax: prng.between(1, 32),
    rerequestTimeoutNs: logBetween(prng, 2 * MS, 50 * MS),
    rerequestPartialWaitNs: logBetween(prng, 0.1 * MS, 2 * MS),
    rerequestAttemptsMax: prng.between(1, 10),
    glimpseSessionIs: "feed",
    glimpseTimeoutNs: logBetween(prng, 100 * MS, 5 * SECOND),
    glimpseBackoffMinNs: logBetween(prng, MS, 100 * MS),
    glimpseBackoffMaxNs: logBetween(prng, 100 * MS, 5 * SECOND),
  };
}

export function planOf(seed: number, messages: number): SimPlan {
  const prng = new Prng(seed);
  const lineCount = prng.chance(0.9) ? 2 : 1;
  const isLenient = prng.chance(0.04);
  const rerequestServers = prng.chance(0.25) ? 0 : prng.between(1, 2);
  const hasGlimpse = prng.chance(0.65);
  const isStrict = prng.chance(0.04);
  const servers = { loss: prng.chance(0.3) ? prng.float() * 0.3 : 0, duplicate: prng.chance(0.2) ? 0.2 : 0 };
  const delayNs = logBetween(prng, 10_000, 20 * MS);
  const messagesPerSecond = logBetween(prng, 5000, 2e6);
  const life = episodes(prng, messages, lineCount, hasGlimpse);
  return {
    seed,
    messages,
    lines: Array.from({ length: lineCount }, () => lineFaults(prng, isLenient)),
    isLenient,
    episodes: life,
    joinAfter: prng.chance(0.3) ? prng.below(messages) : 0,
    messagesPerSecond,
    stepMessages: Math.min(logBetween(prng, 30, 2000), messagesPerSecond * 0.005),
    channel: drawSettings(prng),
    rerequestServers,
    hasGlimpse,
    storeBytesMax: prng.chance(0.8) ? 2 ** 30 : 262_144 * prng.between(1, 4),
    answerBytesMax: prng.chance(0.7) ? 1400 : prng.between(100, 1400),
    answersPerSecond: prng.chance(0.7) ? 20_000 : logBetween(prng, 10, 20_000),
    path: { ...servers, delayNs, jitterNs: prng.chance(0.5) ? delayNs : 0 },
    stream: {
      connect: "open",
      delayNs: logBetween(prng, 10_000, 20 * MS),
      bytesPerSecond: logBetween(prng, 1e5, 1e9),
      windowBytes: Math.floor(logBetween(prng, 1000, 1e6)),
      cutAfterBytes: prng.chance(0.3) ? Math.floor(logBetween(prng, 10, 300_000)) : Number.POSITIVE_INFINITY,
    },
    serverShare: prng.chance(0.7) ? 1 : 0.05 + prng.float() * 0.9,
    shards: prng.chance(0.5) ? 0 : prng.between(1, 5),
    isStrict,
    checkpointShare: isStrict ? 0.25 : 0.04,
    shadowShare: prng.chance(0.1) ? 0.02 : 0,
    events: drawEvents(prng, { messages, lines: lineCount, servers: rerequestServers, glimpse: hasGlimpse }),
  };
}
