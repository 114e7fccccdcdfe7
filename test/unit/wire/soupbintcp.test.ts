/** SoupBinTCP: every packet both ways, streams cut anywhere, and what comes of broken ones. */
import { describe, expect, test } from "bun:test";
import {
  parseLoginAccepted,
  parseLoginRejected,
  parseLoginRequest,
  SOUP_FEED_BYTES_MAX,
  SOUP_PAYLOAD_BYTES_MAX,
  Soup,
  SoupAccepted,
  SoupLogin,
  SoupParser,
  SoupReject,
  SoupStatus,
  writeClientHeartbeat,
  writeDebug,
  writeEndOfSession,
  writeLoginAccepted,
  writeLoginRejected,
  writeLoginRequest,
  writeLogout,
  writeSequenced,
  writeServerHeartbeat,
  writeSoupHead,
  writeUnsequenced,
} from "../../../src/wire/soupbintcp.ts";

const text = new TextDecoder();
const message = new TextEncoder().encode("__message__");

function login(fields: Partial<SoupLogin>): SoupLogin {
  return Object.assign(new SoupLogin(), { username: "user", password: "secret", ...fields });
}

/** One packet of every kind, both directions. */
function conversation(): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  let at = 0;
  at += writeLoginRequest(view, bytes, at, login({ sequence: 1 }));
  at += writeLoginAccepted(view, bytes, at, "SESSION", 1);
  at += writeDebug(view, bytes, at, "hello");
  at += writeSequenced(view, bytes, at, message, 2, 7);
  at += writeUnsequenced(view, bytes, at, message, 2, 7);
  at += writeServerHeartbeat(view, at);
  at += writeClientHeartbeat(view, at);
  at += writeSequenced(view, bytes, at, message, 0, 0);
  at += writeLoginRejected(view, at, SoupReject.noSession);
  at += writeEndOfSession(view, at);
  at += writeLogout(view, at);
  return bytes.subarray(0, at);
}

const EXPECTED = [
  `L${"user".padEnd(6)}${"secret".padEnd(10)}${" ".repeat(10)}${"1".padStart(20)}`,
  `A${"SESSION".padStart(10)}${"1".padStart(20)}`,
  "+hello",
  "Smessage",
  "Umessage",
  "H",
  "R",
  "S",
  "JS",
  "Z",
  "O",
];

function pull(parser: SoupParser, into: string[]): void {
  while (parser.next()) {
    const payload = parser.bytes.subarray(parser.payloadOffset, parser.payloadOffset + parser.payloadBytes);
    into.push(String.fromCharCode(parser.type) + text.decode(payload));
  }
}

describe("the stream", () => {
  test.each([1, 2, 3, 7, 50, 1024])("fed %d bytes at a time gives the same packets", (step) => {
    const stream = conversation();
    const parser = new SoupParser();
    const packets: string[] = [];
    for (let at = 0; at < stream.length; at += step) {
      const length = Math.min(step, stream.length - at);
      expect(parser.feed(stream, at, length)).toBe(length);
      pull(parser, packets);
    }
    expect(packets).toEqual(EXPECTED);
    expect(parser.pendingBytes).toBe(0);
  });

  test("lengths are of type and payload", () => {
    const stream = conversation();
    expect([...stream.subarray(0, 3)]).toEqual([0, 47, Soup.loginRequest]);
    expect([...stream.subarray(-6)]).toEqual([0, 1, Soup.endOfSession, 0, 1, Soup.logout]);
  });

  test("the largest packets pass through the fixed buffer", () => {
    const packet = new Uint8Array(3 + SOUP_PAYLOAD_BYTES_MAX).fill(0x5a);
    writeSoupHead(new DataView(packet.buffer), 0, Soup.sequenced, SOUP_PAYLOAD_BYTES_MAX);
    const stream = Buffer.concat([packet, packet, packet, packet]);
    const parser = new SoupParser();
    let packets = 0;
    for (let at = 0; at < stream.length; at += SOUP_FEED_BYTES_MAX) {
      const length = Math.min(SOUP_FEED_BYTES_MAX, stream.length - at);
      expect(parser.feed(stream, at, length)).toBe(length);
      while (parser.next()) {
        packets++;
        expect(parser.payloadBytes).toBe(SOUP_PAYLOAD_BYTES_MAX);
        expect(parser.bytes[parser.payloadOffset + parser.payloadBytes - 1]).toBe(0x5a);
      }
    }
    expect(packets).toBe(4);
  });

  test("a reader that does not pull is told how much was taken, and loses nothing", () => {
    const stream = new Uint8Array(300_000);
    const view = new DataView(stream.buffer);
    let at = 0;
    let written = 0;
    for (; at + 10 <= stream.length; written++) at += writeSequenced(view, stream, at, message, 2, 7);
    const parser = new SoupParser();
    const packets: string[] = [];
    for (let fed = 0; fed < at; ) {
      const taken = parser.feed(stream, fed, at - fed);
      expect(taken).toBeGreaterThan(0);
      fed += taken;
      pull(parser, packets);
    }
    expect(packets).toEqual(new Array(written).fill("Smessage"));
  });

  test("a length of 0 breaks the stream, and only then", () => {
    const parser = new SoupParser();
    const stream = Buffer.concat([conversation(), Uint8Array.of(0, 0), conversation()]);
    parser.feed(stream, 0, stream.length);
    const packets: string[] = [];
    pull(parser, packets);
    expect(packets).toEqual(EXPECTED);
    expect(parser.status).toBe(SoupStatus.zeroLength);
    expect(parser.feed(stream, 0, 100)).toBe(100);
    expect(parser.next()).toBe(false);
    parser.reset();
    parser.feed(stream, 0, 49);
    expect(parser.next()).toBe(true);
    expect(parser.type).toBe(Soup.loginRequest);
  });
});

