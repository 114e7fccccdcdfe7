/**
 * Messages and datagrams that cannot be true, through the binary: counted by kind with the first of them logged, they
 * change nothing, take down the quality of the book they were about, and nothing throws.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openUdpSender, type UdpSender } from "../../src/io/udp-sender.ts";
import { MoldPacketWriter, sessionBytes } from "../../src/wire/moldudp64.ts";
import { runFathom } from "../support/binary.ts";
import { add, directory, itch } from "../support/books.ts";
import { eventually, Market, type RunningNode } from "../support/market.ts";
import { replayJson, writeTape } from "../support/tapes.ts";

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

const executed = (locate: number, reference: number, shares: number) =>
  itch("E", locate, { orderReference: BigInt(reference), executedShares: shares, matchNumber: 1n });
const replaced = (from: number, to: number, shares: number) =>
  itch("U", 1, { originalOrderReference: BigInt(from), newOrderReference: BigInt(to), shares, priceE4: 700_000 });
const padded = (message: Uint8Array, more: number) => new Uint8Array([...message, ...new Uint8Array(more)]);

/** Three instruments and three orders: what stands before and behind every bad message. */
const BEFORE = [
  directory(1, "AAPL"),
  directory(2, "MSFT"),
  directory(3, "XOM"),
  add(1, 1, "B", 100, 1_000_000),
  add(1, 2, "S", 50, 1_010_000),
  add(2, 3, "B", 10, 2_000_000),
];
const BEHIND = [add(1, 4, "B", 30, 990_000), executed(1, 2, 20), itch("D", 2, { orderReference: 3n })];

const BAD: [what: string, kind: string, message: Uint8Array][] = [
  ["a type that does not exist", "unknown_type", padded(new Uint8Array([0x7a, 0, 1]), 20)],
  ["a message cut short", "wrong_length", add(1, 9, "B", 1, 1).slice(0, 35)],
  ["a message that is too long", "wrong_length", padded(add(1, 9, "B", 1, 1), 1)],
  ["a type and nothing else", "wrong_length", new Uint8Array([0x41])],
  ["a stock locate never announced", "unknown_locate", add(7, 9, "B", 1, 1)],
  ["an execution of an order that is not there", "unknown_order_reference", executed(1, 9, 1)],
  ["an execution of another instrument's order", "unknown_order_reference", executed(2, 1, 1)],
  ["a delete of an order that is not there", "unknown_order_reference", itch("D", 1, { orderReference: 9n })],
  ["a replace of an order that is not there", "unknown_order_reference", replaced(9, 10, 5)],
  ["an execution beyond the shares left", "shares_exceeded", executed(1, 1, 101)],
  ["a cancel beyond them", "shares_exceeded", itch("X", 1, { orderReference: 1n, canceledShares: 101 })],
  ["an order reference in use", "duplicate_order_reference", add(1, 1, "S", 5, 7)],
  ["a replace by a reference in use", "duplicate_order_reference", replaced(1, 2, 5)],
  ["an order of no shares", "zero_shares", add(1, 9, "B", 0, 1)],
  ["a side that is neither", "bad_side", add(1, 9, "X", 1, 1)],
  ["another symbol for a stock locate", "locate_conflict", directory(1, "IBM")],
];
const hexOf = (message: Uint8Array) => Buffer.from(message).toString("hex");

