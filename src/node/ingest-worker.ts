/**
 * The thread of one channel: lines, arbitration and repair, the dispatcher, and the books themselves where there are no
 * shards. It never returns to its event loop; what it is asked comes through its control ring.
 */
import type { BadMessage } from "../books/bad-messages.ts";
import type { BookShard } from "../books/book-shard.ts";
import type { BookDispatcher, DirectoryEntry } from "../books/dispatcher.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { Counters } from "../core/counters.ts";
import { Channel } from "../ingest/channel.ts";
import type { ChannelStatus } from "../ingest/channel-status.ts";
import { openChannelCounters } from "../ingest/counters.ts";
import { clock } from "../io/clock.ts";
import { connectTcp } from "../io/tcp.ts";
import { openUdpReceiver, type UdpReceiver } from "../io/udp-receiver.ts";
import { openUdpUnicast } from "../io/udp-unicast.ts";
import { waitReadable } from "../io/wait.ts";
import {
  type BookMemory,
  type BookPlan,
  type DispatcherCounter,
  dispatcherCounterSpecs,
  makeDispatcher,
  makeShard,
  makeShardSinks,
} from "./book-plan.ts";
import { ControlReader } from "./control.ts";
import type { ChannelSettings } from "./settings.ts";
import { type BookEvent, bookListeners, ShardReporter, STATUS_INTERVAL_NS } from "./shard-worker.ts";
import { post, serveWorker } from "./worker-thread.ts";

export interface IngestInit {
  channel: ChannelSettings;
  plan: BookPlan;
  memory: BookMemory;
  channelCounters: SharedArrayBuffer;
  control: SharedArrayBuffer;
}

/** What a joined line turned out to be. */
export interface JoinedLine {
  name: string;
  receiveBufferBytes: number;
}

export type IngestEvent =
  | BookEvent
  | { type: "joined"; lines: JoinedLine[] }
  | { type: "directory"; entries: DirectoryEntry[] }
  | { type: "channel-status"; status: ChannelStatus; offenders: readonly BadMessage[] };

const WAIT_MS = 1;
const FDS_MAX = 16;

class IngestLoop {
  readonly #channel: Channel;
  readonly #dispatcher: BookDispatcher;
  readonly #inline: BookShard | undefined;
  readonly #reporter: ShardReporter | undefined;
  readonly #control: ControlReader;
  readonly #counters: Counters<DispatcherCounter>;
  readonly #fds = new Int32Array(FDS_MAX);
  #directoryVersion = -1;
  #statusDueNs = 0;
  #stopping = false;

  constructor(init: IngestInit) {
    const { channel, plan, memory } = init;
    this.#inline = plan.shards === 0 ? makeShard(0, memory.shards[0]!, bookListeners) : undefined;
    this.#reporter = this.#inline && new ShardReporter(channel.name, this.#inline, memory.shards[0]!);
    this.#dispatcher = makeDispatcher(plan, memory, makeShardSinks(memory, this.#inline));
    this.#control = new ControlReader(MessageRing.attach(init.control));
    this.#counters = new Counters(dispatcherCounterSpecs(channel.name), memory.dispatcherCounters);
    this.#channel = openChannel(channel, this.#dispatcher, init.channelCounters);
  }

  run(): void {
    try {
      while (!this.#stopping) this.#turn();
    } finally {
      this.#channel.close();
    }
    this.#report(Number.POSITIVE_INFINITY);
  }

  #turn(): void {
    const nowNs = clock.monotonicNs();
    let work = this.#channel.doWork(nowNs);
    if (this.#inline) work += this.#inline.doWork(nowNs);
    work += this.#takeControl();
    if (nowNs >= this.#statusDueNs) this.#report(nowNs);
    if (work === 0) waitReadable(this.#fds, this.#channel.pollFds(this.#fds), WAIT_MS);
  }

  #takeControl(): number {
    let count = 0;
    for (let message = this.#control.poll(); message !== undefined; message = this.#control.poll()) {
      count++;
      if (message.type === "cut") this.#dispatcher.cut(message.request);
      else if (message.type === "watch") this.#dispatcher.watch(message.request);
      else if (message.type === "unwatch") this.#dispatcher.unwatch(message.id);
      else this.#stopping = true;
    }
    return count;
  }

  #report(nowNs: number): void {
    this.#statusDueNs = nowNs + STATUS_INTERVAL_NS;
    const dispatcher = this.#dispatcher;
    this.#reporter?.doWork(nowNs);
    this.#counters.set("messages", dispatcher.messageCount);
    this.#counters.set("skipped", dispatcher.skippedCount);
    this.#counters.set("sequence", dispatcher.sequence);
    this.#counters.set("tsEventNs", dispatcher.tsEventNs);
    if (dispatcher.directoryVersion !== this.#directoryVersion) {
      this.#directoryVersion = dispatcher.directoryVersion;
      post({ type: "directory", entries: dispatcher.directory() } satisfies IngestEvent);
    }
    const status = this.#channel.status();
    post({ type: "channel-status", status, offenders: dispatcher.bad.offenders } satisfies IngestEvent);
  }
}

/** Joins the lines and opens the rest. Throws what the sockets throw (`group-join-failed`, `port-in-use`, …). */
function openChannel(settings: ChannelSettings, sink: BookDispatcher, counters: SharedArrayBuffer): Channel {
  const receivers: UdpReceiver[] = [];
  try {
    for (const line of settings.lines) {
      receivers.push(
        openUdpReceiver({
          group: line.group,
          port: line.port,
          interface: line.interface,
          ...(line.source === undefined ? {} : { source: line.source }),
          receiveBufferBytes: settings.receiveBufferBytes,
        }),
      );
    }
    const lines = settings.lines.map((line, i) => ({
      name: line.name,
      receiveBufferBytes: receivers[i]!.receiveBufferBytes,
    }));
    const datagrams = settings.rerequest.length > 0 ? openUdpUnicast({ address: "0.0.0.0", port: 0 }) : undefined;
    const channel = new Channel(
      channelOptions(settings),
      sink,
      { receivers, datagrams, connect: settings.glimpse && connectTcp },
      openChannelCounters(
        settings.name,
        settings.lines.map((line) => line.name),
        counters,
      ),
    );
    post({ type: "joined", lines } satisfies IngestEvent);
    return channel;
  } catch (error) {
    for (const receiver of receivers) receiver.close();
    throw error;
  }
}

function channelOptions(settings: ChannelSettings): ConstructorParameters<typeof Channel>[0] {
  const { glimpse } = settings;
  return {
    name: settings.name,
    lines: settings.lines.map(({ name }) => ({ name })),
    join: settings.join,
    heartbeatIntervalNs: settings.heartbeatIntervalNs,
    gapWaitNs: settings.gapWaitNs,
    rerequestServers: settings.rerequest,
    rerequestTimeoutNs: settings.rerequestTimeoutNs,
    rerequestAttemptsMax: settings.rerequestRetriesMax + 1,
    reorderBytesMax: settings.reorderBufferBytes,
    glimpse: glimpse && {
      host: glimpse.address,
      port: glimpse.port,
      username: glimpse.username,
      password: glimpse.password,
    },
    glimpseSequenceIs: glimpse?.nextSequenceRule === "after" ? "last" : "next",
    epochBaseSeconds: clock.epochBaseSeconds,
  };
}

export function serveIngest(): void {
  serveWorker<IngestInit>((init) => new IngestLoop(init).run());
}
