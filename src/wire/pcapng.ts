/**
 * pcapng: a file of blocks, in sections. Each section has its own byte order and its own interfaces, each interface its
 * own link type and time unit. Packets are taken from enhanced and simple packet blocks; all other kinds are skipped.
 *
 *     block: type u32, total length u32 (a multiple of 4), body, total length again
 *
 * Source: IETF draft-ietf-opsawg-pcapng.
 */
import {
  CAPTURE_RECORD_BYTES_MAX,
  type CaptureDecoder,
  type CapturePacket,
  CaptureStatus,
  NEED_BYTES,
} from "./capture-packet.ts";
import type { ChunkWindow } from "./chunk-window.ts";
import { PcapngTime } from "./pcapng-time.ts";

/** The same in both byte orders. */
export const PCAPNG_MAGIC = 0x0a0d0d0a;
const BYTE_ORDER_MARK = 0x1a2b3c4d;
const BYTE_ORDER_MARK_SWAPPED = 0x4d3c2b1a;
const VERSION_MAJOR = 1;
/** Type, two lengths. */
const BLOCK_BYTES_MIN = 12;
const SECTION_BYTES_MIN = 28;
const INTERFACE_BYTES_MIN = 20;
const SIMPLE_BYTES_MIN = 16;
const ENHANCED_BYTES_MIN = 32;
const INTERFACE_COUNT_MAX = 65_536;

const Block = { interface: 1, simplePacket: 3, enhancedPacket: 6 } as const;
const Option = { end: 0, timeResolution: 9, timeOffset: 14 } as const;

interface CaptureInterface {
  readonly linkType: number;
  /** 0 = everything. */
  readonly snapBytes: number;
  readonly time: PcapngTime;
}

/** A block that was neither packet nor wrong: go on with the next. */
const GO_ON = -2;
type Step = CaptureStatus | typeof NEED_BYTES | typeof GO_ON;

export class PcapngDecoder implements CaptureDecoder {
  found = "";
  #isLittle = false;
  #interfaces: CaptureInterface[] = [];

  next(window: ChunkWindow, packet: CapturePacket): CaptureStatus | typeof NEED_BYTES {
    for (;;) {
      const step = this.#block(window, packet);
      if (step !== GO_ON) return step;
    }
  }

  #block(window: ChunkWindow, packet: CapturePacket): Step {
    if (!window.ensure(BLOCK_BYTES_MIN)) return NEED_BYTES;
    if (window.view.getUint32(window.at) === PCAPNG_MAGIC && !this.#byteOrder(window))
      return CaptureStatus.badByteOrder;
    const isLittle = this.#isLittle;
    const type = window.view.getUint32(window.at, isLittle);
    const bytes = window.view.getUint32(window.at + 4, isLittle);
    if (bytes > CAPTURE_RECORD_BYTES_MAX) {
      this.found = `a block of ${bytes} bytes`;
      return CaptureStatus.recordTooLong;
    }
    if (bytes < bytesMinOf(type) || bytes % 4 !== 0) return this.#badLength(type, `${bytes} bytes`);
    if (!window.ensure(bytes)) return NEED_BYTES;
    const at = window.at;
    const again = window.view.getUint32(at + bytes - 4, isLittle);
    if (again !== bytes) return this.#badLength(type, `${bytes} bytes at its start and ${again} at its end`);
    packet.fileOffset = window.fileOffset;
    const step = this.#body(window.view, type, at, bytes, packet);
    if (step < 0 || step === CaptureStatus.ok || isSkippable(step)) window.at = at + bytes;
    return step;
  }

