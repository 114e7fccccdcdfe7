/**
 * One channel of a MoldUDP64 feed: both lines in, one ordered stream of messages out to the sink, with its quality.
 * Owned by one thread, driven by `doWork`; hot. The same code plays captures: hand each datagram to `packet`, then
 * `finish`.
 *
 * What always holds: the sink gets each sequence of a session once and in order (between two resets); a packet is taken
 * whole or refused whole; whatever is lost, refused or in doubt is counted, and the quality says so. No clock is read
 * here: `nowNs` (CLOCK_MONOTONIC) comes with `doWork`, receive stamps come with the packets.
 */
import { assert } from "../core/assert.ts";
import type { Counters } from "../core/counters.ts";
import { Quality } from "../core/quality.ts";
import { Arbiter } from "./arbiter.ts";
import { BadPacketSamples } from "./bad-packets.ts";
import {
  CHANNEL_STATES,
  type ChannelState,
  type ChannelStatus,
  publishChannel,
  qualityReason,
} from "./channel-status.ts";
import type { MessageSink } from "./contract.ts";
import { openChannelCounters, RECOVERY_LINE } from "./counters.ts";
import { GlimpseClient } from "./glimpse-client.ts";
import { Intake } from "./intake.ts";
import { LeadTable } from "./lead-table.ts";
import { LineMonitor } from "./line-monitor.ts";
import { type ChannelOptions, type ChannelSettings, channelSettings } from "./options.ts";
import { Recovery } from "./recovery.ts";
import { RerequestClient } from "./rerequest-client.ts";
import type { BatchMeter, ChannelTransports, Datagrams, PacketReceiver } from "./transport.ts";

const LINES_MAX = 8;
/** A line that brought fewer packets than this is taken to be empty for now. */
const BATCH_WORTH_REPEATING = 16;
const ANSWERS_PER_WORK_MAX = 256;
/** How often counters and line losses are brought up to date. */
const PUBLISH_INTERVAL_NS = 20e6;
/** Heartbeat intervals of silence after which a line, or the channel, is stale. */
const SILENT_INTERVALS = 2;
const NO_TRANSPORTS: ChannelTransports = { receivers: [] };

export class Channel {
  readonly name: string;
  readonly counters: Counters;
  readonly #settings: ChannelSettings;
  readonly #sink: MessageSink;
  readonly #receivers: readonly PacketReceiver[];
  readonly #datagrams: Datagrams | undefined;
  readonly #meter: BatchMeter | undefined;
  readonly #arbiter: Arbiter;
  readonly #rerequest: RerequestClient | undefined;
  readonly #glimpse: GlimpseClient | undefined;
  readonly #recovery: Recovery;
  readonly #intake: Intake;
  /** The lines, and behind them the one of re-request answers. */
  readonly #monitors: LineMonitor[];
  readonly #lines: readonly LineMonitor[];
  readonly #repairLine: number;
  readonly #leads: LeadTable;
  readonly #bad: BadPacketSamples;
  readonly #silenceNs: number;
  #nowNs = 0;
  #quality: Quality = Quality.stale;
  #qualityTold = false;
  #publishNs = Number.NEGATIVE_INFINITY;
  #deliveredTold = 0;

