/**
 * Takes one snapshot from a GLIMPSE server: connects, logs in over SoupBinTCP, hands the snapshot's messages to the
 * sink, and ends with the sequence that the live feed goes on from. What fails is tried again after a pause that
 * doubles. Owned by a channel, polled by it; reads a bounded number of bytes a call.
 */
import { assert } from "../core/assert.ts";
import { GlimpseEnd, GlimpseStatus, parseGlimpseEnd } from "../wire/glimpse.ts";
import {
  parseLoginAccepted,
  parseLoginRejected,
  SOUP_HEARTBEAT_NS,
  SOUP_SILENCE_NS,
  SOUP_STATUS_NAMES,
  Soup,
  SoupAccepted,
  SoupLogin,
  SoupParser,
  SoupReject,
  SoupStatus,
  writeClientHeartbeat,
  writeLoginRequest,
  writeLogout,
} from "../wire/soupbintcp.ts";
import type { MessageSink } from "./contract.ts";
import type { ChannelSettings, GlimpseServer } from "./options.ts";
import type { ByteStream } from "./transport.ts";

const READ_BYTES = 65_536;
const READS_PER_WORK_MAX = 16;
const OUTPUT_BYTES = 256;

/** What a call of `doWork` has come to. */
export const GlimpseProgress = { working: 0, done: 1 } as const;
export type GlimpseProgress = (typeof GlimpseProgress)[keyof typeof GlimpseProgress];

type Phase = "idle" | "pause" | "connecting" | "login" | "snapshot";

export class GlimpseClient {
  startedCount = 0;
  completedCount = 0;
  failedCount = 0;
  /** Messages taken, in all snapshots. */
  messageCount = 0;
  /** Why the last attempt failed; "" when none has. */
  lastFailure = "";
  /** After `done`: the first live message to apply. */
  nextSequence = 0;
  /** The session that the server named at login. */
  session = "";
  /** The one that the channel follows. */
  feedSession = "";
  readonly #server: GlimpseServer;
  readonly #connect: (host: string, port: number) => ByteStream;
  readonly #sink: MessageSink;
  readonly #settings: ChannelSettings;
  readonly #parser = new SoupParser();
  readonly #accepted = new SoupAccepted();
  readonly #end = new GlimpseEnd();
  readonly #input = new Uint8Array(new ArrayBuffer(READ_BYTES));
  readonly #output = new Uint8Array(new ArrayBuffer(OUTPUT_BYTES));
  readonly #outputView = new DataView(this.#output.buffer);
  #outputFrom = 0;
  #outputEnd = 0;
  #phase: Phase = "idle";
  #stream: ByteStream | undefined;
  /** When the phase began; in a pause, when it ends. */
  #phaseNs = 0;
  #heardNs = 0;
  #sentNs = 0;
  #backoffNs: number;
  #sequenceMin = 1;
  /** The server has named the feed's session before. */
  #namesFeed = false;

  constructor(
    server: GlimpseServer,
    connect: (host: string, port: number) => ByteStream,
    sink: MessageSink,
    settings: ChannelSettings,
  ) {
    this.#server = server;
    this.#connect = connect;
    this.#sink = sink;
    this.#settings = settings;
    this.#backoffNs = settings.glimpseBackoffMinNs;
  }

  get active(): boolean {
    return this.#phase !== "idle";
  }

