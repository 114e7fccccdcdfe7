/**
 * Damaged and random bytes into every decoder: no throw, no hang, nothing handed out that lies outside the input. Good
 * input with a few bytes changed, cut out, doubled or overwritten by extreme lengths reaches further than pure noise;
 * both are tried. Seeded: a failure names the seed of its round.
 */
import { describe, test } from "bun:test";
import { Prng } from "../../src/core/prng.ts";
import { BinaryFileFramer, writeBinaryFileMessage } from "../../src/wire/binaryfile.ts";
import { CaptureReader } from "../../src/wire/capture.ts";
import { GlimpseEnd, parseGlimpseEnd, writeGlimpseEnd } from "../../src/wire/glimpse.ts";
import { decodeItch, ITCH_BYTES, ITCH_TYPES } from "../../src/wire/itch50.ts";
import {
  MOLD_STATUS_BAD_FIRST,
  MOLD_STATUS_COUNT,
  MoldHeader,
  MoldPacketWriter,
  parseMold,
  parseMoldRequest,
  sessionBytes,
} from "../../src/wire/moldudp64.ts";
import {
  parseLoginAccepted,
  parseLoginRequest,
  SoupAccepted,
  SoupLogin,
  SoupParser,
  writeLoginAccepted,
  writeLoginRequest,
  writeSequenced,
} from "../../src/wire/soupbintcp.ts";
import { extractUdp, LinkType, UDP_STATUS_COUNT, UdpDatagram, UdpStatus } from "../../src/wire/udp-frame.ts";
import {
  concat,
  enhancedPacket,
  interfaceBlock,
  pcapHead,
  pcapRecord,
  sectionHeader,
  simplePacket,
} from "../unit/wire/capture-file.ts";
import { ethernet, extension, ipv4, ipv6, linuxCooked, udp } from "../unit/wire/frame-bytes.ts";

/** About a second for all decoders together. */
const ROUNDS = 3000;

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff];

function mutate(prng: Prng, good: Uint8Array): Uint8Array<ArrayBuffer> {
  if (prng.chance(0.1)) return Uint8Array.from({ length: prng.below(200) }, () => prng.below(256));
  let bytes = Uint8Array.from(good);
  for (let changes = prng.between(1, 6); changes > 0 && bytes.length > 0; changes--) {
    const at = prng.below(bytes.length);
    const kind = prng.below(5);
    if (kind === 0) bytes[at] = prng.below(256);
    else if (kind === 1) bytes.fill(EXTREMES[prng.below(5)]!, at, at + prng.between(1, 4));
    else if (kind === 2) bytes = bytes.slice(0, at);
    else if (kind === 3) bytes = concat(bytes.subarray(0, at), bytes.subarray(prng.between(at, bytes.length)));
    else bytes = concat(bytes.subarray(0, at), bytes.subarray(prng.below(at + 1)));
  }
  return bytes;
}

/** Runs `decode` on damaged copies of the samples; it throws when something does not hold. */
function fuzz(samples: Uint8Array[], decode: (bytes: Uint8Array<ArrayBuffer>, prng: Prng) => void): void {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const prng = new Prng(seed);
    const bytes = mutate(prng, samples[seed % samples.length]!);
    try {
      decode(bytes, prng);
    } catch (error) {
      throw new Error(`round of seed ${seed}: ${Buffer.from(bytes).toString("hex")}`, { cause: error });
    }
  }
}

function holds(condition: boolean): void {
  if (!condition) throw new Error("an invariant does not hold");
}

function messages(): Uint8Array[] {
  return ITCH_TYPES.map((type) => {
    const bytes = new Uint8Array(ITCH_BYTES[type.charCodeAt(0)]!).fill(0x20);
    bytes[0] = type.charCodeAt(0);
    return bytes;
  });
}

function stream(write: (view: DataView, bytes: Uint8Array, at: number) => number): Uint8Array {
  const bytes = new Uint8Array(2000);
  return bytes.slice(0, write(new DataView(bytes.buffer), bytes, 0));
}

const frames = (): Uint8Array[] => {
  const datagram = udp(new Uint8Array(40));
  return [
    ethernet(0x0800, ipv4(datagram), [0x8100]),
    ethernet(0x0800, ipv4(datagram, { options: [1, 1, 1, 1] })),
    linuxCooked(0x86dd, ipv6(extension(60, 1, extension(17, 0, datagram)), 0)),
  ];
};

function extract(view: DataView, offset: number, length: number, original: number, linkType: number): void {
  const out = new UdpDatagram();
  const status = extractUdp(view, offset, length, original, linkType, out);
  holds(status >= 0 && status < UDP_STATUS_COUNT);
  if (status !== UdpStatus.ok) return;
  holds(out.payloadOffset >= offset && out.payloadLength >= 0);
  holds(out.payloadOffset + out.payloadLength <= offset + length);
  const addressBytes = out.ipVersion === 4 ? 4 : 16;
  holds(out.sourceAddressOffset >= offset && out.destinationAddressOffset + addressBytes <= offset + length);
}

