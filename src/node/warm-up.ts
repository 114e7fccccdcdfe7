/**
 * Warming the compiler: before a thread joins the feed it runs synthetic traffic through the very code that will take
 * the real one, so that the first real message does not meet an interpreter. The packets go through sockets of their
 * own on the loopback, by the receive path that the lines will have, because code that has only seen stand-ins is
 * compiled for stand-ins.
 *
 * What always holds: everything that is fed is made here and thrown away; no state, counter, hash or log of the real
 * channel is touched. It ends after its messages or its time, whichever comes first.
 */
import { APPLY_STATUS_BAD_FIRST } from "../books/contract.ts";
import { ShardLoop } from "../books/shard-loop.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { FathomError } from "../core/assert.ts";
import { openChannelCounters } from "../ingest/counters.ts";
import { clock } from "../io/clock.ts";
import { openReceiver, type PacketReceiver } from "../io/receive-path.ts";
import { openUdpSender, type UdpSender } from "../io/udp-sender.ts";
import { waitReadable } from "../io/wait.ts";
import { MOLD_BLOCK_HEAD_BYTES, MOLD_HEADER_BYTES } from "../wire/moldudp64.ts";
import {
  type BookMemory,
  type BookPlan,
  makeBookMemory,
  makeDispatcher,
  makeShard,
  makeShardSinks,
} from "./book-plan.ts";
import { IngestPipeline } from "./ingest-pipeline.ts";
import type { ChannelSettings } from "./settings.ts";
import type { WarmUpTape } from "./warm-up-tape.ts";

export interface WarmUpResult {
  readonly durationNs: number;
  /** Messages that went all the way through. */
  readonly messageCount: number;
  /** Of them, those that the books refused: none, or the warm-up itself is at fault. */
  readonly badCount: number;
  /** Why there was none; "" when there was. */
  readonly skipped: string;
}

/** After so many everything that matters has been compiled. */
const MESSAGES_MAX = 120_000;
const GROUP_PACKETS = 24;
/** One packet in so many is missing on a line, and comes by the other. */
const LOST_EVERY = [61, 67];
const RECEIVE_BUFFER_BYTES = 1 << 20;
const RING_BYTES = 1 << 20;
/** Big-endian, the low half: a warm-up is over long before the high one counts. */
const SEQUENCE_AT = 14;
const NOTHING: WarmUpResult = { durationNs: 0, messageCount: 0, badCount: 0, skipped: "" };

const listeners = { onPart: () => {}, onWatch: () => {} };

/** What a warm-up may take, and what it runs. */
export interface WarmUpOrder {
  /** At most about so long; 0: none. */
  readonly budgetNs: number;
  readonly tape: WarmUpTape | undefined;
}

/** An ingest thread's. */
export function warmUpIngest(settings: ChannelSettings, plan: BookPlan, order: WarmUpOrder): WarmUpResult {
  return warmUp(order, (tape, deadlineNs) => new IngestWarmUp(settings, plan, tape, deadlineNs).run());
}

/** A shard thread's: the same messages, by a ring. */
export function warmUpShard(order: WarmUpOrder): WarmUpResult {
  return warmUp(order, runShard);
}

type Counts = Pick<WarmUpResult, "messageCount" | "badCount">;

function warmUp({ budgetNs, tape }: WarmUpOrder, run: (tape: WarmUpTape, deadlineNs: number) => Counts): WarmUpResult {
  if (budgetNs === 0 || tape === undefined) return { ...NOTHING, skipped: "turned off" };
  const startNs = clock.monotonicNs();
  const deadlineNs = startNs + budgetNs;
  try {
    const counts = run(tape, deadlineNs);
    // Now, rather than at some moment with the feed.
    if (clock.monotonicNs() < deadlineNs) Bun.gc(true);
    return { ...NOTHING, ...counts, durationNs: clock.monotonicNs() - startNs };
  } catch (error) {
    if (!(error instanceof FathomError)) throw error;
    return { ...NOTHING, durationNs: clock.monotonicNs() - startNs, skipped: error.message };
  }
}

function runShard(tape: WarmUpTape, deadlineNs: number): Counts {
  const plan = warmUpPlan(1);
  const memory = makeBookMemory(plan);
  const dispatcher = makeDispatcher(plan, memory, makeShardSinks(memory, undefined));
  const [loop] = shardLoops(memory);
  const { bytes, view, offsets, lengths } = tape;
  while (dispatcher.messageCount < MESSAGES_MAX && clock.monotonicNs() < deadlineNs) {
    for (let packet = 0; packet < offsets.length; packet++) {
      const end = offsets[packet]! + lengths[packet]!;
      for (let at = offsets[packet]! + MOLD_HEADER_BYTES; at < end; ) {
        const length = view.getUint16(at);
        at += MOLD_BLOCK_HEAD_BYTES;
        dispatcher.message(bytes, view, at, length, dispatcher.messageCount + 1, 0);
        at += length;
      }
      dispatcher.batchEnd();
      loop!.doWork(deadlineNs);
    }
  }
  return { messageCount: dispatcher.messageCount, badCount: badMessageCount(memory) };
}

class IngestWarmUp {
  readonly #deadlineNs: number;
  readonly #tape: WarmUpTape;
  readonly #memory: BookMemory;
  readonly #pipeline: IngestPipeline;
  readonly #receivers: PacketReceiver[] = [];
  readonly #senders: UdpSender[] = [];
  readonly #loops: readonly ShardLoop[];
  readonly #fds = new Int32Array(4);
  readonly #offsets = new Int32Array(GROUP_PACKETS);
  readonly #lengths = new Int32Array(GROUP_PACKETS);

