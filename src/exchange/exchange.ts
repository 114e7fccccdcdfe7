/**
 * The embedded exchange: a source of messages, the feed on its lines, and the servers that repair it, in one duty
 * cycle on one thread.
 *
 *     source ─> blocks ─┬─> store ─> re-request server, GLIMPSE server
 *                       ├─> publisher ─> line A, line B
 *                       └─> file, if asked for
 */
import { clock } from "../io/clock.ts";
import { type FileAppender, openAppender } from "../io/disk.ts";
import { listenTcp } from "../io/tcp.ts";
import { openUdpSender } from "../io/udp-sender.ts";
import { openUdpUnicast } from "../io/udp-unicast.ts";
import { countsByType, type DaySummary, summarizeDay } from "./day-summary.ts";
import { EXCHANGE_DEFAULTS, type ExchangeOptions, type LineOptions } from "./exchange-options.ts";
import { FilePlayer } from "./file-player.ts";
import { type GlimpseCounts, GlimpseServer } from "./glimpse-server.ts";
import { type LineCounts, LineOutput } from "./line-output.ts";
import type { MessageSource } from "./message-source.ts";
import { MessageStore } from "./message-store.ts";
import { Publisher } from "./publisher.ts";
import { type RerequestCounts, RerequestServer } from "./rerequest-server.ts";
import { SyntheticSource } from "./synthetic-source.ts";

/** What is bound, once it is. */
export interface ExchangeReady {
  readonly session: string;
  readonly lines: readonly { name: string; group: string; port: number; interface: string | undefined }[];
  readonly rerequest: { address: string; port: number } | undefined;
  readonly glimpse: { address: string; port: number } | undefined;
}

export interface ExchangeSummary {
  readonly session: string;
  readonly messages: number;
  readonly byType: Readonly<Record<string, number>>;
  readonly nextSequence: number;
  readonly packets: number;
  readonly heartbeats: number;
  readonly lines: readonly ({ name: string } & LineCounts)[];
  readonly rerequest: RerequestCounts | undefined;
  readonly glimpse: GlimpseCounts | undefined;
  readonly store: { firstSequence: number; bytes: number };
  /** Of a synthetic day. */
  readonly day: DaySummary | undefined;
  /** Of a file: where it was cut, if it was. */
  readonly cutOffset: number | undefined;
}

/** After a stop the servers stay up no longer than this. */
const STOP_LINGER_NS = 0.5e9;

export class Exchange {
  readonly ready: ExchangeReady;
  readonly source: MessageSource;
  readonly publisher: Publisher;
  readonly store: MessageStore;
  readonly rerequest: RerequestServer | undefined;
  readonly glimpse: GlimpseServer | undefined;
  readonly #lineOptions: readonly LineOptions[];
  readonly #file: FileAppender | undefined;
  #lingerNs: number;
  #endedNs = Infinity;
  #isOver = false;
  #closers: (() => void)[] = [];

  /**
   * Opens everything. Throws what the sockets and files throw (`port-in-use`, `interface-not-found`, `file-not-found`,
   * …); nothing stays open then.
   */
  constructor(options: ExchangeOptions) {
    const session = options.session ?? freshSession();
    this.#lineOptions = options.lines;
    this.#lingerNs = options.lingerNs ?? EXCHANGE_DEFAULTS.lingerNs;
    this.store = new MessageStore(options.storeBytesMax ?? EXCHANGE_DEFAULTS.storeBytesMax);
    try {
      this.source = this.#own(openSource(options));
      const lines = options.lines.map((line, i) =>
        this.#own(openLine(line, (options.faultSeed ?? 1) * 31 + i, options)),
      );
      this.publisher = new Publisher(session, lines, options.heartbeatNs, options.payloadBytesMax);
      this.rerequest = options.rerequest && this.#own(this.#openRerequest(options.rerequest, options.payloadBytesMax));
      this.glimpse = options.glimpse && this.#own(this.#openGlimpse(options.glimpse, session));
      this.#file = options.alsoToFile === undefined ? undefined : this.#own(openAppender(options.alsoToFile));
    } catch (error) {
      this.close();
      throw error;
    }
    this.ready = {
      session,
      lines: options.lines.map(({ name, group, port, interface: by }) => ({ name, group, port, interface: by })),
      rerequest: this.rerequest && { address: options.rerequest!.address, port: this.rerequest.localPort },
      glimpse: this.glimpse && { address: options.glimpse!.address, port: this.glimpse.localPort },
    };
  }

  /** All messages are out, and the servers have stayed up for as long as they should. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** All messages are out. */
  get isEnded(): boolean {
    return this.#endedNs !== Infinity;
  }

