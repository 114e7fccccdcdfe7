/** The clocks, and the C library's words for errors. */
import { expect, test } from "bun:test";
import { clock, epochNsText } from "../../../src/io/clock.ts";
import { Errno, errnoName, errnoText } from "../../../src/io/libc.ts";

test("monotonic time only goes forward, in nanoseconds", () => {
  let last = clock.monotonicNs();
  for (let i = 0; i < 1000; i++) {
    const now = clock.monotonicNs();
    expect(now).toBeGreaterThanOrEqual(last);
    expect(Number.isSafeInteger(now)).toBe(true);
    last = now;
  }
});

test("real time counts from UTC midnight and agrees with the system's", () => {
  expect(clock.epochBaseSeconds % 86_400).toBe(0);
  const stampNs = clock.realtimeNs();
  expect(Number.isSafeInteger(stampNs)).toBe(true);
  expect(Math.abs(Number(epochNsText(stampNs)) / 1e6 - Date.now())).toBeLessThan(1000);
});

test("a stamp is given out as exact nanoseconds since 1970", () => {
  expect(epochNsText(1, 1_700_000_000)).toBe("1700000000000000001");
  expect(epochNsText(86_399_999_999_999, 1_699_920_000)).toBe("1700006399999999999");
});

test("a worker that adopts the base makes stamps of the same kind", async () => {
  const url = new URL("../../support/net-clock-worker.ts", import.meta.url);
  const worker = new Worker(url.href);
  try {
    const answer = await new Promise<{ base: number; realtimeNs: number; monotonicNs: number }>((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(clock.epochBaseSeconds - 86_400);
    });
    expect(answer.base).toBe(clock.epochBaseSeconds - 86_400);
    expect(Math.abs(answer.realtimeNs - 86_400e9 - clock.realtimeNs())).toBeLessThan(10e9);
    expect(Math.abs(answer.monotonicNs - clock.monotonicNs())).toBeLessThan(10e9);
  } finally {
    worker.terminate();
  }
});

test("errors have a name and a sentence", () => {
  expect(errnoName(Errno.ECONNREFUSED)).toBe("ECONNREFUSED");
  expect(errnoText(98)).toBe("EADDRINUSE: the address and port are in use by another socket");
  expect(errnoText(4000)).toBe("errno 4000");
});
