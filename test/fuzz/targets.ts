/** The decoders and the stages that take bytes of others: what each is given, and what must hold whatever they are. */
import { FastBooks } from "../../src/books/builder.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { combineHashes, hashInstruments } from "../../src/books/state-hash.ts";
import { Quality } from "../../src/core/quality.ts";
import { BinaryFileFramer } from "../../src/wire/binaryfile.ts";
import { CaptureReader } from "../../src/wire/capture.ts";
import { GlimpseEnd, parseGlimpseEnd, writeGlimpseEnd } from "../../src/wire/glimpse.ts";
import { decodeItch } from "../../src/wire/itch50.ts";
import {
  MOLD_STATUS_BAD_FIRST,
  MOLD_STATUS_COUNT,
  MoldHeader,
  parseMold,
  parseMoldRequest,
} from "../../src/wire/moldudp64.ts";
import {
  parseLoginAccepted,
  parseLoginRequest,
  SoupAccepted,
  SoupLogin,
  SoupParser,
} from "../../src/wire/soupbintcp.ts";
import { extractUdp, LinkType, UDP_STATUS_COUNT, UdpDatagram, UdpStatus } from "../../src/wire/udp-frame.ts";
import { damage } from "../sim/damage.ts";
import {
  concat,
  enhancedPacket,
  interfaceBlock,
  pcapHead,
  pcapRecord,
  sectionHeader,
} from "../unit/wire/capture-file.ts";
import { ethernet, ipv4, ipv6, linuxCooked, udp } from "../unit/wire/frame-bytes.ts";
import {
  binaryFiles,
  dayMessages,
  glimpseStreams,
  loginStreams,
  moldPackets,
  moldRequests,
  oneOfEach,
} from "./samples.ts";
import { channelTarget, glimpseClientTarget, glimpseServerTarget, rerequestServerTarget } from "./stages.ts";
import { holds, type Target } from "./target.ts";

function mold(): Target {
  const header = new MoldHeader();
  return {
    name: "moldudp64",
    weight: 4,
    samples: moldPackets(),
    damage: (view, offset, length, prng) =>
      view.getUint16(18) === 0 || length < 24 ? length : damage(view, offset, length, prng),
    check(_bytes, view, offset, length) {
      const status = parseMold(view, offset, length, header);
      holds(status < MOLD_STATUS_COUNT, "a known status");
      if (status >= MOLD_STATUS_BAD_FIRST) return;
      let at = offset + 20;
      for (let i = 0; i < header.count; i++) at += 2 + view.getUint16(at);
      holds(at === offset + length, "the blocks end where the packet ends");
    },
  };
}

function request(): Target {
  const header = new MoldHeader();
  return {
    name: "moldudp64 request",
    weight: 1,
    samples: moldRequests(),
    check(_bytes, view, offset, length) {
      const isGood = parseMoldRequest(view, offset, length, header) === 0;
      holds(!isGood || (length === 20 && header.sequence > 0 && header.count > 0), "a request asks for something");
    },
  };
}

function itch(): Target {
  return {
    name: "itch50",
    weight: 1,
    samples: [...oneOfEach(), ...dayMessages(300)],
    check(bytes, _view, offset, length) {
      holds(decodeItch(bytes, offset, length).type.length > 0, "a type");
    },
  };
}

/** The same bad messages into both books: the same answers, and at times the same state. */
function books(): Target {
  let fast = new FastBooks();
  let naive = new NaiveBooks();
  let count = 0;
  return {
    name: "books, fast against naive",
    weight: 2,
    samples: dayMessages(2500),
    damage: (view, offset, length, prng) => {
      // A field's worth, most often one that is about an order: references and shares of small numbers meet others.
      const at = offset + 11 + prng.below(Math.max(1, length - 12));
      view.setUint8(at, prng.chance(0.7) ? prng.below(4) : prng.below(256));
      return length;
    },
    check(bytes, view, offset, length) {
      const status = fast.apply(bytes, view, offset, length);
      holds(naive.apply(bytes, view, offset, length) === status, "both books answer the same");
      count++;
      if (count % 2000 === 0) {
        const [a, b] = [fast, naive].map((engine) => hashInstruments(engine));
        holds(combineHashes(a!, "state") === combineHashes(b!, "state"), "both books are the same");
        holds(combineHashes(a!, "session") === combineHashes(b!, "session"), "both sessions are the same");
      }
      if (count % 20_000 === 0) {
        fast = new FastBooks();
        naive = new NaiveBooks();
      }
    },
  };
}

