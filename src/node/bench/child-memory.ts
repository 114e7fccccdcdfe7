/**
 * What a live order costs of a whole process: resident memory with all books built, less that of the same process
 * before the first message. The tape is read in pieces, so it is in neither.
 */

import { openFileSource } from "../../io/disk.ts";
import { readTextFile } from "../../io/text-file.ts";
import { BinaryFileFramer } from "../../wire/binaryfile.ts";
import type { ChildSpec } from "./child-spec.ts";
import type { CaseRun } from "./suite.ts";
import { makeBuilder } from "./timed-builder.ts";

export async function runMemory(spec: Extract<ChildSpec, { kind: "memory" }>): Promise<CaseRun> {
  // The file's buffer and the framer exist before the first look at the memory, as they do in any appliance.
  const builder = makeBuilder(spec.builder);
  const framer = new BinaryFileFramer();
  let emptyBytes = 0;
  let mostBytes = 0;
  for await (const chunk of openFileSource(spec.tape)) {
    if (emptyBytes === 0) emptyBytes = settledBytes();
    framer.feed(chunk);
    builder.run(framer, Number.POSITIVE_INFINITY);
    mostBytes = Math.max(mostBytes, residentBytes());
  }
  const settled = settledBytes() - emptyBytes;
  const orders = builder.orderCount;
  return {
    measures: {
      bytes_per_live_order: [settled / orders],
      peak_bytes_per_live_order: [(mostBytes - emptyBytes) / orders],
      resident_bytes: [settled],
    },
    checks: { orders: String(orders) },
  };
}

/** After the collector has given back what nobody holds. */
function settledBytes(): number {
  Bun.gc(true);
  return residentBytes();
}

function residentBytes(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readTextFile("/proc/self/status"))![1]) * 1024;
}
