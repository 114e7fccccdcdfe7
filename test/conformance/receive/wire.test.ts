/**
 * Receive paths on an interface that is not loopback: a veth pair between two namespaces that the test makes. The
 * kernel's own UDP code, behind `recvmmsg`, is what the rings are held against. Skipped without the rights.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Prng } from "../../../src/core/prng.ts";
import { listInterfaces, resolveInterface } from "../../../src/io/interfaces.ts";
import type { ReceiverOptions } from "../../../src/io/receive-path.ts";
import { waitReadable } from "../../../src/io/wait.ts";
import { FrameSender, type FrameSpec, frame, IP_OFFSET, ipChecksum } from "./crafted.ts";
import { AVAILABLE, drain, nextGroup, numberOf, Opened, payload, RINGS, sendAll, take } from "./harness.ts";
import { Wire, wireRefusal } from "./network-namespace.ts";

const refusal = AVAILABLE.includes("packet-ring-v2") ? wireRefusal() : "packet sockets are not permitted";
const PORT = 26_477;
const SEED = 20_260_301;

describe.skipIf(refusal !== undefined)(`between two namespaces${refusal ? ` (skipped: ${refusal})` : ""}`, () => {
  let wire: Wire;
  const opened = new Opened();
  beforeAll(() => {
    wire = new Wire();
  });
  afterEach(() => opened.close());
  afterAll(() => wire.close());

  const receiver = (path: ReceiverOptions["path"], group: string, more: Partial<ReceiverOptions> = {}) =>
    wire.receiving.enter(() => opened.receiver({ path, group, port: PORT, interface: "wire", ...more }));
  const sender = (group: string) => wire.sending.enter(() => opened.sender(group, PORT, "wire"));
  const crafter = () => wire.sending.enter(() => opened.keep(new FrameSender(resolveInterface("wire").index)));

  /** The system lists an interface by its address only some time after it is up again. */
  const isRunning = async () => {
    while (wire.receiving.enter(() => listInterfaces()).every((network) => network.name !== "wire"))
      await new Promise((resolve) => setImmediate(resolve));
  };

  test("a ring takes the very datagrams that the kernel gives a socket, of frames right and wrong", async () => {
    const group = nextGroup();
    const lines = (["recvmmsg", ...RINGS] as const).map((path) => receiver(path, group, { packetBytesMax: 1472 }));
    const out = crafter();
    const prng = new Prng(SEED);
    const sent = [...namedFrames(group), ...Array.from({ length: 1500 }, (_, i) => mutant(prng, group, 1000 + i))];
    const results: Uint8Array[][] = [[], [], []];
    for (const [i, bytes] of sent.entries()) {
      out.send(bytes);
      if (i % 100 !== 99 && i !== sent.length - 1) continue;
      for (const [k, line] of lines.entries()) results[k]!.push(...(await drain(line)).map((packet) => packet.bytes));
    }
    const [kernel, v2, v3] = results.map((list) => list.map((bytes) => Buffer.from(bytes).toString("hex")));
    // Some of each, or nothing has been shown.
    expect(kernel!.length).toBeGreaterThan(300);
    expect(kernel!.length).toBeLessThan(1300);
    expect(v2).toEqual(kernel!);
    expect(v3).toEqual(kernel!);
    // A socket counts wrong checksums as drops.
    expect(lines.slice(1).map((line) => line.receiver.dropCount)).toEqual([0, 0]);
  });

  for (const path of RINGS) {
    test(`${path}: a fragmented datagram is refused and counted once; a socket gets it whole`, async () => {
      const group = nextGroup();
      const [socket, ring] = [receiver("recvmmsg", group), receiver(path, group)];
      const sent = [payload(1, 100), payload(2, 4000), payload(3, 100)];
      // A later fragment has no ports, even where it looks as if it had: it is not ours to count.
      crafter().send(frame({ destination: group, port: PORT, payload: payload(0, 40), fragment: 1 }));
      sendAll(sender(group), sent);
      expect((await take(socket, 3)).map((packet) => packet.bytes)).toEqual(sent);
      expect((await take(ring, 2)).map((packet) => packet.bytes)).toEqual([sent[0]!, sent[2]!]);
      expect(ring.receiver.fragmentedCount).toBe(1);
      expect(ring.receiver.refusedCount).toBe(1);
      expect(ring.receiver.receive()).toBe(0);
    });

    test(`${path}: IP options are refused and counted`, async () => {
      const group = nextGroup();
      const ring = receiver(path, group);
      const out = crafter();
      out.send(frame({ destination: group, port: PORT, payload: payload(1, 30), options: Uint8Array.of(1, 1, 1, 0) }));
      out.send(frame({ destination: group, port: PORT, payload: payload(2, 30) }));
      expect((await take(ring, 1)).map(numberOf)).toEqual([2]);
      expect(ring.receiver.refusedCount).toBe(1);
      expect(ring.receiver.fragmentedCount).toBe(0);
    });

    test(`${path}: what this host itself sends by the interface is not heard, as its description says`, async () => {
      const group = nextGroup();
      const [socket, ring] = [receiver("recvmmsg", group), receiver(path, group)];
      const own = wire.receiving.enter(() => opened.sender(group, PORT, "wire"));
      sendAll(own, [payload(1, 40)]);
      sendAll(sender(group), [payload(2, 40)]);
      expect((await take(socket, 2)).map(numberOf)).toEqual([1, 2]);
      expect((await take(ring, 1)).map(numberOf)).toEqual([2]);
    });

    test(`${path}: the default limit is what fits the interface's packets`, async () => {
      const group = nextGroup();
      const ring = receiver(path, group);
      const sent = [payload(1, 1472)];
      sendAll(sender(group), sent);
      const taken = await take(ring, 1);
      expect(taken.map((packet) => packet.bytes)).toEqual(sent);
      expect(taken[0]!.truncated).toBe(false);
    });

    test(`${path}: a unicast address is heard by the ring alone: nobody is told that no one listens`, async () => {
      const ring = receiver(path, "10.77.0.2", { interface: "" });
      const unheardCount = () => wire.receiving.enter(() => counters("Udp")["NoPorts"]);
      const before = unheardCount();
      const from = wire.sending.enter(() => opened.unicast("10.77.0.1"));
      for (let i = 0; i < 20; i++) from.sendTo(payload(i, 64), 0, 64, "10.77.0.2", PORT);
      expect((await take(ring, 20)).map(numberOf)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(unheardCount()).toBe(before);
      // The socket that holds the port has kept none of them.
      expect(wire.receiving.enter(() => queuedBytes(PORT))).toBe(0);
    });

    test(`${path}: an interface that went down and came up again is heard again, and waiting waits`, async () => {
      const group = nextGroup();
      const ring = receiver(path, group);
      const line = sender(group);
      sendAll(line, [payload(1, 40)]);
      expect((await take(ring, 1)).map(numberOf)).toEqual([1]);
      wire.receiving.ip("link", "set", "wire", "down");
      // The kernel has put an error on the socket; a loop that waits and receives gets over it.
      const fds = Int32Array.of(ring.receiver.fd);
      let turns = 0;
      while (waitReadable(fds, 1, 0) > 0 && turns++ < 5000) ring.receiver.receive();
      expect(waitReadable(fds, 1, 0)).toBe(0);
      wire.receiving.ip("link", "set", "wire", "up");
      sendAll(line, [payload(2, 40)]);
      expect((await take(ring, 1)).map(numberOf)).toEqual([2]);
      await isRunning();
    });
  }

  test("auto takes a ring for a group, and the socket for an address of a real interface", async () => {
    const group = nextGroup();
    const [ring, socket] = [receiver("auto", group), receiver("auto", "10.77.0.2")];
    expect([ring.path, socket.path]).toEqual(["packet-ring-v2", "recvmmsg"]);
    expect(socket.reason).toContain("unicast");
    sendAll(sender(group), [payload(9, 50)]);
    expect((await take(ring, 1)).map(numberOf)).toEqual([9]);
  });
});

