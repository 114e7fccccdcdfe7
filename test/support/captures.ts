/**
 * Captures for tests, made from a tape: its messages as MoldUDP64 packets on two lines, each with its own losses and
 * disorder, in Ethernet, IPv4 and UDP frames of a pcap or pcapng file.
 */
import { Prng } from "../../src/core/prng.ts";
import { MoldPacketWriter, sessionBytes, writeMoldEndOfSession } from "../../src/wire/moldudp64.ts";
import { enhancedPacket, interfaceBlock, pcapHead, pcapRecord, sectionHeader } from "../unit/wire/capture-file.ts";
import { ethernet, ipv4, udp } from "../unit/wire/frame-bytes.ts";

export interface CapturedPacket {
  /** Of the day of the capture. */
  tsNs: number;
  /** 0: A, 1: B. */
  line: number;
  payload: Uint8Array;
}

export interface CaptureFaults {
  seed?: number;
  /** Shares of the packets, 0 … 1. */
  lossA?: number;
  lossB?: number;
  /** Packets whose stamp is later than that of a few after them. */
  reorder?: number;
  /** Whether a packet may be lost on both lines; by default B brings what A lost. */
  bothMayLose?: boolean;
}

/** Midnight of some day, seconds since 1970. */
const DAY_SECONDS = 1_760_054_400;
const BEGIN_NS = 14_400e9;
const PACKET_INTERVAL_NS = 100_000;
const LINE_B_BEHIND_NS = 20_000;
const REORDER_BY_NS = 350_000;
const ETHERTYPE_IPV4 = 0x0800;
const GROUPS = [
  [233, 54, 12, 1],
  [233, 54, 12, 2],
] as const;
const IPV4_DESTINATION_OFFSET = 16;

/** The messages as packets of a session, from `firstSequence` on, and the end of session behind them. */
export function moldPackets(messages: readonly Uint8Array[], session = "CAPTURE", firstSequence = 1): Uint8Array[] {
  const writer = new MoldPacketWriter(700);
  const session10 = sessionBytes(session);
  const packets: Uint8Array[] = [];
  writer.begin(session10, firstSequence);
  for (const [i, message] of messages.entries()) {
    if (!writer.fits(message.length)) {
      packets.push(writer.bytes.slice(0, writer.finish()));
      writer.begin(session10, firstSequence + i);
    }
    writer.append(message, 0, message.length);
  }
  packets.push(writer.bytes.slice(0, writer.finish()));
  writer.begin(session10, 1);
  const next = firstSequence + messages.length;
  packets.push(writer.bytes.slice(0, writeMoldEndOfSession(writer.view, writer.bytes, 0, session10, next)));
  return packets;
}

/** The packets on both lines, in the order of their stamps. The end of session is lost on neither. */
export function onTwoLines(packets: readonly Uint8Array[], faults: CaptureFaults = {}): CapturedPacket[] {
  const { seed = 1, lossA = 0, lossB = 0, reorder = 0, bothMayLose = false } = faults;
  const prng = new Prng(seed);
  const captured: CapturedPacket[] = [];
  for (const [i, payload] of packets.entries()) {
    const isLast = i === packets.length - 1;
    const isLostA = !isLast && prng.chance(lossA);
    const isLostB = !isLast && prng.chance(lossB) && (bothMayLose || !isLostA);
    const late = () => (!isLast && prng.chance(reorder) ? REORDER_BY_NS : 0);
    const tsNs = BEGIN_NS + i * PACKET_INTERVAL_NS;
    if (!isLostA) captured.push({ tsNs: tsNs + late(), line: 0, payload });
    if (!isLostB) captured.push({ tsNs: tsNs + LINE_B_BEHIND_NS + late(), line: 1, payload });
  }
  return captured.sort((a, b) => a.tsNs - b.tsNs);
}

/** A frame to the line's group, under the house's own Ethernet and IP heads. */
export function lineFrame(line: number, payload: Uint8Array): Uint8Array {
  const packet = ipv4(udp(payload));
  packet.set(GROUPS[line]!, IPV4_DESTINATION_OFFSET);
  return ethernet(ETHERTYPE_IPV4, packet);
}

export function pcapFile(packets: readonly CapturedPacket[], options: { isNanos?: boolean } = {}): Uint8Array {
  const unitNs = options.isNanos ? 1 : 1000;
  const records = packets.map(({ tsNs, line, payload }) => {
    const seconds = DAY_SECONDS + Math.floor(tsNs / 1e9);
    const fraction = Math.floor((tsNs % 1e9) / unitNs);
    return pcapRecord({ seconds, fraction, bytes: lineFrame(line, payload) });
  });
  return Buffer.concat([pcapHead(options), ...records]);
}

export function pcapngFile(packets: readonly CapturedPacket[]): Uint8Array {
  const records = packets.map(({ tsNs, line, payload }) => {
    const stamp = BigInt(DAY_SECONDS) * 1_000_000_000n + BigInt(tsNs);
    return enhancedPacket(true, { stamp, bytes: lineFrame(line, payload) });
  });
  return Buffer.concat([sectionHeader(true), interfaceBlock(true, { timeResolution: 9 }), ...records]);
}
