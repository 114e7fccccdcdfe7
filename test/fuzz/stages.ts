/** The stages that face the network, fuzzed whole: the channel, its GLIMPSE client, the exchange's two servers. */

import { Prng } from "../../src/core/prng.ts";
import type { GlimpseServer } from "../../src/exchange/glimpse-server.ts";
import { GlimpseServer as RealGlimpseServer } from "../../src/exchange/glimpse-server.ts";
import { MessageStore } from "../../src/exchange/message-store.ts";
import { RerequestServer } from "../../src/exchange/rerequest-server.ts";
import { Channel } from "../../src/ingest/channel.ts";
import type { MessageSink } from "../../src/ingest/contract.ts";
import { GlimpseClient } from "../../src/ingest/glimpse-client.ts";
import { CHANNEL_DEFAULTS } from "../../src/ingest/options.ts";
import type { TcpListener } from "../../src/io/tcp.ts";
import type { UdpUnicast } from "../../src/io/udp-unicast.ts";
import { MOLD_STATUS_BAD_FIRST, MoldHeader, parseMold, sessionBytes } from "../../src/wire/moldudp64.ts";
import { damage } from "../sim/damage.ts";
import { SimListener, type SimStream } from "../sim/stream.ts";
import { SimDatagrams } from "../sim/unicast.ts";
import { SimClock } from "../sim/world.ts";
import { dayMessages, glimpseStreams, loginStreams, moldPackets, moldRequests, SESSION } from "./samples.ts";
import { holds, type Target } from "./target.ts";

const STREAM = {
  connect: "open",
  delayNs: 0,
  bytesPerSecond: 1e9,
  windowBytes: 1e6,
  cutAfterBytes: Number.POSITIVE_INFINITY,
} as const;

/** Counts what it is told. */
class CountingSink implements MessageSink {
  told = 0;
  message(): void {
    this.told++;
  }
  batchEnd(): void {
    this.told++;
  }
  reset(): void {
    this.told++;
  }
  snapshotBegin(): void {
    this.told++;
  }
  snapshotEnd(): void {
    this.told++;
  }
  quality(): void {
    this.told++;
  }
}

const CHANNEL_INPUTS = 5000;
const WINDOW = 256;

/** A packet that is refused changes nothing: not a word to the sink, not the next sequence, not the quality. */
export function channelTarget(): Target {
  const header = new MoldHeader();
  let sink = new CountingSink();
  let channel: Channel | undefined;
  let inputs = 0;
  return {
    name: "channel",
    weight: 3,
    samples: moldPackets(),
    damage: (view, offset, length, prng) =>
      view.getUint16(18) === 0 || length < 24 ? length : damage(view, offset, length, prng),
    check(bytes, view, offset, length, prng) {
      if (!channel || inputs % CHANNEL_INPUTS === 0) {
        sink = new CountingSink();
        const lines = [{ name: "a" }, { name: "b" }];
        channel = new Channel({ name: "fuzz", lines, reorderMessagesMax: WINDOW, reorderBytesMax: 1 << 18 }, sink);
      }
      inputs++;
      const { told } = sink;
      const { nextSequence, quality, session } = channel;
      // No time passes: what changes, the packet has changed.
      channel.packet(prng.below(2), bytes, view, offset, length, 1e6);
      if (parseMold(view, offset, length, header) < MOLD_STATUS_BAD_FIRST) return;
      holds(sink.told === told, "a bad packet is not told of");
      holds(channel.nextSequence === nextSequence && channel.quality === quality, "a bad packet moves nothing");
      holds(channel.session === session, "a bad packet begins no session");
      if (inputs % 500 !== 0) return;
      channel.publish();
      holds(channel.counters.toObject()["reorderMessages"]! <= WINDOW, "held back within bounds");
    },
  };
}

/** The GLIMPSE client against a server that says anything. */
export function glimpseClientTarget(): Target {
  const clock = new SimClock();
  let said = new Uint8Array(0);
  let listener = new SimListener(clock);
  const sink = new CountingSink();
  const server = { host: "sim", port: 1, username: "sim", password: "sim" };
  const connect = () => {
    listener = new SimListener(clock);
    const stream = listener.connect(STREAM);
    listener.accept()?.send(said, 0, said.length);
    return stream;
  };
  const client = new GlimpseClient(server, connect, sink, CHANNEL_DEFAULTS);
  return {
    name: "glimpse client",
    weight: 1,
    samples: glimpseStreams(),
    check(bytes, _view, offset, length) {
      said = bytes.slice(offset, offset + length);
      client.start(1, clock.nowNs, false);
      for (let turn = 0; turn < 4; turn++) {
        clock.nowNs += 1e6;
        if (client.doWork(clock.nowNs, 0) === 1) {
          holds(Number.isSafeInteger(client.nextSequence) && client.nextSequence >= 1, "a snapshot's number");
          break;
        }
      }
      client.stop();
    },
  };
}

/** The re-request server: whatever comes, what it answers is a packet. */
export function rerequestServerTarget(): Target {
  const clock = new SimClock();
  const net = new SimDatagrams(clock, new Prng(1), { loss: 0, duplicate: 0, delayNs: 0, jitterNs: 0 });
  const store = new MessageStore(1 << 20);
  fill(store);
  const socket = net.listen(1) as unknown as UdpUnicast;
  const server = new RerequestServer(socket, store, sessionBytes(SESSION));
  const header = new MoldHeader();
  return {
    name: "re-request server",
    weight: 1,
    samples: moldRequests(),
    check(bytes, _view, offset, length) {
      clock.nowNs += 1e6;
      net.sendTo(bytes, offset, length, "sim", 1);
      server.doWork(clock.nowNs);
      for (let answer = net.receive(); answer >= 0; answer = net.receive())
        holds(parseMold(net.view, 0, answer, header) === 0 && header.count > 0, "an answer is a data packet");
    },
  };
}

/** The GLIMPSE server against a client that says anything: it goes on serving. */
export function glimpseServerTarget(): Target {
  const clock = new SimClock();
  const store = new MessageStore(1 << 20);
  fill(store);
  const listener = new SimListener(clock);
  const server: GlimpseServer = new RealGlimpseServer(listener as unknown as TcpListener, store, SESSION, {});
  const input = new Uint8Array(new ArrayBuffer(65_536));
  return {
    name: "glimpse server",
    weight: 0.1,
    samples: loginStreams(),
    check(bytes, _view, offset, length) {
      const stream: SimStream = listener.connect(STREAM);
      stream.poll();
      server.doWork(clock.nowNs);
      stream.send(bytes, offset, length);
      for (let turn = 0; turn < 3; turn++) {
        clock.nowNs += 1e7;
        server.doWork(clock.nowNs);
        stream.receive(input, 0, input.length);
      }
      stream.close();
      server.doWork(clock.nowNs);
      holds(server.clientCount === 0, "a client that left is forgotten");
    },
  };
}

function fill(store: MessageStore): void {
  for (const message of dayMessages(200)) {
    const block = new Uint8Array(message.length + 2);
    const view = new DataView(block.buffer);
    view.setUint16(0, message.length);
    block.set(message, 2);
    store.append(block, view, 0, block.length);
  }
}
