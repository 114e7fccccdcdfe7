/**
 * `fathom exchange` into `fathom run`, two real processes over real sockets on faulty lines: the books must be those of
 * the lossless tape of the same day, to the last order.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Market } from "../support/market.ts";
import { type DayOptions, dayFlags, type ReplayJson, replayJson, writeDay } from "../support/tapes.ts";

const DAY: DayOptions = { messages: 60_000, symbols: 40, seed: 2026 };
const RATE = 40_000;
const PUBLISH = [...dayFlags(DAY), "--synthetic-time", "--rate", `${RATE}`];
const LOSS = ["--loss-a", "5%", "--loss-b", "5%"];

let market: Market;
let tape: ReplayJson;

beforeAll(async () => {
  market = new Market();
  tape = await replayJson([await writeDay(market.path("day.itch"), DAY)]);
});
afterAll(() => market.close());

describe("a day on lossy lines", () => {
  test.each([0, 2])("gives the tape's books and session with %i shards, every gap repaired", async (shards) => {
    const node = await market.node(`whole-${shards}`, { shards, flags: ["--until-end"] });
    const exchange = market.exchange(...PUBLISH, ...LOSS);
    const summary = await node.summary();
    await exchange.stop();
    expect(summary).toMatchObject({
      state: "ended",
      quality: "closed",
      books_sequence: tape.messages,
      orders: tape.orders,
      instruments: tape.instruments,
      state_hash: tape.state_hash,
      session_hash: tape.session_hash,
      bad_messages: { total: 0 },
      snapshots: { started: 0 },
    });
    const { gaps, requests, lines } = summary;
    expect(gaps.opened).toBeGreaterThan(0);
    expect(gaps).toMatchObject({ repaired: gaps.opened, abandoned: 0, lost_messages: 0, open: 0 });
    expect(requests.answered).toBeGreaterThan(0);
    // Each line is judged by what it brought itself.
    const repaired = tape.messages - lines.reduce((total, line) => total + line.won, 0);
    expect(repaired).toBeGreaterThan(0);
    for (const line of lines) {
      expect(line.lost).toBe(tape.messages - line.messages);
      expect(line.won + line.duplicates).toBe(line.messages);
      expect(line.lost / tape.messages).toBeWithin(0.02, 0.09);
    }
  });

  test("without a re-request server, one lossless line is enough", async () => {
    const node = await market.node("one-good-line", { rerequest: false, glimpse: false, flags: ["--until-end"] });
    const exchange = market.exchange(...PUBLISH, "--no-rerequest", "--no-glimpse", "--loss-a", "20%");
    const { gaps, state_hash, session_hash, lines } = await node.summary();
    await exchange.stop();
    expect({ state_hash, session_hash }).toEqual({ state_hash: tape.state_hash, session_hash: tape.session_hash });
    expect(gaps).toMatchObject({ repaired: gaps.opened, abandoned: 0, lost_messages: 0 });
    expect(lines[0]!.lost).toBeGreaterThan(0);
    expect(lines[1]!.lost).toBe(0);
  });

  test("twice, late and out of order: still each message once", async () => {
    const node = await market.node("disorder", { flags: ["--until-end"] });
    const faults = ["--loss", "2%", "--dup", "3%", "--reorder", "5%", "--delay-b", "2ms"];
    const exchange = market.exchange(...PUBLISH, ...faults);
    const { state_hash, session_hash, gaps, messages } = await node.summary();
    await exchange.stop();
    expect({ messages, state_hash, session_hash }).toEqual({
      messages: tape.messages,
      state_hash: tape.state_hash,
      session_hash: tape.session_hash,
    });
    expect(gaps.lost_messages).toBe(0);
  });
});

describe("coming in late", () => {
  test.each([0, 2])("by a GLIMPSE snapshot: the same books at the end, with %i shards", async (shards) => {
    const early = await market.node(`early-${shards}`);
    const exchange = market.exchange(...PUBLISH, ...LOSS);
    const sequence = DAY.messages / 6;
    await early.untilChannel(`sequence ${sequence}`, (channel) => channel.next_sequence > sequence);
    const late = await market.node(`late-${shards}`, { shards, join: "glimpse", flags: ["--until-end"] });
    const summary = await late.summary();
    await exchange.stop();
    await early.started.stop();
    expect(summary.snapshots).toMatchObject({ completed: 1, failed: 0 });
    expect(summary.messages).toBeLessThan(tape.messages - sequence);
    expect(summary).toMatchObject({
      books_sequence: tape.messages,
      orders: tape.orders,
      state_hash: tape.state_hash,
      gaps: { lost_messages: 0 },
    });
    // Trades before the snapshot are nobody's to know.
    expect(summary.session_hash).not.toBe(tape.session_hash);
  });

  test("by asking for everything since the start: the session too", async () => {
    const early = await market.node("early");
    const exchange = market.exchange(...PUBLISH, ...LOSS);
    await early.untilChannel("a sixth", (channel) => channel.next_sequence > DAY.messages / 6);
    const late = await market.node("from-start", { glimpse: false, join: "from-start", flags: ["--until-end"] });
    const { state_hash, session_hash, snapshots } = await late.summary();
    await exchange.stop();
    await early.started.stop();
    expect(snapshots.started).toBe(0);
    expect({ state_hash, session_hash }).toEqual({ state_hash: tape.state_hash, session_hash: tape.session_hash });
  });
});

describe("another session", () => {
  test("begins anew when the exchange does: the books are the new day's alone", async () => {
    const node = await market.node("two-days", { shards: 2 });
    const first = market.exchange(...PUBLISH, "--session", "MONDAY");
    await node.untilChannel("Monday's end", ({ session, state }) => session === "MONDAY" && state === "ended");
    await first.stop();
    const other = { ...DAY, seed: 7 };
    const otherTape = await replayJson([await writeDay(market.path("tuesday.itch"), other)]);
    const flags = [...dayFlags(other), "--synthetic-time", "--rate", `${RATE}`, "--session", "TUESDAY"];
    const second = market.exchange(...flags);
    await node.untilChannel("Tuesday's end", ({ session, state }) => session === "TUESDAY" && state === "ended");
    const snapshot = await node.get<{ sequence: number; state_hash: string }>("/v1/snapshot?levels=1");
    await second.stop();
    await node.started.stop();
    expect(snapshot).toMatchObject({ sequence: otherTape.messages, state_hash: otherTape.state_hash });
    expect(otherTape.state_hash).not.toBe(tape.state_hash);
  });
});
