/**
 * The re-request server: MoldUDP64 requests over unicast UDP, each answered with one downstream packet from the store,
 * as many of the messages asked for as fit (the client asks again for the rest). What is not well-formed, of another
 * session, not (or no longer) in the store, or too much for one client, is counted and not answered.
 *
 * Owned by one `Exchange`, on its thread. Never blocks; looks at a bounded number of requests a call.
 */
import { NS_PER_S } from "../core/units.ts";
import type { UdpUnicast } from "../io/udp-unicast.ts";
import {
  MOLD_PAYLOAD_BYTES_DEFAULT,
  MoldHeader,
  MoldPacketWriter,
  MoldStatus,
  parseMoldRequest,
  sameSession,
} from "../wire/moldudp64.ts";
import { BLOCK_HEAD_BYTES } from "./block-buffer.ts";
import type { MessageStore } from "./message-store.ts";

export interface RerequestCounts {
  requests: number;
  answered: number;
  /** Messages in the answers. */
  messages: number;
  /** Not a request by its bytes. */
  malformed: number;
  otherSession: number;
  /** Not in the store. */
  unknownRange: number;
  /** More than a client may ask in a time. */
  overRate: number;
}

export interface RerequestOptions {
  /** Answers a client gets in a second; default 20,000. */
  readonly answersPerSecond?: number;
  /** Answers it may have saved up; default 2,000. */
  readonly answersBurst?: number;
}

const REQUESTS_PER_CALL = 64;
/** Clients remembered; when there are more the one first seen is forgotten. */
const CLIENTS_MAX = 1024;

interface Client {
  tokens: number;
  atNs: number;
}

export class RerequestServer {
  readonly counts: RerequestCounts = {
    requests: 0,
    answered: 0,
    messages: 0,
    malformed: 0,
    otherSession: 0,
    unknownRange: 0,
    overRate: 0,
  };
  readonly #socket: UdpUnicast;
  readonly #store: MessageStore;
  readonly #session10: Uint8Array;
  readonly #header = new MoldHeader();
  readonly #packet: MoldPacketWriter;
  readonly #clients = new Map<string, Client>();
  readonly #perSecond: number;
  readonly #burst: number;

  constructor(
    socket: UdpUnicast,
    store: MessageStore,
    session10: Uint8Array,
    options: RerequestOptions = {},
    payloadBytesMax = MOLD_PAYLOAD_BYTES_DEFAULT,
  ) {
    this.#socket = socket;
    this.#store = store;
    this.#session10 = session10;
    this.#packet = new MoldPacketWriter(payloadBytesMax);
    this.#perSecond = options.answersPerSecond ?? 20_000;
    this.#burst = options.answersBurst ?? 2000;
  }

  get fd(): number {
    return this.#socket.fd;
  }

  get localPort(): number {
    return this.#socket.localPort;
  }

  /** Answers the requests at hand. Returns how many there were. */
  doWork(nowNs: number): number {
    let work = 0;
    for (; work < REQUESTS_PER_CALL; work++) {
      const length = this.#socket.receive();
      if (length < 0) break;
      this.#answer(length, nowNs);
    }
    return work;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(length: number, nowNs: number): void {
    const { counts } = this;
    const socket = this.#socket;
    const header = this.#header;
    counts.requests++;
    if (socket.truncated || parseMoldRequest(socket.view, 0, length, header) !== MoldStatus.data) counts.malformed++;
    else if (!sameSession(socket.bytes, 0, this.#session10)) counts.otherSession++;
    else if (!this.#take(`${socket.peerAddress}:${socket.peerPort}`, nowNs)) counts.overRate++;
    else if (!this.#fill(header.sequence, header.count)) counts.unknownRange++;
    else if (socket.reply(this.#packet.bytes, 0, this.#packet.finish())) {
      counts.answered++;
      counts.messages += this.#packet.count;
    }
  }

  /** Packs the messages from `sequence` on, at most `count`, up to the end of their chunk. False: not in the store. */
  #fill(sequence: number, count: number): boolean {
    const chunk = this.#store.chunkOf(sequence);
    if (chunk === undefined) return false;
    const packet = this.#packet;
    packet.begin(this.#session10, sequence);
    let at = chunk.offsetOf(sequence);
    for (let left = count; left > 0 && at < chunk.length; left--) {
      const messageBytes = chunk.view.getUint16(at);
      if (!packet.append(chunk.bytes, at + BLOCK_HEAD_BYTES, messageBytes)) break;
      at += BLOCK_HEAD_BYTES + messageBytes;
    }
    return true;
  }

  /** A token bucket a client. */
  #take(peer: string, nowNs: number): boolean {
    let client = this.#clients.get(peer);
    if (client === undefined) {
      if (this.#clients.size >= CLIENTS_MAX) this.#clients.delete(this.#clients.keys().next().value!);
      client = { tokens: this.#burst, atNs: nowNs };
      this.#clients.set(peer, client);
    }
    client.tokens = Math.min(this.#burst, client.tokens + ((nowNs - client.atNs) / NS_PER_S) * this.#perSecond);
    client.atNs = nowNs;
    if (client.tokens < 1) return false;
    client.tokens--;
    return true;
  }
}