  /** One duty cycle. Returns above 0 when there may be more to do at once. */
  doWork(nowNs: number): number {
    let work = 0;
    if (!this.isEnded) {
      work += this.source.produce(nowNs);
      this.#publish(nowNs);
      if (this.source.isOver) {
        this.#endedNs = nowNs;
        this.publisher.end(nowNs);
        this.#file?.flush();
      }
    } else if (nowNs - this.#endedNs >= this.#lingerNs) this.#isOver = true;
    work += this.publisher.doWork(nowNs);
    if (this.rerequest !== undefined) work += this.rerequest.doWork(nowNs);
    if (this.glimpse !== undefined) work += this.glimpse.doWork(nowNs);
    return work;
  }

  /** When something is next due by the clock, should nothing come in before. */
  get nextDueNs(): number {
    const endNs = this.isEnded ? this.#endedNs + this.#lingerNs : this.source.nextDueNs;
    return Math.min(endNs, this.publisher.nextDueNs);
  }

  /** Puts the descriptors to wait on into `fds`; returns how many there are. */
  waitFds(fds: Int32Array): number {
    let count = 0;
    if (this.rerequest !== undefined) fds[count++] = this.rerequest.fd;
    if (this.glimpse !== undefined) {
      fds[count++] = this.glimpse.fd;
      for (let i = 0; i < this.glimpse.clientCount && count < fds.length; i++) fds[count++] = this.glimpse.clientFd(i);
    }
    return count;
  }

  /** Ends the day early but in order: closing cross, system events, end of session, a short linger. */
  stop(nowNs: number): void {
    if (!this.isEnded) this.source.finish(nowNs);
    this.#lingerNs = Math.min(this.#lingerNs, STOP_LINGER_NS);
  }

  summary(): ExchangeSummary {
    const { source, publisher } = this;
    return {
      session: this.ready.session,
      messages: source.blocks.messageTotal,
      byType: countsByType(source.blocks.typeCounts),
      nextSequence: publisher.nextSequence,
      packets: publisher.packets,
      heartbeats: publisher.heartbeats,
      lines: publisher.lines.map((line, i) => ({ name: this.#lineOptions[i]!.name, ...line.counts })),
      rerequest: this.rerequest && { ...this.rerequest.counts },
      glimpse: this.glimpse && { ...this.glimpse.counts },
      store: { firstSequence: this.store.firstSequence, bytes: this.store.bytesUsed },
      day: source instanceof SyntheticSource ? summarizeDay(source.flow) : undefined,
      cutOffset: source instanceof FilePlayer ? source.cutOffset : undefined,
    };
  }

  /** Closes sockets and files. May be called at any time, and again. */
  close(): void {
    const closers = this.#closers;
    this.#closers = [];
    for (const close of closers) close();
  }

  #publish(nowNs: number): void {
    const { blocks } = this.source;
    if (blocks.length === 0) return;
    this.store.append(blocks.bytes, blocks.view, 0, blocks.length);
    this.publisher.publish(blocks.bytes, blocks.view, 0, blocks.length, nowNs);
    this.#file?.write(blocks.bytes, 0, blocks.length);
    blocks.clear();
  }

  #own<T extends { close(): void }>(part: T): T {
    this.#closers.push(() => part.close());
    return part;
  }

  #openRerequest(at: NonNullable<ExchangeOptions["rerequest"]>, payloadBytesMax: number | undefined): RerequestServer {
    const socket = openUdpUnicast(at);
    return new RerequestServer(socket, this.store, this.publisher.session10, at, payloadBytesMax);
  }

  #openGlimpse(at: NonNullable<ExchangeOptions["glimpse"]>, session: string): GlimpseServer {
    return new GlimpseServer(listenTcp(at), this.store, session, at);
  }
}

function openSource(options: ExchangeOptions): MessageSource {
  if (options.source.kind === "file") return new FilePlayer(options.source);
  return new SyntheticSource(options.source, clock.realtimeNs() - clock.monotonicNs());
}

function openLine(line: LineOptions, seed: number, options: ExchangeOptions): LineOutput {
  const sender = openUdpSender({
    address: line.group,
    port: line.port,
    ttl: line.ttl ?? 0,
    ...(line.interface === undefined ? {} : { interface: line.interface }),
  });
  return new LineOutput(sender, line, seed, options.payloadBytesMax ?? 1400);
}

/** A session name that no earlier run had: the second it began in. */
function freshSession(): string {
  const second = clock.epochBaseSeconds + Math.floor(clock.realtimeNs() / 1e9);
  return String(second).padStart(10, "0").slice(-10);
}
