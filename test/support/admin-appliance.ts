/**
 * An appliance in memory for the tests of the admin API: it holds real books, fed with real ITCH bytes, and answers as
 * `ApplianceReader` demands. Time stands where the test puts it; watchers hear when the test calls `publish()`.
 */
import type {
  ApplianceReader,
  BookAnswer,
  BookRequest,
  ChannelView,
  ConfigEntry,
  CutPosition,
  InstrumentRow,
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
} from "../../src/admin/contract.ts";
import type { BusView, PerfView } from "../../src/admin/perf-contract.ts";
import { ApplyStatus } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { combineHashes, hashInstruments } from "../../src/books/state-hash.ts";
import { FathomError } from "../../src/core/assert.ts";
import { Quality, worseQuality } from "../../src/core/quality.ts";
import { encodeItch, type ItchMessage } from "../../src/wire/itch50.ts";
import { countOn, emptyChannel, ingestThread, SESSION, START_NS } from "./admin-views.ts";

interface Watcher {
  request: WatchRequest;
  listener: (image: BookAnswer) => void;
  /** At which `changeCount` of its instrument and quality of its channel it last heard. */
  heard: string;
}

export class ApplianceChannel {
  readonly books = new NaiveBooks();
  readonly view: ChannelView;
  sequence = 0;
  /** Changes by locate, so that watchers only hear of what is new. */
  readonly changeCounts = new Map<number, number>();
  readonly #bytes = new Uint8Array(64);
  readonly #view = new DataView(this.#bytes.buffer);

  constructor(name: string) {
    this.view = emptyChannel(name);
  }

