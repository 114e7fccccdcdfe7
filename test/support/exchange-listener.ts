/**
 * The other side of an exchange, on real loopback sockets: receivers for its lines that keep every message by
 * sequence, a re-request client, a snapshot client. For tests: everything is driven by the caller's loop and simulated
 * time.
 */
import { readU64 } from "../../src/core/bytes.ts";
import type { Exchange } from "../../src/exchange/exchange.ts";
import { connectTcp, type TcpStream } from "../../src/io/tcp.ts";
import { openUdpReceiver, type UdpReceiver } from "../../src/io/udp-receiver.ts";
import { openUdpUnicast, type UdpUnicast } from "../../src/io/udp-unicast.ts";
import { GlimpseEnd, GlimpseStatus, parseGlimpseEnd } from "../../src/wire/glimpse.ts";
import { MoldHeader, MoldStatus, parseMold, sessionBytes, writeMoldRequest } from "../../src/wire/moldudp64.ts";
import { Soup, SoupLogin, SoupParser, writeLoginRequest } from "../../src/wire/soupbintcp.ts";

/** What a line brought. */
export class LineTally {
  data = 0;
  heartbeats = 0;
  ends = 0;
  bad = 0;
  /** Data packets whose first sequence was below that of the packet before. */
  backwards = 0;
  /** Data packets seen before on this line. */
  again = 0;
  readonly seen = new Set<number>();
  last = 0;
}

export class FeedListener {
  readonly messages = new Map<number, Uint8Array>();
  readonly tallies: LineTally[];
  readonly receivers: UdpReceiver[];
  /** As the last heartbeat or end of session told it. */
  nextSequence = 0;
  readonly #header = new MoldHeader();

  /** One receiver a group; unicast "127.0.0.1" or multicast on `lo`. */
  constructor(groups: readonly string[]) {
    this.receivers = groups.map((group) =>
      openUdpReceiver({ group, port: 0, interface: "lo", receiveBufferBytes: 8 * 1024 * 1024 }),
    );
    this.tallies = groups.map(() => new LineTally());
  }

  drain(): void {
    this.receivers.forEach((receiver, line) => {
      for (let count = receiver.receive(); count > 0; count = receiver.receive())
        for (let i = 0; i < count; i++)
          this.#packet(receiver.bytes, receiver.view, receiver.packetOffset(i), receiver.packetLength(i), line);
    });
  }

  #packet(bytes: Uint8Array, view: DataView, off: number, length: number, line: number): void {
    const tally = this.tallies[line]!;
    const header = this.#header;
    const status = parseMold(view, off, length, header);
    if (status === MoldStatus.heartbeat) tally.heartbeats++;
    else if (status === MoldStatus.endOfSession) tally.ends++;
    else if (status !== MoldStatus.data) tally.bad++;
    if (status !== MoldStatus.data) {
      this.nextSequence = header.sequence;
      return;
    }
    tally.data++;
    if (header.sequence < tally.last) tally.backwards++;
    if (tally.seen.has(header.sequence)) tally.again++;
    tally.seen.add(header.sequence);
    tally.last = header.sequence;
    this.keep(bytes, view, off, header.sequence, header.count);
  }

  keep(bytes: Uint8Array, view: DataView, off: number, sequence: number, count: number): void {
    let at = off + 20;
    for (let i = 0; i < count; i++) {
      const messageBytes = view.getUint16(at);
      if (!this.messages.has(sequence + i)) this.messages.set(sequence + i, bytes.slice(at + 2, at + 2 + messageBytes));
      at += 2 + messageBytes;
    }
  }

  missing(next: number): number[] {
    const missing: number[] = [];
    for (let sequence = 1; sequence < next; sequence++) if (!this.messages.has(sequence)) missing.push(sequence);
    return missing;
  }

  /** What has been received as the bytes of a BinaryFILE, from the first message to the last without a hole. */
  file(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let sequence = 1; this.messages.has(sequence); sequence++) {
      const message = this.messages.get(sequence)!;
      parts.push(Uint8Array.of(message.length >> 8, message.length & 0xff), message);
    }
    return Buffer.concat(parts);
  }

  close(): void {
    for (const receiver of this.receivers) receiver.close();
  }
}

