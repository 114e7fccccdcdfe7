/**
 * One client of the snapshot server: its login, its place in the snapshot it is being sent, its heartbeats. Owned by a
 * `GlimpseServer`. Never blocks; what a client sends that is not SoupBinTCP closes it.
 */
import type { TcpStream } from "../io/tcp.ts";
import {
  parseLoginRequest,
  SOUP_HEARTBEAT_NS,
  SOUP_SILENCE_NS,
  Soup,
  SoupLogin,
  SoupParser,
  SoupStatus,
  writeEndOfSession,
  writeLoginAccepted,
  writeLoginRejected,
  writeServerHeartbeat,
} from "../wire/soupbintcp.ts";
import type { SnapshotSpin } from "./snapshot-spin.ts";

/** Bytes read, and bytes sent, in one call. */
const RECEIVE_BYTES = 4096;
const SEND_BYTES_MAX = 512 * 1024;
const CONTROL_BYTES = 256;

export class GlimpseClient {
  /** When it connected, ns. */
  readonly sinceNs: number;
  isLoggedIn = false;
  /** A login that the server has yet to judge. */
  hasLogin = false;
  /** Logged in, and no snapshot assigned yet. */
  isWaiting = false;
  /** The snapshot it is being sent. */
  spin: SnapshotSpin | undefined;
  readonly #stream: TcpStream;
  readonly #parser = new SoupParser();
  readonly #login = new SoupLogin();
  readonly #input = new Uint8Array(new ArrayBuffer(RECEIVE_BYTES));
  /** Answers and heartbeats on their way. They are whole packets, sent only between the snapshot's own. */
  readonly #control = new Uint8Array(new ArrayBuffer(CONTROL_BYTES));
  readonly #controlView = new DataView(this.#control.buffer);
  #controlFrom = 0;
  #controlEnd = 0;
  #chunk = 0;
  #offset = 0;
  #heardNs: number;
  #sentNs: number;
  #closesWhenSent = false;

  constructor(stream: TcpStream, nowNs: number) {
    this.#stream = stream;
    this.sinceNs = nowNs;
    this.#heardNs = nowNs;
    this.#sentNs = nowNs;
  }

  get fd(): number {
    return this.#stream.fd;
  }

  get isClosed(): boolean {
    return this.#stream.state === "closed";
  }

  get isSending(): boolean {
    return this.spin !== undefined;
  }

  close(): void {
    this.spin = undefined;
    this.isWaiting = false;
    this.#stream.close();
  }

  /** Reads and understands what came. Returns the bytes read. */
  receive(nowNs: number): number {
    const received = this.#stream.receive(this.#input, 0, RECEIVE_BYTES);
    if (received < 0) this.close();
    if (received > 0) {
      this.#heardNs = nowNs;
      this.#parser.feed(this.#input, 0, received);
      while (!this.isClosed && this.#parser.next()) this.#packet();
      if (this.#parser.status !== SoupStatus.ok) this.close();
    } else if (nowNs - this.#heardNs > SOUP_SILENCE_NS) this.close();
    return Math.max(received, 0);
  }

  #packet(): void {
    const { type, bytes, payloadOffset, payloadBytes } = this.#parser;
    if (type === Soup.logout) this.close();
    else if (type === Soup.loginRequest && !this.isLoggedIn && !this.hasLogin) {
      if (parseLoginRequest(bytes, payloadOffset, payloadBytes, this.#login) === SoupStatus.ok) this.hasLogin = true;
      else this.close();
    }
  }

  takeLogin(): SoupLogin {
    this.hasLogin = false;
    return this.#login;
  }

  accept(session: string): void {
    this.isLoggedIn = true;
    this.isWaiting = true;
    this.#controlEnd += writeLoginAccepted(this.#controlView, this.#control, this.#controlEnd, session, 1);
  }

  reject(reason: number): void {
    this.#controlEnd += writeLoginRejected(this.#controlView, this.#controlEnd, reason);
    this.#closesWhenSent = true;
  }

  assign(spin: SnapshotSpin): void {
    this.isWaiting = false;
    this.spin = spin;
    this.#chunk = 0;
    this.#offset = 0;
  }

  /** Sends as much as the connection takes just now. Returns the bytes sent. */
  send(nowNs: number): number {
    const sent = this.#sendControl() + this.#sendSpin();
    if (sent > 0) this.#sentNs = nowNs;
    else if (this.isSending || this.#controlEnd > 0) {
      // A client that takes nothing for so long is gone.
      if (nowNs - this.#sentNs > SOUP_SILENCE_NS) this.close();
    } else if (this.#closesWhenSent) this.close();
    else if (this.isLoggedIn && nowNs - this.#sentNs >= SOUP_HEARTBEAT_NS) {
      this.#controlEnd = writeServerHeartbeat(this.#controlView, 0);
      return this.#sendControl();
    }
    return sent;
  }

  /** Says that there is nothing more, as far as the connection takes it, and closes. */
  endSession(): void {
    if (this.isLoggedIn && !this.isSending && this.#controlEnd === 0) {
      this.#controlEnd = writeEndOfSession(this.#controlView, 0);
      this.#sendControl();
    }
    this.close();
  }

  #sendControl(): number {
    if (this.#controlEnd === 0) return 0;
    const sent = this.#stream.send(this.#control, this.#controlFrom, this.#controlEnd - this.#controlFrom);
    if (sent < 0) this.close();
    else this.#controlFrom += sent;
    if (this.#controlFrom === this.#controlEnd) this.#controlFrom = this.#controlEnd = 0;
    return Math.max(sent, 0);
  }

  #sendSpin(): number {
    let total = 0;
    while (this.spin !== undefined && this.#controlEnd === 0 && total < SEND_BYTES_MAX) {
      const chunk = this.spin.chunks[this.#chunk]!;
      const pending = chunk.length - this.#offset;
      if (pending === 0) {
        const isLast = this.#chunk + 1 === this.spin.chunks.length;
        if (!isLast) {
          this.#chunk++;
          this.#offset = 0;
          continue;
        }
        if (this.spin.isComplete) this.spin = undefined;
        break;
      }
      const sent = this.#stream.send(chunk.bytes, this.#offset, pending);
      if (sent < 0) this.close();
      if (sent <= 0) break;
      this.#offset += sent;
      total += sent;
    }
    return total;
  }
}