  apply(message: ItchMessage): void {
    const length = encodeItch(message, this.#bytes);
    const status = this.books.apply(this.#bytes, this.#view, 0, length);
    if (status !== ApplyStatus.ok) throw new Error(`the test's flow is not true: status ${status} of ${message.type}`);
    this.sequence++;
    this.changeCounts.set(message.stockLocate, (this.changeCounts.get(message.stockLocate) ?? 0) + 1);
    countOn(this.view.lines, this.sequence, length);
  }

  setQuality(quality: Quality, reason: string): void {
    this.view.quality = quality;
    this.view.qualityReason = reason;
  }

  locateOf(symbol: string): number | undefined {
    return this.books.locates().find((locate) => this.books.symbolOf(locate) === symbol);
  }

  position(locate?: number): CutPosition {
    const doubts = locate === undefined ? 0 : this.books.doubtCount(locate);
    return {
      channel: this.view.name,
      session: SESSION,
      sequence: this.sequence,
      quality: worseQuality(this.view.quality, doubts > 0 ? Quality.recovering : Quality.ok),
      qualityReason: this.view.qualityReason || (doubts > 0 ? `${doubts} messages could not be true of this book` : ""),
      tsEventNs: this.books.feed().tsEventNs,
    };
  }
}

export class MemoryAppliance implements ApplianceReader {
  readonly channelList: ApplianceChannel[];
  readonly logLevels: LogLevel[] = ["info"];
  alive = true;
  /** Set: every question that needs a cut is refused with this error. */
  failure: Error | undefined;
  readonly #watchers = new Set<Watcher>();

  constructor(...names: string[]) {
    this.channelList = (names.length > 0 ? names : ["itch"]).map((name) => new ApplianceChannel(name));
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  channel(name?: string): ApplianceChannel {
    const found = name === undefined ? this.channelList[0] : this.channelList.find((c) => c.view.name === name);
    if (!found) throw new FathomError("channel-not-found", `there is no channel "${name}"`);
    return found;
  }

  /** Tells every watcher of a book that has changed since it last heard. */
  publish(): void {
    for (const watcher of this.#watchers) this.#tell(watcher);
  }

  #tell(watcher: Watcher): void {
    const found = this.#find(watcher.request);
    if (!found) return;
    const [channel, locate] = found;
    const now = `${channel.changeCounts.get(locate)} ${JSON.stringify(channel.position(locate).quality)}`;
    if (now === watcher.heard) return;
    watcher.heard = now;
    watcher.listener(this.#image(channel, locate, watcher.request));
  }

  #find(request: { symbol: string; channel?: string | undefined }): [ApplianceChannel, number] | undefined {
    if (this.failure) throw this.failure;
    const channels = request.channel === undefined ? this.channelList : [this.channel(request.channel)];
    for (const channel of channels) {
      const locate = channel.locateOf(request.symbol);
      if (locate !== undefined) return [channel, locate];
    }
    return undefined;
  }

  #image(channel: ApplianceChannel, locate: number, request: BookRequest): BookAnswer {
    const { levelMax, queue, tradeMax } = request;
    const options = {
      ...(levelMax === undefined ? {} : { levelMax }),
      ...(queue === undefined ? {} : { queue }),
      ...(tradeMax === undefined ? {} : { tradeMax }),
    };
    return { ...channel.position(locate), image: channel.books.book(locate, options)! };
  }

  version(): VersionView {
    return {
      version: "0.1.0",
      commit: "0123456789ab",
      bun: Bun.version,
      target: "source",
      startedAtNs: START_NS,
      pid: 7,
    };
  }

  status(): StatusView {
    const views = this.channels();
    const sum = (pick: (view: ChannelView) => number) => views.reduce((total, view) => total + pick(view), 0);
    const worst = views.reduce((a, b) => (b.quality > a.quality ? b : a));
    return {
      node: "test-node",
      nowNs: START_NS + 90_000_000_000n,
      quality: worst.quality,
      qualityReason: worst.qualityReason,
      instrumentCount: sum((view) => view.instrumentCount),
      orderCount: sum((view) => view.orderCount),
      messageCount: sum((view) => view.messageCount),
      messagesPerSecond: sum((view) => view.messagesPerSecond),
      badMessageCount: sum((view) => view.badMessages.total),
      shardCount: 0,
      rssBytes: 64 * 1024 * 1024,
      degradation: [],
      clock: {
        source: "chrony",
        disciplined: true,
        offsetNs: -1_200,
        errorBoundNs: 41_000,
        hardwareStampErrorBoundNs: null,
        errorBoundMaxNs: 1_000_000,
        inBound: true,
        reference: "192.0.2.1, stratum 2",
        how: "chronyc tracking",
        checkedAtNs: START_NS + 89_000_000_000n,
        hybridStamp: { word: ((START_NS + 90_000_000_000n) / 1000n) << 10n, boundNs: 41_015 },
      },
    };
  }

  channels(): ChannelView[] {
    return this.channelList.map(({ view, books, sequence }) => ({
      ...view,
      session: SESSION,
      nextSequence: sequence + 1,
      messageCount: sequence,
      instrumentCount: books.instrumentCount(),
      orderCount: books.orderCount(),
      feedState: books.feed(),
    }));
  }

  async instruments(request: InstrumentsRequest): Promise<InstrumentsPage> {
    const channels = request.channel === undefined ? this.channelList : [this.channel(request.channel)];
    const rows = channels.flatMap((channel) =>
      channel.books
        .locates()
        .map((locate) => ({ channel, locate, symbol: channel.books.symbolOf(locate) }))
        .filter(({ symbol }) => symbol.includes((request.search ?? "").toUpperCase()))
        .filter(({ symbol }) => request.symbols === undefined || request.symbols.includes(symbol)),
    );
    rows.sort((a, b) => compare(a.symbol, b.symbol) || compare(a.channel.view.name, b.channel.view.name));
    const { after } = request;
    const start = after
      ? rows.findIndex(
          (row) => (compare(row.symbol, after.symbol) || compare(row.channel.view.name, after.channel)) > 0,
        )
      : 0;
    const page = start < 0 ? [] : rows.slice(start, start + request.limit);
    return {
      rows: page.map(({ channel, locate }): InstrumentRow => {
        const { quality, image } = this.#image(channel, locate, { symbol: "", levelMax: 1 });
        return { channel: channel.view.name, quality, image };
      }),
      more: start >= 0 && start + request.limit < rows.length,
      total: rows.length,
    };
  }

  async book(request: BookRequest): Promise<BookAnswer | undefined> {
    const found = this.#find(request);
    return found && this.#image(...found, request);
  }

  async order(request: OrderRequest): Promise<OrderAnswer | undefined> {
    const found = this.#find(request);
    if (!found) return undefined;
    const [channel, locate] = found;
    const order = channel.books.order(locate, request.orderReference);
    return { ...channel.position(locate), symbol: request.symbol, order };
  }

  async snapshot(request: SnapshotRequest): Promise<SnapshotAnswer> {
    if (this.failure) throw this.failure;
    if (request.channel === undefined && this.channelList.length > 1) {
      throw new FathomError("channel-required", "there are several channels: say which one");
    }
    const channel = this.channel(request.channel);
    const globs = (request.pattern ?? []).map((pattern) => new Bun.Glob(pattern));
    const all = request.symbols === undefined && request.pattern === undefined;
    const wanted = (symbol: string) => request.symbols?.includes(symbol) || globs.some((glob) => glob.match(symbol));
    const locates = channel.books.locates().filter((locate) => all || wanted(channel.books.symbolOf(locate)));
    return {
      ...channel.position(),
      shardCount: 0,
      stateHash: combineHashes(hashInstruments(channel.books, locates), "state"),
      books: locates.map((locate) => this.#image(channel, locate, { ...request, symbol: "" })),
      missing: (request.symbols ?? []).filter((symbol) => channel.locateOf(symbol) === undefined),
    };
  }

  async watch(request: WatchRequest, listener: (image: BookAnswer) => void): Promise<Watch | undefined> {
    if (!this.#find(request)) return undefined;
    const watcher: Watcher = { request, listener, heard: "" };
    this.#watchers.add(watcher);
    this.#tell(watcher);
    return { stop: () => void this.#watchers.delete(watcher) };
  }

  config(): ConfigEntry[] {
    return [
      { key: "node.name", value: "test-node", source: "flag", origin: "--name" },
      { key: "books.shards", value: 0, source: "default", origin: "" },
      { key: "books.symbols", value: ["*", "!ZZZ*"], source: "file", origin: "config/test.toml" },
    ];
  }

  perf(): PerfView {
    return {
      nowNs: START_NS + 90_000_000_000n,
      rssBytes: 64 * 1024 * 1024,
      cpus: { online: [0, 1], allowed: [0, 1], pinned: [] },
      threads: this.channelList.map(({ view, sequence }) => ingestThread(view.name, sequence)),
      degradation: this.channelList.map(({ view }) => ({
        channel: view.name,
        pressure: 0.45,
        pressureMax: 0.7,
        measures: [
          { measure: "history", meaning: "history is put off", share: 0.4, isActive: true, takenCount: 2 },
          { measure: "queries", meaning: "questions are put off", share: undefined, isActive: false, takenCount: 0 },
        ],
      })),
    };
  }

  bus(): BusView {
    const messageRings = this.channelList.map(({ view, sequence }) => ({
      name: `${view.name}/control`,
      channel: view.name,
      writer: "main",
      reader: "ingest",
      capacityBytes: 65_536,
      depthBytes: 128,
      depthBytesMax: undefined,
      recordCount: sequence,
      recordsPerSecond: 12.5,
      publishCount: sequence,
      publishesPerSecond: undefined,
      writerWaitCount: 1,
    }));
    return { nowNs: START_NS + 90_000_000_000n, messageRings, eventRings: [] };
  }

  logLevel(): LogLevel {
    return this.logLevels.at(-1)!;
  }

  setLogLevel(level: LogLevel): void {
    this.logLevels.push(level);
  }

  metrics(): string {
    const { messageCount } = this.status();
    return `# TYPE fathom_messages_total counter\nfathom_messages_total{channel="itch"} ${messageCount}\n`;
  }

  live(): boolean {
    return this.alive;
  }

  ready(): { ready: boolean; reasons: string[] } {
    const reasons = this.channels()
      .filter((view) => view.quality !== Quality.ok)
      .map((view) => `${view.name}: ${view.qualityReason}`);
    return { ready: reasons.length === 0, reasons };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
