/** UDP over the loopback: multicast receivers and senders, unicast sockets, and what they say when they cannot. */
import { afterEach, describe, expect, test } from "bun:test";
import { FathomError } from "../../../src/core/assert.ts";
import { clock } from "../../../src/io/clock.ts";
import { listInterfaces, resolveInterface } from "../../../src/io/interfaces.ts";
import { openSocket, SOCK_DGRAM } from "../../../src/io/sockets.ts";
import {
  joinOrClose,
  openUdpReceiver,
  type UdpReceiver,
  type UdpReceiverOptions,
} from "../../../src/io/udp-receiver.ts";
import { openUdpSender, type UdpSender } from "../../../src/io/udp-sender.ts";
import { openUdpUnicast } from "../../../src/io/udp-unicast.ts";
import { waitReadable } from "../../../src/io/wait.ts";
import { turnUntil, uniqueGroup } from "../../support/net-await.ts";

const opened: { close(): void }[] = [];
function keep<T extends { close(): void }>(one: T): T {
  opened.push(one);
  return one;
}
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function receiverOn(group: string, more: Partial<UdpReceiverOptions> = {}): UdpReceiver {
  return keep(openUdpReceiver({ group, port: 0, interface: "lo", receiveBufferBytes: 1 << 20, ...more }));
}

function senderTo(group: string, port: number): UdpSender {
  return keep(openUdpSender({ address: group, port, interface: "lo" }));
}

/** What has come, as the number in each packet's first byte. */
function drain(receiver: UdpReceiver): number[] {
  const found: number[] = [];
  for (let count = receiver.receive(); count > 0; count = receiver.receive())
    for (let i = 0; i < count; i++) found.push(receiver.bytes[receiver.packetOffset(i)]!);
  return found;
}

function receiveUntil(receiver: UdpReceiver, count: number): number[] {
  const found: number[] = [];
  turnUntil(
    `${count} packets`,
    () => found.length >= count,
    () => found.push(...drain(receiver)),
  );
  return found;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(FathomError);
    return (error as FathomError).code;
  }
  return "";
}

