/**
 * One simulated day: the real stages on one thread, turned in an order that the seed decides, over a simulated clock
 * and network. First the faults of the plan while the checker watches (safety); then everything heals, and within
 * bounded time the channel must have come to the end, whole or saying that it is not (convergence).
 */
import { Prng } from "../../src/core/prng.ts";
import { Quality, qualityName } from "../../src/core/quality.ts";
import { Channel } from "../../src/ingest/channel.ts";
import type { MessageSink } from "../../src/ingest/contract.ts";
import type { ChannelOptions } from "../../src/ingest/options.ts";
import { CHANNEL_DEFAULTS } from "../../src/ingest/options.ts";
import { SimBooks } from "./books.ts";
import { Checker } from "./checker.ts";
import { LOGIN, SimExchange } from "./exchange.ts";
import { SimLine } from "./line.ts";
import { planOf, type SimEvent, type SimPlan } from "./plan.ts";
import { SimDatagrams } from "./unicast.ts";
import { Episode, SimClock, SimFailure } from "./world.ts";

const MS = 1e6;
const SECOND = 1e9;
/** Simulated time for everything to come right once everything has healed. */
const CONVERGE_NS = 120 * SECOND;
const END_OF_SESSION_NS = 100 * MS;
/** How long a restarted exchange is heard to be at its beginning before it speaks, in heartbeats. */
const RESTART_HEARTBEATS = 8;
const BLOCK_BYTES = 65_536;
/** Turns of the channel in one step at most, and how long each takes. */
const TURNS_MAX = 256;
const TURN_NS = 2000;

export interface SimHooks {
  /** Something to put between the channel and what checks it. */
  wrapChannel?: (checked: MessageSink, prng: Prng) => MessageSink;
  /** Something to put between the checker and the books. */
  wrapBooks?: (books: SimBooks, prng: Prng) => SimBooks;
  /** Changes the plan. */
  plan?: (plan: SimPlan) => void;
  trace?: (line: string) => void;
}

export interface SimResult {
  seed: number;
  /** Published, and handed on to the books (of snapshots too). */
  published: number;
  handedOn: number;
  traceHash: string;
  quality: string;
  isLossy: boolean;
  comparisons: number;
  snapshots: number;
  steps: number;
  simulatedNs: number;
}

