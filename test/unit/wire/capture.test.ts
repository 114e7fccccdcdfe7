/** pcap and pcapng: both byte orders, every time unit, chunked and cut anywhere, and damaged files. */
import { describe, expect, test } from "bun:test";
import { CaptureReader } from "../../../src/wire/capture.ts";
import { CaptureStatus } from "../../../src/wire/capture-packet.ts";
import {
  ByteList,
  block,
  concat,
  enhancedPacket,
  interfaceBlock,
  type PcapOptions,
  pcapHead,
  pcapRecord,
  sectionHeader,
  simplePacket,
} from "./capture-file.ts";

interface Found {
  packets: string[];
  counts: number[];
  end: ReturnType<CaptureReader["end"]>;
}

/** Reads a file in chunks, each in memory of its own that is wiped once it is used up. */
function read(file: Uint8Array, chunkBytes = file.length): Found {
  const reader = new CaptureReader();
  const packets: string[] = [];
  for (let at = 0; at < file.length; at += chunkBytes) {
    const memory = Uint8Array.from(file.subarray(at, at + chunkBytes));
    reader.feed(memory);
    while (reader.next()) {
      const p = reader.packet;
      const data = Buffer.from(reader.bytes.subarray(p.offset, p.offset + p.length)).toString("latin1");
      const time = p.hasTime ? `${p.seconds}.${String(p.nanoseconds).padStart(9, "0")}` : "no time";
      packets.push(`@${p.fileOffset} ${time} link ${p.linkType} ${data} of ${p.originalLength}`);
    }
    memory.fill(0xff);
  }
  return { packets, counts: [...reader.counts], end: reader.end() };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const WHOLE = { cutOffset: undefined, problem: undefined };
const ORDERS = [
  ["big-endian", false],
  ["little-endian", true],
] as const;

/** The file's head and its records. */
function pcapParts(options: PcapOptions): Uint8Array[] {
  return [
    pcapHead(options),
    pcapRecord({ seconds: 1_696_248_032, fraction: 418_087, bytes: bytesOf("first") }, options),
    pcapRecord({ seconds: 0xffffffff, fraction: 1, bytes: bytesOf("") }, options),
    pcapRecord({ seconds: 7, fraction: 999_999, bytes: bytesOf("third"), originalLength: 1500 }, options),
  ];
}

const pcapFile = (options: PcapOptions) => concat(...pcapParts(options));

/** Two sections; in the first two interfaces of different link types and units, and blocks of no interest. */
function pcapngParts(isLittle: boolean): Uint8Array[] {
  return [
    sectionHeader(isLittle),
    interfaceBlock(isLittle, { linkType: 1 }),
    block(isLittle, 5, bytesOf("statistics")),
    interfaceBlock(isLittle, { linkType: 113, timeResolution: 9, snapBytes: 4 }),
    enhancedPacket(isLittle, { stamp: 1_696_248_032_418_087n, bytes: bytesOf("micro") }),
    block(isLittle, 0x4002, bytesOf("")),
    enhancedPacket(isLittle, {
      interfaceId: 1,
      stamp: 1_696_248_032_418_087_123n,
      bytes: bytesOf("nano"),
      originalLength: 9,
    }),
    simplePacket(isLittle, bytesOf("simple")),
    sectionHeader(!isLittle),
    interfaceBlock(!isLittle, { linkType: 101, snapBytes: 4 }),
    simplePacket(!isLittle, bytesOf("snap"), 60),
    enhancedPacket(!isLittle, { stamp: 5_000_001n, bytes: bytesOf("other order") }),
  ];
}

describe.each(ORDERS)("pcap, %s", (_name, isLittle) => {
  test("microseconds", () => {
    const found = read(pcapFile({ isLittle }));
    expect(found.packets).toEqual([
      "@24 1696248032.418087000 link 1 first of 5",
      "@45 4294967295.000001000 link 1  of 0",
      "@61 7.999999000 link 1 third of 1500",
    ]);
    expect(found.end).toEqual(WHOLE);
  });

  test("nanoseconds", () => {
    expect(read(pcapFile({ isLittle, isNanos: true, linkType: 276 })).packets).toEqual([
      "@24 1696248032.000418087 link 276 first of 5",
      "@45 4294967295.000000001 link 276  of 0",
      "@61 7.000999999 link 276 third of 1500",
    ]);
  });

  test("flags beside the link type are not part of it", () => {
    expect(read(pcapFile({ isLittle, linkType: 0x4400_0001 })).packets[0]).toContain(" link 1 ");
  });

  test("another version is refused", () => {
    expect(read(pcapHead({ isLittle, major: 3 })).end.problem).toEqual({
      status: CaptureStatus.badVersion,
      name: "bad_version",
      fileOffset: 0,
      found: "pcap version 3",
    });
  });

  test("a record longer than 16 MiB is refused where it stands", () => {
    const length = 16 * 1024 * 1024 + 1;
    const damaged = new ByteList(isLittle).u32(1).u32(1).u32(length).u32(60).done();
    const found = read(concat(pcapFile({ isLittle }), damaged, new Uint8Array(100)));
    expect(found.packets.length).toBe(3);
    expect(found.end).toMatchObject({ cutOffset: undefined, problem: { name: "record_too_long", fileOffset: 82 } });
    expect(found.end.problem!.found).toContain(String(length));
  });
});

describe.each(ORDERS)("pcapng, %s first", (_name, isLittle) => {
  test("sections with their own byte order and interfaces", () => {
    const found = read(concat(...pcapngParts(isLittle)));
    expect(found.packets.map((packet) => packet.replace(/^@\d+ /, ""))).toEqual([
      "1696248032.418087000 link 1 micro of 5",
      "1696248032.418087123 link 113 nano of 9",
      "no time link 1 simple of 6",
      "no time link 101 snap of 60",
      "5.000001000 link 101 other order of 11",
    ]);
    expect(found.end).toEqual(WHOLE);
  });

  test.each([
    ["microseconds when nothing is said", undefined, undefined, 1_000_001n, "1.000001000"],
    ["whole seconds", 0, undefined, 1_696_248_032n, "1696248032.000000000"],
    ["milliseconds", 3, undefined, 1_500n, "1.500000000"],
    ["nanoseconds far from 0", 9, undefined, 18_446_744_073_709_551_615n, "18446744073.709551615"],
    ["picoseconds", 12, undefined, 1_234_567_890_123n, "1.234567890"],
    ["halves", 0x81, undefined, 3n, "1.500000000"],
    ["2^-20 s", 0x94, undefined, (1n << 40n) + (1n << 19n), "1048576.500000000"],
    ["2^-32 s, as NTP has it", 0xa0, undefined, (7n << 32n) + 1n, "7.000000000"],
    ["a unit finer than anything", 0x7f, undefined, 18_446_744_073_709_551_615n, "0.000000000"],
    ["an offset", 6, 1_696_248_000n, 32_418_087n, "1696248032.418087000"],
    ["an offset backwards", 9, -10n, 12_000_000_005n, "2.000000005"],
  ] as const)("time: %s", (_what, timeResolution, timeOffsetSeconds, stamp, expected) => {
    const options = {
      ...(timeResolution === undefined ? {} : { timeResolution }),
      ...(timeOffsetSeconds === undefined ? {} : { timeOffsetSeconds }),
    };
    const file = concat(
      sectionHeader(isLittle),
      interfaceBlock(isLittle, options),
      enhancedPacket(isLittle, { stamp, bytes: bytesOf("x") }),
    );
    expect(read(file).packets[0]).toContain(` ${expected} link`);
  });

  test("a packet that cannot be read costs only itself", () => {
    const good = enhancedPacket(isLittle, { stamp: 1n, bytes: bytesOf("good") });
    const found = read(
      concat(
        sectionHeader(isLittle),
        simplePacket(isLittle, bytesOf("no interface yet")),
        interfaceBlock(isLittle),
        enhancedPacket(isLittle, { interfaceId: 1, stamp: 1n, bytes: bytesOf("no such") }),
        good,
        enhancedPacket(isLittle, { stamp: 1n, bytes: bytesOf("long"), captured: 5 }),
        simplePacket(isLittle, bytesOf("long"), 5),
        good,
      ),
    );
    expect(found.packets.length).toBe(2);
    expect(found.counts[CaptureStatus.ok]).toBe(2);
    expect(found.counts[CaptureStatus.unknownInterface]).toBe(2);
    expect(found.counts[CaptureStatus.packetBeyondBlock]).toBe(2);
    expect(found.end).toEqual(WHOLE);
  });

  const lengthField = (length: number) => new ByteList(isLittle).u32(0x99).u32(length).u32(0).u32(0).done();
  test.each([
    ["a length too small for any block", lengthField(8), "bad_block_length"],
    ["a length too small for its kind", block(isLittle, 6, new Uint8Array(16)), "bad_block_length"],
    ["a length that is no multiple of 4", lengthField(15), "bad_block_length"],
    ["another length at its end", block(isLittle, 5, new Uint8Array(8), 24), "bad_block_length"],
    ["a length past 16 MiB", lengthField(16 * 1024 * 1024 + 4), "record_too_long"],
    ["a length of 4 GiB", lengthField(0xfffffffc), "record_too_long"],
    ["a section of another version", sectionHeader(isLittle, 2), "bad_version"],
    ["a section without byte-order mark", sectionHeader(isLittle, 1, 0x11223344), "bad_byte_order"],
  ] as const)("%s ends the file there", (_what, damage, name) => {
    const good = concat(sectionHeader(isLittle), interfaceBlock(isLittle), simplePacket(isLittle, bytesOf("good")));
    const found = read(concat(good, damage, good));
    expect(found.packets.length).toBe(1);
    expect(found.end).toMatchObject({ cutOffset: undefined, problem: { name, fileOffset: good.length } });
    expect(found.end.problem!.found).not.toBe("");
  });
});

const FILES: [string, Uint8Array[]][] = [
  ["pcap", pcapParts({})],
  ["little-endian nanosecond pcap", pcapParts({ isLittle: true, isNanos: true })],
  ["pcapng", pcapngParts(false)],
  ["little-endian pcapng", pcapngParts(true)],
];

describe.each(FILES)("chunks: %s", (_name, parts) => {
  const file = concat(...parts);
  const whole = read(file);

  test("of any size give the same packets", () => {
    for (let size = 1; size < file.length; size++) expect(read(file, size)).toEqual(whole);
  });

  test("cut at every byte, whole packets come out and the cut is where its record begins", () => {
    let recordOffset = 0;
    for (const part of parts) {
      for (let length = recordOffset; length < recordOffset + part.length; length++) {
        const { packets, end } = read(file.subarray(0, length), 16);
        const isCut = length > recordOffset || length === 0;
        expect(end).toEqual({ cutOffset: isCut ? recordOffset : undefined, problem: undefined });
        expect(packets).toEqual(whole.packets.filter((packet) => Number(/^@(\d+)/.exec(packet)![1]) < recordOffset));
      }
      recordOffset += part.length;
    }
  });
});

describe("not a capture", () => {
  test.each([
    ["gzip", Uint8Array.of(0x1f, 0x8b, 0x08, 0x08, 1, 2, 3), "magic 0x1f8b0808"],
    ["text", bytesOf("hello world"), "magic 0x68656c6c"],
    ["the magic of a modified pcap", Uint8Array.of(0xa1, 0xb2, 0xcd, 0x34, 0, 0), "magic 0xa1b2cd34"],
  ])("%s: says what it found", (_name, bytes, found) => {
    for (const size of [1, 4, 100]) {
      const { packets, counts, end } = read(bytes, size);
      expect(packets).toEqual([]);
      expect(counts[CaptureStatus.badMagic]).toBe(1);
      expect(end).toEqual({
        cutOffset: undefined,
        problem: { status: CaptureStatus.badMagic, name: "bad_magic", fileOffset: 0, found },
      });
    }
  });

  test("an empty file is one cut at its start", () => {
    expect(read(new Uint8Array(0)).end).toEqual({ cutOffset: 0, problem: undefined });
    expect(read(Uint8Array.of(0xa1, 0xb2)).end).toEqual({ cutOffset: 0, problem: undefined });
  });
});

test("a section has at most 65,536 interfaces", () => {
  const one = Buffer.from(interfaceBlock(false));
  const file = concat(sectionHeader(false), Buffer.concat(new Array(65_537).fill(one)));
  expect(read(file).end.problem).toMatchObject({
    name: "too_many_interfaces",
    fileOffset: file.length - one.length,
  });
});
