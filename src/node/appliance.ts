/**
 * The running appliance: its channels, and what the admin API may read of them. Owns the workers from `start` to
 * `close`.
 */
import type {
  ApplianceReader,
  BookAnswer,
  BookRequest,
  ChannelView,
  ConfigEntry,
  CutPosition,
  InstrumentsPage,
  InstrumentsRequest,
  LogLevel,
  OrderAnswer,
  OrderRequest,
  SnapshotAnswer,
  SnapshotRequest,
  StatusView,
  VersionView,
  Watch,
  WatchRequest,
} from "../admin/contract.ts";
import type { BusView, PerfView } from "../admin/perf-contract.ts";
import { bookQuality } from "../books/book-shard.ts";
import type { BookImage, BookOptions } from "../books/contract.ts";
import type { CutAnswer } from "../books/cut.ts";
import type { DirectoryEntry } from "../books/dispatcher.ts";
import { makeSymbolFilter } from "../books/symbol-filter.ts";
import { FathomError } from "../core/assert.ts";
import { Quality, qualityName } from "../core/quality.ts";
import { formatCount } from "../core/units.ts";
import { clock } from "../io/clock.ts";
import { clockSamples } from "../observe/clock-metrics.ts";
import { ClockMonitor } from "../observe/clock-monitor.ts";
import { clockObjection } from "../observe/clock-quality.ts";
import { applianceMetrics } from "./appliance-metrics.ts";
import type { BookPlan } from "./book-plan.ts";
import { busView } from "./bus-view.ts";
import { ChannelHost } from "./channel-host.ts";
import { channelView, epochNs, sumCounters } from "./channel-view.ts";
import { clockView, logClock } from "./clock-view.ts";
import { type Log, LogLimiter } from "./log.ts";
import { OffenderLog } from "./offender-log.ts";
import { perfView } from "./perf-view.ts";
import type { RuntimePlan } from "./runtime-plan.ts";
import type { ResolvedSettings, Settings } from "./settings.ts";
import { ThreadLog } from "./thread-log.ts";
import { keepPinnedCpusClear } from "./thread-start.ts";
import { BUILD } from "./version.ts";

export interface ApplianceOptions {
  settings: Settings;
  entries: ResolvedSettings["entries"];
  plan: BookPlan;
  runtime: RuntimePlan;
  log: Log;
}

export class Appliance implements ApplianceReader {
  readonly channelHosts: readonly ChannelHost[];
  /** Rejects when a worker has failed: the appliance cannot go on. */
  readonly failed: Promise<never>;
  readonly #options: ApplianceOptions;
  readonly #startedAtNs = epochNs(clock.realtimeNs());
  readonly #failure = Promise.withResolvers<never>();
  readonly #lastQuality = new Map<string, Quality>();
  readonly #qualityLogLimit = new LogLimiter();
  readonly #offenderLogs = new Map<string, OffenderLog>();
  readonly #clock: ClockMonitor;
  #isLive = true;
  #stopKeepingClear = () => {};

