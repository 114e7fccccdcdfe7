/**
 * SoupBinTCP 3.00, both directions. Sans-I/O: `SoupParser` turns a byte stream, cut anywhere, into packets; the writers
 * put packets into memory that the caller owns and return the bytes written.
 *
 *     [u16 length of type and payload][type][payload]
 *
 * Sequenced data carries no number: the first after the login is the one the server accepted, then one more each.
 * Numbers are ASCII, right-justified; sessions are written left-padded and read with either padding. User names and
 * passwords are compared without regard to case. The optional heartbeat time-out of 4.10 at the end of a login request
 * is understood. A peer's bad bytes come back as a `SoupStatus`.
 *
 * Source: Nasdaq SoupBinTCP specification 3.00; 4.10 for the time-out.
 */
import { assert } from "../core/assert.ts";
import { writeAscii } from "../core/bytes.ts";
import { readAsciiNumber, readTrimmedAscii, writeAsciiNumber, writeAsciiRight } from "./ascii-number.ts";

/** Length and type. */
export const SOUP_HEAD_BYTES = 3;
export const SOUP_PAYLOAD_BYTES_MAX = 65_534;
const SOUP_PACKET_BYTES_MAX = SOUP_HEAD_BYTES + SOUP_PAYLOAD_BYTES_MAX;
/** A side that has sent nothing for this long sends a heartbeat. */
export const SOUP_HEARTBEAT_NS = 1e9;
/** A side that has heard nothing for this long may close. */
export const SOUP_SILENCE_NS = 15e9;

/** Type bytes. H and R are both heartbeats: the server's and the client's. */
export const Soup = {
  debug: 0x2b,
  loginAccepted: 0x41,
  loginRejected: 0x4a,
  sequenced: 0x53,
  unsequenced: 0x55,
  serverHeartbeat: 0x48,
  endOfSession: 0x5a,
  loginRequest: 0x4c,
  clientHeartbeat: 0x52,
  logout: 0x4f,
} as const;

/** Why a login was refused: not authorised, or no such session. */
export const SoupReject = { notAuthorised: 0x41, noSession: 0x53 } as const;

export const SoupStatus = {
  ok: 0,
  /** A length of 0: not even a type. The stream cannot be followed any further. */
  zeroLength: 1,
  /** A login packet that is not as long as its type says. */
  wrongLength: 2,
  /** A sequence or time-out that is not digits, or past 2^53. */
  badNumber: 3,
} as const;
export type SoupStatus = (typeof SoupStatus)[keyof typeof SoupStatus];
export const SOUP_STATUS_NAMES = ["ok", "zero_length", "wrong_length", "bad_number"] as const;

/** After `next()` has said false, this many bytes can always be fed at once. */
export const SOUP_FEED_BYTES_MAX = 65_536;

/**
 * Bytes in, packets out. Feed what a read returned, then pull until `next()` says false. The buffer is fixed: one whole
 * packet and one feed. The payload is only valid until the next `feed`.
 */
export class SoupParser {
  readonly bytes = new Uint8Array(new ArrayBuffer(SOUP_PACKET_BYTES_MAX + SOUP_FEED_BYTES_MAX));
  readonly view = new DataView(this.bytes.buffer);
  /** Of the packet that `next()` found. Unknown types are handed out like any other: skip them. */
  type = 0;
  payloadOffset = 0;
  payloadBytes = 0;
  /** Anything but `ok`: the stream is broken, no packet will come out of it any more. */
  status: SoupStatus = SoupStatus.ok;
  #from = 0;
  #end = 0;