/** The kernel's counters of one protocol in the thread's namespace. */
function counters(protocol: string): Record<string, number> {
  const lines = readFileSync("/proc/thread-self/net/snmp", "utf8").split("\n");
  const [names, values] = lines.filter((line) => line.startsWith(`${protocol}:`)).map((line) => line.split(" "));
  return Object.fromEntries(names!.map((name, i) => [name, Number(values![i])]));
}

/** What waits in the queue of the UDP socket that is bound to a port, in the thread's namespace; -1: no such socket. */
function queuedBytes(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const line = readFileSync("/proc/thread-self/net/udp", "utf8")
    .split("\n")
    .find((text) => text.includes(`:${hex} `));
  const queues = line?.trim().split(/\s+/)[4];
  return queues === undefined ? -1 : Number.parseInt(queues.split(":")[1]!, 16);
}

/** One frame for each thing that can be wrong, and some unusual ones that are right. */
function namedFrames(group: string): Uint8Array[] {
  const specs: Partial<FrameSpec>[] = [
    {},
    { padBytes: 12 },
    { payload: payload(0, 0), padBytes: 18 },
    { payload: payload(3, 1471) },
    { udpChecksum: 0 },
    { udpChecksum: 0x1234 },
    { ipChecksum: 0x1234 },
    { version: 5 },
    { version: 6 },
    { headerWords: 4 },
    { headerWords: 15 },
    { totalBytes: 2000 },
    { totalBytes: 27 },
    { totalBytes: 40 },
    { udpBytes: 7 },
    { udpBytes: 8 },
    { udpBytes: 30 },
    { udpBytes: 200 },
    { udpBytes: 0 },
    { udpBytes: 7, udpChecksum: 0 },
    { udpBytes: 30, udpChecksum: 0 },
    { udpBytes: 200, udpChecksum: 0 },
    { udpBytes: 0, udpChecksum: 0 },
    { protocol: 6 },
    { protocol: 136 },
    { port: PORT + 1 },
    { destination: "239.1.2.3" },
    { fragment: 0x2000 },
    { fragment: 0x0001 },
    { fragment: 0x8000 },
    { fragment: 0 },
    { ttl: 0 },
    { ttl: 1 },
    { source: "224.0.0.5" },
    { source: "255.255.255.255" },
    { source: "240.1.2.3" },
    { source: "127.0.0.1" },
    { source: "0.0.0.0" },
    { source: "0.1.2.3" },
    { source: "192.0.2.77" },
    { destinationMac: Uint8Array.of(2, 0, 0, 0, 0, 99) },
    { destinationMac: Uint8Array.of(255, 255, 255, 255, 255, 255) },
    { vlan: 10 },
    { vlan: 0 },
    { vlan: 0xe000 },
  ];
  return specs.map((spec, i) =>
    frame({ destination: group, port: PORT, payload: payload(i, 60), identification: i, ...spec }),
  );
}

/** A right frame with one or two bytes of its headers changed; sometimes the IP checksum is made right again. */
function mutant(prng: Prng, group: string, number: number): Uint8Array {
  const bytes = frame({
    destination: group,
    port: PORT,
    payload: payload(number, prng.between(4, 90)),
    identification: number,
    padBytes: prng.chance(0.3) ? prng.below(20) : 0,
    ...(prng.chance(0.5) ? { udpChecksum: 0 } : {}),
  });
  for (let changes = prng.below(3); changes > 0; changes--) {
    // Not the first byte: options, which the kernel takes and a ring refuses, have a test of their own.
    const at = IP_OFFSET + prng.between(1, 27);
    bytes[at] = prng.chance(0.5) ? bytes[at]! ^ (1 << prng.below(8)) : prng.below(256);
  }
  if (prng.chance(0.7)) new DataView(bytes.buffer).setUint16(IP_OFFSET + 10, ipChecksum(bytes, IP_OFFSET, 20));
  return bytes;
}