describe("a bad message in a tape is counted by its kind and changes nothing", () => {
  test.each(BAD)("%s", async (_what, kind, message) => {
    const clean = await replayJson([writeTape(market.path("clean.itch"), [...BEFORE, ...BEHIND])]);
    const path = writeTape(market.path("bad.itch"), [...BEFORE, message, ...BEHIND]);
    const bad = await replayJson([path]);
    expect(bad).toMatchObject({
      messages: clean.messages + 1,
      orders: clean.orders,
      instruments: clean.instruments,
      state_hash: clean.state_hash,
      bad_messages: 1,
    });
    expect(Object.entries(bad.bad_by_kind).filter(([, count]) => count > 0)).toEqual([[kind, 1]]);
    expect(bad.first_offenders).toMatchObject([{ kind, sequence: BEFORE.length + 1, hex: hexOf(message) }]);
  });

  test("all of them, over and over: the same counts and first offenders whatever the shards", async () => {
    const messages = Array.from({ length: 20 }, () => BAD.map(([, , message]) => message)).flat();
    const path = writeTape(market.path("bad.itch"), [...BEFORE, ...messages, ...BEHIND]);
    const [one, two] = await Promise.all([replayJson([path]), replayJson([path, "--shards", "2"])]);
    expect(one.bad_messages).toBe(messages.length);
    expect(one.bad_by_kind["wrong_length"]).toBe(60);
    expect(one.first_offenders.length).toBeLessThan(50);
    expect(two).toMatchObject({
      bad_by_kind: one.bad_by_kind,
      first_offenders: one.first_offenders,
      state_hash: one.state_hash,
      session_hash: one.session_hash,
    });
    const text = await runFathom(["replay", path]);
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toMatch(/bad messages +320 \(unknown_type 20, wrong_length 60, unknown_locate 20, /);
    expect(text.stdout).toContain(`unknown_type: sequence 7, type z, stock locate 1: 7a0001`);
  });
});

/** Sends on both lines of the market as an exchange would, and as none would. */
class BadPublisher {
  readonly #senders: UdpSender[];
  readonly #writer = new MoldPacketWriter();
  #sequence = 1;

  constructor({ groups, ports }: Market) {
    this.#senders = groups.map((address, i) => openUdpSender({ address, port: ports[i]!, interface: "lo" }));
  }

  publish(...messages: Uint8Array[]): Uint8Array {
    this.#writer.begin(sessionBytes("BAD"), this.#sequence);
    for (const message of messages) this.#writer.append(message, 0, message.length);
    this.#sequence += messages.length;
    const packet = this.#writer.bytes.slice(0, this.#writer.finish());
    this.send(packet);
    return packet;
  }

  send(packet: Uint8Array): void {
    for (const sender of this.#senders) sender.send(packet, 0, packet.length);
  }

  close(): void {
    for (const sender of this.#senders) sender.close();
  }
}

describe("on the wire", () => {
  let publisher: BadPublisher;
  beforeEach(() => {
    publisher = new BadPublisher(market);
  });
  afterEach(() => publisher.close());

  const quality = async (node: RunningNode, symbol: string) => {
    const { quality, quality_reason } = await node.get<Record<string, string>>(`/v1/books/${symbol}`);
    return [quality, quality_reason];
  };
  /** The publisher has no heartbeats: the books would go stale in between. */
  const sayUntil = (what: string, condition: () => Promise<boolean>) =>
    eventually(what, async () => {
      publisher.publish(itch("L", 1));
      return (await condition()) || undefined;
    });

  test.each([0, 2])("a bad message takes down its own book's quality and no other's (%i shards)", async (shards) => {
    const node = await market.node("node", { shards, rerequest: false, glimpse: false });
    publisher.publish(...BEFORE);
    await sayUntil("the books", async () => (await node.channel()).instruments === 3);
    await sayUntil("ok", async () => (await quality(node, "AAPL"))[0] === "ok");
    publisher.publish(...BAD.map(([, , message]) => message), ...BEHIND);
    const doubted = BAD.filter(([, kind, message]) => message[2] === 1 && /order|shares|side/.test(kind)).length;
    const isInDoubt = (symbol: string, words: string) =>
      sayUntil(`${symbol} in doubt`, async () => {
        const [now, reason] = await quality(node, symbol);
        return now === "recovering" && reason === `${words} about this book could not be true`;
      });
    await isInDoubt("AAPL", `${doubted} messages`);
    // An execution of an order of AAPL was about this one, and nothing was about the last.
    await isInDoubt("MSFT", "1 message");
    await sayUntil("the other book ok", async () => (await quality(node, "XOM"))[0] === "ok");
    const bad = await node.untilChannel("all counted", ({ bad_messages: { total } }) => total === BAD.length);
    for (const [, kind] of BAD) expect(bad.bad_messages.by_kind[kind]).toBeGreaterThan(0);
    await node.untilChannel("the offenders", (channel) => channel.bad_messages.first_offenders.length > 10);
    await node.started.until(/ WARN {2}a message that cannot be true channel=main kind=shares_exceeded sequence=\d+/);
    const { bids } = await node.get<{ bids: unknown[] }>("/v1/books/AAPL");
    expect(bids).toEqual([
      { price: 100, shares: 100, orders: 1 },
      { price: 99, shares: 30, orders: 1 },
    ]);
  });

  test("bad datagrams are refused whole and counted by kind, line by line; the feed goes on", async () => {
    const node = await market.node("node", { rerequest: false, glimpse: false });
    const good = publisher.publish(...BEFORE);
    await sayUntil("the books", async () => (await node.channel()).instruments === 3);
    const zero = good.slice();
    zero.fill(0, 10, 18);
    publisher.send(good.slice(0, 19));
    publisher.send(new Uint8Array(0));
    publisher.send(good.slice(0, good.length - 1));
    publisher.send(padded(good, 1));
    publisher.send(zero);
    publisher.publish(...BEHIND);
    await sayUntil("an order from behind them", async () => (await node.channel()).orders === 3);
    const { lines, bad_messages: badMessages, gaps } = await node.channel();
    for (const line of lines) {
      expect(line.bad_packets).toMatchObject({
        short_header: 2,
        block_beyond_end: 1,
        trailing_bytes: 1,
        sequence_zero: 1,
      });
    }
    expect([badMessages.total, gaps.lost_messages]).toEqual([0, 0]);
    const log = / WARN {2}a packet was refused channel=main line=a kind=block_beyond_end length_bytes=\d+ head="424144/;
    await node.started.until(log);
    expect((await node.request("/livez")).status).toBe(200);
  });
});