export class Simulator {
  readonly plan: SimPlan;
  readonly clock = new SimClock();
  readonly checker: Checker;
  readonly channel: Channel;
  readonly #prng: Prng;
  readonly #books: SimBooks;
  readonly #lines: SimLine[];
  readonly #exchange: SimExchange;
  readonly #datagrams: SimDatagrams;
  readonly #episodes: Episode[];
  readonly #trace: ((line: string) => void) | undefined;
  readonly #heartbeatNs: number;
  readonly #beganNs = this.clock.nowNs;
  #isHealed = false;
  #isListening = false;
  #spokeNs = Number.NEGATIVE_INFINITY;
  #publishedBefore = 0;
  #nextEvent = 0;
  #quietUntilNs = 0;
  #glimpse: SimEvent & { kind: "glimpse" } = {
    at: 0,
    kind: "glimpse",
    connect: "open",
    isRejecting: false,
    durationNs: 0,
  };
  #glimpseUntilNs = 0;
  readonly #downUntilNs: number[] = [];
  #steps = 0;

  constructor(seed: number, messages: number, hooks: SimHooks = {}) {
    const plan = planOf(seed, messages);
    hooks.plan?.(plan);
    this.plan = plan;
    this.#trace =
      hooks.trace && ((line) => hooks.trace!(`${((this.clock.nowNs - this.#beganNs) / MS).toFixed(3)} ms  ${line}`));
    this.#prng = new Prng(seed * 2 + 1);
    const prng = this.#prng;
    this.#episodes = plan.episodes.map((episode, i) => new Episode(i, episode, messages));
    this.#lines = plan.lines.map((faults, i) => new SimLine(i, this.clock, faults, prng.fork(), this.#episodes[0]!));
    this.#datagrams = new SimDatagrams(this.clock, prng.fork(), plan.path);
    this.#exchange = new SimExchange(plan, this.clock, this.#datagrams);
    const settings = { ...CHANNEL_DEFAULTS, ...plan.channel };
    this.#heartbeatNs = settings.heartbeatIntervalNs;
    const books = new SimBooks(plan.shards, plan.isStrict);
    this.#books = hooks.wrapBooks?.(books, prng.fork()) ?? books;
    this.checker = new Checker({
      clock: this.clock,
      books: this.#books,
      prng: prng.fork(),
      checkpointShare: plan.checkpointShare,
      shadowShare: plan.shadowShare,
      heartbeatNs: settings.heartbeatIntervalNs,
      gapWaitNs: settings.gapWaitNs,
      isLenient: plan.isLenient,
      isCanary: hooks.wrapChannel !== undefined,
      trace: this.#trace,
    });
    const sink = hooks.wrapChannel?.(this.checker, prng.fork()) ?? this.checker;
    this.channel = new Channel(this.#options(), sink, {
      receivers: this.#lines,
      datagrams: plan.rerequestServers > 0 ? this.#datagrams : undefined,
      connect: plan.hasGlimpse ? () => this.#connect() : undefined,
    });
    this.checker.channel = this.channel;
  }

  #options(): ChannelOptions {
    const { plan } = this;
    return {
      ...plan.channel,
      name: "sim",
      lines: plan.lines.map((_, i) => ({ name: "ab"[i]! })),
      rerequestServers: Array.from({ length: plan.rerequestServers }, (_, i) => ({ address: "10.0.0.2", port: i + 1 })),
      glimpse: plan.hasGlimpse ? { host: "10.0.0.2", port: 9, ...LOGIN } : undefined,
    };
  }

  #connect() {
    const isDisturbed = this.clock.nowNs < this.#glimpseUntilNs;
    const { stream } = this.plan;
    const faults = isDisturbed ? { ...stream, connect: this.#glimpse.connect } : { ...stream };
    // A connection is cut once in a while, not for ever at the same place.
    if (this.#isHealed || this.#prng.chance(0.3)) faults.cutAfterBytes = Number.POSITIVE_INFINITY;
    if (isDisturbed && faults.connect === "open" && this.#glimpse.isRejecting) faults.connect = "refuse";
    this.#trace?.(`glimpse: ${faults.connect}`);
    this.checker.snapshotOf = this.#exchange.episode;
    return this.#exchange.connect(faults);
  }

  run(): SimResult {
    for (const [i, episode] of this.#episodes.entries()) {
      this.#begin(episode);
      const isLast = i === this.#episodes.length - 1;
      this.#live(episode);
      if (isLast) {
        this.#converge(episode);
        break;
      }
      this.#die(episode);
      this.#publishedBefore += episode.plan.messages;
    }
    return this.#result();
  }

  #begin(episode: Episode): void {
    this.#trace?.(`exchange begins ${episode.plan.session} (episode ${episode.index}) at ${episode.plan.base + 1}`);
    this.#exchange.begin(episode);
    this.checker.episodes.push(episode);
    for (const line of this.#lines) line.begin(episode);
    if (!episode.plan.isRestart) return;
    // Nothing but being heard at the beginning again tells a restart under the same name from a late packet.
    const faults = this.#lines.map((line) => line.faults);
    for (const line of this.#lines) line.heal();
    this.#pass(RESTART_HEARTBEATS * this.#heartbeatNs);
    for (const [i, line] of this.#lines.entries()) line.faults = faults[i]!;
  }

  #live(episode: Episode): void {
    const { plan } = this;
    const dtNs = (plan.stepMessages / plan.messagesPerSecond) * SECOND;
    while (!this.#exchange.isDone) {
      this.#meetEvents();
      if (this.clock.nowNs < this.#quietUntilNs) {
        this.#quiet(this.#quietUntilNs - this.clock.nowNs);
        continue;
      }
      this.clock.nowNs += dtNs * (0.5 + this.#prng.float());
      this.#exchange.publish(Math.ceil(plan.stepMessages * 2 * this.#prng.float()));
      for (const line of this.#lines) line.send(episode);
      this.#spokeNs = this.clock.nowNs;
      this.#turn();
    }
  }

  /** Time in which nothing is published. */
  #quiet(durationNs: number): void {
    const most = this.#heartbeatNs / 3;
    this.clock.nowNs += Math.min(durationNs, 0.1 * MS + most * this.#prng.float());
    this.#speak(false);
    this.#turn();
  }

  #pass(durationNs: number): void {
    const untilNs = this.clock.nowNs + durationNs;
    while (this.clock.nowNs < untilNs) this.#quiet(untilNs - this.clock.nowNs);
  }

  #speak(isEnd: boolean): void {
    for (const line of this.#lines) line.flush(this.#exchange.episode!);
    if (this.clock.nowNs - this.#spokeNs < (isEnd ? END_OF_SESSION_NS : this.#heartbeatNs)) return;
    this.#spokeNs = this.clock.nowNs;
    for (const line of this.#lines) line.speak(this.#exchange.episode!, isEnd);
  }

  #die(episode: Episode): void {
    this.#trace?.(`exchange: ${episode.plan.end}`);
    if (episode.plan.end === "end-of-session") {
      const untilNs = this.clock.nowNs + this.#prng.float() * 3 * SECOND;
      while (this.clock.nowNs < untilNs) {
        this.clock.nowNs += END_OF_SESSION_NS / 2;
        this.#speak(true);
        this.#turn();
      }
    }
    const untilNs = this.clock.nowNs + episode.plan.downNs;
    while (this.clock.nowNs < untilNs) {
      this.clock.nowNs += Math.min(untilNs - this.clock.nowNs, this.#heartbeatNs / 3);
      this.#turn();
    }
  }

  #meetEvents(): void {
    const published = this.#publishedBefore + this.#exchange.episode!.published;
    const { events } = this.plan;
    const { nowNs } = this.clock;
    for (; this.#nextEvent < events.length && events[this.#nextEvent]!.at <= published; this.#nextEvent++) {
      const event = events[this.#nextEvent]!;
      const untilNs = nowNs + event.durationNs;
      this.#trace?.(`event ${JSON.stringify(event)}`);
      if (event.kind === "line-dead") this.#lines[event.line]!.deadUntilNs = untilNs;
      else if (event.kind === "quiet") this.#quietUntilNs = untilNs;
      else if (event.kind === "server-down") this.#downUntilNs[event.port] = untilNs;
      else {
        this.#glimpse = event;
        this.#glimpseUntilNs = untilNs;
      }
    }
    if (!this.#isListening && published >= this.plan.joinAfter) {
      this.#isListening = true;
      this.#trace?.("the channel listens");
    }
  }

  /** Every stage gets a turn, in an order by chance; servers only now and then, if they are slow. */
  #turn(): void {
    this.#steps++;
    const prng = this.#prng;
    for (const server of this.#datagrams.servers) {
      if (server) server.isUp = this.#isHealed || this.clock.nowNs >= (this.#downUntilNs[server.localPort] ?? 0);
    }
    const channelFirst = prng.chance(0.5);
    if (channelFirst) this.#turnChannel();
    if (prng.chance(this.#isHealed ? 1 : this.plan.serverShare)) {
      this.#exchange.serveRequests();
      this.#exchange.serveSnapshots();
    }
    if (!channelFirst) this.#turnChannel();
    this.#books.turnOne(prng.below(8));
  }

  #turnChannel(): void {
    if (!this.#isListening) {
      for (const line of this.#lines) line.discardDue();
      return;
    }
    const { hash } = this.checker;
    // One turn is bounded; while packets wait the next follows at once.
    for (let turns = 0; turns === 0 || (turns < TURNS_MAX && this.#lines.some((line) => line.isDue)); turns++) {
      if (turns > 0) this.clock.nowNs += TURN_NS;
      const work = this.channel.doWork(this.clock.nowNs);
      this.checker.check();
      hash.u53(this.clock.nowNs);
      hash.u32(work);
    }
    if (this.#steps % 64 === 0) this.#checkBounds();
  }

  #checkBounds(): void {
    this.channel.publish();
    const counts = this.channel.counters.toObject();
    const { reorderMessagesMax, reorderBytesMax } = { ...CHANNEL_DEFAULTS, ...this.plan.channel };
    if (counts["reorderMessages"]! > reorderMessagesMax) throw new SimFailure("more messages held back than allowed");
    if (counts["reorderBytes"]! > Math.max(2 * BLOCK_BYTES, reorderBytesMax))
      throw new SimFailure("more bytes held back than allowed");
    if (this.channel.status().gaps.length > 128) throw new SimFailure("an unbounded list of gaps");
  }

  #converge(episode: Episode): void {
    this.#trace?.("everything heals");
    this.#isHealed = true;
    this.#isListening = true;
    this.#glimpseUntilNs = 0;
    this.#datagrams.faults = { ...this.plan.path, loss: 0, duplicate: 0 };
    for (const line of this.#lines) line.heal();
    const isEnd = episode.plan.end === "end-of-session";
    let untilNs = this.clock.nowNs + CONVERGE_NS;
    let calmNs = -1;
    let nextSequence = 0;
    while (calmNs < 0 || this.clock.nowNs - calmNs < 3 * this.#heartbeatNs) {
      // A server that gives little at a time takes its time; standing still is what must not be.
      if (!this.#canBeWhole && this.channel.nextSequence > nextSequence) untilNs = this.clock.nowNs + CONVERGE_NS;
      nextSequence = this.channel.nextSequence;
      if (this.clock.nowNs > untilNs) this.#complain(episode);
      this.clock.nowNs += calmNs < 0 ? MS : this.#heartbeatNs / 4;
      this.#speak(isEnd);
      this.#turn();
      if (!this.#isThere(episode, isEnd)) calmNs = -1;
      else if (calmNs < 0) calmNs = this.clock.nowNs;
    }
    if (this.plan.isLenient || this.checker.isLossy) return;
    this.checker.compare(episode.plan.messages);
  }

  #isThere(episode: Episode, isEnd: boolean): boolean {
    if (this.plan.isLenient) return true;
    const { checker, channel } = this;
    if (checker.episode !== episode || channel.nextSequence !== episode.plan.base + 1 + episode.plan.messages)
      return false;
    if (isEnd) return channel.quality === Quality.closed;
    if (channel.quality === Quality.ok) return true;
    // Lost for good, and said so.
    const isDoubtful = checker.isLossy || episode.plan.base > 0;
    return isDoubtful && !this.#canBeWhole && channel.quality === Quality.recovering;
  }

  /** Whoever has GLIMPSE to ask is whole in the end, unless it was told not to ask. */
  get #canBeWhole(): boolean {
    return this.plan.hasGlimpse && this.plan.channel.join !== "now";
  }

  #complain(episode: Episode): never {
    const { state, quality, nextSequence } = this.channel;
    const reason = this.channel.status().qualityReason;
    throw new SimFailure(
      `not whole ${CONVERGE_NS / SECOND} s after everything healed: ${state}, ${qualityName(quality)} (${reason}), ` +
        `next ${nextSequence} of ${episode.nextSequence}, session ${this.channel.session}` +
        `${this.checker.isLossy ? ", with messages left out" : ""}`,
    );
  }

  #result(): SimResult {
    const { checker, plan } = this;
    this.channel.publish();
    const { hash } = checker;
    for (const value of this.channel.counters.values)
      hash.u53(Number.isFinite(value) && value > 0 ? Math.floor(value) : 0);
    this.channel.close();
    return {
      seed: plan.seed,
      published: this.#episodes.reduce((sum, episode) => sum + episode.published, 0),
      handedOn: checker.messageCount,
      traceHash: hash.digest(),
      quality: qualityName(this.channel.quality),
      isLossy: checker.isLossy,
      comparisons: checker.comparedCount,
      snapshots: checker.snapshotCount,
      steps: this.#steps,
      simulatedNs: this.clock.nowNs - this.#beganNs,
    };
  }
}

/** Runs one seed. A failure says which. */
export function simulate(seed: number, messages: number, hooks: SimHooks = {}): SimResult {
  try {
    return new Simulator(seed, messages, hooks).run();
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new SimFailure(`seed ${seed}, ${messages} messages: ${what}`, { cause: error });
  }
}