describe("login", () => {
  function roundTrip(request: SoupLogin): { status: SoupStatus; found: SoupLogin; payload: string } {
    const bytes = new Uint8Array(64);
    const length = writeLoginRequest(new DataView(bytes.buffer), bytes, 0, request);
    const found = new SoupLogin();
    const status = parseLoginRequest(bytes, 3, length - 3, found);
    return { status, found, payload: text.decode(bytes.subarray(3, length)) };
  }

  test("a request round-trips, with and without the time-out of 4.10", () => {
    for (const request of [
      login({}),
      login({ session: "000010059B", sequence: 0 }),
      login({ username: "abcdef", password: "0123456789", sequence: Number.MAX_SAFE_INTEGER }),
      login({ heartbeatTimeoutMs: 15_000 }),
    ]) {
      expect(roundTrip(request)).toMatchObject({ status: SoupStatus.ok, found: request });
    }
    expect(roundTrip(login({})).payload.length).toBe(46);
    expect(roundTrip(login({ heartbeatTimeoutMs: 15_000 })).payload.length).toBe(51);
  });

  test("either padding is understood", () => {
    const found = new SoupLogin();
    for (const payload of [
      `${"user".padStart(6)}${"secret".padStart(10)}${"S1".padStart(10)}${"42".padStart(20)}`,
      `${"user".padEnd(6)}${"secret".padEnd(10)}${"S1".padEnd(10)}${"42".padEnd(20)}`,
      `${"user".padEnd(6, "\0")}${"secret".padEnd(10)}${"S1".padEnd(10)}${"42".padStart(20, "0")}`,
    ]) {
      const bytes = new TextEncoder().encode(payload);
      expect(parseLoginRequest(bytes, 0, bytes.length, found)).toBe(SoupStatus.ok);
      expect(found).toEqual(login({ session: "S1", sequence: 42 }));
    }
  });

  test("an answer with either padding", () => {
    const found = new SoupAccepted();
    for (const payload of [`${"S1".padStart(10)}${"42".padStart(20)}`, `${"S1".padEnd(10)}${"42".padEnd(20)}`]) {
      expect(parseLoginAccepted(new TextEncoder().encode(payload), 0, 30, found)).toBe(SoupStatus.ok);
      expect(found).toEqual(Object.assign(new SoupAccepted(), { session: "S1", sequence: 42 }));
    }
  });

  test("bad ones are refused and leave what was there", () => {
    const bytes = new TextEncoder().encode(`${" ".repeat(26)}${"4x".padStart(20)}     `);
    const found = login({});
    expect(parseLoginRequest(bytes, 0, 46, found)).toBe(SoupStatus.badNumber);
    for (const length of [0, 45, 47, 50, 52]) {
      expect(parseLoginRequest(bytes, 0, length, found)).toBe(SoupStatus.wrongLength);
    }
    expect(found).toEqual(login({}));
    const accepted = new SoupAccepted();
    expect(parseLoginAccepted(bytes, 0, 30, accepted)).toBe(SoupStatus.badNumber);
    expect(parseLoginAccepted(bytes, 0, 29, accepted)).toBe(SoupStatus.wrongLength);
    expect(accepted).toEqual(new SoupAccepted());
  });

  test("a blank time-out of 4.10 is refused, not taken for none", () => {
    const bytes = new TextEncoder().encode(`${" ".repeat(26)}${"1".padStart(20)}     `);
    expect(parseLoginRequest(bytes, 0, 51, new SoupLogin())).toBe(SoupStatus.badNumber);
  });

  test("a rejection gives its reason", () => {
    const bytes = new Uint8Array(4);
    writeLoginRejected(new DataView(bytes.buffer), 0, SoupReject.notAuthorised);
    expect(parseLoginRejected(bytes, 3, 1)).toBe(SoupReject.notAuthorised);
    expect(parseLoginRejected(bytes, 3, 0)).toBe(0);
  });
});
