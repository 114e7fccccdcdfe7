/**
 * One run of one case, in a process of its own: does what the specification says and prints what it found as one line
 * of JSON. Started by `runner.ts` through `processes.ts`; people never call it.
 */
import { FathomError } from "../../core/assert.ts";
import { BinaryFileFramer } from "../../wire/binaryfile.ts";
import { digestBooks } from "./book-digest.ts";
import { runAllocation, runLongestGap } from "./child-allocation.ts";
import { runDecode } from "./child-decode.ts";
import { runMemory } from "./child-memory.ts";
import type { ChildSpec } from "./child-spec.ts";
import { StopWatch } from "./stop-watch.ts";
import type { CaseRun } from "./suite.ts";
import { readTape } from "./tapes.ts";
import { makeBuilder } from "./timed-builder.ts";

/** Reads the specification, runs it and prints the result. Throws `bench-child` when it is none of ours. */
export async function runChild(specification: string): Promise<void> {
  process.stdout.write(`${JSON.stringify(await runSpec(parse(specification)))}\n`);
}

function parse(specification: string): ChildSpec {
  try {
    return JSON.parse(specification) as ChildSpec;
  } catch (cause) {
    throw new FathomError("bench-child", "bench-child is what `fathom bench` starts; it is not for people", { cause });
  }
}

async function runSpec(spec: ChildSpec): Promise<CaseRun> {
  switch (spec.kind) {
    case "decode":
      return runDecode(spec, await readTape(spec.tape));
    case "book":
      return runBook(spec, await readTape(spec.tape));
    case "memory":
      return runMemory(spec);
    case "allocation":
      return runAllocation(spec, await readTape(spec.tape));
    case "longest-gap":
      return runLongestGap(spec, await readTape(spec.tape));
  }
}

function runBook(spec: Extract<ChildSpec, { kind: "book" }>, tape: Uint8Array): CaseRun {
  const watch = new StopWatch();
  let builder = makeBuilder(spec.builder);
  let messages = 0;
  for (let pass = 0; pass < spec.passes; pass++) {
    // Memory of the pass before is given back outside the timed part, as a C program's free() is.
    if (pass > 0) {
      builder = makeBuilder(spec.builder);
      Bun.gc(true);
    }
    const framer = new BinaryFileFramer();
    framer.feed(tape);
    watch.start();
    messages = builder.run(framer, Number.POSITIVE_INFINITY);
    watch.stop(messages);
  }
  const { digest, orders } = digestBooks(builder.books());
  const stateHash = spec.stateHash ? builder.stateHash() : undefined;
  return {
    measures: watch.measures("message"),
    checks: {
      messages: String(messages),
      orders: String(orders),
      bad_messages: String(builder.badCount),
      digest,
      ...(stateHash === undefined ? {} : { state_hash: stateHash }),
    },
  };
}