  /**
   * Begins to take a snapshot, which must reach `sequenceMin`: where the books are. One that does not is of a server
   * that lags, or of another life of the session. After one that was taken before without good result, not at once.
   */
  start(sequenceMin: number, nowNs: number, afterPause: boolean): void {
    assert(this.#phase === "idle", "one snapshot at a time");
    this.#sequenceMin = sequenceMin;
    if (afterPause) this.#pause(nowNs);
    else this.#open(nowNs);
  }

  /** The last snapshot served its purpose: the next one need not wait. */
  settled(): void {
    this.#backoffNs = this.#settings.glimpseBackoffMinNs;
  }

  /** Lets go of whatever is under way. */
  stop(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#phase = "idle";
  }

  /** The connection's descriptor for `waitReadable`, or -1. */
  get fd(): number {
    return this.#stream !== undefined && this.#stream.state !== "closed" ? this.#stream.fd : -1;
  }

  /** Moves on. `stampNs`: the receive stamp that the snapshot's messages are given. */
  doWork(nowNs: number, stampNs: number): GlimpseProgress {
    if (this.#phase === "idle") return GlimpseProgress.working;
    if (this.#phase === "pause") {
      if (nowNs >= this.#phaseNs) this.#open(nowNs);
      return GlimpseProgress.working;
    }
    const stream = this.#stream!;
    if (this.#phase === "connecting") this.#tryLogin(stream, nowNs);
    else if (this.#read(stream, nowNs, stampNs)) {
      this.#finish(stream);
      return GlimpseProgress.done;
    }
    if (this.#phase === "login" || this.#phase === "snapshot") this.#keepAlive(stream, nowNs);
    return GlimpseProgress.working;
  }

  #open(nowNs: number): void {
    this.startedCount++;
    this.#parser.reset();
    this.#outputFrom = this.#outputEnd = 0;
    this.#stream = this.#connect(this.#server.host, this.#server.port);
    this.#enter("connecting", nowNs);
  }

  #enter(phase: Phase, nowNs: number): void {
    this.#phase = phase;
    this.#phaseNs = nowNs;
    this.#heardNs = nowNs;
    this.#sentNs = nowNs;
  }

  #pause(nowNs: number): void {
    this.#phase = "pause";
    this.#phaseNs = nowNs + this.#backoffNs;
    this.#backoffNs = Math.min(this.#backoffNs * 2, this.#settings.glimpseBackoffMaxNs);
  }

  #fail(reason: string, nowNs: number): void {
    this.failedCount++;
    this.lastFailure = `${this.#server.host}:${this.#server.port}: ${reason}`;
    this.#stream?.close();
    this.#stream = undefined;
    this.#pause(nowNs);
  }

  #tryLogin(stream: ByteStream, nowNs: number): void {
    const state = stream.poll();
    if (state === "closed") this.#fail(stream.error ?? "the connection was closed", nowNs);
    else if (state === "connecting") {
      if (nowNs - this.#phaseNs > this.#settings.glimpseTimeoutNs) this.#fail("no connection in time", nowNs);
    } else {
      const login = new SoupLogin();
      login.username = this.#server.username;
      login.password = this.#server.password;
      this.#enter("login", nowNs);
      this.#outputEnd = writeLoginRequest(this.#outputView, this.#output, 0, login);
      this.#flush(stream, nowNs);
    }
  }

  /** Sends what is in the output buffer, as far as the connection takes it. */
  #flush(stream: ByteStream, nowNs: number): void {
    const sent = stream.send(this.#output, this.#outputFrom, this.#outputEnd - this.#outputFrom);
    if (sent <= 0) return;
    this.#outputFrom += sent;
    this.#sentNs = nowNs;
    if (this.#outputFrom === this.#outputEnd) this.#outputFrom = this.#outputEnd = 0;
  }

  #keepAlive(stream: ByteStream, nowNs: number): void {
    if (this.#outputEnd > 0) this.#flush(stream, nowNs);
    else if (nowNs - this.#sentNs >= SOUP_HEARTBEAT_NS) {
      this.#outputEnd = writeClientHeartbeat(this.#outputView, 0);
      this.#flush(stream, nowNs);
    }
    const silenceNs = this.#phase === "login" ? this.#settings.glimpseTimeoutNs : SOUP_SILENCE_NS;
    if (nowNs - this.#heardNs > silenceNs) this.#fail("the server has fallen silent", nowNs);
  }

  /** Reads and handles what is there. True when the snapshot is complete. */
  #read(stream: ByteStream, nowNs: number, stampNs: number): boolean {
    for (let reads = 0; reads < READS_PER_WORK_MAX; reads++) {
      const received = stream.receive(this.#input, 0, READ_BYTES);
      if (received === 0) return false;
      if (received < 0) {
        this.#fail(stream.error ?? "the server closed the connection before the snapshot's end", nowNs);
        return false;
      }
      this.#heardNs = nowNs;
      this.#parser.feed(this.#input, 0, received);
      while (this.#parser.next()) {
        if (this.#packet(nowNs, stampNs)) return true;
        if (this.#phase === "pause") return false;
      }
      if (this.#parser.status !== SoupStatus.ok) {
        this.#fail(`not SoupBinTCP: ${SOUP_STATUS_NAMES[this.#parser.status]}`, nowNs);
        return false;
      }
    }
    return false;
  }

  /** One packet of the server's. True at the snapshot's end. */
  #packet(nowNs: number, stampNs: number): boolean {
    const { bytes, view, type, payloadOffset, payloadBytes } = this.#parser;
    if (this.#phase === "login") {
      if (type === Soup.loginAccepted) this.#loggedIn(nowNs);
      else if (type === Soup.loginRejected) {
        const reason = parseLoginRejected(bytes, payloadOffset, payloadBytes);
        const notAuthorised = reason === SoupReject.notAuthorised;
        this.#fail(notAuthorised ? "login rejected: not authorised" : "login rejected: no such session", nowNs);
      }
      return false;
    }
    if (type === Soup.endOfSession) this.#fail("the server ended before the snapshot's end", nowNs);
    if (type !== Soup.sequenced) return false;
    const status = parseGlimpseEnd(bytes, payloadOffset, payloadBytes, this.#end);
    if (status === GlimpseStatus.wrongType) {
      this.messageCount++;
      this.#sink.message(bytes, view, payloadOffset, payloadBytes, 0, stampNs);
      return false;
    }
    const next = this.#end.sequence + (this.#settings.glimpseSequenceIs === "last" ? 1 : 0);
    if (status === GlimpseStatus.ok && next >= this.#sequenceMin) {
      this.nextSequence = next;
      return true;
    }
    const isBehind = status === GlimpseStatus.ok && next >= 1;
    if (isBehind) this.#fail(`the snapshot is of ${next}, the books have come to ${this.#sequenceMin}`, nowNs);
    else this.#fail("the snapshot's last message has no sequence", nowNs);
    return false;
  }

  #loggedIn(nowNs: number): void {
    const { bytes, payloadOffset, payloadBytes } = this.#parser;
    if (parseLoginAccepted(bytes, payloadOffset, payloadBytes, this.#accepted) !== SoupStatus.ok) {
      this.#fail("the login's answer is not understood", nowNs);
      return;
    }
    this.session = this.#accepted.session;
    if (this.session === this.feedSession) this.#namesFeed = true;
    else if (this.#namesFeed || this.#settings.glimpseSessionIs === "feed") {
      this.#fail(`it is in session ${this.session}, the feed in ${this.feedSession}`, nowNs);
      return;
    }
    this.#enter("snapshot", nowNs);
    this.#sink.reset();
    this.#sink.snapshotBegin();
  }

  #finish(stream: ByteStream): void {
    this.completedCount++;
    this.lastFailure = "";
    const length = writeLogout(this.#outputView, 0);
    stream.send(this.#output, 0, length);
    this.stop();
  }
}
