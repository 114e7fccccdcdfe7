/**
 * Hybrid logical clocks on machines whose clocks are wrong within their bounds: cause comes before effect, stamps stay
 * near to true time, and an order that is called certain is the true one.
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  type CertainOrder,
  certainOrder,
  compareStamps,
  HybridClock,
  type HybridStamp,
  stampEpochNs,
} from "../../src/core/hybrid-clock.ts";

const START_NS = 1_760_000_000_000_000_000n;
const MACHINES = 4;

interface Step {
  machine: number;
  /** True time that passes before it. */
  afterNs: number;
  /** Which of the messages under way it receives; -1: an event of its own, whose message goes under way. */
  take: number;
  /** Where in its bound this machine's clock stands now, -1 to 1: it wanders and may run backwards. */
  error: number;
}

interface Event {
  trueNs: bigint;
  stamp: HybridStamp;
  /** Events that led to this one. */
  causes: Set<number>;
}

const steps = fc.array(
  fc.record({
    machine: fc.nat(MACHINES - 1),
    afterNs: fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(5_000_000)),
    take: fc.integer({ min: -1, max: 5 }),
    error: fc.double({ min: -1, max: 1, noNaN: true }),
  }),
  { minLength: 2, maxLength: 80 },
);
const bounds = fc.array(fc.oneof(fc.nat(500), fc.nat(100_000), fc.nat(20_000_000)), {
  minLength: MACHINES,
  maxLength: MACHINES,
});

/** Runs the steps on four machines. */
function run(boundsNs: number[], list: Step[]): Event[] {
  const clocks = boundsNs.map(() => new HybridClock({ aheadMaxNs: 0 }));
  const lastEvent: (number | undefined)[] = boundsNs.map(() => undefined);
  const underWay: number[] = [];
  const events: Event[] = [];
  let trueNs = START_NS;
  for (const { machine, afterNs, take, error } of list) {
    trueNs += BigInt(afterNs);
    const boundNs = boundsNs[machine]!;
    const now = { epochNs: trueNs + BigInt(Math.trunc(error * boundNs)), boundNs };
    const received = take >= 0 ? underWay[take] : undefined;
    const clock = clocks[machine]!;
    const stamp = received === undefined ? clock.next(now) : clock.receive(now, events[received]!.stamp);
    if (stamp === undefined) throw new Error("a stamp within its bound was refused");
    const parents = [lastEvent[machine], received].filter((parent) => parent !== undefined);
    const causes = new Set(parents.flatMap((parent) => [parent, ...events[parent]!.causes]));
    const index = events.push({ trueNs, stamp, causes }) - 1;
    lastEvent[machine] = index;
    if (received === undefined) underWay.push(index);
    else underWay.splice(take, 1);
  }
  return events;
}

test("what led to an event has a smaller stamp", () => {
  fc.assert(
    fc.property(bounds, steps, (boundsNs, list) => {
      const events = run(boundsNs, list);
      for (const { stamp, causes } of events)
        for (const cause of causes) expect(compareStamps(events[cause]!.stamp, stamp)).toBe(-1);
    }),
  );
});

test("a stamp's time is within its bound of true time, and the bound is no more than the worst machine's", () => {
  fc.assert(
    fc.property(bounds, steps, (boundsNs, list) => {
      for (const { stamp, trueNs } of run(boundsNs, list)) {
        // Rounded down to the microsecond.
        expect(Math.abs(Number(trueNs - stampEpochNs(stamp)))).toBeLessThanOrEqual(stamp.boundNs + 1_000);
        expect(stamp.boundNs).toBeLessThanOrEqual(Math.max(...boundsNs));
      }
    }),
  );
});

test("an order that is called certain is the true one; events far enough apart are never called uncertain", () => {
  const seen = new Set<CertainOrder>();
  fc.assert(
    fc.property(bounds, steps, (boundsNs, list) => {
      const events = run(boundsNs, list);
      for (const a of events) {
        for (const b of events) {
          const order = certainOrder(a.stamp, b.stamp);
          seen.add(order);
          if (order === "before") expect(a.trueNs < b.trueNs).toBe(true);
          if (order === "after") expect(a.trueNs > b.trueNs).toBe(true);
          const apartNs = Number(b.trueNs - a.trueNs);
          if (apartNs > 2 * (a.stamp.boundNs + b.stamp.boundNs) + 4_000) expect(order).toBe("before");
        }
      }
    }),
  );
  expect([...seen].sort()).toEqual(["after", "before", "uncertain"]);
});

test("a burst within one microsecond keeps its order, and the carry into the time is in the bound", () => {
  const clock = new HybridClock({ aheadMaxNs: 0 });
  const now = { epochNs: START_NS, boundNs: 50 };
  let last = clock.next(now);
  for (let i = 1; i < 5_000; i++) {
    const stamp = clock.next(now);
    expect(compareStamps(last, stamp)).toBe(-1);
    expect(Number(stampEpochNs(stamp) - START_NS)).toBeLessThanOrEqual(stamp.boundNs);
    last = stamp;
  }
  expect(last.boundNs).toBe(50 + 4_000);
});

test(
  "a message from too far ahead is refused and changes nothing; from a machine without a bound nothing " + "is certain",
  () => {
    const clock = new HybridClock({ aheadMaxNs: 1_000_000 });
    const stamps = (epochNs: bigint, boundNs: number) => new HybridClock({ aheadMaxNs: 0 }).next({ epochNs, boundNs });
    const now = { epochNs: START_NS, boundNs: 10_000 };
    const first = clock.next(now);
    expect(clock.receive(now, stamps(START_NS + 1_100_000n, 20_000))).toBeUndefined();
    expect(clock.receive(now, { word: -1n, boundNs: 0 })).toBeUndefined();
    expect(clock.receive(now, { word: 1n << 64n, boundNs: 0 })).toBeUndefined();
    expect(clock.receive(now, { word: 5n, boundNs: Number.NaN })).toBeUndefined();
    expect(clock.next(now).word).toBe(first.word + 1n);
    const ahead = stamps(START_NS + 1_020_000n, 20_000);
    expect(clock.receive(now, ahead)).toEqual({ word: ahead.word + 1n, boundNs: 20_000 });

    const unbounded = stamps(START_NS + 3_600_000_000_000n, Number.POSITIVE_INFINITY);
    expect(certainOrder(first, unbounded)).toBe("uncertain");
    expect(clock.receive({ epochNs: START_NS + 10_000_000_000_000n, boundNs: 1 }, unbounded)?.boundNs).toBe(1);
  },
);
