/**
 * One contract, every receive path: what `io/receive-path.ts` promises of a receiver, run on loopback against each path
 * that this process may use. A path without the rights is skipped, with the reason in its name.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { fstatSync, readdirSync, readFileSync } from "node:fs";
import { FathomError } from "../../../src/core/assert.ts";
import { clock } from "../../../src/io/clock.ts";
import { openReceiver, PATH_TRAITS, RECEIVE_PATHS } from "../../../src/io/receive-path.ts";
import { drain, idle, isMember, nextGroup, numberOf, Opened, payload, sendAll, skipReason, take } from "./harness.ts";

const opened = new Opened();
afterEach(() => opened.close());

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FathomError) return error.code;
    throw error;
  }
  return "none";
}

for (const path of RECEIVE_PATHS) {
  const reason = skipReason(path);
  const traits = PATH_TRAITS[path];

  describe.skipIf(reason !== undefined)(`${path}${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
    test("every datagram comes once, in order, with its own bytes", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group });
      const sender = opened.sender(group, line.receiver.localPort);
      for (let first = 0; first < 3000; first += 50) {
        const sent = Array.from({ length: 50 }, (_, i) => payload(first + i, 4 + ((first * 7 + i * 61) % 1400)));
        sendAll(sender, sent);
        const taken = await take(line, 50);
        expect(taken.map((packet) => packet.bytes)).toEqual(sent);
        expect(taken.some((packet) => packet.truncated)).toBe(false);
      }
      expect(line.receiver.receive()).toBe(0);
      expect(line.receiver.dropCount).toBe(0);
    });

    test("datagrams of 0, 1, 20, 1400 and the largest number of bytes come whole", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group, packetBytesMax: 65_536, batch: 4, receiveBufferBytes: 4 << 20 });
      const sender = opened.sender(group, line.receiver.localPort);
      const sent = [0, 1, 20, 1400, 65_507].map((length, i) => payload(i, length));
      sendAll(sender, sent);
      const taken = await take(line, sent.length);
      expect(taken.map((packet) => packet.bytes.byteLength)).toEqual([0, 1, 20, 1400, 65_507]);
      expect(taken.every((packet, i) => Buffer.compare(packet.bytes, sent[i]!) === 0)).toBe(true);
      expect(taken.some((packet) => packet.truncated)).toBe(false);
    });

    test("a datagram longer than the limit is cut and says so; one as long as the limit is not", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group, packetBytesMax: 128 });
      const sent = [128, 129, 127, 1000].map((length, i) => payload(i, length));
      sendAll(opened.sender(group, line.receiver.localPort), sent);
      const taken = await take(line, sent.length);
      expect(taken.map((packet) => packet.truncated)).toEqual([false, true, false, true]);
      expect(taken.map((packet) => packet.bytes)).toEqual(sent.map((bytes) => bytes.slice(0, 128)));
    });

    test("stamps lie between sending and receiving, and do not go back", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group });
      const sender = opened.sender(group, line.receiver.localPort);
      const startNs = clock.realtimeNs();
      let lastNs = startNs;
      for (let i = 0; i < 20; i++) {
        sendAll(sender, [payload(i, 20), payload(i, 20)]);
        for (const packet of await take(line, 2)) {
          expect(packet.stampNs).toBeGreaterThanOrEqual(lastNs);
          lastNs = packet.stampNs;
        }
      }
      expect(lastNs).toBeLessThanOrEqual(clock.realtimeNs());
    });

    test("a batch is no longer than asked for, and what is left comes with the next call", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group, batch: 8 });
      sendAll(
        opened.sender(group, line.receiver.localPort),
        Array.from({ length: 30 }, (_, i) => payload(i, 100)),
      );
      const counts: number[] = [];
      const receive = line.receiver.receive.bind(line.receiver);
      line.receiver.receive = () => {
        const count = receive();
        counts.push(count);
        return count;
      };
      expect((await take(line, 30)).map(numberOf)).toEqual(Array.from({ length: 30 }, (_, i) => i));
      expect(Math.max(...counts)).toBeLessThanOrEqual(8);
    });

    test("other groups and other ports are not heard", async () => {
      const [group, other] = [nextGroup(), nextGroup()];
      const line = opened.receiver({ path, group });
      const port = line.receiver.localPort;
      // Somebody else on this host has joined the other group: the kernel delivers it, but not to us.
      const neighbour = opened.receiver({ path: "recvmmsg", group: other, port });
      sendAll(opened.sender(other, port), [payload(1, 20)]);
      sendAll(opened.sender(group, port === 65_535 ? 65_534 : port + 1), [payload(2, 20)]);
      const mine = payload(3, 20);
      sendAll(opened.sender(group, port), [mine]);
      expect((await take(line, 1)).map((packet) => packet.bytes)).toEqual([mine]);
      expect((await take(neighbour, 1)).map(numberOf)).toEqual([1]);
      expect(line.receiver.receive()).toBe(0);
      expect(line.receiver.refusedCount ?? 0).toBe(0);
    });

    test("a source-specific join hears its source alone", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group, source: "127.0.0.1" });
      const port = line.receiver.localPort;
      const wrong = opened.unicast("127.0.0.2");
      const right = opened.unicast("127.0.0.1");
      for (const [number, sender] of [wrong, right, wrong, right].entries())
        expect(sender.sendTo(payload(number, 24), 0, 24, group, port)).toBe(true);
      expect((await take(line, 2)).map(numberOf)).toEqual([1, 3]);
      expect(line.receiver.receive()).toBe(0);
      // A ring's filter has kept them out; they have not taken its room.
      expect(line.receiver.refusedCount ?? 0).toBe(0);
    });

    test("any source is heard without one", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group });
      for (const [number, address] of ["127.0.0.2", "127.0.0.1"].entries())
        opened.unicast(address).sendTo(payload(number, 24), 0, 24, group, line.receiver.localPort);
      expect((await take(line, 2)).map(numberOf)).toEqual([0, 1]);
    });

    test(
      traits.sharesGroups
        ? "two receivers of a group both get all of it"
        : "a second receiver of a group is refused as port-in-use",
      async () => {
        const group = nextGroup();
        const first = opened.receiver({ path, group });
        const port = first.receiver.localPort;
        if (!traits.sharesGroups) {
          expect(codeOf(() => opened.receiver({ path, group, port }))).toBe("port-in-use");
          return;
        }
        const second = opened.receiver({ path, group, port });
        sendAll(
          opened.sender(group, port),
          Array.from({ length: 40 }, (_, i) => payload(i, 50)),
        );
        const numbers = Array.from({ length: 40 }, (_, i) => i);
        expect((await take(first, 40)).map(numberOf)).toEqual(numbers);
        expect((await take(second, 40)).map(numberOf)).toEqual(numbers);
      },
    );

    test("a unicast address is received; its port has one owner", async () => {
      const line = opened.receiver({ path, group: "127.0.0.1" });
      const port = line.receiver.localPort;
      expect(codeOf(() => opened.receiver({ path, group: "127.0.0.1", port }))).toBe("port-in-use");
      const sender = opened.unicast("127.0.0.1");
      for (let i = 0; i < 3; i++) expect(sender.sendTo(payload(i, 24), 0, 24, "127.0.0.1", port)).toBe(true);
      expect((await take(line, 3)).map(numberOf)).toEqual([0, 1, 2]);
    });

    test("every packet of a flood is received or counted as dropped", async () => {
      const group = nextGroup();
      // Bun's socket cannot be asked for a small kernel buffer; its own buffer overflows instead.
      const line = opened.receiver({ path, group, receiveBufferBytes: 65_536, batch: 16, packetBytesMax: 1472 });
      const sender = opened.sender(group, line.receiver.localPort);
      const sentCount = traits.countsKernelDrops ? 2000 : 60;
      for (let i = 0; i < sentCount; i++) sendAll(sender, [payload(i, 1000)]);
      const numbers = (await drain(line)).map(numberOf);
      // Now there is room again: this packet tells the count.
      sendAll(sender, [payload(sentCount, 1000)]);
      numbers.push(...(await take(line, 1)).map(numberOf));
      expect(numbers.at(-1)).toBe(sentCount);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(line.receiver.dropCount).toBeGreaterThan(0);
      expect(numbers.length + line.receiver.dropCount).toBe(sentCount + 1);
    });

    test("the queue's depth is nothing, grows with what waits, and is nothing again when all is taken", async () => {
      const group = nextGroup();
      const line = opened.receiver({ path, group, receiveBufferBytes: 4 << 20, packetBytesMax: 1024 });
      const { receiver } = line;
      const sender = opened.sender(group, receiver.localPort);
      expect(receiver.queueBytes()).toBe(0);
      const depths: number[] = [];
      for (let i = 0; i < 3; i++) {
        const before = depths.at(-1) ?? 0;
        sendAll(
          sender,
          Array.from({ length: 60 }, (_, n) => payload(n, 1000)),
        );
        const deadlineNs = clock.monotonicNs() + 5e9;
        while (receiver.queueBytes() <= before && clock.monotonicNs() < deadlineNs) await idle(line);
        depths.push(receiver.queueBytes());
        expect(depths.at(-1)).toBeGreaterThan(before);
      }
      expect(depths.at(-1)).toBeLessThanOrEqual(receiver.receiveBufferBytes);
      expect(await drain(line)).toHaveLength(180);
      expect(receiver.queueBytes()).toBe(0);
      receiver.close();
      expect(receiver.queueBytes()).toBe(0);
    });

    test("close leaves the group, frees the port and every descriptor; later calls give nothing", async () => {
      const group = nextGroup();
      const descriptors = () => readdirSync("/proc/self/fd").length;
      const before = descriptors();
      const line = openReceiver({ path, group, port: 0, interface: "lo", receiveBufferBytes: 1 << 20 });
      const port = line.receiver.localPort;
      const inode = line.receiver.fd >= 0 ? fstatSync(line.receiver.fd).ino : -1;
      expect(isMember(group, "lo")).toBe(true);
      const sender = opened.sender(group, port);
      sendAll(sender, [payload(7, 40)]);
      await take(line, 1);
      sender.close();
      const offset = line.receiver.packetOffset(0);
      line.receiver.close();
      line.receiver.close();
      expect(line.receiver.receive()).toBe(0);
      // Bun gives its descriptor back in the next turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      expect(isMember(group, "lo")).toBe(false);
      expect(descriptors()).toBe(before);
      expect(readFileSync("/proc/self/net/packet", "utf8").split(/\s+/)).not.toContain(`${inode}`);
      // A view that was kept may still be read.
      expect(line.receiver.bytes[offset]).toBeNumber();
      expect(line.receiver.view.getUint8(offset)).toBeNumber();
      opened.receiver({ path, group, port });
    });

    test("what cannot be opened is refused with a code, and leaves nothing open", () => {
      const group = nextGroup();
      const before = readdirSync("/proc/self/fd").length;
      const bad = (options: object) => codeOf(() => opened.receiver({ path, group, ...options }));
      expect(bad({ interface: "no-such-if" })).toBe("interface-not-found");
      expect(bad({ group: "239.1.2" })).toBe("bad-address");
      expect(bad({ source: "here" })).toBe("bad-address");
      expect(readdirSync("/proc/self/fd").length).toBe(before);
    });
  });
}