export class RerequestClient {
  readonly socket: UdpUnicast = openUdpUnicast({ address: "127.0.0.1", port: 0 });
  readonly #request = new Uint8Array(new ArrayBuffer(20));
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  send(bytes: Uint8Array): void {
    this.socket.sendTo(bytes, 0, bytes.length, "127.0.0.1", this.#port);
  }

  ask(session: string, sequence: number, count: number): void {
    const view = new DataView(this.#request.buffer);
    writeMoldRequest(view, this.#request, 0, sessionBytes(session), sequence, count);
    this.send(this.#request);
  }

  /** The next answer's sequence and count, kept in `listener`; undefined when there is none. */
  answer(listener: FeedListener): { sequence: number; count: number; bytes: number } | undefined {
    const length = this.socket.receive();
    if (length < 0) return undefined;
    const header = new MoldHeader();
    if (parseMold(this.socket.view, 0, length, header) !== MoldStatus.data) throw new Error("a bad answer");
    listener.keep(this.socket.bytes, this.socket.view, 0, header.sequence, header.count);
    return { sequence: header.sequence, count: header.count, bytes: length };
  }
}

export class SnapshotClient {
  readonly stream: TcpStream;
  readonly messages: Uint8Array[] = [];
  accepted = false;
  rejected = "";
  heartbeats = 0;
  /** Of the G message; 0 until it has come. */
  sequence = 0;
  readonly #parser = new SoupParser();
  readonly #input = new Uint8Array(new ArrayBuffer(65_536));

  constructor(port: number) {
    this.stream = connectTcp("127.0.0.1", port);
  }

  login(username: string, password: string, session = ""): void {
    const bytes = new Uint8Array(new ArrayBuffer(64));
    const login = Object.assign(new SoupLogin(), { username, password, session, sequence: 1 });
    const length = writeLoginRequest(new DataView(bytes.buffer), bytes, 0, login);
    if (this.stream.send(bytes, 0, length) !== length) throw new Error("the login did not go out");
  }

  /** Reads at most `calls` times what is there. */
  poll(calls = 64): this {
    for (let i = 0; i < calls; i++) {
      const received = this.stream.receive(this.#input, 0, this.#input.length);
      if (received <= 0) break;
      this.#parser.feed(this.#input, 0, received);
      while (this.#parser.next()) this.#packet();
    }
    return this;
  }

  #packet(): void {
    const { type, bytes, payloadOffset, payloadBytes } = this.#parser;
    if (type === Soup.loginAccepted) this.accepted = true;
    else if (type === Soup.loginRejected) this.rejected = String.fromCharCode(bytes[payloadOffset]!);
    else if (type === Soup.serverHeartbeat) this.heartbeats++;
    else if (type === Soup.sequenced) {
      const end = new GlimpseEnd();
      if (parseGlimpseEnd(bytes, payloadOffset, payloadBytes, end) === GlimpseStatus.ok) this.sequence = end.sequence;
      else this.messages.push(bytes.slice(payloadOffset, payloadOffset + payloadBytes));
    }
  }
}

/** Simulated time for an exchange's duty cycle: one millisecond a turn. */
export class ExchangeDriver {
  nowNs = 1e12;
  readonly exchange: Exchange;
  readonly listener: FeedListener;

  constructor(exchange: Exchange, listener: FeedListener) {
    this.exchange = exchange;
    this.listener = listener;
  }

  turn(stepNs = 1e6): void {
    this.nowNs += stepNs;
    this.exchange.doWork(this.nowNs);
    this.listener.drain();
  }

  /** Turns until `done`; throws when it does not come about. */
  until(done: () => boolean, turnsMax = 200_000): void {
    for (let i = 0; i < turnsMax; i++) {
      if (done()) return;
      this.turn();
    }
    throw new Error("it did not come about");
  }

  /** Turns until `make` has something to give. */
  result<T>(make: () => T | undefined, turnsMax: number): T {
    let made: T | undefined;
    this.until(() => {
      made = make();
      return made !== undefined;
    }, turnsMax);
    return made!;
  }
}

/** A snapshot as text, for comparison: directory and state messages as they are, orders as live ones in order. */
export function liveOrdersOf(messages: Iterable<Uint8Array>): string[] {
  const live = new Map<number, string[]>();
  const state = new Map<string, string>();
  for (const message of messages) {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const type = String.fromCharCode(message[0]!);
    const locate = view.getUint16(1);
    const text = Buffer.from(message).toString("latin1");
    if (type === "S") state.set("S", text);
    else if ("RHYN".includes(type)) state.set(`${type}${locate}`, text);
    else if (type === "h") state.set(`h${locate}${text[19]}`, text);
    else if (type === "A" || type === "F") {
      const mpid = type === "F" ? text.slice(36) : "";
      live.set(readU64(view, 11), [`${locate}${text[19]}`, `${view.getUint32(20)}`, `${view.getUint32(32)}`, mpid]);
    } else if (type === "D") live.delete(readU64(view, 11));
    else if (type === "U") {
      const old = live.get(readU64(view, 11))!;
      live.delete(readU64(view, 11));
      live.set(readU64(view, 19), [old[0]!, `${view.getUint32(27)}`, `${view.getUint32(31)}`, old[3]!]);
    } else if ("ECX".includes(type)) {
      const order = live.get(readU64(view, 11))!;
      const left = Number(order[1]) - view.getUint32(19);
      if (left === 0) live.delete(readU64(view, 11));
      else order[1] = String(left);
    }
  }
  const states = [...state].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return [...states, ...Array.from(live, ([reference, order]) => `${reference} ${order.join(" ")}`)];
}