function feedInPieces(bytes: Uint8Array, prng: Prng, feed: (piece: Uint8Array) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const size = prng.chance(0.3) ? bytes.length : prng.between(1, 40);
    feed(bytes.slice(at, at + size));
    at += size;
  }
}

describe("damaged bytes", () => {
  test("ITCH", () => {
    fuzz(messages(), (bytes) => {
      const message = decodeItch(bytes, 0, bytes.length);
      holds(message.type.length > 0);
    });
  });

  test("MoldUDP64: what is taken can be walked, and ends at the end", () => {
    const writer = new MoldPacketWriter();
    writer.begin(sessionBytes("S"), 5);
    for (const message of messages()) writer.append(message, 0, message.length);
    const packet = writer.bytes.slice(0, writer.finish());
    fuzz([packet], (bytes) => {
      const view = new DataView(bytes.buffer);
      const out = new MoldHeader();
      const status = parseMold(view, 0, bytes.length, out);
      holds(
        status < MOLD_STATUS_COUNT && parseMoldRequest(view, 0, bytes.length, new MoldHeader()) < MOLD_STATUS_COUNT,
      );
      if (status >= MOLD_STATUS_BAD_FIRST) return;
      let at = 20;
      for (let i = 0; i < out.count; i++) at += 2 + view.getUint16(at);
      holds(at === bytes.length);
    });
  });

  test("SoupBinTCP and GLIMPSE", () => {
    const login = stream((view, bytes, at) => writeLoginRequest(view, bytes, at, new SoupLogin()));
    const accepted = stream((view, bytes, at) => writeLoginAccepted(view, bytes, at, "S", 1));
    const data = messages().map((m) => stream((view, bytes, at) => writeSequenced(view, bytes, at, m, 0, m.length)));
    const end = stream((_view, bytes, at) => writeGlimpseEnd(bytes, at, 12345));
    fuzz([login, accepted, concat(...data), concat(login, accepted, ...data), end], (bytes, prng) => {
      const parser = new SoupParser();
      let packetBytes = 0;
      feedInPieces(bytes, prng, (piece) => {
        holds(parser.feed(piece, 0, piece.length) === piece.length);
        while (parser.next()) {
          packetBytes += 3 + parser.payloadBytes;
          parseLoginRequest(parser.bytes, parser.payloadOffset, parser.payloadBytes, new SoupLogin());
          parseLoginAccepted(parser.bytes, parser.payloadOffset, parser.payloadBytes, new SoupAccepted());
        }
      });
      holds(packetBytes <= bytes.length);
      parseGlimpseEnd(bytes, 0, bytes.length, new GlimpseEnd());
    });
  });

  test("BinaryFILE: every byte is in a message, cut, or after the end", () => {
    const file = concat(
      ...messages().map((m) => stream((v, b, at) => writeBinaryFileMessage(v, b, at, m, 0, m.length))),
    );
    fuzz([file], (bytes, prng) => {
      const framer = new BinaryFileFramer();
      let whole = 0;
      feedInPieces(bytes, prng, (piece) => {
        framer.feed(piece);
        while (framer.next()) {
          holds(framer.messageFileOffset === whole);
          whole += 2 + framer.length;
        }
      });
      const end = framer.end();
      if (end.endOffset !== undefined) holds(end.endOffset === whole && whole + 2 + end.trailingBytes === bytes.length);
      else holds(end.cutOffset === (whole < bytes.length ? whole : undefined));
    });
  });

  test("captures, and the frames in them", () => {
    const [first, second, third] = frames() as [Uint8Array, Uint8Array, Uint8Array];
    const record = (bytes: Uint8Array) => pcapRecord({ seconds: 1, fraction: 2, bytes });
    const pcap = concat(pcapHead(), record(first), record(second));
    const pcapng = concat(
      sectionHeader(true),
      interfaceBlock(true, { timeResolution: 9, timeOffsetSeconds: 5n }),
      enhancedPacket(true, { stamp: 77n, bytes: first }),
      sectionHeader(false),
      interfaceBlock(false, { linkType: 113, timeResolution: 0x94 }),
      enhancedPacket(false, { stamp: 77n, bytes: third }),
      simplePacket(false, second),
    );
    fuzz([pcap, pcapng], (bytes, prng) => {
      const reader = new CaptureReader();
      let packets = 0;
      feedInPieces(bytes, prng, (piece) => {
        reader.feed(piece);
        while (reader.next()) {
          const packet = reader.packet;
          packets++;
          holds(packet.offset + packet.length <= reader.bytes.length);
          extract(reader.view, packet.offset, packet.length, packet.originalLength, packet.linkType);
        }
      });
      const end = reader.end();
      holds(packets <= bytes.length / 16);
      holds(end.cutOffset === undefined || end.cutOffset <= bytes.length);
    });
  });

  test("frames by themselves, under every link type", () => {
    const linkTypes = [...Object.values<number>(LinkType), 105];
    fuzz(frames(), (bytes, prng) => {
      const around = concat(new Uint8Array(8), bytes, new Uint8Array(64).fill(0x45));
      const linkType = linkTypes[prng.below(linkTypes.length)]!;
      extract(new DataView(around.buffer), 8, bytes.length, bytes.length, linkType);
    });
  });
});
