/**
 * Classic pcap: a file head, then records. Microsecond and nanosecond stamps, either byte order; the magic says which.
 *
 *     file head 24: magic, major u16, minor u16, zone, sigfigs, snaplen, link type
 *     record 16:    seconds u32, fraction u32, captured u32, original u32, then the captured bytes
 *
 * Source: IETF draft-ietf-opsawg-pcap.
 */
import {
  CAPTURE_RECORD_BYTES_MAX,
  type CaptureDecoder,
  type CapturePacket,
  CaptureStatus,
  NEED_BYTES,
} from "./capture-packet.ts";
import type { ChunkWindow } from "./chunk-window.ts";

/** As read big-endian, so that a little-endian file shows the second form. */
const MAGIC_US = 0xa1b2c3d4;
const MAGIC_US_LITTLE = 0xd4c3b2a1;
const MAGIC_NS = 0xa1b23c4d;
const MAGIC_NS_LITTLE = 0x4d3cb2a1;
const FILE_HEAD_BYTES = 24;
const RECORD_HEAD_BYTES = 16;
const VERSION_MAJOR = 2;
/** The upper half of the link-type word carries flags (frame check sequence). */
const LINK_TYPE_MASK = 0xffff;

/** Whether the file's first four bytes, read big-endian, are those of a pcap. */
export function isPcapMagic(magic: number): boolean {
  return magic === MAGIC_US || magic === MAGIC_US_LITTLE || magic === MAGIC_NS || magic === MAGIC_NS_LITTLE;
}

export class PcapDecoder implements CaptureDecoder {
  found = "";
  readonly #isLittle: boolean;
  readonly #nsPerFraction: number;
  #linkType = -1;

  /** `magic`: the first four bytes read big-endian, one that `isPcapMagic` knows. */
  constructor(magic: number) {
    this.#isLittle = magic === MAGIC_US_LITTLE || magic === MAGIC_NS_LITTLE;
    this.#nsPerFraction = magic === MAGIC_NS || magic === MAGIC_NS_LITTLE ? 1 : 1000;
  }

  next(window: ChunkWindow, packet: CapturePacket): CaptureStatus | typeof NEED_BYTES {
    if (this.#linkType < 0) {
      const status = this.#fileHead(window);
      if (status !== CaptureStatus.ok) return status;
    }
    if (!window.ensure(RECORD_HEAD_BYTES)) return NEED_BYTES;
    const isLittle = this.#isLittle;
    const captured = window.view.getUint32(window.at + 8, isLittle);
    if (captured > CAPTURE_RECORD_BYTES_MAX) {
      this.found = `a record of ${captured} bytes`;
      return CaptureStatus.recordTooLong;
    }
    if (!window.ensure(RECORD_HEAD_BYTES + captured)) return NEED_BYTES;
    const { view, at } = window;
    packet.fileOffset = window.fileOffset;
    packet.seconds = view.getUint32(at, isLittle);
    packet.nanoseconds = view.getUint32(at + 4, isLittle) * this.#nsPerFraction;
    packet.hasTime = true;
    packet.offset = at + RECORD_HEAD_BYTES;
    packet.length = captured;
    packet.originalLength = view.getUint32(at + 12, isLittle);
    packet.linkType = this.#linkType;
    window.at = at + RECORD_HEAD_BYTES + captured;
    return CaptureStatus.ok;
  }

  #fileHead(window: ChunkWindow): CaptureStatus | typeof NEED_BYTES {
    if (!window.ensure(FILE_HEAD_BYTES)) return NEED_BYTES;
    const major = window.view.getUint16(window.at + 4, this.#isLittle);
    if (major !== VERSION_MAJOR) {
      this.found = `pcap version ${major}`;
      return CaptureStatus.badVersion;
    }
    this.#linkType = window.view.getUint32(window.at + 20, this.#isLittle) & LINK_TYPE_MASK;
    window.at += FILE_HEAD_BYTES;
    return CaptureStatus.ok;
  }
}
