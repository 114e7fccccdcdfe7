/**
 * Small servers over real sockets on the loopback, for the ingest tests: one that answers re-requests, one that spins
 * snapshots. Polled by the test, next to the channel under test; they can be told to misbehave.
 */
import { listenTcp, type TcpListener, type TcpStream } from "../../src/io/tcp.ts";
import { openUdpUnicast, type UdpUnicast } from "../../src/io/udp-unicast.ts";
import { GLIMPSE_END_BYTES, writeGlimpseEnd } from "../../src/wire/glimpse.ts";
import { MoldHeader, MoldStatus, parseMoldRequest, readSession } from "../../src/wire/moldudp64.ts";
import {
  parseLoginRequest,
  Soup,
  SoupLogin,
  SoupParser,
  SoupReject,
  writeLoginAccepted,
  writeLoginRejected,
  writeSequenced,
} from "../../src/wire/soupbintcp.ts";
import { dataPacket, encode } from "./net-feed.ts";

export interface SeenRequest {
  session: string;
  first: number;
  count: number;
}

export class TestRerequestServer {
  readonly socket: UdpUnicast = openUdpUnicast({ address: "127.0.0.1", port: 0 });
  readonly requests: SeenRequest[] = [];
  /** Messages in one answering packet. */
  messagesPerPacket = 10;
  /** Answering packets a request. */
  packetsPerAnswer = 1;
  /** Requests to leave without an answer. */
  ignore = 0;
  /** Sequences below this are not in the store. */
  firstKept = 1;
  readonly #header = new MoldHeader();

  get port(): number {
    return this.socket.localPort;
  }

  doWork(): number {
    let work = 0;
    for (let length = this.socket.receive(); length >= 0; length = this.socket.receive()) {
      work++;
      if (parseMoldRequest(this.socket.view, 0, length, this.#header) !== MoldStatus.data) continue;
      const session = readSession(this.socket.bytes, 0);
      const { sequence: first, count } = this.#header;
      this.requests.push({ session, first, count });
      if (this.ignore > 0) this.ignore--;
      else if (first >= this.firstKept) this.#answer(session, first, count);
    }
    return work;
  }

  #answer(session: string, first: number, count: number): void {
    let at = first;
    for (let i = 0; i < this.packetsPerAnswer && at < first + count; i++) {
      const end = Math.min(first + count, at + this.messagesPerPacket);
      const packet = dataPacket(at, end, session);
      this.socket.reply(packet, 0, packet.length);
      at = end;
    }
  }

  close(): void {
    this.socket.close();
  }
}

export class TestGlimpseServer {
  readonly listener: TcpListener = listenTcp({ address: "127.0.0.1", port: 0 });
  /** What a snapshot is made of, and the sequence in its G. */
  snapshot: { messages: string[]; nextSequence: number } = { messages: [], nextSequence: 1 };
  logins: { username: string; password: string; sequence: number }[] = [];
  rejectNext = 0;
  /** Snapshots to break off in the middle. */
  cutNext = 0;
  /** While false, a login is accepted but its snapshot not sent. */
  spinning = true;
  #streams: { stream: TcpStream; parser: SoupParser; due: boolean }[] = [];
  readonly #input = new Uint8Array(new ArrayBuffer(4096));

  get port(): number {
    return this.listener.localPort;
  }

  get connections(): number {
    return this.#streams.length;
  }

  doWork(): void {
    for (let stream = this.listener.accept(); stream; stream = this.listener.accept())
      this.#streams.push({ stream, parser: new SoupParser(), due: false });
    for (const client of this.#streams) {
      const received = client.stream.receive(this.#input, 0, this.#input.length);
      if (received > 0) client.parser.feed(this.#input, 0, received);
      while (client.parser.next()) if (client.parser.type === Soup.loginRequest) this.#login(client);
      if (client.due && this.spinning) {
        client.due = false;
        this.#spin(client.stream);
      }
    }
    this.#streams = this.#streams.filter((client) => client.stream.state !== "closed");
  }

  #login(client: { stream: TcpStream; parser: SoupParser; due: boolean }): void {
    const { bytes, payloadOffset, payloadBytes } = client.parser;
    const login = new SoupLogin();
    parseLoginRequest(bytes, payloadOffset, payloadBytes, login);
    this.logins.push({ username: login.username, password: login.password, sequence: login.sequence });
    const out = new Uint8Array(new ArrayBuffer(64));
    const view = new DataView(out.buffer);
    if (this.rejectNext > 0) {
      this.rejectNext--;
      this.#send(client.stream, out, writeLoginRejected(view, 0, SoupReject.notAuthorised));
      client.stream.close();
      return;
    }
    this.#send(client.stream, out, writeLoginAccepted(view, out, 0, "GLIMPSE", 1));
    client.due = true;
  }

  #spin(stream: TcpStream): void {
    const out = new Uint8Array(new ArrayBuffer(4096));
    const view = new DataView(out.buffer);
    const cut = this.cutNext > 0;
    if (cut) this.cutNext--;
    const { messages, nextSequence } = this.snapshot;
    for (const [i, message] of messages.entries()) {
      if (cut && i === Math.floor(messages.length / 2)) {
        stream.close();
        return;
      }
      const bytes = encode(message);
      this.#send(stream, out, writeSequenced(view, out, 0, bytes, 0, bytes.length));
    }
    const end = new Uint8Array(new ArrayBuffer(GLIMPSE_END_BYTES));
    writeGlimpseEnd(end, 0, nextSequence);
    this.#send(stream, out, writeSequenced(view, out, 0, end, 0, end.length));
  }

  #send(stream: TcpStream, bytes: Uint8Array, length: number): void {
    for (let sent = 0; sent < length; ) {
      const n = stream.send(bytes, sent, length - sent);
      if (n < 0) return;
      sent += n;
    }
  }

  close(): void {
    for (const client of this.#streams) client.stream.close();
    this.listener.close();
  }
}