  constructor(settings: ChannelSettings, plan: BookPlan, tape: WarmUpTape, deadlineNs: number) {
    this.#deadlineNs = deadlineNs;
    this.#tape = tape;
    const ownPlan = warmUpPlan(plan.shards);
    this.#memory = makeBookMemory(ownPlan);
    try {
      for (const _ of settings.lines) this.#openLine(settings);
      this.#pipeline = new IngestPipeline({
        settings: { ...settings, join: "now", rerequest: [], glimpse: undefined },
        plan: ownPlan,
        memory: this.#memory,
        channelCounters: openChannelCounters(
          settings.name,
          settings.lines.map((line) => line.name),
        ),
        transports: { receivers: this.#receivers },
        listeners,
      });
    } catch (error) {
      this.#close();
      throw error;
    }
    this.#loops = this.#pipeline.inline ? [] : shardLoops(this.#memory);
  }

  #openLine({ receive }: ChannelSettings): void {
    // Bun's own socket would need the event loop, to which this thread does not return.
    const path = receive === "bun-socket" ? "recvmmsg" : receive;
    const group = "127.0.0.1";
    const { receiver } = openReceiver({
      path,
      group,
      port: 0,
      interface: "lo",
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    });
    this.#receivers.push(receiver);
    this.#senders.push(openUdpSender({ address: group, port: receiver.localPort }));
  }

  run(): Counts {
    const { dispatcher } = this.#pipeline;
    try {
      for (let round = 0; !this.#isOver(); round++) this.#round(round);
      if (clock.monotonicNs() < this.#deadlineNs) this.#answer();
      return { messageCount: dispatcher.messageCount, badCount: badMessageCount(this.#memory) };
    } finally {
      this.#close();
    }
  }

  #isOver(): boolean {
    return this.#pipeline.dispatcher.messageCount >= MESSAGES_MAX || clock.monotonicNs() >= this.#deadlineNs;
  }

  #round(round: number): void {
    const tape = this.#tape;
    const first = round * tape.messageCount;
    for (const [i, offset] of tape.offsets.entries())
      tape.view.setUint32(offset + SEQUENCE_AT, first + tape.sequences[i]!);
    for (let packet = 0; packet < tape.offsets.length && !this.#isOver(); packet += GROUP_PACKETS) {
      const end = Math.min(packet + GROUP_PACKETS, tape.offsets.length);
      this.#send(packet, end);
      this.#receive(first + (tape.sequences[end] ?? tape.messageCount + 1));
    }
  }

  /** Packets [first, end) on every line, now and then one of them on the other line only. */
  #send(first: number, end: number): void {
    const { bytes, offsets, lengths } = this.#tape;
    for (const [line, sender] of this.#senders.entries()) {
      let count = 0;
      for (let packet = first; packet < end; packet++) {
        if (this.#isLost(line, packet)) continue;
        this.#offsets[count] = offsets[packet]!;
        this.#lengths[count++] = lengths[packet]!;
      }
      sender.sendBatch(bytes, this.#offsets, this.#lengths, count);
    }
  }

  #isLost(line: number, packet: number): boolean {
    if (this.#senders.length === 1) return false;
    return packet % LOST_EVERY[line]! === 0 && packet % LOST_EVERY[1 - line]! !== 0;
  }

  #receive(nextSequence: number): void {
    const { channel } = this.#pipeline;
    for (;;) {
      const nowNs = clock.monotonicNs();
      const work = this.#pipeline.doWork(nowNs);
      for (const loop of this.#loops) loop.doWork(nowNs);
      if (channel.nextSequence >= nextSequence || nowNs >= this.#deadlineNs) return;
      if (work === 0) waitReadable(this.#fds, channel.pollFds(this.#fds), 1);
    }
  }

  /** What people ask, once: cold code, but it would keep packets waiting the first time. */
  #answer(): void {
    const { dispatcher, channel, inline } = this.#pipeline;
    const book = { levelMax: 10, tradeMax: 10, queue: true };
    dispatcher.cut({ id: 1, locates: null, books: book, hash: true });
    dispatcher.watch({ id: 2, locate: 1, intervalNs: 1, ...book });
    inline?.doWork(clock.monotonicNs());
    for (const loop of this.#loops) loop.doWork(clock.monotonicNs());
    channel.status();
    dispatcher.directory();
  }

  #close(): void {
    for (const sender of this.#senders) sender.close();
    for (const receiver of this.#receivers) receiver.close();
  }
}

/** Everything is subscribed to, whatever the real plan says. */
function warmUpPlan(shards: number): BookPlan {
  return { shards, shardBy: "hash", ranges: [], table: {}, symbols: ["*"], ringBytes: RING_BYTES };
}

function shardLoops(memory: BookMemory): ShardLoop[] {
  return memory.shards.map(
    (shard, i) => new ShardLoop(MessageRing.attach(shard.ring!), makeShard(i, shard, listeners)),
  );
}

/** Of all kinds. */
function badMessageCount(memory: BookMemory): number {
  let total = 0;
  for (const block of [memory.dispatcherBad, ...memory.shards.map((shard) => shard.bad)])
    for (const count of new Float64Array(block).subarray(APPLY_STATUS_BAD_FIRST)) total += count;
  return total;
}
