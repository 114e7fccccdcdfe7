/**
 * What `auto` takes, with the right to open packet sockets and without it. The right is dropped for the test's own
 * thread only, and taken back.
 */

import { dlopen } from "bun:ffi";
import { afterEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { FathomError } from "../../../src/core/assert.ts";
import { addressOf, asPointer } from "../../../src/io/libc.ts";
import { availability, RECEIVE_PATHS } from "../../../src/io/receive-path.ts";
import { AVAILABLE, nextGroup, numberOf, Opened, payload, RINGS, sendAll, take } from "./harness.ts";

const CAP_NET_RAW = 13;
const CAPABILITY_VERSION = 0x20080522;

const { capget, capset } = dlopen("libc.so.6", {
  capget: { args: ["ptr", "ptr"], returns: "i32" },
  capset: { args: ["ptr", "ptr"], returns: "i32" },
}).symbols;

/** Runs `body` with the calling thread lacking CAP_NET_RAW, whether it had it or not. */
async function withoutNetRaw(body: () => Promise<void>): Promise<void> {
  const header = new Uint32Array(new ArrayBuffer(8));
  header[0] = CAPABILITY_VERSION;
  // Effective, permitted, inheritable: the low words, then the high ones.
  const words = new Uint32Array(new ArrayBuffer(24));
  const [headerPointer, wordsPointer] = [asPointer(addressOf(header)), asPointer(addressOf(words))];
  expect(capget(headerPointer, wordsPointer)).toBe(0);
  const before = words[0]!;
  words[0] = before & ~(1 << CAP_NET_RAW);
  expect(capset(headerPointer, wordsPointer)).toBe(0);
  try {
    await body();
  } finally {
    words[0] = before;
    capset(headerPointer, wordsPointer);
  }
}

const opened = new Opened();
afterEach(() => opened.close());

describe("auto without CAP_NET_RAW", () => {
  test("takes recvmmsg, says what a ring would need, and receives", () =>
    withoutNetRaw(async () => {
      const group = nextGroup();
      const line = opened.receiver({ path: "auto", group });
      expect(line.path).toBe("recvmmsg");
      expect(line.reason).toContain("CAP_NET_RAW");
      sendAll(opened.sender(group, line.receiver.localPort), [payload(5, 30)]);
      expect((await take(line, 1)).map(numberOf)).toEqual([5]);
    }));

  test("a ring that is asked for by name is refused with what to do, and leaves nothing open", () =>
    withoutNetRaw(async () => {
      const before = readdirSync("/proc/self/fd").length;
      for (const path of RINGS) {
        expect(availability(path)).toMatchObject({ isAvailable: false });
        let error: unknown;
        try {
          opened.receiver({ path, group: nextGroup() });
        } catch (caught) {
          error = caught;
        }
        expect(error).toBeInstanceOf(FathomError);
        expect(error).toMatchObject({ code: "packet-socket-not-permitted", hint: expect.stringContaining("setcap") });
      }
      expect(readdirSync("/proc/self/fd").length).toBe(before);
    }));

  test("a fault that a socket would meet too is not papered over", () =>
    withoutNetRaw(async () => {
      expect(() => opened.receiver({ path: "auto", group: nextGroup(), interface: "no-such-if" })).toThrow(
        'no network interface "no-such-if"',
      );
    }));
});

describe.skipIf(!AVAILABLE.includes("packet-ring-v2"))("auto with CAP_NET_RAW", () => {
  test("takes the ring for the aim that was stated, and says so", () => {
    const group = nextGroup();
    const byDefault = opened.receiver({ path: "auto", group });
    const forCpu = opened.receiver({ path: "auto", group, prefer: "cpu" });
    expect([byDefault.path, forCpu.path]).toEqual(["packet-ring-v2", "packet-ring-v3"]);
    expect(byDefault.reason).toContain("latency");
    expect(forCpu.reason).toContain("CPU");
    expect(byDefault.needsEventLoop).toBe(false);
  });
});

test("availability opens nothing for good", () => {
  const before = readdirSync("/proc/self/fd").length;
  for (const path of RECEIVE_PATHS) expect(availability(path).reason).not.toBe("");
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});
