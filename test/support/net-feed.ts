/** MoldUDP64 packets for tests: messages whose bytes say their own sequence, so that a test knows what it must find. */
import {
  MOLD_HEADER_BYTES,
  MoldPacketWriter,
  sessionBytes,
  writeMoldEndOfSession,
  writeMoldHeartbeat,
} from "../../src/wire/moldudp64.ts";

/** The text of message `sequence`; its length varies. */
export function messageText(sequence: number, session = "S1"): string {
  return `${session}#${sequence}${".".repeat(sequence % 23)}`;
}

/** The texts of [first, end). */
export function messageTexts(first: number, end: number, session = "S1"): string[] {
  return Array.from({ length: end - first }, (_, i) => messageText(first + i, session));
}

/** A packet of messages [first, end), as a buffer of its own. */
export function dataPacket(first: number, end: number, session = "S1"): Uint8Array {
  const writer = new MoldPacketWriter(60_000);
  writer.begin(sessionBytes(session), first);
  for (let sequence = first; sequence < end; sequence++) {
    const bytes = encode(messageText(sequence, session));
    if (!writer.append(bytes, 0, bytes.length)) throw new Error("too many messages for one packet");
  }
  return writer.bytes.slice(0, writer.finish());
}

export function heartbeatPacket(nextSequence: number, session = "S1"): Uint8Array {
  return control((view, bytes) => writeMoldHeartbeat(view, bytes, 0, sessionBytes(session), nextSequence));
}

export function endPacket(nextSequence: number, session = "S1"): Uint8Array {
  return control((view, bytes) => writeMoldEndOfSession(view, bytes, 0, sessionBytes(session), nextSequence));
}

function control(write: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(MOLD_HEADER_BYTES);
  write(new DataView(bytes.buffer), bytes);
  return bytes;
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
