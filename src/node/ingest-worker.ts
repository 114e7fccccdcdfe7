/**
 * The thread of one channel: lines, arbitration and repair, the dispatcher, and the books themselves where there are no
 * shards. It never returns to its event loop (but for the receive path that lives by it); what it is asked comes
 * through its control ring.
 */
import type { BadMessage } from "../books/bad-messages.ts";
import type { DirectoryEntry } from "../books/dispatcher.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { Counters } from "../core/counters.ts";
import { Quality } from "../core/quality.ts";
import type { ChannelStatus } from "../ingest/channel-status.ts";
import { openChannelCounters } from "../ingest/counters.ts";
import { clock } from "../io/clock.ts";
import { eventLoopTurn } from "../io/event-loop.ts";
import { connectTcp } from "../io/tcp.ts";
import { openUdpUnicast } from "../io/udp-unicast.ts";
import { waitReadable } from "../io/wait.ts";
import { BurstMeter } from "../observe/burst-meter.ts";
import { type BookMemory, type BookPlan, type DispatcherCounter, dispatcherCounterSpecs } from "./book-plan.ts";
import { ControlReader } from "./control.ts";
import { DegradationGovernor, type DegradationStep, DegradationView, STATISTICS_STRETCH } from "./degradation.ts";
import { DutyCycle } from "./duty-cycle.ts";
import { type FeedLines, type JoinedLine, joinLines } from "./feed-lines.ts";
import { IngestPerf, ingestPerfLayout } from "./ingest-perf.ts";
import { IngestPipeline } from "./ingest-pipeline.ts";
import { QueueProbe } from "./queue-probe.ts";
import type { ThreadPlan } from "./runtime-plan.ts";
import type { ChannelSettings } from "./settings.ts";
import {
  type BookEvent,
  bookListeners,
  type DegradationLink,
  ShardReporter,
  STATUS_INTERVAL_NS,
  tellReady,
} from "./shard-worker.ts";
import { startThread } from "./thread-start.ts";
import { warmUpIngest } from "./warm-up.ts";
import type { WarmUpTape } from "./warm-up-tape.ts";
import { post, serveWorker } from "./worker-thread.ts";

export interface IngestInit {
  channel: ChannelSettings;
  plan: BookPlan;
  memory: BookMemory;
  thread: ThreadPlan;
  /** What it warms up on; undefined: not at all. */
  tape: WarmUpTape | undefined;
  degradation: DegradationLink;
  channelCounters: SharedArrayBuffer;
  perf: SharedArrayBuffer;
  control: SharedArrayBuffer;
}

export type IngestEvent =
  | BookEvent
  | { type: "joined"; lines: readonly JoinedLine[] }
  | { type: "directory"; entries: DirectoryEntry[] }
  | { type: "degradation"; step: DegradationStep }
  | { type: "channel-status"; status: ChannelStatus; offenders: readonly BadMessage[] };

/** At most fifty reports a second are for a change of quality. */
const NEWS_INTERVAL_NS = 20e6;
const WAIT_MS = 1;
const FDS_MAX = 16;
/** How often the queues are looked at while there is work. */
const PROBE_INTERVAL_NS = 1e6;

class IngestLoop {
  readonly #lines: FeedLines;
  readonly #pipeline: IngestPipeline;
  readonly #reporter: ShardReporter | undefined;
  readonly #control: ControlReader;
  readonly #counters: Counters<DispatcherCounter>;
  readonly #duty: DutyCycle;
  readonly #perf: IngestPerf;
  readonly #probe: QueueProbe;
  readonly #bursts = new BurstMeter();
  readonly #governor: DegradationGovernor;
  readonly #degradation: DegradationView;
  readonly #fds = new Int32Array(FDS_MAX);
  #directoryVersion = -1;
  #statusDueNs = 0;
  #qualityTold: Quality = Quality.stale;
  #toldNs = 0;
  #probeDueNs = 0;
  #stopping = false;

