/** Good inputs for the decoders: one of everything, small. */
import { Prng } from "../../src/core/prng.ts";
import { OrderFlow } from "../../src/exchange/order-flow.ts";
import { writeBinaryFileMessage } from "../../src/wire/binaryfile.ts";
import { writeGlimpseEnd } from "../../src/wire/glimpse.ts";
import { ITCH_BYTES, ITCH_TYPES } from "../../src/wire/itch50.ts";
import {
  MoldPacketWriter,
  sessionBytes,
  writeMoldEndOfSession,
  writeMoldHeartbeat,
  writeMoldRequest,
} from "../../src/wire/moldudp64.ts";
import {
  SoupLogin,
  writeDebug,
  writeLoginAccepted,
  writeLoginRejected,
  writeLoginRequest,
  writeSequenced,
  writeServerHeartbeat,
} from "../../src/wire/soupbintcp.ts";

type Write = (view: DataView, bytes: Uint8Array, at: number) => number;

/** What a chain of writers leaves. */
export function written(...writes: Write[]): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(4096));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const write of writes) at += write(view, bytes, at);
  return bytes.slice(0, at);
}

/** One message of every type, mostly blank. */
export function oneOfEach(): Uint8Array[] {
  return ITCH_TYPES.map((type) => {
    const bytes = new Uint8Array(ITCH_BYTES[type.charCodeAt(0)]!).fill(0x20);
    bytes[0] = type.charCodeAt(0);
    return bytes;
  });
}

/** The first messages of a small day. */
export function dayMessages(count: number): Uint8Array[] {
  const flow = new OrderFlow({ seed: 5, symbols: 4, live: 100, messages: 3000 });
  const messages: Uint8Array[] = [];
  while (messages.length < count && flow.step()) {
    for (let at = 0; at < flow.blocks.length; ) {
      const length = flow.blocks.view.getUint16(at);
      messages.push(flow.blocks.bytes.slice(at + 2, at + 2 + length));
      at += 2 + length;
    }
    flow.blocks.clear();
  }
  return messages.slice(0, count);
}

export const SESSION = "FUZZ";

/** Packets of a session, in order and with holes, heartbeats, its end, and some of another session. */
export function moldPackets(): Uint8Array[] {
  const prng = new Prng(1);
  const messages = dayMessages(200);
  const session = sessionBytes(SESSION);
  const packets: Uint8Array[] = [];
  for (let i = 0; i < 40; i++) {
    const writer = new MoldPacketWriter();
    const first = prng.below(180);
    writer.begin(prng.chance(0.9) ? session : sessionBytes("OTHER"), first + 1);
    for (let k = prng.between(1, 8); k > 0; k--) {
      const message = messages[first + k]!;
      writer.append(message, 0, message.length);
    }
    packets.push(writer.bytes.slice(0, writer.finish()));
  }
  packets.push(written((view, bytes, at) => writeMoldHeartbeat(view, bytes, at, session, 50)));
  packets.push(written((view, bytes, at) => writeMoldEndOfSession(view, bytes, at, session, 190)));
  return packets;
}

export function moldRequests(): Uint8Array[] {
  const session = sessionBytes(SESSION);
  return [1, 7, 150].map((first) =>
    written((view, bytes, at) => writeMoldRequest(view, bytes, at, session, first, first * 3)),
  );
}

/** What a GLIMPSE server says. */
export function glimpseStreams(): Uint8Array[] {
  const accepted: Write = (view, bytes, at) => writeLoginAccepted(view, bytes, at, SESSION, 1);
  const data = dayMessages(30).map(
    (message): Write =>
      (view, bytes, at) =>
        writeSequenced(view, bytes, at, message, 0, message.length),
  );
  const end = new Uint8Array(21);
  writeGlimpseEnd(end, 0, 31);
  const over: Write = (view, bytes, at) => writeSequenced(view, bytes, at, end, 0, end.length);
  return [
    written(accepted, ...data, over),
    written(accepted, over),
    written(accepted, (view, _bytes, at) => writeServerHeartbeat(view, at), ...data.slice(0, 3), over),
    written((view, _bytes, at) => writeLoginRejected(view, at, 0x41)),
  ];
}

/** What a client says. */
export function loginStreams(): Uint8Array[] {
  const login = new SoupLogin();
  login.username = "sim";
  login.password = "sim";
  const request: Write = (view, bytes, at) => writeLoginRequest(view, bytes, at, login);
  return [written(request), written((view, bytes, at) => writeDebug(view, bytes, at, "hello"), request, request)];
}

export function binaryFiles(): Uint8Array[] {
  return [
    written(
      ...oneOfEach().map(
        (m): Write =>
          (v, b, at) =>
            writeBinaryFileMessage(v, b, at, m, 0, m.length),
      ),
    ),
  ];
}
