/**
 * The snapshot server: GLIMPSE 5.0 over SoupBinTCP. A client logs in, gets the session as it is now, then G with the
 * sequence from which the live feed goes on, then heartbeats until it leaves or falls silent.
 *
 * Owned by one `Exchange`, on its thread. Never blocks: the image catches up with the store, the snapshot is built and
 * the bytes are sent a slice a call. Clients that log in while a snapshot is being prepared share it; a slow client
 * keeps its snapshot, not its neighbours. Bounded: clients, snapshots alive, bytes sent a call.
 */
import { NS_PER_S } from "../core/units.ts";
import type { TcpListener } from "../io/tcp.ts";
import { SoupReject } from "../wire/soupbintcp.ts";
import { GlimpseClient } from "./glimpse-client-session.ts";
import type { MessageStore } from "./message-store.ts";
import { SessionImage } from "./session-image.ts";
import { SnapshotSpin } from "./snapshot-spin.ts";

export interface GlimpseOptions {
  /** Who may log in; anybody when both are left out. */
  readonly username?: string;
  readonly password?: string;
  /** Default 32. */
  readonly clientsMax?: number;
}

export interface GlimpseCounts {
  connections: number;
  /** Turned away because there were too many. */
  refused: number;
  accepted: number;
  rejected: number;
  snapshots: number;
  /** Snapshots that reached their client whole. */
  completed: number;
}

const CLIENTS_MAX_DEFAULT = 32;
/** Messages of catching up or building a call: a fraction of a millisecond. */
const SLICE_MESSAGES = 2000;
/** Snapshots in memory at once; logins beyond wait. */
const SPINS_MAX = 4;
const LOGIN_NS_MAX = 15 * NS_PER_S;

export class GlimpseServer {
  readonly image = new SessionImage();
  readonly counts: GlimpseCounts = { connections: 0, refused: 0, accepted: 0, rejected: 0, snapshots: 0, completed: 0 };
  readonly #listener: TcpListener;
  readonly #store: MessageStore;
  readonly #session: string;
  readonly #options: GlimpseOptions;
  readonly #clientsMax: number;
  #clients: GlimpseClient[] = [];
  /** Being prepared: first the image catches up (no spin yet), then the spin is built. */
  #spin: SnapshotSpin | undefined;

  constructor(listener: TcpListener, store: MessageStore, session: string, options: GlimpseOptions = {}) {
    this.#listener = listener;
    this.#store = store;
    this.#session = session;
    this.#options = options;
    this.#clientsMax = options.clientsMax ?? CLIENTS_MAX_DEFAULT;
    // What the store forgets the image must know.
    store.onDrop = (chunk) => {
      this.#finishSpin();
      this.image.apply(chunk, chunk.count);
    };
  }

  get fd(): number {
    return this.#listener.fd;
  }

  get localPort(): number {
    return this.#listener.localPort;
  }

  get clientCount(): number {
    return this.#clients.length;
  }

  /** Descriptors to wait on besides the listener's. */
  clientFd(index: number): number {
    return this.#clients[index]!.fd;
  }

  /** A slice of everything. Returns above 0 while there is more to do. */
  doWork(nowNs: number): number {
    let work = this.#accept(nowNs);
    if (this.#clients.length === 0) return work;
    for (const client of this.#clients) {
      work += client.receive(nowNs);
      if (client.hasLogin) this.#judge(client);
    }
    work += this.#prepare();
    for (const client of this.#clients) {
      const wasSending = client.isSending;
      work += client.send(nowNs);
      if (wasSending && !client.isSending && !client.isClosed) this.counts.completed++;
      if (!client.isLoggedIn && nowNs - client.sinceNs > LOGIN_NS_MAX) client.close();
    }
    this.#clients = this.#clients.filter((client) => !client.isClosed);
    return work;
  }

  close(): void {
    for (const client of this.#clients) client.endSession();
    this.#clients = [];
    this.#listener.close();
  }

  #accept(nowNs: number): number {
    let work = 0;
    for (let stream = this.#listener.accept(); stream !== undefined; stream = this.#listener.accept()) {
      work++;
      this.counts.connections++;
      if (this.#clients.length < this.#clientsMax) this.#clients.push(new GlimpseClient(stream, nowNs));
      else {
        this.counts.refused++;
        stream.close();
      }
    }
    return work;
  }

  #judge(client: GlimpseClient): void {
    const { username, password } = this.#options;
    const login = client.takeLogin();
    const known =
      (username === undefined || same(username, login.username)) &&
      (password === undefined || same(password, login.password));
    if (!known || (login.session !== "" && !same(login.session, this.#session))) {
      this.counts.rejected++;
      client.reject(known ? SoupReject.noSession : SoupReject.notAuthorised);
    } else {
      this.counts.accepted++;
      client.accept(this.#session);
    }
  }

  /** Brings a snapshot for those who wait a slice nearer. */
  #prepare(): number {
    if (this.#spin === undefined) {
      if (!this.#clients.some((client) => client.isWaiting)) return 0;
      if (new Set(this.#clients.map((client) => client.spin).filter((spin) => spin !== undefined)).size >= SPINS_MAX)
        return 0;
      const applied = this.image.advance(this.#store, SLICE_MESSAGES);
      if (this.image.sequence < this.#store.nextSequence) return applied;
      this.#spin = new SnapshotSpin(this.image);
      this.counts.snapshots++;
      for (const client of this.#clients) if (client.isWaiting) client.assign(this.#spin);
    }
    if (this.#spin.build(SLICE_MESSAGES)) this.#spin = undefined;
    return 1;
  }

  /** The image is about to move: a snapshot under way is built to its end first. */
  #finishSpin(): void {
    while (this.#spin !== undefined) if (this.#spin.build(SLICE_MESSAGES)) this.#spin = undefined;
  }
}

/** Names and passwords are compared without regard to case, as the protocol says. */
function same(expected: string, given: string): boolean {
  return expected.toLowerCase() === given.toLowerCase();
}
