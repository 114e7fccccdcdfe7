/**
 * Whether the hot path makes garbage, and how long it ever stands still.
 *
 * The engine's heap grows in blocks as objects are made. After a full collection and sweep it has next to no free
 * cells, so its size in blocks before and after five million messages shows any object made per message: one of 16
 * bytes each would be 80 MB. Typed arrays' memory is outside those blocks and counted apart.
 */
import { gcAndSweep, heapStats } from "bun:jsc";
import { clock } from "../../io/clock.ts";
import { BinaryFileFramer } from "../../wire/binaryfile.ts";
import type { ChildSpec } from "./child-spec.ts";
import type { CaseRun } from "./suite.ts";
import { makeBuilder } from "./timed-builder.ts";

export function runAllocation(spec: Extract<ChildSpec, { kind: "allocation" }>, tape: Uint8Array): CaseRun {
  const builder = makeBuilder(spec.builder);
  const framer = new BinaryFileFramer();
  framer.feed(tape);
  // Twice, so that what it measures with has been compiled and has left its own traces.
  builder.run(framer, spec.warmMessages / 2);
  heapBytes();
  builder.run(framer, spec.warmMessages / 2);
  gcAndSweep();
  const before = heapBytes();
  const messages = builder.run(framer, spec.messages);
  const after = heapBytes();
  gcAndSweep();
  const kept = heapBytes();
  return {
    measures: {
      heap_bytes: [Math.max(0, after.blocks - before.blocks)],
      heap_bytes_per_message: [Math.max(0, after.blocks - before.blocks) / messages],
      pool_bytes: [Math.max(0, kept.outside - before.outside)],
    },
    checks: { messages: String(messages), bad_messages: String(builder.badCount) },
  };
}

/** In blocks of the object heap, and in memory that typed arrays hold outside it. */
function heapBytes(): { blocks: number; outside: number } {
  return { blocks: process.memoryUsage().heapTotal, outside: heapStats().extraMemorySize };
}

/** Messages between two looks at the clock. */
const BATCH_MESSAGES = 32;

export function runLongestGap(spec: Extract<ChildSpec, { kind: "longest-gap" }>, tape: Uint8Array): CaseRun {
  const untilNs = clock.monotonicNs() + spec.seconds * 1e9;
  const found = { longestNs: 0, overTenth: 0, overOne: 0 };
  let passes = 0;
  while (clock.monotonicNs() < untilNs) {
    const builder = makeBuilder("fathom");
    const framer = new BinaryFileFramer();
    framer.feed(tape);
    // A first pass that is not counted: the books grow to their size, and the code is compiled.
    if (passes++ === 0) builder.run(framer, Number.POSITIVE_INFINITY);
    else watchGaps(builder.run.bind(builder), framer, untilNs, found);
  }
  return {
    measures: {
      longest_gap_ns: [found.longestNs],
      gaps_over_100us: [found.overTenth],
      gaps_over_1ms: [found.overOne],
    },
    checks: {},
  };
}

function watchGaps(
  run: (framer: BinaryFileFramer, messageMax: number) => number,
  framer: BinaryFileFramer,
  untilNs: number,
  found: { longestNs: number; overTenth: number; overOne: number },
): void {
  let lastNs = clock.monotonicNs();
  while (run(framer, BATCH_MESSAGES) > 0 && lastNs < untilNs) {
    const nowNs = clock.monotonicNs();
    const gapNs = nowNs - lastNs;
    if (gapNs > found.longestNs) found.longestNs = gapNs;
    if (gapNs > 1e5) found.overTenth++;
    if (gapNs > 1e6) found.overOne++;
    lastNs = nowNs;
  }
}
