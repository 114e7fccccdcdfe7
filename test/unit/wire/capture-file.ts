/** Writes capture files for the tests: classic pcap and pcapng, either byte order, right or deliberately wrong. */

/** Bytes put one after another in a chosen byte order. */
export class ByteList {
  readonly #isLittle: boolean;
  #bytes: number[] = [];

  constructor(isLittle: boolean) {
    this.#isLittle = isLittle;
  }

  get length(): number {
    return this.#bytes.length;
  }

  #integer(width: number, value: bigint): this {
    const digits = Array.from({ length: width }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
    this.#bytes.push(...(this.#isLittle ? digits : digits.reverse()));
    return this;
  }

  u16(value: number): this {
    return this.#integer(2, BigInt(value));
  }

  u32(value: number): this {
    return this.#integer(4, BigInt(value));
  }

  u64(value: bigint): this {
    return this.#integer(8, BigInt.asUintN(64, value));
  }

  bytes(bytes: Iterable<number>): this {
    this.#bytes.push(...bytes);
    return this;
  }

  pad4(): this {
    while (this.#bytes.length % 4 !== 0) this.#bytes.push(0);
    return this;
  }

  done(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}

export interface PcapOptions {
  isLittle?: boolean;
  isNanos?: boolean;
  /** The whole word; its upper half are flags. */
  linkType?: number;
  major?: number;
}

export function pcapHead(options: PcapOptions = {}): Uint8Array<ArrayBuffer> {
  return new ByteList(options.isLittle ?? false)
    .u32(options.isNanos ? 0xa1b23c4d : 0xa1b2c3d4)
    .u16(options.major ?? 2)
    .u16(4)
    .u32(0)
    .u32(0)
    .u32(65_535)
    .u32(options.linkType ?? 1)
    .done();
}

export interface PcapRecord {
  seconds: number;
  /** In the file's own unit. */
  fraction: number;
  bytes: Uint8Array;
  originalLength?: number;
}

export function pcapRecord(record: PcapRecord, options: PcapOptions = {}): Uint8Array<ArrayBuffer> {
  return new ByteList(options.isLittle ?? false)
    .u32(record.seconds)
    .u32(record.fraction)
    .u32(record.bytes.length)
    .u32(record.originalLength ?? record.bytes.length)
    .bytes(record.bytes)
    .done();
}

/** Any pcapng block; `lengthAtEnd` to make it wrong. */
export function block(
  isLittle: boolean,
  type: number,
  body: Uint8Array,
  lengthAtEnd?: number,
): Uint8Array<ArrayBuffer> {
  const padded = new ByteList(isLittle).bytes(body).pad4().done();
  const length = 12 + padded.length;
  return new ByteList(isLittle)
    .u32(type)
    .u32(length)
    .bytes(padded)
    .u32(lengthAtEnd ?? length)
    .done();
}

export function sectionHeader(isLittle: boolean, major = 1, mark = 0x1a2b3c4d): Uint8Array<ArrayBuffer> {
  return block(isLittle, 0x0a0d0d0a, new ByteList(isLittle).u32(mark).u16(major).u16(0).u64(-1n).done());
}

export interface InterfaceOptions {
  linkType?: number;
  snapBytes?: number;
  timeResolution?: number;
  timeOffsetSeconds?: bigint;
}

export function interfaceBlock(isLittle: boolean, options: InterfaceOptions = {}): Uint8Array<ArrayBuffer> {
  const body = new ByteList(isLittle)
    .u16(options.linkType ?? 1)
    .u16(0)
    .u32(options.snapBytes ?? 0);
  // A name of odd length comes first, so that options must be walked with their padding.
  body.u16(2).u16(5).bytes([0x65, 0x74, 0x68, 0x31, 0x32]).pad4();
  if (options.timeResolution !== undefined) body.u16(9).u16(1).bytes([options.timeResolution]).pad4();
  if (options.timeOffsetSeconds !== undefined) body.u16(14).u16(8).u64(options.timeOffsetSeconds);
  return block(isLittle, 1, body.u16(0).u16(0).done());
}

export interface EnhancedPacket {
  interfaceId?: number;
  stamp: bigint;
  bytes: Uint8Array;
  /** What the block claims; the bytes' own length if not given. */
  captured?: number;
  originalLength?: number;
}

export function enhancedPacket(isLittle: boolean, packet: EnhancedPacket): Uint8Array<ArrayBuffer> {
  const body = new ByteList(isLittle)
    .u32(packet.interfaceId ?? 0)
    .u32(Number(packet.stamp >> 32n))
    .u32(Number(packet.stamp & 0xffffffffn))
    .u32(packet.captured ?? packet.bytes.length)
    .u32(packet.originalLength ?? packet.bytes.length)
    .bytes(packet.bytes);
  return block(isLittle, 6, body.done());
}

export function simplePacket(
  isLittle: boolean,
  bytes: Uint8Array,
  originalLength = bytes.length,
): Uint8Array<ArrayBuffer> {
  return block(isLittle, 3, new ByteList(isLittle).u32(originalLength).bytes(bytes).done());
}
