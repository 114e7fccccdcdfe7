/**
 * A consistent snapshot under load: while the exchange publishes at a high rate on lossy lines, every instrument's book
 * in an answer equals a replay of the tape that is cut at the answer's sequence.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Market, type RunningNode } from "../support/market.ts";
import { type DayOptions, dayFlags, readDump, replayJson, writeDay } from "../support/tapes.ts";

const DAY: DayOptions = { messages: 120_000, symbols: 80, seed: 31, live: 4000 };
const FEED = ["--synthetic-time", "--rate", "60000", "--loss", "4%", "--dup", "1%", "--reorder", "1%"];
/** Of the day's messages: where in it snapshots are taken, roughly. */
const MOMENTS = [0.1, 0.3, 0.5, 0.7, 0.85];

interface Snapshot {
  sequence: number;
  shards: number;
  state_hash: string;
  ts_event_ns: number;
  books: ({ quality: string; symbol: string } & Record<string, unknown>)[];
  missing: string[];
}

let market: Market;
beforeEach(() => {
  market = new Market();
});
afterEach(() => market.close());

const without = (books: Snapshot["books"]) => books.map(({ quality: _, ...book }) => book);

/** Whole snapshots at the moments, each taken while messages keep coming. */
async function takeSnapshots(node: RunningNode): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const moment of MOMENTS) {
    await node.untilChannel(`${moment} of the day`, ({ next_sequence: next }) => next > DAY.messages * moment);
    snapshots.push(await node.get<Snapshot>("/v1/snapshot?levels=all&queue=true"));
  }
  return snapshots;
}

describe("a snapshot of all instruments under load", () => {
  test.each([0, 3])("is every book of the tape at its sequence, with %i shards", async (shards) => {
    const tape = await writeDay(market.path("day.itch"), DAY);
    const node = await market.node("node", { shards });
    const exchange = market.exchange(...dayFlags(DAY), ...FEED);
    const snapshots = await takeSnapshots(node);
    const { gaps } = await node.untilChannel("the end", ({ state }) => state === "ended");
    await exchange.stop();
    await node.started.stop();
    // Otherwise they would all be of a quiet feed.
    const sequences = snapshots.map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(MOMENTS.length);
    expect(sequences.at(-1)).toBeLessThan(DAY.messages);
    expect(gaps.repaired).toBeGreaterThan(0);
    for (const snapshot of snapshots) {
      const dump = market.path("books.ndjson");
      const until = ["--until-seq", `${snapshot.sequence}`];
      const replayed = await replayJson([tape, ...until, "--dump", dump, "--queue"]);
      expect(snapshot).toMatchObject({
        shards,
        state_hash: replayed.state_hash,
        ts_event_ns: replayed.last_time_ns,
        missing: [],
      });
      expect(snapshot.books.length).toBe(DAY.symbols);
      expect(without(snapshot.books)).toEqual(readDump(dump) as Snapshot["books"]);
    }
  });

  test("of some instruments, asked for together many times, each answer of one sequence", async () => {
    const tape = await writeDay(market.path("day.itch"), DAY);
    const node = await market.node("node", { shards: 3 });
    const exchange = market.exchange(...dayFlags(DAY), ...FEED);
    await node.untilChannel("a fifth of the day", ({ next_sequence: next }) => next > DAY.messages / 5);
    const path = "/v1/snapshot?symbols=ZBAA,ZBBB,NONE&pattern=ZBC*&levels=all&queue=true";
    const answers = await Promise.all(Array.from({ length: 40 }, () => node.get<Snapshot>(path)));
    await exchange.stop();
    await node.started.stop();
    for (const { missing, books } of answers) {
      expect(missing).toEqual(["NONE"]);
      expect(books.map(({ symbol }) => symbol).toSorted()).toEqual(books.map(({ symbol }) => symbol));
      expect(books.length).toBe(28);
    }
    const { sequence, books, state_hash } = answers.at(-1)!;
    const dump = market.path("some.ndjson");
    const flags = ["--until-seq", `${sequence}`, "--symbols", "ZBAA,ZBBB,ZBC*", "--dump", dump, "--queue"];
    expect((await replayJson([tape, ...flags])).state_hash).toBe(state_hash);
    expect(without(books)).toEqual(readDump(dump) as Snapshot["books"]);
  });
});
