/**
 * How full the queues before and behind the ingest thread are: the kernel's buffer of each line, and the ring to each
 * shard. Owned by that thread, which looks once a millisecond while it is busy.
 */
import { MessageRing } from "../bus/message-ring.ts";
import type { Counters } from "../core/counters.ts";
import type { PacketReceiver } from "../io/receive-path.ts";
import { type PerfCounter, publishQueue } from "../observe/perf-counters.ts";

interface Line {
  readonly name: string;
  readonly receiver: PacketReceiver;
  depthBytes: number;
}

/** The name of a line's queue in the counters. */
export function lineQueue(line: string): string {
  return `line.${line}`;
}

export class QueueProbe {
  /** How full the fullest line is, 0 to 1, when last looked. */
  lineShare = 0;
  /** The same over lines and rings. */
  share = 0;
  readonly #lines: Line[];
  readonly #rings: MessageRing[];

  /** `rings`: the shards' own, where there are any. */
  constructor(
    lineNames: readonly string[],
    receivers: readonly PacketReceiver[],
    rings: readonly (SharedArrayBuffer | undefined)[],
  ) {
    this.#lines = receivers.map((receiver, i) => ({ name: lineNames[i]!, receiver, depthBytes: 0 }));
    this.#rings = rings.flatMap((ring) => (ring ? [MessageRing.attach(ring)] : []));
  }

  /** Looks. A system call a line. */
  look(): void {
    let lineShare = 0;
    for (let i = 0; i < this.#lines.length; i++) {
      const line = this.#lines[i]!;
      const bytes = line.receiver.queueBytes();
      if (bytes > line.depthBytes) line.depthBytes = bytes;
      const share = bytes / line.receiver.receiveBufferBytes;
      if (share > lineShare) lineShare = share;
    }
    let share = lineShare;
    for (let i = 0; i < this.#rings.length; i++) {
      const ring = this.#rings[i]!;
      const ringShare = ring.depthBytes / ring.capacityBytes;
      if (ringShare > share) share = ringShare;
    }
    this.lineShare = lineShare;
    this.share = share;
  }

  /** Tells each line's depth (the deepest since this was last called), and what its receive path refused. */
  publish(counters: Counters<PerfCounter>): void {
    for (const line of this.#lines) {
      const { name, receiver } = line;
      publishQueue(counters, lineQueue(name), line.depthBytes, receiver.receiveBufferBytes);
      line.depthBytes = 0;
      counters.set(`line.${name}.refused`, receiver.refusedCount ?? 0);
      counters.set(`line.${name}.fragmented`, receiver.fragmentedCount ?? 0);
    }
  }
}