  /** Starts all workers. `started` says when their lines are joined. */
  constructor(options: ApplianceOptions) {
    this.#options = options;
    this.failed = this.#failure.promise;
    this.failed.catch(() => {});
    for (const { name } of options.settings.channels) {
      this.#offenderLogs.set(name, new OffenderLog(options.log.child({ channel: name })));
    }
    this.#clock = new ClockMonitor({
      ...options.settings.clock,
      onChange: (quality) => logClock(options.log, quality),
    });
    const onFailure = (error: FathomError) => {
      this.#isLive = false;
      this.#failure.reject(error);
    };
    const { settings, plan, runtime, log } = options;
    const isAnyPinned = [runtime.ingest, ...runtime.shards].flat().some(({ cpu }) => cpu >= 0);
    if (isAnyPinned) this.#stopKeepingClear = keepPinnedCpusClear();
    const { degradation } = settings;
    const threadLog = new ThreadLog(log, degradation);
    for (const note of runtime.notes) log.warn(note);
    this.channelHosts = settings.channels.map((channel, i) => {
      const threads = { ingest: runtime.ingest[i]!, shards: runtime.shards[i]!, degradation };
      return new ChannelHost(channel, plan, threads, {
        onFailure,
        onStatus: (host) => this.#logStatus(host),
        onReady: ({ name, perf }, ready) => threadLog.ready(name, perf, ready),
        onDegradation: ({ name }, step) => threadLog.degradation(name, step),
      });
    });
  }

  /** Resolves when every line of every channel is joined; throws what kept one from it. */
  async started(): Promise<void> {
    this.#clock.start();
    for (const host of this.channelHosts) {
      await host.joined;
      for (const [i, line] of host.lines.entries()) {
        const { name, receivePath, receiveReason } = line;
        const fields = { channel: host.name, line: name, receive_path: receivePath, reason: receiveReason };
        this.#options.log.info("line is joined", fields);
        this.#warnOfSmallBuffer(host, i, line.receiveBufferBytes);
      }
    }
  }

  async close(): Promise<void> {
    this.#isLive = false;
    this.#stopKeepingClear();
    await Promise.all([this.#clock.close(), ...this.channelHosts.map((host) => host.close())]);
  }

  version(): VersionView {
    return { ...BUILD, bun: Bun.version, startedAtNs: this.#startedAtNs, pid: process.pid };
  }

  status(): StatusView {
    const views = this.channels();
    const worst = views.reduce((a, b) => (b.quality > a.quality ? b : a));
    const sum = (of: (view: ChannelView) => number) => views.reduce((total, view) => total + of(view), 0);
    return {
      node: this.#options.settings.node.name,
      nowNs: epochNs(clock.realtimeNs()),
      quality: worst.quality,
      qualityReason: worst.qualityReason === "" ? "" : `${worst.name}: ${worst.qualityReason}`,
      instrumentCount: sum((view) => view.instrumentCount),
      orderCount: sum((view) => view.orderCount),
      messageCount: sum((view) => view.messageCount),
      messagesPerSecond: sum((view) => view.messagesPerSecond),
      badMessageCount: sum((view) => view.badMessages.total),
      shardCount: this.#options.plan.shards,
      rssBytes: process.memoryUsage.rss(),
      degradation: this.channelHosts.flatMap(({ name, perf }) => {
        const measures = perf.degradation.active;
        return measures.length > 0 ? [{ channel: name, measures }] : [];
      }),
      clock: clockView(this.#clock, this.#options.settings.clock),
    };
  }

  channels(): ChannelView[] {
    return this.channelHosts.map(channelView);
  }

  async instruments(request: InstrumentsRequest): Promise<InstrumentsPage> {
    const hosts = request.channel === undefined ? this.channelHosts : [this.#host(request.channel)];
    const search = request.search?.toUpperCase() ?? "";
    const symbols = request.symbols && new Set(request.symbols);
    const isWanted = ({ symbol }: DirectoryEntry) =>
      (search === "" || symbol.toUpperCase().includes(search)) && (symbols === undefined || symbols.has(symbol));
    const all = hosts.flatMap((host) => host.directory.filter(isWanted).map((entry) => ({ host, entry })));
    if (hosts.length > 1) all.sort((a, b) => compareRows(position(a), position(b)));
    const { after } = request;
    const rest = after ? all.filter((row) => compareRows(position(row), after) > 0) : all;
    const page = rest.slice(0, request.limit);
    const images = new Map<string, { quality: Quality; image: BookImage }>();
    for (const host of new Set(page.map((row) => row.host))) {
      const locates = page.filter((row) => row.host === host).map((row) => row.entry.locate);
      const answer = await askHost(host, { locates, books: { levelMax: 1 } });
      for (const image of answer.books) {
        const quality = bookQuality(answer.quality, image);
        images.set(`${host.name}\n${image.instrument.symbol}`, { quality, image });
      }
    }
    const rows = page.flatMap(({ host, entry }) => {
      const found = images.get(`${host.name}\n${entry.symbol}`);
      return found ? [{ channel: host.name, ...found }] : [];
    });
    return { rows, more: rest.length > page.length, total: all.length };
  }

  async book(request: BookRequest): Promise<BookAnswer | undefined> {
    const found = this.#find(request.symbol, request.channel);
    if (!found) return undefined;
    const { host, entry } = found;
    const answer = await askHost(host, { locates: [entry.locate], books: bookOptions(request) });
    const image = answer.books[0];
    return image && { ...this.#position(host, answer, image), image };
  }

  async order(request: OrderRequest): Promise<OrderAnswer | undefined> {
    const found = this.#find(request.symbol, request.channel);
    if (!found) return undefined;
    const { host, entry } = found;
    const order = { locate: entry.locate, reference: request.orderReference.toString() };
    const answer = await askHost(host, { locates: [entry.locate], order, books: { levelMax: 0 } });
    return { ...this.#position(host, answer, answer.books[0]), symbol: entry.symbol, order: answer.order };
  }

  async snapshot(request: SnapshotRequest): Promise<SnapshotAnswer> {
    const host = this.#onlyHost(request.channel);
    const { symbols, pattern } = request;
    const missing = symbols?.filter((symbol) => !host.entry(symbol)) ?? [];
    let locates: number[] | null = null;
    if (symbols || pattern) {
      const matches = pattern ? makeSymbolFilter(pattern) : () => false;
      const named = new Set(symbols);
      locates = host.directory
        .filter(({ symbol }) => named.has(symbol) || matches(symbol))
        .map((entry) => entry.locate);
    }
    const answer = await askHost(host, { locates, books: bookOptions(request), hash: true });
    return {
      ...this.#position(host, answer, undefined),
      shardCount: this.#options.plan.shards,
      stateHash: answer.stateHash,
      books: answer.books.map((image) => ({ quality: bookQuality(answer.quality, image), image })),
      missing,
    };
  }

  async watch(request: WatchRequest, listener: (image: BookAnswer) => void): Promise<Watch | undefined> {
    const found = this.#find(request.symbol, request.channel);
    if (!found) return undefined;
    const { host, entry } = found;
    const { levelMax, tradeMax, intervalNs, queue = false } = request;
    const stop = host.watch({ locate: entry.locate, levelMax, tradeMax, queue, intervalNs }, (seen) => {
      const { sequence, quality, tsEventNs, image } = seen;
      const session = host.status?.session ?? "";
      const reason = this.#reason(host, quality, image);
      listener({ channel: host.name, session, sequence, quality, qualityReason: reason, tsEventNs, image });
    });
    return { stop };
  }

  config(): ConfigEntry[] {
    return this.#options.entries.map(({ key, value, source, origin }) => ({ key, value, source, origin }));
  }

  logLevel(): LogLevel {
    return this.#options.log.output.level as LogLevel;
  }

  setLogLevel(level: LogLevel): void {
    this.#options.log.output.level = level;
  }

  metrics(): string {
    return applianceMetrics(
      this.channelHosts,
      this.ready().ready,
      clockSamples(this.#clock.quality, clock.realtimeNs()),
    );
  }

  perf(): PerfView {
    return perfView(this.channelHosts);
  }

  bus(): BusView {
    return busView(this.channelHosts);
  }

  live(): boolean {
    return this.#isLive;
  }

  ready(): { ready: boolean; reasons: string[] } {
    const reasons = this.channels()
      .filter((view) => view.quality !== Quality.ok)
      .map((view) => `${view.name}: ${view.qualityReason}`);
    const objection = clockObjection(this.#clock.quality, this.#options.settings.clock);
    if (objection !== undefined) reasons.push(objection);
    return { ready: reasons.length === 0, reasons };
  }

  #host(name: string): ChannelHost {
    const host = this.channelHosts.find((candidate) => candidate.name === name);
    if (host) return host;
    const names = this.channelHosts.map((candidate) => candidate.name).join(", ");
    throw new FathomError("channel-not-found", `there is no channel ${name}`, { hint: `There is ${names}.` });
  }

  #onlyHost(name: string | undefined): ChannelHost {
    if (name !== undefined) return this.#host(name);
    if (this.channelHosts.length === 1) return this.channelHosts[0]!;
    throw new FathomError("channel-required", "there is more than one channel; say which", {
      hint: `One of ${this.channelHosts.map((host) => host.name).join(", ")}.`,
    });
  }

  #find(symbol: string, channel: string | undefined): { host: ChannelHost; entry: DirectoryEntry } | undefined {
    for (const host of channel === undefined ? this.channelHosts : [this.#host(channel)]) {
      const entry = host.entry(symbol);
      if (entry) return { host, entry };
    }
    return undefined;
  }

  #position(host: ChannelHost, answer: CutAnswer, image: BookImage | undefined): CutPosition {
    const quality = image ? bookQuality(answer.quality, image) : answer.quality;
    return {
      channel: host.name,
      session: host.status?.session ?? "",
      sequence: answer.sequence,
      quality,
      qualityReason: this.#reason(host, quality, image),
      tsEventNs: answer.feed.tsEventNs,
    };
  }

  #reason(host: ChannelHost, quality: Quality, image: BookImage | undefined): string {
    if (quality === Quality.ok) return "";
    const doubts = image?.instrument.doubtCount ?? 0;
    // Silence and the end are worse than a doubt, and are what makes the book as bad as it is.
    if (doubts > 0 && quality === Quality.recovering) {
      return `${formatCount(doubts)} ${doubts === 1 ? "message" : "messages"} about this book could not be true`;
    }
    return host.status?.qualityReason || `the channel is ${qualityName(quality)}`;
  }

  #logStatus(host: ChannelHost): void {
    this.#logQuality(host);
    this.#offenderLogs.get(host.name)!.update(host.offenders, host.status?.badPackets ?? [], clock.monotonicNs());
  }

  #logQuality(host: ChannelHost): void {
    const quality = host.status?.quality ?? Quality.stale;
    const last = this.#lastQuality.get(host.name);
    if (last === quality) return;
    this.#lastQuality.set(host.name, quality);
    if (last === undefined && quality === Quality.stale) return;
    // A line that loses packets flaps between ok and recovering many times a second.
    const unsaid = this.#qualityLogLimit.admit(`${host.name} ${quality}`, clock.monotonicNs());
    if (unsaid < 0) return;
    const reason = host.status?.qualityReason || undefined;
    this.#options.log.write(quality === Quality.stale ? "warn" : "info", `channel is ${qualityName(quality)}`, {
      channel: host.name,
      session: host.status?.session ?? "",
      reason,
      not_logged_since: unsaid || undefined,
    });
  }

  #warnOfSmallBuffer(host: ChannelHost, line: number, grantedBytes: number): void {
    const askedBytes = host.settings.receiveBufferBytes;
    if (grantedBytes >= askedBytes) return;
    this.#options.log.warn("the kernel granted a smaller receive buffer than asked for", {
      channel: host.name,
      line: host.settings.lines[line]!.name,
      asked_bytes: askedBytes,
      granted_bytes: grantedBytes,
      help: "raise net.core.rmem_max, or run with CAP_NET_ADMIN",
    });
  }

  /** Live orders over all channels. */
  get orderCount(): number {
    return this.channelHosts.reduce((total, host) => total + sumCounters(host.shardCounters, "orders"), 0);
  }
}

/** Throws `too-busy` while questions are put off for the books' sake. */
function askHost(host: ChannelHost, request: Parameters<ChannelHost["cut"]>[0]): Promise<CutAnswer> {
  if (!host.perf.degradation.isActive("queries")) return host.cut(request);
  throw new FathomError("too-busy", `the queues of channel ${host.name} are filling: questions wait for the books`, {
    hint: "Ask again in a moment; /v1/perf says how full they are.",
  });
}

function bookOptions(request: {
  levelMax?: number | undefined;
  queue?: boolean | undefined;
  tradeMax?: number | undefined;
}) {
  const options: BookOptions = {};
  if (request.levelMax !== undefined) options.levelMax = request.levelMax;
  if (request.queue !== undefined) options.queue = request.queue;
  if (request.tradeMax !== undefined) options.tradeMax = request.tradeMax;
  return options;
}

function position(row: { host: ChannelHost; entry: DirectoryEntry }): { symbol: string; channel: string } {
  return { symbol: row.entry.symbol, channel: row.host.name };
}

function compareRows(a: { symbol: string; channel: string }, b: { symbol: string; channel: string }): number {
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1;
  return a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : 0;
}
