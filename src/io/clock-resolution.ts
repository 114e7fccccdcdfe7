/** How fine the real-time clock is and what reading it costs, measured. Cold: takes about a millisecond. */
import { clock } from "./clock.ts";
import { addressOf, asPointer, libc } from "./libc.ts";
import { readFact } from "./machine-files.ts";

const CLOCK_REALTIME = 0;
const READINGS = 5_000;
const SOURCE_FOLDER = "/sys/devices/system/clocksource/clocksource0";

export interface ClockResolution {
  /** What the kernel claims (clock_getres). */
  readonly claimedNs: number;
  /** The smallest step seen between two readings. */
  readonly stepNs: number;
  /** What a reading costs from here, the call included. */
  readonly costNs: number;
  /** "tsc", "kvm-clock", "hpet", …; "" when not readable. */
  readonly clockSource: string;
  readonly clockSourcesPossible: readonly string[];
}

export function measureClock(): ClockResolution {
  const spec = new Uint32Array(new ArrayBuffer(16));
  libc().clock_getres(CLOCK_REALTIME, asPointer(addressOf(spec)));
  let stepNs = Number.POSITIVE_INFINITY;
  const beganNs = clock.monotonicNs();
  let last = clock.realtimeNs();
  for (let i = 0; i < READINGS; i++) {
    const now = clock.realtimeNs();
    if (now > last) stepNs = Math.min(stepNs, now - last);
    last = now;
  }
  return {
    claimedNs: spec[2]!,
    stepNs,
    costNs: (clock.monotonicNs() - beganNs) / (READINGS + 2),
    clockSource: readFact(`${SOURCE_FOLDER}/current_clocksource`).text ?? "",
    clockSourcesPossible: readFact(`${SOURCE_FOLDER}/available_clocksource`).text?.split(/\s+/) ?? [],
  };
}
