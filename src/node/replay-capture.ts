/**
 * Captures through a channel: all packets of all files in the order of their stamps, arbitrated as they were live; or,
 * where a capture's packets have no sequence, its messages in the order in which they lie. One thread.
 */
import { FathomError } from "../core/assert.ts";
import { Quality } from "../core/quality.ts";
import { Channel } from "../ingest/channel.ts";
import { BAD_PACKET_NAMES } from "../ingest/counters.ts";
import { MOLD_BLOCK_HEAD_BYTES, MOLD_HEADER_BYTES, MoldHeader, MoldStatus, parseMold } from "../wire/moldudp64.ts";
import { extractUdp, UdpDatagram, UdpStatus } from "../wire/udp-frame.ts";
import { type CaptureLines, destinationOf, findCaptureLines } from "./capture-lines.ts";
import type { ReplayGate } from "./replay-gate.ts";
import { CaptureCursor, type ReplayFile } from "./replay-source.ts";

export interface ReplayCaptureReport extends CaptureLines {
  quality: Quality;
  qualityReason: string;
  messagesLost: number;
  gapsOpened: number;
  gapsRepaired: number;
  /** Of the lines' datagrams, those refused whole: by `BAD_PACKET_NAMES`, kinds that occurred only. */
  badPackets: Record<string, number>;
}

const PACKETS_PER_BATCH = 64;

type Take = (cursor: CaptureCursor) => void;

/**
 * Plays all packets into the gate. `pause`: called after every batch, for progress and signals. Throws
 * `no-feed-in-capture`.
 */
export async function replayCaptures(
  files: readonly ReplayFile[],
  gate: ReplayGate,
  unsequenced: boolean,
  pause: () => Promise<void> | undefined,
): Promise<ReplayCaptureReport> {
  const found = await findCaptureLines(files.map((file) => file.report.path));
  if (found.lines.length === 0) throw noFeed(found);
  if (unsequenced) {
    gate.quality(Quality.recovering);
    await merge(files, gate, unsequencedTaker(gate), () => gate.batchEnd(), pause);
    const qualityReason = "the packets have no sequence: nothing says whether all of them are here";
    const none = { messagesLost: 0, gapsOpened: 0, gapsRepaired: 0, badPackets: {} };
    return { ...found, quality: Quality.recovering, qualityReason, ...none };
  }
  const names = found.lines.map((_, i) => String.fromCharCode(97 + i));
  const channel = new Channel({ name: "capture", lines: names.map((name) => ({ name })), join: "now" }, gate);
  const lineOf = new Map(found.lines.map(({ destination }, i) => [destination, i]));
  await merge(files, gate, packetTaker(channel, lineOf), () => channel.batchEnd(), pause);
  // Behind the last message that was wanted nothing counts as lost.
  if (gate.isClosed) channel.publish();
  else channel.finish();
  const { quality, qualityReason } = channel.status();
  return {
    ...found,
    quality,
    qualityReason,
    messagesLost: channel.counters.get("messagesLost"),
    gapsOpened: channel.counters.get("gapsOpened"),
    gapsRepaired: channel.counters.get("gapsRepaired"),
    badPackets: badPackets(channel, names),
  };
}

function badPackets(channel: Channel, lines: readonly string[]): Record<string, number> {
  const count = (kind: string) =>
    lines.reduce((total, line) => total + channel.counters.get(`line.${line}.bad.${kind}`), 0);
  return Object.fromEntries(BAD_PACKET_NAMES.map((kind) => [kind, count(kind)] as const).filter(([, n]) => n > 0));
}

function noFeed({ skippedFrames }: CaptureLines): FathomError {
  const kinds = Object.entries(skippedFrames).map(([kind, count]) => `${kind} ${count}`);
  const others = kinds.length === 0 ? "" : `; frames that are no UDP datagram of use: ${kinds.join(", ")}`;
  return new FathomError("no-feed-in-capture", `no MoldUDP64 packet in the capture${others}`, {
    hint: "expected a capture of an ITCH 5.0 feed over MoldUDP64",
  });
}

/** All packets of all captures in the order of their stamps. */
async function merge(
  files: readonly ReplayFile[],
  gate: ReplayGate,
  take: Take,
  batchEnd: () => void,
  pause: () => Promise<void> | undefined,
): Promise<void> {
  let baseSeconds: number | undefined;
  const base = (first: number) => (baseSeconds ??= first - (first % 86_400));
  const cursors: CaptureCursor[] = [];
  for (const file of files) {
    const cursor = new CaptureCursor(file, base);
    if (await cursor.advance()) cursors.push(cursor);
  }
  for (let count = 1; cursors.length > 0 && !gate.isClosed; count++) {
    let first = 0;
    for (let i = 1; i < cursors.length; i++) if (cursors[i]!.tsNs < cursors[first]!.tsNs) first = i;
    const cursor = cursors[first]!;
    take(cursor);
    if (count % PACKETS_PER_BATCH === 0) {
      batchEnd();
      const pausing = pause();
      if (pausing !== undefined) await pausing;
    }
    // Straight on where there is more in hand: a promise a packet would cost more than the packet.
    if (!cursor.next() && !(await cursor.advance())) cursors.splice(first, 1);
  }
}

function packetTaker(channel: Channel, lineOf: ReadonlyMap<string, number>): Take {
  const datagram = new UdpDatagram();
  return ({ reader: { view, bytes, packet }, tsNs }) => {
    const { offset, length, originalLength, linkType } = packet;
    if (extractUdp(view, offset, length, originalLength, linkType, datagram) !== UdpStatus.ok) return;
    const line = lineOf.get(destinationOf(view, datagram));
    if (line === undefined) return;
    channel.packet(line, bytes, view, datagram.payloadOffset, datagram.payloadLength, tsNs);
  };
}

function unsequencedTaker(gate: ReplayGate): Take {
  const datagram = new UdpDatagram();
  const header = new MoldHeader();
  let sequence = 0;
  return ({ reader: { view, bytes, packet }, tsNs }) => {
    const { offset, length, originalLength, linkType } = packet;
    if (extractUdp(view, offset, length, originalLength, linkType, datagram) !== UdpStatus.ok) return;
    const { payloadOffset, payloadLength } = datagram;
    const status = parseMold(view, payloadOffset, payloadLength, header);
    if (status !== MoldStatus.data && status !== MoldStatus.sequenceZero) return;
    let at = payloadOffset + MOLD_HEADER_BYTES;
    for (let i = 0; i < header.count; i++) {
      const blockBytes = view.getUint16(at);
      gate.message(bytes, view, at + MOLD_BLOCK_HEAD_BYTES, blockBytes, ++sequence, tsNs);
      at += MOLD_BLOCK_HEAD_BYTES + blockBytes;
    }
  };
}
