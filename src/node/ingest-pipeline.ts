/**
 * What a message goes through on the ingest thread, put together: channel, sampler, dispatcher, and the books or the
 * rings to them. The live feed and the warm-up run the same thing, each with memory and lines of its own.
 */
import type { BookShardOptions } from "../books/book-shard.ts";
import type { BookDispatcher } from "../books/dispatcher.ts";
import { RingShardSink } from "../books/shard-sink.ts";
import type { Counters } from "../core/counters.ts";
import { Channel } from "../ingest/channel.ts";
import type { ChannelTransports } from "../ingest/transport.ts";
import { clock } from "../io/clock.ts";
import { type BookMemory, type BookPlan, makeDispatcher, makeShard, makeShardSinks } from "./book-plan.ts";
import type { ChannelSettings } from "./settings.ts";
import { StageSampler } from "./stage-sampler.ts";
import type { TimedBookShard } from "./timed-shard.ts";

export interface PipelineParts {
  settings: ChannelSettings;
  plan: BookPlan;
  memory: BookMemory;
  channelCounters: Counters;
  transports: Omit<ChannelTransports, "meter">;
  listeners: Pick<BookShardOptions, "onPart" | "onWatch">;
}

export class IngestPipeline {
  readonly channel: Channel;
  readonly dispatcher: BookDispatcher;
  readonly sampler: StageSampler;
  /** The books, where they are on this thread. */
  readonly inline: TimedBookShard | undefined;
  /** The rings to them, where they are not. */
  readonly rings: readonly RingShardSink[];

  constructor(parts: PipelineParts) {
    const { settings, plan, memory } = parts;
    this.inline = plan.shards === 0 ? makeShard(0, memory.shards[0]!, parts.listeners) : undefined;
    const shards = makeShardSinks(memory, this.inline);
    this.rings = shards.filter((shard) => shard instanceof RingShardSink);
    this.dispatcher = makeDispatcher(plan, memory, shards);
    this.sampler = new StageSampler(this.dispatcher, shards, this.inline !== undefined);
    const transports = { ...parts.transports, meter: this.sampler };
    this.channel = new Channel(channelOptions(settings), this.sampler, transports, parts.channelCounters);
  }

  /** One turn without the questions. Returns how much was done. */
  doWork(nowNs: number): number {
    const work = this.channel.doWork(nowNs);
    return this.inline ? work + this.inline.doWork(nowNs) : work;
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