function soup(): Target {
  const parser = new SoupParser();
  const login = new SoupLogin();
  const accepted = new SoupAccepted();
  return {
    name: "soupbintcp",
    weight: 2,
    samples: [...glimpseStreams(), ...loginStreams()],
    check(bytes, _view, offset, length, prng) {
      parser.reset();
      let packetBytes = 0;
      for (let at = offset; at < offset + length; ) {
        const piece = Math.min(offset + length - at, prng.chance(0.5) ? length : prng.between(1, 60));
        holds(parser.feed(bytes, at, piece) === piece, "all is taken");
        at += piece;
        while (parser.next()) {
          packetBytes += 3 + parser.payloadBytes;
          parseLoginRequest(parser.bytes, parser.payloadOffset, parser.payloadBytes, login);
          parseLoginAccepted(parser.bytes, parser.payloadOffset, parser.payloadBytes, accepted);
        }
      }
      holds(packetBytes <= length, "no packet is longer than what came");
    },
  };
}

function glimpse(): Target {
  const end = new GlimpseEnd();
  const good = new Uint8Array(21);
  writeGlimpseEnd(good, 0, 12_345);
  return {
    name: "glimpse end",
    weight: 1,
    samples: [good],
    check(bytes, _view, offset, length) {
      if (parseGlimpseEnd(bytes, offset, length, end) === 0) holds(Number.isSafeInteger(end.sequence), "a number");
    },
  };
}

function binaryFile(): Target {
  return {
    name: "binaryfile",
    weight: 1,
    samples: binaryFiles(),
    check(bytes, _view, offset, length, prng) {
      const framer = new BinaryFileFramer();
      let whole = 0;
      for (let at = offset; at < offset + length; ) {
        const piece = Math.min(offset + length - at, prng.chance(0.5) ? length : prng.between(1, 60));
        framer.feed(bytes.slice(at, at + piece));
        at += piece;
        while (framer.next()) {
          holds(framer.messageFileOffset === whole, "messages follow each other");
          whole += 2 + framer.length;
        }
      }
      holds(whole <= length, "no message is longer than what came");
      framer.end();
    },
  };
}

function frames(): Uint8Array[] {
  const datagram = udp(new Uint8Array(40));
  return [
    ethernet(0x0800, ipv4(datagram), [0x8100]),
    ethernet(0x0800, ipv4(datagram, { options: [1, 1, 1, 1] })),
    linuxCooked(0x86dd, ipv6(datagram, 17)),
  ];
}

function frame(): Target {
  const out = new UdpDatagram();
  const linkTypes = [...Object.values<number>(LinkType), 105];
  return {
    name: "udp in frames",
    weight: 3,
    samples: frames(),
    check(_bytes, view, offset, length, prng) {
      const linkType = linkTypes[prng.below(linkTypes.length)]!;
      const status = extractUdp(view, offset, length, length, linkType, out);
      holds(status >= 0 && status < UDP_STATUS_COUNT, "a known status");
      if (status !== UdpStatus.ok) return;
      holds(out.payloadOffset >= offset && out.payloadLength >= 0, "a payload inside the frame");
      holds(out.payloadOffset + out.payloadLength <= offset + length, "a payload inside the frame");
    },
  };
}

function capture(): Target {
  const [first, second, third] = frames() as [Uint8Array, Uint8Array, Uint8Array];
  const record = (bytes: Uint8Array) => pcapRecord({ seconds: 1, fraction: 2, bytes });
  return {
    name: "pcap and pcapng",
    weight: 1,
    samples: [
      concat(pcapHead(), record(first), record(second)),
      concat(
        sectionHeader(true),
        interfaceBlock(true, { timeResolution: 9, timeOffsetSeconds: 5n }),
        enhancedPacket(true, { stamp: 77n, bytes: third }),
      ),
    ],
    check(bytes, _view, offset, length) {
      const reader = new CaptureReader();
      let packets = 0;
      reader.feed(bytes.slice(offset, offset + length));
      while (reader.next()) {
        packets++;
        holds(reader.packet.offset + reader.packet.length <= reader.bytes.length, "a packet inside the file");
      }
      reader.end();
      holds(packets <= length / 16, "no more packets than there can be");
    },
  };
}

/** All of them, made anew: some keep state between inputs. */
export function makeTargets(): Target[] {
  return [
    mold(),
    request(),
    itch(),
    books(),
    soup(),
    glimpse(),
    binaryFile(),
    frame(),
    capture(),
    channelTarget(),
    glimpseClientTarget(),
    rerequestServerTarget(),
    glimpseServerTarget(),
  ];
}

/** For the canary: a decoder that believes the count it reads. */
export function credulousTarget(): Target {
  return {
    ...mold(),
    name: "a decoder that believes what it reads",
    check(_bytes, view, offset, length) {
      if (length < 20) return;
      let at = offset + 20;
      for (let i = view.getUint16(offset + 18); i > 0; i--) at += 2 + view.getUint16(at);
      holds(Quality.ok === 0 && at > 0, "never wrong by itself");
    },
  };
}
