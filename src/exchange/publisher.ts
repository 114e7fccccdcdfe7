/**
 * The feed: MoldUDP64 downstream packets, the same on every line. What one `publish` brings goes out at once, packed
 * as tightly as the payload allows; in quiet times a heartbeat says which sequence is next; at the end the end of
 * session is said again and again until whoever listens has had time to ask for what is missing.
 *
 * Owned by one `Exchange`, on one thread. Sequences are dense from 1.
 */
import { assert } from "../core/assert.ts";
import { NS_PER_MS, NS_PER_S } from "../core/units.ts";
import {
  MOLD_PAYLOAD_BYTES_DEFAULT,
  MoldPacketWriter,
  sessionBytes,
  writeMoldEndOfSession,
  writeMoldHeartbeat,
} from "../wire/moldudp64.ts";
import { BLOCK_HEAD_BYTES } from "./block-buffer.ts";
import type { LineOutput } from "./line-output.ts";

export const HEARTBEAT_NS_DEFAULT = NS_PER_S;
const END_OF_SESSION_NS = 100 * NS_PER_MS;

export class Publisher {
  readonly session10: Uint8Array;
  readonly lines: readonly LineOutput[];
  /** Of the next message. */
  nextSequence = 1;
  /** Packets of each kind made; every line is given each of them. */
  packets = 0;
  heartbeats = 0;
  readonly #packet: MoldPacketWriter;
  readonly #heartbeatNs: number;
  #lastNs = -Infinity;
  #ended = false;

  constructor(
    session: string,
    lines: readonly LineOutput[],
    heartbeatNs = HEARTBEAT_NS_DEFAULT,
    payloadBytesMax = MOLD_PAYLOAD_BYTES_DEFAULT,
  ) {
    this.session10 = sessionBytes(session);
    this.lines = lines;
    this.#heartbeatNs = heartbeatNs;
    this.#packet = new MoldPacketWriter(payloadBytesMax);
  }

  /** Publishes whole blocks, now. */
  publish(bytes: Uint8Array, view: DataView, offset: number, length: number, nowNs: number): void {
    assert(!this.#ended, "nothing is published after the end of session");
    const packet = this.#packet;
    const end = offset + length;
    packet.begin(this.session10, this.nextSequence);
    for (let at = offset; at < end; ) {
      const messageBytes = view.getUint16(at);
      if (!packet.append(bytes, at + BLOCK_HEAD_BYTES, messageBytes)) {
        this.#flush(nowNs);
        continue;
      }
      at += BLOCK_HEAD_BYTES + messageBytes;
    }
    this.#flush(nowNs);
  }

  /** The session is over: say so from now on. */
  end(nowNs: number): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const line of this.lines) line.flush(nowNs);
    this.#sayEnd(nowNs);
  }

  /** Heartbeats, ends of session, packets that faults held back. Returns how many packets went out. */
  doWork(nowNs: number): number {
    let work = 0;
    if (this.#ended) {
      if (nowNs - this.#lastNs >= END_OF_SESSION_NS) this.#sayEnd(nowNs);
    } else if (nowNs - this.#lastNs >= this.#heartbeatNs) {
      this.heartbeats++;
      this.#send(
        writeMoldHeartbeat(this.#packet.view, this.#packet.bytes, 0, this.session10, this.nextSequence),
        nowNs,
      );
      work++;
    }
    for (let i = 0; i < this.lines.length; i++) work += this.lines[i]!.doWork(nowNs);
    return work;
  }

  /** When `doWork` next has something to do. */
  get nextDueNs(): number {
    let dueNs = this.#lastNs + (this.#ended ? END_OF_SESSION_NS : this.#heartbeatNs);
    for (const line of this.lines) dueNs = Math.min(dueNs, line.nextDueNs);
    return dueNs;
  }

  close(): void {
    for (const line of this.lines) line.close();
  }

  #flush(nowNs: number): void {
    const packet = this.#packet;
    if (packet.count === 0) return;
    this.nextSequence = packet.sequence + packet.count;
    this.packets++;
    this.#send(packet.finish(), nowNs);
    packet.begin(this.session10, this.nextSequence);
  }

  #sayEnd(nowNs: number): void {
    const { view, bytes } = this.#packet;
    this.#send(writeMoldEndOfSession(view, bytes, 0, this.session10, this.nextSequence), nowNs);
  }

  #send(length: number, nowNs: number): void {
    this.#lastNs = nowNs;
    for (let i = 0; i < this.lines.length; i++) this.lines[i]!.send(this.#packet.bytes, 0, length, nowNs);
  }
}
