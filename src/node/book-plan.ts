/**
 * How a channel's books are laid out over threads, and the memory that the threads share for it. Made on the main
 * thread, posted to the workers; both sides build their objects from the same plan.
 */
import { BadMessages } from "../books/bad-messages.ts";
import type { BookShard, BookShardOptions } from "../books/book-shard.ts";
import { FastBooks } from "../books/builder.ts";
import { APPLY_STATUS_COUNT } from "../books/contract.ts";
import { BookDispatcher } from "../books/dispatcher.ts";
import { makeShardMap } from "../books/shard-map.ts";
import { InlineShardSink, RingShardSink, type ShardSink } from "../books/shard-sink.ts";
import { makeSymbolFilter } from "../books/symbol-filter.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { type CounterSpec, Counters } from "../core/counters.ts";
import { openPerfCounters, type PerfLayout } from "../observe/perf-counters.ts";
import type { BooksSettings } from "./settings.ts";
import { TimedBookShard } from "./timed-shard.ts";

export interface BookPlan extends Omit<BooksSettings, "shards"> {
  /** 0: on the dispatcher's thread. */
  shards: number;
}

/** The shared memory of one shard. */
export interface ShardMemory {
  /** Absent where the books are inline. */
  ring: SharedArrayBuffer | undefined;
  bad: SharedArrayBuffer;
  counters: SharedArrayBuffer;
  /** What its thread costs; of inline books, part of the ingest thread's. */
  perf: SharedArrayBuffer;
}

/** Of all shards of a channel; one when the books are inline. */
export interface BookMemory {
  shards: ShardMemory[];
  /** What the dispatcher itself refuses. */
  dispatcherBad: SharedArrayBuffer;
  dispatcherCounters: SharedArrayBuffer;
}

/** Threads that the appliance uses besides the shards: main and ingest. */
const OTHER_THREADS = 2;
const SHARDS_AUTO_MAX = 4;

/** `"auto"` fits the cores: books stay on the ingest thread until there are cores that would otherwise be idle. */
export function resolveShards(shards: number | "auto", cores: number): number {
  if (shards !== "auto") return shards;
  const spare = cores - OTHER_THREADS;
  return spare < 2 ? 0 : Math.min(spare, SHARDS_AUTO_MAX);
}

export function makeBookMemory(plan: BookPlan): BookMemory {
  const count = Math.max(1, plan.shards);
  return {
    shards: Array.from({ length: count }, (_, shard) => ({
      ring: plan.shards === 0 ? undefined : MessageRing.create(plan.ringBytes).buffer,
      bad: new SharedArrayBuffer(APPLY_STATUS_COUNT * 8),
      counters: new Counters(shardCounterSpecs("", shard)).buffer,
      perf: openPerfCounters(shardPerfLayout("", shard)).buffer,
    })),
    dispatcherBad: new SharedArrayBuffer(APPLY_STATUS_COUNT * 8),
    dispatcherCounters: new Counters(dispatcherCounterSpecs("")).buffer,
  };
}

export type DispatcherCounter = "messages" | "skipped" | "sequence" | "tsEventNs";

export function dispatcherCounterSpecs(channel: string): Record<DispatcherCounter, CounterSpec> {
  const labels = { channel };
  return {
    messages: { metric: "messages_total", kind: "counter", help: "Messages handed to the books", labels },
    skipped: { metric: "messages_skipped_total", kind: "counter", help: "Of instruments not subscribed to", labels },
    sequence: { metric: "books_sequence", kind: "gauge", help: "Last sequence handed to the books", labels },
    tsEventNs: { metric: "books_event_time_ns", kind: "gauge", help: "Exchange time of the last message", labels },
  };
}

export type ShardCounter = "orders" | "instruments" | "ringDepthBytes" | "records";

export function shardCounterSpecs(channel: string, shard: number): Record<ShardCounter, CounterSpec> {
  const labels = { channel, shard: String(shard) };
  return {
    orders: { metric: "books_orders", kind: "gauge", help: "Live orders", labels },
    instruments: { metric: "books_instruments", kind: "gauge", help: "Instruments with a book", labels },
    ringDepthBytes: { metric: "shard_ring_depth_bytes", kind: "gauge", help: "Waiting in the shard's ring", labels },
    records: { metric: "shard_records_total", kind: "counter", help: "Records taken from the shard's ring", labels },
  };
}

export const SHARD_STAGES = ["apply", "answer"] as const;

/** What a shard's thread tells of itself. */
export function shardPerfLayout(channel: string, shard: number): PerfLayout {
  return { channel, thread: `shard${shard}`, stages: SHARD_STAGES, queues: ["ring"], rings: [], lines: [] };
}

/** One shard's books, on whichever thread this is called. */
export function makeShard(
  shard: number,
  memory: ShardMemory,
  listeners: Pick<BookShardOptions, "onPart" | "onWatch">,
): TimedBookShard {
  return new TimedBookShard({ shard, engine: new FastBooks(), bad: new BadMessages(memory.bad), ...listeners });
}

/** The ways into the shards: `inline` for books on this thread, otherwise through the rings. */
export function makeShardSinks(memory: BookMemory, inline: BookShard | undefined): ShardSink[] {
  if (inline) return [new InlineShardSink(inline)];
  return memory.shards.map((shard) => new RingShardSink(MessageRing.attach(shard.ring!)));
}

/** The dispatcher before the shards. It keeps the array `shards` itself. */
export function makeDispatcher(plan: BookPlan, memory: BookMemory, shards: ShardSink[]): BookDispatcher {
  return new BookDispatcher({
    shards,
    shardOf: makeShardMap({ by: plan.shardBy, shards: shards.length, ranges: plan.ranges, table: plan.table }),
    isSubscribed: makeSymbolFilter(plan.symbols),
    bad: new BadMessages(memory.dispatcherBad),
  });
}
