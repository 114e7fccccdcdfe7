/**
 * Which destinations of a capture are the lines of which session: a first pass over the files that only counts. A
 * capture may hold both lines, answers to re-requests, other channels and anything else that was on the wire.
 */
import {
  MOLD_HEADER_BYTES,
  MOLD_STATUS_BAD_FIRST,
  MoldHeader,
  MoldStatus,
  parseMold,
  readSession,
} from "../wire/moldudp64.ts";
import {
  extractUdp,
  formatIpAddress,
  UDP_STATUS_COUNT,
  UDP_STATUS_NAMES,
  UdpDatagram,
  UdpStatus,
} from "../wire/udp-frame.ts";
import { CaptureCursor, ReplayFile } from "./replay-source.ts";

export interface CaptureLine {
  /** "233.54.12.111:26477". */
  destination: string;
  messageCount: number;
}

export interface CaptureLines {
  /** The session with the most messages. */
  session: string;
  /** Its destinations, the busiest first. */
  lines: CaptureLine[];
  /** Sessions that are not replayed. */
  otherSessions: string[];
  /** Packets with sequence 0, which no real publisher sends. */
  sequenceZeroCount: number;
  /** Frames that held no UDP datagram of use, by `UDP_STATUS_NAMES`. */
  skippedFrames: Record<string, number>;
}

export const LINES_MAX = 8;

interface Tally {
  session: string;
  destination: string;
  messageCount: number;
}

/** Reads all files once. Throws what opening them throws. */
export async function findCaptureLines(paths: readonly string[]): Promise<CaptureLines> {
  const tallies = new Map<string, Tally>();
  const frames = new Float64Array(UDP_STATUS_COUNT);
  const header = new MoldHeader();
  const datagram = new UdpDatagram();
  let sequenceZeroCount = 0;
  for (const path of paths) {
    const cursor = new CaptureCursor(await ReplayFile.open(path), () => 0);
    while (cursor.next() || (await cursor.advance())) {
      const { view, bytes, packet } = cursor.reader;
      const { offset, length, originalLength, linkType } = packet;
      const udp = extractUdp(view, offset, length, originalLength, linkType, datagram);
      frames[udp]!++;
      if (udp !== UdpStatus.ok) continue;
      const status = parseMold(view, datagram.payloadOffset, datagram.payloadLength, header);
      if (status === MoldStatus.sequenceZero) sequenceZeroCount++;
      else if (status >= MOLD_STATUS_BAD_FIRST || datagram.payloadLength < MOLD_HEADER_BYTES) continue;
      const session = readSession(bytes, datagram.payloadOffset);
      const destination = destinationOf(view, datagram);
      const key = `${session}\n${destination}`;
      const tally = tallies.get(key) ?? { session, destination, messageCount: 0 };
      tally.messageCount += header.count;
      tallies.set(key, tally);
    }
    cursor.source.close();
  }
  return { ...chooseSession([...tallies.values()]), sequenceZeroCount, skippedFrames: skipped(frames) };
}

/** "address:port" of where a datagram went. */
export function destinationOf(view: DataView, datagram: UdpDatagram): string {
  const address = formatIpAddress(view, datagram.destinationAddressOffset, datagram.ipVersion);
  return `${address}:${datagram.destinationPort}`;
}

function chooseSession(tallies: Tally[]): Pick<CaptureLines, "session" | "lines" | "otherSessions"> {
  const totals = new Map<string, number>();
  for (const { session, messageCount } of tallies) totals.set(session, (totals.get(session) ?? 0) + messageCount);
  const sessions = [...totals].sort((a, b) => b[1] - a[1]).map(([session]) => session);
  const session = sessions[0] ?? "";
  const lines = tallies
    .filter((tally) => tally.session === session)
    .sort((a, b) => b.messageCount - a.messageCount)
    .slice(0, LINES_MAX)
    .map(({ destination, messageCount }) => ({ destination, messageCount }));
  return { session, lines, otherSessions: sessions.slice(1) };
}

function skipped(frames: Float64Array): Record<string, number> {
  const byKind: Record<string, number> = {};
  for (let status = UdpStatus.ok + 1; status < UDP_STATUS_COUNT; status++) {
    if (frames[status]! > 0) byKind[UDP_STATUS_NAMES[status]!] = frames[status]!;
  }
  return byKind;
}
