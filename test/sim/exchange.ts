/**
 * The simulated exchange: the real message store, session image, re-request and GLIMPSE servers over simulated sockets,
 * one set an episode, as a restarted exchange would have. Publishing is the tape's next messages into the store; the
 * lines send them.
 */
import { GlimpseServer } from "../../src/exchange/glimpse-server.ts";
import { MessageStore } from "../../src/exchange/message-store.ts";
import { RerequestServer } from "../../src/exchange/rerequest-server.ts";
import type { TcpListener } from "../../src/io/tcp.ts";
import type { UdpUnicast } from "../../src/io/udp-unicast.ts";
import { SimListener, type SimStream, type StreamFaults } from "./stream.ts";
import type { SimDatagrams } from "./unicast.ts";
import type { Episode, SimClock } from "./world.ts";

export interface ExchangeOptions {
  /** Re-request servers; they have the ports from 1 on. */
  rerequestServers: number;
  hasGlimpse: boolean;
  storeBytesMax: number;
  answerBytesMax: number;
  answersPerSecond: number;
}

/** What a client must say to be let in. */
export const LOGIN = { username: "sim", password: "sim" } as const;

export class SimExchange {
  episode: Episode | undefined;
  /** Of the connections so far, the last one's episode. */
  connectedTo: Episode | undefined;
  /** While it rejects logins. */
  isRejecting = false;
  readonly #options: ExchangeOptions;
  readonly #clock: SimClock;
  readonly #datagrams: SimDatagrams;
  #store = new MessageStore(1);
  #servers: RerequestServer[] = [];
  #glimpse: GlimpseServer | undefined;
  #listener: SimListener | undefined;

  constructor(options: ExchangeOptions, clock: SimClock, datagrams: SimDatagrams) {
    this.#options = options;
    this.#clock = clock;
    this.#datagrams = datagrams;
  }

  /** A new session: everything of the old one is gone. */
  begin(episode: Episode): void {
    const { rerequestServers, hasGlimpse, storeBytesMax, answerBytesMax, answersPerSecond } = this.#options;
    this.#glimpse?.close();
    this.episode = episode;
    this.#store = new MessageStore(storeBytesMax);
    this.#store.nextSequence = episode.plan.base + 1;
    this.#servers = [];
    for (let port = 1; port <= rerequestServers; port++) {
      const socket = this.#datagrams.listen(port) as unknown as UdpUnicast;
      const limits = { answersPerSecond };
      this.#servers.push(new RerequestServer(socket, this.#store, episode.session10, limits, answerBytesMax));
    }
    if (!hasGlimpse) return;
    this.#listener = new SimListener(this.#clock);
    const listener = this.#listener as unknown as TcpListener;
    this.#glimpse = new GlimpseServer(listener, this.#store, episode.plan.session, LOGIN);
    this.#glimpse.image.sequence = episode.plan.base + 1;
  }

  /** Publishes the next messages of the tape. */
  publish(messages: number): void {
    const episode = this.episode!;
    const { tape } = episode;
    const to = Math.min(episode.published + messages, episode.plan.messages);
    const from = tape.offsets[episode.published]!;
    const { hasGlimpse, rerequestServers } = this.#options;
    if (hasGlimpse || rerequestServers > 0) this.#store.append(tape.bytes, tape.view, from, tape.offsets[to]! - from);
    episode.published = to;
  }

  get isDone(): boolean {
    return this.episode!.published === this.episode!.plan.messages;
  }

  connect(faults: StreamFaults): SimStream {
    this.connectedTo = this.episode;
    return this.#listener!.connect(faults);
  }

  serveRequests(): void {
    for (const server of this.#servers) server.doWork(this.#clock.nowNs);
  }

  serveSnapshots(): void {
    this.#glimpse?.doWork(this.#clock.nowNs);
  }
}
