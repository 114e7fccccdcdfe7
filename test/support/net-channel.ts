/**
 * A channel on real sockets for tests: two multicast lines on the loopback, and servers that the test polls with it.
 *
 */
import { Channel } from "../../src/ingest/channel.ts";
import type { ChannelOptions } from "../../src/ingest/options.ts";
import { connectTcp } from "../../src/io/tcp.ts";
import { openUdpReceiver } from "../../src/io/udp-receiver.ts";
import { openUdpSender } from "../../src/io/udp-sender.ts";
import { openUdpUnicast } from "../../src/io/udp-unicast.ts";
import { turnUntil, uniqueGroup } from "./net-await.ts";
import { RecordingSink } from "./net-recording-sink.ts";
import { TestGlimpseServer, TestRerequestServer } from "./net-servers.ts";

const MS = 1e6;

export interface LoopbackOptions extends Partial<ChannelOptions> {
  /** The channel knows the re-request server. */
  servers?: boolean;
  /** The channel knows the GLIMPSE server. */
  snapshots?: boolean;
}

export class LoopbackChannel {
  readonly sink = new RecordingSink();
  readonly rerequest = new TestRerequestServer();
  readonly glimpse = new TestGlimpseServer();
  readonly channel: Channel;
  /** By how much the channel's clock runs ahead of the machine's: to let time pass without waiting for it. */
  aheadMs = 0;
  readonly #lines = [0, 1].map(() => {
    const group = uniqueGroup();
    const receiver = openUdpReceiver({ group, port: 0, interface: "lo", receiveBufferBytes: 1 << 20 });
    return { receiver, sender: openUdpSender({ address: group, port: receiver.localPort, interface: "lo" }) };
  });

  constructor(options: LoopbackOptions = {}) {
    const { servers, snapshots, ...rest } = options;
    const glimpse = { host: "127.0.0.1", port: this.glimpse.port, username: "user", password: "secret" };
    this.channel = new Channel(
      {
        name: "loop",
        lines: [{ name: "a" }, { name: "b" }],
        rerequestServers: servers ? [{ address: "127.0.0.1", port: this.rerequest.port }] : [],
        glimpse: snapshots ? glimpse : undefined,
        glimpseBackoffMinNs: 5 * MS,
        ...rest,
      },
      this.sink,
      {
        receivers: this.#lines.map((line) => line.receiver),
        datagrams: openUdpUnicast({ address: "127.0.0.1", port: 0 }),
        connect: connectTcp,
      },
    );
  }

  /** Puts a packet on a line: 0 is A, 1 is B. */
  send(line: number, packet: Uint8Array): void {
    if (!this.#lines[line]!.sender.send(packet, 0, packet.length)) throw new Error("the test's packet was not sent");
  }

  /** The same packet on both lines. */
  sendBoth(packet: Uint8Array): void {
    this.send(0, packet);
    this.send(1, packet);
  }

  /** Turns the channel and its servers until the condition holds. */
  until(what: string, done: () => boolean): void {
    turnUntil(what, done, (nowNs) => {
      this.channel.doWork(nowNs + this.aheadMs * MS);
      this.rerequest.doWork();
      this.glimpse.doWork();
    });
  }

  /** Until everything below `sequence` has been handed on. */
  untilSequence(sequence: number): void {
    this.until(`sequence ${sequence}`, () => this.channel.nextSequence >= sequence);
  }

  counts(): Record<string, number> {
    this.channel.publish();
    return this.channel.counters.toObject();
  }

  close(): void {
    this.channel.close();
    this.rerequest.close();
    this.glimpse.close();
    for (const line of this.#lines) line.sender.close();
  }
}
