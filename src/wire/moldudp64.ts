/**
 * MoldUDP64, both directions: downstream packets (data, heartbeat, end of session) and the re-request. Sans-I/O; hot:
 * nothing here allocates per packet, and a peer's bad bytes come back as a `MoldStatus`.
 *
 *      0            10           18      20
 *     +------------+------------+-------+-----------------------------------+
 *     | session    | sequence   | count | count × [u16 length][bytes]       |
 *     +------------+------------+-------+-----------------------------------+
 *
 * The first message of a session has sequence 1; message i of a packet has `sequence + i`. A packet is taken or refused
 * whole: once `parseMold` has said `data`, a caller may walk its `count` blocks without another check.
 *
 * Source: Nasdaq MoldUDP64 protocol specification 1.00.
 */
import { assert } from "../core/assert.ts";
import { readAscii, readU64, SAFE_U64_MAX, writeAscii, writeU64 } from "../core/bytes.ts";

export const MOLD_SESSION_BYTES = 10;
export const MOLD_HEADER_BYTES = 20;
/** The length before each message. */
export const MOLD_BLOCK_HEAD_BYTES = 2;
/** The count that says end of session. */
export const MOLD_COUNT_END = 0xffff;
/** The most messages a packet can hold. */
export const MOLD_COUNT_MAX = 0xfffe;
/** What a packet is filled to unless told otherwise: fits one Ethernet frame with room for tunnels. */
export const MOLD_PAYLOAD_BYTES_DEFAULT = 1400;
/** The largest UDP payload over IPv4. */
export const MOLD_PAYLOAD_BYTES_MAX = 65_507;

export const MoldStatus = {
  data: 0,
  heartbeat: 1,
  endOfSession: 2,
  /** Fewer than 20 bytes. */
  shortHeader: 3,
  /** A block's length, or the count, reaches past the end of the datagram. */
  blockBeyondEnd: 4,
  /** Bytes left over after the last block. */
  trailingBytes: 5,
  /** Numbers start at 1. The blocks are whole: a tool that knows why (a rewritten capture) may walk them. */
  sequenceZero: 6,
  /** Past 2^53, where a double could no longer tell neighbours apart. */
  sequenceTooLarge: 7,
  /** A request for no messages. */
  countZero: 8,
} as const;
export type MoldStatus = (typeof MoldStatus)[keyof typeof MoldStatus];
/** snake_case, by status; for counters, logs and JSON. */
export const MOLD_STATUS_NAMES = [
  "data",
  "heartbeat",
  "end_of_session",
  "short_header",
  "block_beyond_end",
  "trailing_bytes",
  "sequence_zero",
  "sequence_too_large",
  "count_zero",
] as const;
export const MOLD_STATUS_COUNT = MOLD_STATUS_NAMES.length;
/** The first status that counts as a bad packet. */
export const MOLD_STATUS_BAD_FIRST = MoldStatus.shortHeader;

/** Filled by the parsers; make one and keep it. */
export class MoldHeader {
  /** Of the first message; of the next one to come in a heartbeat and an end of session; first wanted in a request. */
  sequence = 0;
  /** Messages in the packet: 0 for heartbeat and end of session. In a request, the messages wanted. */
  count = 0;
}

/**
 * Checks a datagram of `length` bytes at `off` and fills `out`. Below `MOLD_STATUS_BAD_FIRST` all is well; otherwise
 * the packet is to be refused whole (`out` then tells what the header claimed, for the log). With `data` the blocks
 * start at `off + MOLD_HEADER_BYTES` and every length has been checked.
 */
export function parseMold(view: DataView, off: number, length: number, out: MoldHeader): MoldStatus {
  if (length < MOLD_HEADER_BYTES) {
    out.sequence = 0;
    out.count = 0;
    return MoldStatus.shortHeader;
  }
  const sequence = readU64(view, off + 10);
  const count = view.getUint16(off + 18);
  const isEnd = count === MOLD_COUNT_END;
  const blockCount = isEnd ? 0 : count;
  out.sequence = sequence;
  out.count = blockCount;
  const end = off + length;
  let at = off + MOLD_HEADER_BYTES;
  for (let i = 0; i < blockCount; i++) {
    if (at + MOLD_BLOCK_HEAD_BYTES > end) return MoldStatus.blockBeyondEnd;
    at += MOLD_BLOCK_HEAD_BYTES + view.getUint16(at);
    if (at > end) return MoldStatus.blockBeyondEnd;
  }
  if (at !== end) return MoldStatus.trailingBytes;
  if (sequence === 0) return MoldStatus.sequenceZero;
  if (sequence + blockCount > SAFE_U64_MAX) return MoldStatus.sequenceTooLarge;
  if (isEnd) return MoldStatus.endOfSession;
  return count === 0 ? MoldStatus.heartbeat : MoldStatus.data;
}

/** Whether the packet at `off` is of this session. Ten compares, no string made. */
export function sameSession(bytes: Uint8Array, off: number, session10: Uint8Array): boolean {
  for (let i = 0; i < MOLD_SESSION_BYTES; i++) if (bytes[off + i] !== session10[i]) return false;
  return true;
}