describe("multicast", () => {
  test("datagrams come in order, whole, with the sender's address and the kernel's stamp", () => {
    const group = uniqueGroup();
    const receiver = receiverOn(group);
    const sender = senderTo(group, receiver.localPort);
    const before = clock.realtimeNs();
    expect(sender.send(new Uint8Array([9, 1, 2, 3, 9]), 1, 3)).toBe(true);
    turnUntil(
      "the datagram",
      () => receiver.receive() === 1,
      () => {},
    );
    const at = receiver.packetOffset(0);
    expect([...receiver.bytes.subarray(at, at + receiver.packetLength(0))]).toEqual([1, 2, 3]);
    expect(receiver.view.getUint16(at)).toBe(0x0102);
    expect(receiver.packetTruncated(0)).toBe(false);
    expect([receiver.packetAddress(0), receiver.packetPort(0)]).toEqual(["127.0.0.1", sender.localPort]);
    // The kernel's stamp may be of a coarser clock than ours.
    expect(receiver.packetStampNs(0)).toBeGreaterThan(before - 20e6);
    expect(receiver.packetStampNs(0)).toBeLessThanOrEqual(clock.realtimeNs());
  });

  test("more than a batch comes in several, none lost", () => {
    const group = uniqueGroup();
    const receiver = receiverOn(group, { batch: 8 });
    const sender = senderTo(group, receiver.localPort);
    for (let i = 0; i < 100; i++) sender.send(new Uint8Array([i]), 0, 1);
    expect(receiveUntil(receiver, 100)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(receiver.dropCount).toBe(0);
  });

  test("a batch is sent in one call", () => {
    const group = uniqueGroup();
    const receiver = receiverOn(group);
    const sender = senderTo(group, receiver.localPort);
    const bytes = new Uint8Array([1, 2, 3, 4, 5, 6]);
    expect(sender.sendBatch(bytes, new Int32Array([0, 2, 5]), new Int32Array([2, 3, 1]), 3)).toBe(3);
    expect(receiveUntil(receiver, 3)).toEqual([1, 3, 6]);
  });

  test("a datagram longer than what the receiver takes says so", () => {
    const group = uniqueGroup();
    const receiver = receiverOn(group, { packetBytesMax: 128 });
    const sender = senderTo(group, receiver.localPort);
    sender.send(new Uint8Array(129).fill(7), 0, 129);
    sender.send(new Uint8Array(128).fill(8), 0, 128);
    const seen: [number, boolean][] = [];
    turnUntil(
      "both",
      () => seen.length === 2,
      () => {
        const count = receiver.receive();
        for (let i = 0; i < count; i++) seen.push([receiver.packetLength(i), receiver.packetTruncated(i)]);
      },
    );
    expect(seen).toEqual([
      [128, true],
      [128, false],
    ]);
  });

  test("what the kernel has no room for is counted", () => {
    const group = uniqueGroup();
    const receiver = receiverOn(group, { receiveBufferBytes: 4096 });
    expect(receiver.receiveBufferBytes).toBeLessThan(64 * 1024);
    const sender = senderTo(group, receiver.localPort);
    const packet = new Uint8Array(1000);
    for (let i = 0; i < 500; i++) sender.send(packet, 0, packet.length);
    const received = receiveUntil(receiver, 1).length;
    // The count comes with the next datagram that there is room for.
    sender.send(packet, 0, packet.length);
    receiveUntil(receiver, 1);
    expect(received + receiver.dropCount).toBe(500);
    expect(receiver.dropCount).toBeGreaterThan(400);
  });

  test("a receiver hears its own group only, though another one on the host has the same port", () => {
    const [mine, other] = [uniqueGroup(), uniqueGroup()];
    const receiver = receiverOn(mine);
    const neighbour = receiverOn(other, { port: receiver.localPort });
    senderTo(other, receiver.localPort).send(new Uint8Array([1]), 0, 1);
    expect(receiveUntil(neighbour, 1)).toEqual([1]);
    senderTo(mine, receiver.localPort).send(new Uint8Array([2]), 0, 1);
    expect(receiveUntil(receiver, 1)).toEqual([2]);
    expect(drain(neighbour)).toEqual([]);
  });

  test("two receivers of one group each get every datagram", () => {
    const group = uniqueGroup();
    const one = receiverOn(group);
    const two = receiverOn(group, { port: one.localPort });
    senderTo(group, one.localPort).send(new Uint8Array([5]), 0, 1);
    expect(receiveUntil(one, 1)).toEqual([5]);
    expect(receiveUntil(two, 1)).toEqual([5]);
  });

  test("a source-specific join takes its source and no other", () => {
    const group = uniqueGroup();
    const right = receiverOn(group, { source: "127.0.0.1" });
    const wrong = receiverOn(group, { port: right.localPort, source: "127.0.0.77" });
    senderTo(group, right.localPort).send(new Uint8Array([3]), 0, 1);
    expect(receiveUntil(right, 1)).toEqual([3]);
    expect(drain(wrong)).toEqual([]);
  });

  test("after close nothing comes and nothing is sent", () => {
    const group = uniqueGroup();
    const receiver = receiverOn(group);
    const sender = senderTo(group, receiver.localPort);
    receiver.close();
    sender.close();
    receiver.close();
    expect(receiver.receive()).toBe(0);
    expect(sender.send(new Uint8Array(1), 0, 1)).toBe(false);
  });
});

describe("unicast", () => {
  test("a receiver on a unicast address needs no group", () => {
    const receiver = receiverOn("127.0.0.1");
    const sender = keep(openUdpSender({ address: "127.0.0.1", port: receiver.localPort }));
    sender.send(new Uint8Array([4]), 0, 1);
    expect(receiveUntil(receiver, 1)).toEqual([4]);
  });

  test("a datagram is answered to whoever sent it", () => {
    const server = keep(openUdpUnicast({ address: "127.0.0.1", port: 0 }));
    const client = keep(openUdpUnicast({ address: "127.0.0.1", port: 0 }));
    expect(server.receive()).toBe(-1);
    for (let i = 1; i <= 40; i++) client.sendTo(new Uint8Array([i, i, i]), 1, 2, "127.0.0.1", server.localPort);
    const asked: number[] = [];
    turnUntil(
      "the requests",
      () => asked.length === 40,
      () => {
        for (let length = server.receive(); length >= 0; length = server.receive()) {
          expect(length).toBe(2);
          expect([server.peerAddress, server.peerPort]).toEqual(["127.0.0.1", client.localPort]);
          expect(server.stampNs).toBeGreaterThan(0);
          asked.push(server.view.getUint8(0));
          server.reply(server.bytes, 0, 1);
        }
      },
    );
    expect(asked).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    turnUntil(
      "an answer",
      () => client.receive() === 1,
      () => {},
    );
    expect(client.bytes[0]).toBe(1);
  });

  test("waiting ends when something can be read, and with its time", () => {
    const server = keep(openUdpUnicast({ address: "127.0.0.1", port: 0 }));
    const client = keep(openUdpUnicast({ address: "127.0.0.1", port: 0 }));
    const fds = new Int32Array([-1, client.fd, server.fd]);
    expect(waitReadable(fds, 3, 0)).toBe(0);
    const beganNs = clock.monotonicNs();
    expect(waitReadable(fds, 3, 5)).toBe(0);
    expect(clock.monotonicNs() - beganNs).toBeGreaterThan(4e6);
    client.sendTo(new Uint8Array(1), 0, 1, "127.0.0.1", server.localPort);
    expect(waitReadable(fds, 3, 5000)).toBe(1);
  });
});

describe("what cannot be opened says which and why", () => {
  test("an interface that is not there", () => {
    expect(resolveInterface("lo")).toMatchObject({ name: "lo", address: "127.0.0.1" });
    expect(resolveInterface("127.0.0.1")).toEqual(resolveInterface("lo"));
    expect(listInterfaces().map((one) => one.name)).toContain("lo");
    expect(() => resolveInterface("nope0")).toThrow(/no network interface "nope0"; there are: .*lo \(127\.0\.0\.1\)/);
    expect(codeOf(() => receiverOn(uniqueGroup(), { interface: "nope0" }))).toBe("interface-not-found");
  });

  test("a port that is taken", () => {
    const taken = keep(openUdpUnicast({ address: "127.0.0.1", port: 0 }));
    const again = () => openUdpUnicast({ address: "127.0.0.1", port: taken.localPort });
    expect(codeOf(again)).toBe("port-in-use");
    expect(again).toThrow(`127.0.0.1:${taken.localPort} is in use`);
    expect(codeOf(() => receiverOn("127.0.0.1", { port: taken.localPort }))).toBe("port-in-use");
  });

  test("addresses that are none, or not ours", () => {
    expect(codeOf(() => receiverOn("239.1.1"))).toBe("bad-address");
    expect(codeOf(() => receiverOn("239.1.1.256"))).toBe("bad-address");
    expect(codeOf(() => receiverOn(uniqueGroup(), { port: 70_000 }))).toBe("bad-address");
    expect(codeOf(() => receiverOn("198.51.100.1"))).toBe("address-not-local");
  });

  test("a source that is itself a group", () => {
    expect(codeOf(() => receiverOn(uniqueGroup(), { source: "239.9.9.9" }))).toBe("bad-address");
  });

  test("a group that cannot be joined", () => {
    const gone = { name: "gone0", index: 123_456, address: "" };
    const options = { group: "239.1.2.3", port: 5000, interface: "gone0", receiveBufferBytes: 1 };
    const join = () => joinOrClose(openSocket(SOCK_DGRAM), options, gone, undefined);
    expect(codeOf(join)).toBe("group-join-failed");
    expect(join).toThrow("cannot join 239.1.2.3:5000 on gone0: ENODEV: there is no such interface");
  });
});