  constructor(init: IngestInit, lines: FeedLines) {
    const { channel, plan, memory, degradation } = init;
    const names = channel.lines.map((line) => line.name);
    this.#lines = lines;
    this.#pipeline = new IngestPipeline({
      settings: channel,
      plan,
      memory,
      channelCounters: openChannelCounters(channel.name, names, init.channelCounters),
      transports: {
        receivers: this.#lines.receivers,
        datagrams: channel.rerequest.length > 0 ? openUdpUnicast({ address: "0.0.0.0", port: 0 }) : undefined,
        connect: channel.glimpse && connectTcp,
      },
      listeners: bookListeners,
    });
    const { inline } = this.#pipeline;
    this.#reporter = inline && new ShardReporter(channel.name, inline, memory.shards[0]!, degradation);
    this.#control = new ControlReader(MessageRing.attach(init.control));
    this.#counters = new Counters(dispatcherCounterSpecs(channel.name), memory.dispatcherCounters);
    this.#duty = new DutyCycle(init.thread);
    this.#perf = new IngestPerf(ingestPerfLayout(channel.name, names, plan.shards), init.perf, this.#pipeline);
    this.#probe = new QueueProbe(
      names,
      this.#lines.receivers,
      memory.shards.map(({ ring }) => ring),
    );
    this.#degradation = new DegradationView(degradation.settings, degradation.memory);
    this.#governor = new DegradationGovernor(degradation.settings, degradation.memory, (step) => {
      post({ type: "degradation", step } satisfies IngestEvent);
    });
    post({ type: "joined", lines: this.#lines.joined } satisfies IngestEvent);
  }

  /** Until it is told to stop. */
  async run(): Promise<void> {
    try {
      if (this.#lines.needsEventLoop) while (!this.#stopping) await eventLoopTurn(this.#turn() ? WAIT_MS : 0);
      else this.#runAlone();
    } finally {
      this.#pipeline.channel.close();
    }
    this.#reporter?.doWork(Number.POSITIVE_INFINITY);
    this.#report(clock.monotonicNs());
  }

  #runAlone(): void {
    const { channel } = this.#pipeline;
    while (!this.#stopping) if (this.#turn()) waitReadable(this.#fds, channel.pollFds(this.#fds), WAIT_MS);
  }

  /** True: there is nothing to do, and the thread may sleep. */
  #turn(): boolean {
    const nowNs = this.#duty.begin();
    const work = this.#pipeline.doWork(nowNs) + this.#takeControl();
    this.#reporter?.doWork(nowNs);
    if (work === 0) this.#bursts.empty(nowNs);
    const isWatched = work > 0 || this.#governor.level > 0;
    if (isWatched && nowNs >= this.#probeDueNs) this.#look(nowNs);
    if (nowNs >= this.#statusDueNs || this.#hasNews(nowNs)) this.#report(nowNs);
    return this.#duty.end(work, WAIT_MS);
  }

  #look(nowNs: number): void {
    this.#probeDueNs = nowNs + PROBE_INTERVAL_NS;
    this.#probe.look();
    this.#bursts.sample(this.#probe.lineShare, nowNs);
    this.#governor.update(this.#probe.share, nowNs);
  }

  #takeControl(): number {
    const { dispatcher } = this.#pipeline;
    let count = 0;
    for (let message = this.#control.poll(); message !== undefined; message = this.#control.poll()) {
      count++;
      if (message.type === "cut") dispatcher.cut(message.request);
      else if (message.type === "watch") dispatcher.watch(message.request);
      else if (message.type === "unwatch") dispatcher.unwatch(message.id);
      else this.#stopping = true;
    }
    return count;
  }

  /** A quality that has not been told yet: no reason to wait, but not over and over where a line flaps. */
  #hasNews(nowNs: number): boolean {
    return this.#pipeline.channel.quality !== this.#qualityTold && nowNs - this.#toldNs >= NEWS_INTERVAL_NS;
  }

  #report(nowNs: number): void {
    const isSlowed = this.#degradation.isActive("statistics");
    this.#statusDueNs = nowNs + STATUS_INTERVAL_NS * (isSlowed ? STATISTICS_STRETCH : 1);
    const { dispatcher, channel, sampler } = this.#pipeline;
    sampler.isEnabled = !isSlowed;
    this.#counters.set("messages", dispatcher.messageCount);
    this.#counters.set("skipped", dispatcher.skippedCount);
    this.#counters.set("sequence", dispatcher.sequence);
    this.#counters.set("tsEventNs", dispatcher.tsEventNs);
    this.#look(nowNs);
    this.#perf.publish(this.#duty.meter, this.#bursts, this.#probe);
    if (dispatcher.directoryVersion !== this.#directoryVersion) {
      this.#directoryVersion = dispatcher.directoryVersion;
      post({ type: "directory", entries: dispatcher.directory() } satisfies IngestEvent);
    }
    this.#qualityTold = channel.quality;
    this.#toldNs = nowNs;
    const { offenders } = dispatcher.bad;
    // What is told and what is counted are of one moment.
    channel.publish();
    post({ type: "channel-status", status: channel.status(), offenders } satisfies IngestEvent);
  }

  /** What the thread's counters are, for what is known from the start. */
  get perfCounters(): IngestPerf["counters"] {
    return this.#perf.counters;
  }
}

/** Joins the lines and opens the rest. Throws what the sockets throw (`group-join-failed`, `port-in-use`, …). */
function openLoop(init: IngestInit): IngestLoop {
  const lines = joinLines(init.channel);
  try {
    return new IngestLoop(init, lines);
  } catch (error) {
    for (const receiver of lines.receivers) receiver.close();
    throw error;
  }
}

export function serveIngest(): void {
  serveWorker<IngestInit>((init) => {
    const warmUp = warmUpIngest(init.channel, init.plan, { budgetNs: init.thread.warmUpNs, tape: init.tape });
    const ready = startThread("ingest", init.thread, warmUp);
    const loop = openLoop(init);
    tellReady(loop.perfCounters, ready);
    post({ type: "thread-ready", ready } satisfies IngestEvent);
    return loop.run();
  });
}