/** A session as it is on the wire: 10 ASCII bytes, space-padded on the right. */
export function sessionBytes(session: string): Uint8Array {
  const bytes = new Uint8Array(MOLD_SESSION_BYTES);
  writeAscii(bytes, 0, MOLD_SESSION_BYTES, session);
  return bytes;
}

/** The session of the packet at `off`, as text. The packet must have its header. */
export function readSession(bytes: Uint8Array, off: number): string {
  return readAscii(bytes, off, MOLD_SESSION_BYTES);
}

function writeHeader(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  session10: Uint8Array,
  sequence: number,
  count: number,
): number {
  for (let i = 0; i < MOLD_SESSION_BYTES; i++) bytes[off + i] = session10[i]!;
  writeU64(view, off + 10, sequence);
  view.setUint16(off + 18, count);
  return MOLD_HEADER_BYTES;
}

/** Says "the next message will be `nextSequence`" when there is nothing to send. Returns its 20 bytes. */
export function writeMoldHeartbeat(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  session10: Uint8Array,
  nextSequence: number,
): number {
  return writeHeader(view, bytes, off, session10, nextSequence, 0);
}

/** Says "there will be no message `nextSequence`". Returns its 20 bytes. */
export function writeMoldEndOfSession(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  session10: Uint8Array,
  nextSequence: number,
): number {
  return writeHeader(view, bytes, off, session10, nextSequence, MOLD_COUNT_END);
}

/** Asks for `count` messages from `sequence` on; sent unicast to the re-request server. Returns its 20 bytes. */
export function writeMoldRequest(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  session10: Uint8Array,
  sequence: number,
  count: number,
): number {
  return writeHeader(view, bytes, off, session10, sequence, count);
}

/** Checks a request of `length` bytes at `off` and fills `out`. `data` (0) means well-formed. */
export function parseMoldRequest(view: DataView, off: number, length: number, out: MoldHeader): MoldStatus {
  if (length < MOLD_HEADER_BYTES) {
    out.sequence = 0;
    out.count = 0;
    return MoldStatus.shortHeader;
  }
  out.sequence = readU64(view, off + 10);
  out.count = view.getUint16(off + 18);
  if (length > MOLD_HEADER_BYTES) return MoldStatus.trailingBytes;
  if (out.sequence === 0) return MoldStatus.sequenceZero;
  if (out.sequence + out.count > SAFE_U64_MAX) return MoldStatus.sequenceTooLarge;
  return out.count === 0 ? MoldStatus.countZero : MoldStatus.data;
}

/**
 * Fills one packet after another in its own buffer: `begin`, `append` until it says no, `finish`, send
 * `bytes[0, length)`. Nothing is allocated after construction.
 */
export class MoldPacketWriter {
  readonly payloadBytesMax: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes in the packet so far, header included. */
  length = 0;
  /** Messages in the packet so far. */
  count = 0;
  /** Sequence of the packet's first message. */
  sequence = 0;

  /** `payloadBytesMax`: of the UDP payload, header included. */
  constructor(payloadBytesMax = MOLD_PAYLOAD_BYTES_DEFAULT) {
    assert(
      payloadBytesMax >= MOLD_HEADER_BYTES + MOLD_BLOCK_HEAD_BYTES && payloadBytesMax <= MOLD_PAYLOAD_BYTES_MAX,
      `a MoldUDP64 payload is 22 to ${MOLD_PAYLOAD_BYTES_MAX} bytes, not ${payloadBytesMax}`,
    );
    this.payloadBytesMax = payloadBytesMax;
    this.bytes = new Uint8Array(new ArrayBuffer(payloadBytesMax));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Starts a packet whose first message will be `sequence`; what was in the buffer is gone. */
  begin(session10: Uint8Array, sequence: number): void {
    this.length = writeHeader(this.view, this.bytes, 0, session10, sequence, 0);
    this.count = 0;
    this.sequence = sequence;
  }

  /** Whether a message of `length` bytes still fits. */
  fits(length: number): boolean {
    return this.length + MOLD_BLOCK_HEAD_BYTES + length <= this.payloadBytesMax;
  }

  /** Adds one message by copy; false, and nothing changed, when it does not fit any more. */
  append(bytes: Uint8Array, off: number, length: number): boolean {
    if (!this.fits(length)) {
      assert(this.count > 0, `a message of ${length} bytes fits no packet of ${this.payloadBytesMax}`);
      return false;
    }
    const to = this.bytes;
    const at = this.length + MOLD_BLOCK_HEAD_BYTES;
    this.view.setUint16(this.length, length);
    for (let i = 0; i < length; i++) to[at + i] = bytes[off + i]!;
    this.length = at + length;
    this.count++;
    return true;
  }

  /** Writes the count into the header; returns the packet's length in bytes. Without a message it is a heartbeat. */
  finish(): number {
    this.view.setUint16(18, this.count);
    return this.length;
  }
}
