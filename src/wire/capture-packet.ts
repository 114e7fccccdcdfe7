/**
 * What the capture readers (pcap, pcapng) have in common: the packet they fill and the statuses they answer with.
 */
import type { ChunkWindow } from "./chunk-window.ts";

/** A record or block past this is taken for damage, not for a length: 16 MiB. */
export const CAPTURE_RECORD_BYTES_MAX = 16 * 1024 * 1024;

export const CaptureStatus = {
  ok: 0,
  /** An enhanced or simple packet of an interface that the section has not described. The packet is skipped. */
  unknownInterface: 1,
  /** A packet that claims more bytes than its block has. The packet is skipped. */
  packetBeyondBlock: 2,
  /** Neither pcap nor pcapng. */
  badMagic: 3,
  badVersion: 4,
  /** A pcapng section without a byte-order mark. */
  badByteOrder: 5,
  /** A record or block longer than 16 MiB. */
  recordTooLong: 6,
  /** A block's length is too small for its kind, no multiple of 4, or not the same at its end. */
  badBlockLength: 7,
  /** More interfaces in one section than any real capture has. */
  tooManyInterfaces: 8,
} as const;
export type CaptureStatus = (typeof CaptureStatus)[keyof typeof CaptureStatus];
/** snake_case, by status; for counters, logs and JSON. */
export const CAPTURE_STATUS_NAMES = [
  "ok",
  "unknown_interface",
  "packet_beyond_block",
  "bad_magic",
  "bad_version",
  "bad_byte_order",
  "record_too_long",
  "bad_block_length",
  "too_many_interfaces",
] as const;
export const CAPTURE_STATUS_COUNT = CAPTURE_STATUS_NAMES.length;
/** From this status on the file cannot be followed any further; those before cost one packet. */
export const CAPTURE_STATUS_FATAL_FIRST = CaptureStatus.badMagic;

/** One captured packet: where it lies in the window's memory, and what the capture says of it. */
export class CapturePacket {
  offset = 0;
  /** Bytes captured. */
  length = 0;
  /** Bytes that were on the wire: more than `length` when the capture cut it. */
  originalLength = 0;
  /** Capture time: seconds since the Unix epoch, and nanoseconds of that second. */
  seconds = 0;
  nanoseconds = 0;
  /** Whether the capture had a time for it (simple packet blocks have none). */
  hasTime = false;
  linkType = 0;
  /** Where its record begins in the file. */
  fileOffset = 0;
}

/** What a decoder answers besides a `CaptureStatus`: feed it more. */
export const NEED_BYTES = -1;

/** One capture format. Moves through the window a record at a time. */
export interface CaptureDecoder {
  /**
   * Fills `packet` with the next packet and answers `ok`; or answers `NEED_BYTES`, or what is wrong. Below
   * `CAPTURE_STATUS_FATAL_FIRST` the bad packet has been skipped.
   */
  next(window: ChunkWindow, packet: CapturePacket): CaptureStatus | typeof NEED_BYTES;
  /** What the last bad record said, for people. */
  readonly found: string;
}
