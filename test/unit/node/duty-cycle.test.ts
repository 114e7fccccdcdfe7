/** When a hot thread sleeps: never while there is work, and with nothing to do as its strategy says. */
import { expect, test } from "bun:test";
import { clock } from "../../../src/io/clock.ts";
import { DutyCycle } from "../../../src/node/duty-cycle.ts";

test("park sleeps as soon as there is nothing to do", () => {
  const duty = new DutyCycle({ idle: "park", spinNs: 1e9 });
  duty.begin();
  expect(duty.end(3, 1)).toBe(false);
  duty.begin();
  expect(duty.end(0, 1)).toBe(true);
});

test("spin never sleeps", () => {
  const duty = new DutyCycle({ idle: "spin", spinNs: 0 });
  for (let i = 0; i < 1000; i++) {
    duty.begin();
    expect(duty.end(0, 1)).toBe(false);
  }
});

test("adaptive spins for its time after the last work, then sleeps until there is work again", () => {
  const spinNs = 2e6;
  const duty = new DutyCycle({ idle: "adaptive", spinNs });
  const workedNs = duty.begin();
  expect(duty.end(1, 1)).toBe(false);
  let turnNs = duty.begin();
  for (; !duty.end(0, 1); turnNs = duty.begin()) expect(turnNs - workedNs).toBeLessThan(spinNs);
  expect(turnNs - workedNs).toBeGreaterThanOrEqual(spinNs);
  duty.begin();
  expect(duty.end(0, 1)).toBe(true);
  expect(duty.meter.busyTurnCount).toBe(1);
  expect(duty.meter.busyNs + duty.meter.idleNs).toBeLessThanOrEqual(clock.monotonicNs() - workedNs);
});