  #body(view: DataView, type: number, at: number, bytes: number, packet: CapturePacket): Step {
    switch (type) {
      case PCAPNG_MAGIC:
        return this.#section(view, at);
      case Block.interface:
        return this.#interface(view, at, at + bytes - 4);
      case Block.simplePacket:
        return this.#simplePacket(view, at, bytes, packet);
      case Block.enhancedPacket:
        return this.#enhancedPacket(view, at, bytes, packet);
      default:
        return GO_ON;
    }
  }

  /** Sets the section's byte order before its length is read. */
  #byteOrder(window: ChunkWindow): boolean {
    const mark = window.view.getUint32(window.at + 8);
    this.#isLittle = mark === BYTE_ORDER_MARK_SWAPPED;
    if (mark === BYTE_ORDER_MARK || this.#isLittle) return true;
    this.found = `byte-order mark 0x${mark.toString(16).padStart(8, "0")}`;
    return false;
  }

  #section(view: DataView, at: number): Step {
    const major = view.getUint16(at + 12, this.#isLittle);
    if (major !== VERSION_MAJOR) {
      this.found = `pcapng version ${major}`;
      return CaptureStatus.badVersion;
    }
    this.#interfaces = [];
    return GO_ON;
  }

  #interface(view: DataView, at: number, end: number): Step {
    if (this.#interfaces.length === INTERFACE_COUNT_MAX) {
      this.found = `interface ${INTERFACE_COUNT_MAX} of one section`;
      return CaptureStatus.tooManyInterfaces;
    }
    const isLittle = this.#isLittle;
    let resolution = 6;
    let offsetSeconds = 0;
    let option = at + 16;
    while (option + 4 <= end) {
      const code = view.getUint16(option, isLittle);
      const length = view.getUint16(option + 2, isLittle);
      const value = option + 4;
      if (code === Option.end || value + length > end) break;
      if (code === Option.timeResolution && length === 1) resolution = view.getUint8(value);
      if (code === Option.timeOffset && length === 8) offsetSeconds = Number(view.getBigInt64(value, isLittle));
      option = value + Math.ceil(length / 4) * 4;
    }
    this.#interfaces.push({
      linkType: view.getUint16(at + 8, isLittle),
      snapBytes: view.getUint32(at + 12, isLittle),
      time: new PcapngTime(resolution, offsetSeconds),
    });
    return GO_ON;
  }

  #simplePacket(view: DataView, at: number, bytes: number, packet: CapturePacket): Step {
    const from = this.#interfaces[0];
    if (!from) return this.#unknownInterface(0);
    const room = bytes - SIMPLE_BYTES_MIN;
    packet.originalLength = view.getUint32(at + 8, this.#isLittle);
    packet.length = from.snapBytes > 0 ? Math.min(packet.originalLength, from.snapBytes) : packet.originalLength;
    if (packet.length > room) return this.#beyondBlock(packet.length, room);
    packet.offset = at + 12;
    packet.linkType = from.linkType;
    packet.hasTime = false;
    packet.seconds = 0;
    packet.nanoseconds = 0;
    return CaptureStatus.ok;
  }

  #enhancedPacket(view: DataView, at: number, bytes: number, packet: CapturePacket): Step {
    const isLittle = this.#isLittle;
    const id = view.getUint32(at + 8, isLittle);
    const from = this.#interfaces[id];
    if (!from) return this.#unknownInterface(id);
    const room = bytes - ENHANCED_BYTES_MIN;
    packet.length = view.getUint32(at + 20, isLittle);
    if (packet.length > room) return this.#beyondBlock(packet.length, room);
    packet.offset = at + 28;
    packet.originalLength = view.getUint32(at + 24, isLittle);
    packet.linkType = from.linkType;
    packet.hasTime = true;
    from.time.read(view.getUint32(at + 12, isLittle), view.getUint32(at + 16, isLittle), packet);
    return CaptureStatus.ok;
  }

  #badLength(type: number, what: string): Step {
    this.found = `a block of type 0x${type.toString(16)} with ${what}`;
    return CaptureStatus.badBlockLength;
  }

  #unknownInterface(id: number): Step {
    this.found = `interface ${id} of ${this.#interfaces.length}`;
    return CaptureStatus.unknownInterface;
  }

  #beyondBlock(captured: number, room: number): Step {
    this.found = `a packet of ${captured} bytes in a block with room for ${room}`;
    return CaptureStatus.packetBeyondBlock;
  }
}

function bytesMinOf(type: number): number {
  switch (type) {
    case PCAPNG_MAGIC:
      return SECTION_BYTES_MIN;
    case Block.interface:
      return INTERFACE_BYTES_MIN;
    case Block.simplePacket:
      return SIMPLE_BYTES_MIN;
    case Block.enhancedPacket:
      return ENHANCED_BYTES_MIN;
    default:
      return BLOCK_BYTES_MIN;
  }
}

function isSkippable(step: Step): boolean {
  return step === CaptureStatus.unknownInterface || step === CaptureStatus.packetBeyondBlock;
}
