/** What the tests' appliance says of its channels, lines and threads: views with every field there is. */
import type { ChannelView, LineView } from "../../src/admin/contract.ts";
import type { ThreadPerfView } from "../../src/admin/perf-contract.ts";
import { Quality } from "../../src/core/quality.ts";

export const START_NS = 1_760_000_000_000_000_000n;
export const SESSION = "FTHM000001";

/** An ingest thread with everything on it that there can be. */
export function ingestThread(channel: string, messages: number): ThreadPerfView {
  return {
    channel,
    thread: "ingest",
    idle: "park",
    pinnedCpu: undefined,
    warmUp: { durationNs: 180e6, messageCount: 120_000, skipped: "" },
    busyShare: 0.25,
    turnsPerSecond: 900,
    messagesPerSecond: 1_250_000,
    pauseMaxNs: 4e6,
    pauseRecentNs: 80e3,
    stages: [
      {
        stage: "receive",
        unit: "packet",
        count: messages,
        perSecond: 40_000,
        nsPerUnit: 700,
        nsPerMessage: 22,
        busyShare: 0.028,
      },
    ],
    queues: [{ queue: "line.a", depthBytes: 2304, depthBytesMax: 9216, capacityBytes: 1 << 25 }],
    bursts: {
      count: 3,
      depthShareMax: 0.7,
      openShare: 0,
      last: { depthShare: 0.2, durationNs: 8e6, drainNs: 5e6 },
      drainNsMax: 21e6,
    },
  };
}

export function emptyChannel(name: string): ChannelView {
  return {
    name,
    feed: "itch50",
    session: SESSION,
    state: "live",
    quality: Quality.ok,
    qualityReason: "",
    nextSequence: 1,
    messageCount: 0,
    messagesPerSecond: 0,
    bytesPerSecond: 0,
    instrumentCount: 0,
    orderCount: 0,
    gaps: { opened: 3, repaired: 2, abandoned: 0, lostMessages: 0, open: 1 },
    recentGaps: [
      {
        openedAtNs: START_NS + 5_000_000_000n,
        firstSequence: 41,
        messageCount: 12,
        state: "repaired",
        repairedBy: "re-request",
        durationNs: 1_840_000,
      },
    ],
    reorder: { depth: 0, capacity: 8192, depthMax: 31 },
    requests: { sent: 2, answered: 2, timedOut: 0, messagesAsked: 19 },
    snapshots: { started: 1, completed: 1, failed: 0 },
    lines: [emptyLine("a", "239.192.1.1"), emptyLine("b", "239.192.1.2")],
    badMessages: {
      total: 1,
      byKind: { unknown_type: 1 },
      firstOffenders: [{ kind: "unknown_type", sequence: 17, type: "z", locate: 0, hex: "7a00" }],
    },
    feedState: { systemEvent: "", mwcb: null, mwcbBreached: "", tsEventNs: 0 },
  };
}

function emptyLine(name: string, group: string): LineView {
  return {
    name,
    group,
    port: 26400,
    interface: "lo",
    source: "",
    quality: Quality.ok,
    packetCount: 0,
    messageCount: 0,
    byteCount: 0,
    heartbeatCount: 4,
    packetsPerSecond: 0,
    messagesPerSecond: 0,
    wonCount: 0,
    duplicateCount: 0,
    lostCount: 0,
    reorderedCount: 0,
    badPackets: { short_header: 0, trailing_bytes: 0 },
    kernelDropCount: 0,
    receiveBufferBytes: 16 * 1024 * 1024,
    receivePath: "recvmmsg",
    receiveReason: "chosen in the config",
    refusedCount: 0,
    fragmentedCount: 0,
    leadMeanNs: 0,
    leadLastNs: 0,
    lastPacketAtNs: undefined,
  };
}

/** Both lines deliver everything but a little; A wins two of three. */
export function countOn(lines: LineView[], sequence: number, bytes: number): void {
  const winner = sequence % 3 === 0 ? 1 : 0;
  for (const [i, line] of lines.entries()) {
    if (sequence % (i === 0 ? 997 : 613) === 0) {
      line.lostCount++;
      continue;
    }
    line.packetCount += sequence % 4 === 0 ? 1 : 0;
    line.messageCount++;
    line.byteCount += bytes + 2;
    if (i === winner) line.wonCount++;
    else line.duplicateCount++;
    line.lastPacketAtNs = START_NS + BigInt(sequence) * 1_000_000n;
  }
}