  /** `counters`: of `openChannelCounters` with this channel's and its lines' names; its own when left out. */
  constructor(
    options: ChannelOptions,
    sink: MessageSink,
    transports: ChannelTransports = NO_TRANSPORTS,
    counters?: Counters,
  ) {
    const names = options.lines.map((line) => line.name);
    assert(names.length >= 1 && names.length <= LINES_MAX, "a channel has one to eight lines");
    assert(transports.receivers.length === 0 || transports.receivers.length === names.length, "a receiver a line");
    const settings = channelSettings(options);
    this.name = options.name;
    this.counters = counters ?? openChannelCounters(options.name, names);
    this.#settings = settings;
    this.#sink = sink;
    this.#receivers = transports.receivers;
    this.#datagrams = transports.datagrams;
    this.#meter = transports.meter;
    this.#silenceNs = SILENT_INTERVALS * settings.heartbeatIntervalNs;
    this.#monitors = [...names, RECOVERY_LINE].map(
      (name, i) => new LineMonitor(name, i, this.counters, i < names.length),
    );
    this.#lines = this.#monitors.slice(0, names.length);
    this.#repairLine = names.length;
    this.#leads = new LeadTable(names.length + 1);
    this.#bad = new BadPacketSamples([...names, RECOVERY_LINE]);
    this.#arbiter = new Arbiter(sink, settings.reorderMessagesMax, settings.reorderBytesMax);
    const servers = options.rerequestServers ?? [];
    if (transports.datagrams && servers.length > 0)
      this.#rerequest = new RerequestClient(transports.datagrams, servers, settings);
    if (transports.connect && options.glimpse)
      this.#glimpse = new GlimpseClient(options.glimpse, transports.connect, sink, settings);
    const doubt = () => this.#tellDoubt();
    this.#recovery = new Recovery(this.#arbiter, sink, settings, this.#lines, this.#rerequest, this.#glimpse, doubt);
    this.#intake = new Intake(
      this.#arbiter,
      this.#recovery,
      sink,
      this.#monitors,
      this.#leads,
      this.#bad,
      this.#silenceNs,
      doubt,
    );
  }

  /** The next sequence to be handed on. */
  get nextSequence(): number {
    return this.#arbiter.nextSequence;
  }

  get quality(): Quality {
    return this.#quality;
  }

  get session(): string {
    return this.#intake.session;
  }

  get state(): ChannelState {
    if (!this.#intake.sessions.known) return "waiting";
    if (this.#intake.sessions.ended) return "ended";
    return this.#recovery.phase;
  }

  /** One turn of the duty cycle: takes what has come, bounded, and does what time brings. Returns how much it did. */
  doWork(nowNs: number): number {
    this.#nowNs = nowNs;
    this.#intake.nowNs = nowNs;
    let work = 0;
    for (let round = 0; round < this.#settings.batchesPerWorkMax; round++) {
      let most = 0;
      for (let line = 0; line < this.#receivers.length; line++) {
        const count = this.#receiveBatch(line);
        if (count > most) most = count;
        work += count;
      }
      if (most < BATCH_WORTH_REPEATING) break;
    }
    if (this.#rerequest) work += this.#receiveAnswers();
    if (this.#intake.sessions.known)
      work += this.#recovery.drive(this.#intake.sessions.current, nowNs, this.#intake.stampNs);
    this.#intake.checkEnd();
    this.#tellQuality();
    this.#endBatch();
    if (nowNs - this.#publishNs >= PUBLISH_INTERVAL_NS) this.publish();
    return work;
  }

  #receiveBatch(line: number): number {
    const receiver = this.#receivers[line]!;
    const meter = this.#meter;
    if (meter) meter.receiving();
    const count = receiver.receive();
    if (meter) meter.received(count, receiver.bytes);
    for (let i = 0; i < count; i++) {
      const offset = receiver.packetOffset(i);
      const length = receiver.packetLength(i);
      const stampNs = receiver.packetStampNs(i);
      if (receiver.packetTruncated(i)) this.#intake.truncated(line, receiver.bytes, offset, length, stampNs);
      else this.#intake.datagram(line, receiver.bytes, receiver.view, offset, length, stampNs);
    }
    if (count > 0) {
      if (meter) meter.arbitrated();
      this.#endBatch();
    }
    return count;
  }

  #receiveAnswers(): number {
    const datagrams = this.#datagrams!;
    let count = 0;
    for (; count < ANSWERS_PER_WORK_MAX; count++) {
      const length = datagrams.receive();
      if (length < 0) break;
      this.#rerequest!.answered(this.#nowNs);
      if (datagrams.truncated) this.#intake.truncated(this.#repairLine, datagrams.bytes, 0, length, datagrams.stampNs);
      else this.#intake.datagram(this.#repairLine, datagrams.bytes, datagrams.view, 0, length, datagrams.stampNs);
    }
    return count;
  }

  /**
   * One datagram of line `line` from elsewhere than a receiver: a capture. Its stamps are then the clock too, and what
   * time brings is done here. The caller ends batches (`batchEnd`), and the channel by `finish`.
   */
  packet(line: number, bytes: Uint8Array, view: DataView, offset: number, length: number, tsRecvNs: number): void {
    if (this.#receivers.length === 0 && tsRecvNs > this.#nowNs) this.#intake.nowNs = this.#nowNs = tsRecvNs;
    this.#intake.datagram(line, bytes, view, offset, length, tsRecvNs);
    if (this.#receivers.length > 0 || !this.#intake.sessions.known) return;
    if (
      this.#recovery.phase !== "live" ||
      this.#arbiter.missing.count > 0 ||
      this.#arbiter.drainable ||
      this.#arbiter.knowsFurther
    )
      this.#recovery.drive(this.#intake.sessions.current, this.#nowNs, tsRecvNs);
    this.#intake.checkEnd();
    this.#tellQuality();
  }

  /** After a run of `packet` calls: lets the sink publish. */
  batchEnd(): void {
    this.#endBatch();
  }

  /** The end of a capture: hands on whatever is held, counting what is missing in between as lost. */
  finish(): void {
    if (this.#intake.sessions.known) {
      this.#recovery.finish(this.#nowNs);
      this.#intake.finish();
      this.#recovery.finish(this.#nowNs);
    }
    for (const line of this.#lines) line.settleAll(this.#nowNs);
    this.#intake.checkEnd();
    this.#tellQuality();
    this.#endBatch();
    this.publish();
  }

  #currentQuality(): Quality {
    if (this.#intake.sessions.ended) return Quality.closed;
    if (this.#nowNs - this.#intake.heardNs > this.#silenceNs) return Quality.stale;
    const arbiter = this.#arbiter;
    const whole = this.#recovery.phase === "live" && !this.#recovery.inDoubt;
    const still = arbiter.gaps.openCount === 0 && !arbiter.drainable && !arbiter.knowsFurther;
    return whole && still ? Quality.ok : Quality.recovering;
  }

  /** Something is about to be left out, or everything forgotten: nobody may see what follows as ok. */
  #tellDoubt(): void {
    if (this.#quality === Quality.ok) this.#tell(Quality.recovering);
  }

  #tellQuality(): void {
    this.#tell(this.#currentQuality());
  }

  #tell(quality: Quality): void {
    if (quality === this.#quality && this.#qualityTold) return;
    this.#quality = quality;
    this.#qualityTold = true;
    this.#deliveredTold = -1;
    this.#sink.quality(quality);
  }

  #endBatch(): void {
    if (this.#arbiter.deliveredCount === this.#deliveredTold) return;
    this.#deliveredTold = this.#arbiter.deliveredCount;
    this.#sink.batchEnd();
  }

  /** Brings the counters up to date that are not counted as they happen; `doWork` does so every 20 ms. */
  publish(): void {
    this.#publishNs = this.#nowNs;
    for (let i = 0; i < this.#monitors.length; i++) {
      const monitor = this.#monitors[i]!;
      monitor.settle(this.#nowNs);
      // The answers' line is only spoken on when asked.
      const isLine = i < this.#lines.length;
      const silent = isLine && (monitor.lastHeardNs < 0 || this.#nowNs - monitor.lastHeardNs > this.#silenceNs);
      const quality = this.#intake.sessions.ended ? Quality.closed : silent ? Quality.stale : Quality.ok;
      const drops = this.#receivers[i]?.dropCount ?? 0;
      monitor.publish(quality, drops, this.#leads, this.#settings.epochBaseSeconds);
    }
    publishChannel(this.counters.values, {
      state: CHANNEL_STATES.indexOf(this.state),
      quality: this.#quality,
      sessionCount: this.#intake.sessionCount,
      arbiter: this.#arbiter,
      rerequest: this.#rerequest,
      glimpse: this.#glimpse,
    });
  }

  /** What the counters do not hold, for people. Makes objects: not for every turn. */
  status(): ChannelStatus {
    return {
      name: this.name,
      session: this.#intake.session,
      state: this.state,
      quality: this.#quality,
      qualityReason: qualityReason({
        quality: this.#quality,
        state: this.state,
        everHeard: this.#intake.heardNs > Number.NEGATIVE_INFINITY,
        silenceNs: this.#nowNs - this.#intake.heardNs,
        inDoubt: this.#recovery.inDoubt,
        lostCount: this.#arbiter.lostCount,
        missingCount: this.#arbiter.missing.total,
        glimpseFailure: this.#glimpse?.lastFailure ?? "",
      }),
      nextSequence: this.#arbiter.nextSequence,
      nowNs: this.#nowNs,
      gaps: this.#arbiter.gaps.records(),
      badPackets: [...this.#bad.samples],
      glimpseFailure: this.#glimpse?.lastFailure ?? "",
    };
  }

  /**
   * Fills in what to wait on: the lines, the re-request socket, a snapshot's connection. Returns how many there are.
   *
   */
  pollFds(fds: Int32Array): number {
    let count = 0;
    for (const receiver of this.#receivers) fds[count++] = receiver.fd;
    if (this.#datagrams) fds[count++] = this.#datagrams.fd;
    if (this.#glimpse && this.#glimpse.fd >= 0) fds[count++] = this.#glimpse.fd;
    return count;
  }

  /** Closes everything it was given. */
  close(): void {
    this.#glimpse?.stop();
    this.#datagrams?.close();
    for (const receiver of this.#receivers) receiver.close();
  }
}