  /**
   * Takes up to `length` bytes; returns how many there was room for (all, if packets are pulled in between). A broken
   * stream swallows whatever comes.
   */
  feed(bytes: Uint8Array, off: number, length: number): number {
    if (this.status !== SoupStatus.ok) return length;
    if (this.#from === this.#end) this.#from = this.#end = 0;
    if (this.#end + length > this.bytes.length && this.#from > 0) {
      this.bytes.copyWithin(0, this.#from, this.#end);
      this.#end -= this.#from;
      this.#from = 0;
    }
    const taken = Math.min(length, this.bytes.length - this.#end);
    this.bytes.set(taken === bytes.length ? bytes : bytes.subarray(off, off + taken), this.#end);
    this.#end += taken;
    return taken;
  }

  /** Moves to the next whole packet; false when there is none yet, or the stream is broken (`status`). */
  next(): boolean {
    if (this.status !== SoupStatus.ok) return false;
    const pending = this.#end - this.#from;
    if (pending < 2) return false;
    const length = this.view.getUint16(this.#from);
    if (length === 0) {
      this.status = SoupStatus.zeroLength;
      return false;
    }
    if (pending < 2 + length) return false;
    this.type = this.bytes[this.#from + 2]!;
    this.payloadOffset = this.#from + SOUP_HEAD_BYTES;
    this.payloadBytes = length - 1;
    this.#from += 2 + length;
    return true;
  }

  /** Bytes that wait for the rest of their packet: above 0 when a peer closed in the middle of one. */
  get pendingBytes(): number {
    return this.#end - this.#from;
  }

  /** For a new connection. */
  reset(): void {
    this.#from = this.#end = 0;
    this.status = SoupStatus.ok;
  }
}

/**
 * The head of any packet; the payload of `payloadBytes` goes (or already is) at `off + SOUP_HEAD_BYTES`. Returns the
 * bytes of the whole packet. This is how a message is written straight into place.
 */
export function writeSoupHead(view: DataView, off: number, type: number, payloadBytes: number): number {
  assert(payloadBytes <= SOUP_PAYLOAD_BYTES_MAX, `a SoupBinTCP payload of ${payloadBytes} bytes`);
  view.setUint16(off, payloadBytes + 1);
  view.setUint8(off + 2, type);
  return SOUP_HEAD_BYTES + payloadBytes;
}

function writePayload(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  type: number,
  from: Uint8Array,
  fromOff: number,
  length: number,
): number {
  for (let i = 0; i < length; i++) bytes[off + SOUP_HEAD_BYTES + i] = from[fromOff + i]!;
  return writeSoupHead(view, off, type, length);
}

/** S, server: one message, by copy. */
export function writeSequenced(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  message: Uint8Array,
  messageOff: number,
  length: number,
): number {
  return writePayload(view, bytes, off, Soup.sequenced, message, messageOff, length);
}

/** U, client: one message, by copy. */
export function writeUnsequenced(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  message: Uint8Array,
  messageOff: number,
  length: number,
): number {
  return writePayload(view, bytes, off, Soup.unsequenced, message, messageOff, length);
}

/** H, server. */
export function writeServerHeartbeat(view: DataView, off: number): number {
  return writeSoupHead(view, off, Soup.serverHeartbeat, 0);
}

/** Z, server. The connection closes after it. */
export function writeEndOfSession(view: DataView, off: number): number {
  return writeSoupHead(view, off, Soup.endOfSession, 0);
}

/** R, client. */
export function writeClientHeartbeat(view: DataView, off: number): number {
  return writeSoupHead(view, off, Soup.clientHeartbeat, 0);
}

/** O, client. The connection closes after it. */
export function writeLogout(view: DataView, off: number): number {
  return writeSoupHead(view, off, Soup.logout, 0);
}

/** +, either side: free text that the other ignores. */
export function writeDebug(view: DataView, bytes: Uint8Array, off: number, text: string): number {
  writeAscii(bytes, off + SOUP_HEAD_BYTES, text.length, text);
  return writeSoupHead(view, off, Soup.debug, text.length);
}

/** J, server. The connection closes after it. */
export function writeLoginRejected(view: DataView, off: number, reasonByte: number): number {
  view.setUint8(off + SOUP_HEAD_BYTES, reasonByte);
  return writeSoupHead(view, off, Soup.loginRejected, 1);
}

/** A, server. `nextSequence`: of the first sequenced message that will follow. */
export function writeLoginAccepted(
  view: DataView,
  bytes: Uint8Array,
  off: number,
  session: string,
  nextSequence: number,
): number {
  writeAsciiRight(bytes, off + SOUP_HEAD_BYTES, 10, session);
  writeAsciiNumber(bytes, off + SOUP_HEAD_BYTES + 10, 20, nextSequence);
  return writeSoupHead(view, off, Soup.loginAccepted, 30);
}

/** What a client asks for when it logs in; also what the parser fills. */
export class SoupLogin {
  /** Up to 6 characters. */
  username = "";
  /** Up to 10 characters. */
  password = "";
  /** "" = the current one. */
  session = "";
  /** 1 = from the start; n = go on at n; 0 = from the most recent message. */
  sequence = 1;
  /** 4.10 only: the silence after which the client wants to be dropped, in ms. 0 = not said. */
  heartbeatTimeoutMs = 0;
}

/** L, client. */
export function writeLoginRequest(view: DataView, bytes: Uint8Array, off: number, login: SoupLogin): number {
  const at = off + SOUP_HEAD_BYTES;
  writeAscii(bytes, at, 6, login.username);
  writeAscii(bytes, at + 6, 10, login.password);
  writeAsciiRight(bytes, at + 16, 10, login.session);
  writeAsciiNumber(bytes, at + 26, 20, login.sequence);
  if (login.heartbeatTimeoutMs === 0) return writeSoupHead(view, off, Soup.loginRequest, 46);
  writeAsciiNumber(bytes, at + 46, 5, login.heartbeatTimeoutMs);
  return writeSoupHead(view, off, Soup.loginRequest, 51);
}

/** Reads the payload of L. `out` is only filled when the answer is `ok`. */
export function parseLoginRequest(bytes: Uint8Array, off: number, length: number, out: SoupLogin): SoupStatus {
  if (length !== 46 && length !== 51) return SoupStatus.wrongLength;
  const sequence = readAsciiNumber(bytes, off + 26, 20);
  const timeoutMs = length === 51 ? readAsciiNumber(bytes, off + 46, 5) : 0;
  if (sequence < 0 || timeoutMs < 0) return SoupStatus.badNumber;
  out.username = readTrimmedAscii(bytes, off, 6);
  out.password = readTrimmedAscii(bytes, off + 6, 10);
  out.session = readTrimmedAscii(bytes, off + 16, 10);
  out.sequence = sequence;
  out.heartbeatTimeoutMs = timeoutMs;
  return SoupStatus.ok;
}

/** What the server granted. */
export class SoupAccepted {
  session = "";
  /** Of the first sequenced message that will follow. */
  sequence = 0;
}

/** Reads the payload of A. `out` is only filled when the answer is `ok`. */
export function parseLoginAccepted(bytes: Uint8Array, off: number, length: number, out: SoupAccepted): SoupStatus {
  if (length !== 30) return SoupStatus.wrongLength;
  const sequence = readAsciiNumber(bytes, off + 10, 20);
  if (sequence < 0) return SoupStatus.badNumber;
  out.session = readTrimmedAscii(bytes, off, 10);
  out.sequence = sequence;
  return SoupStatus.ok;
}

/** Reads the payload of J: the reason's letter, or 0 when the packet has not the length of one. */
export function parseLoginRejected(bytes: Uint8Array, off: number, length: number): number {
  return length === 1 ? bytes[off]! : 0;
}
