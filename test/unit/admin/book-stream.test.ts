/**
 * Promises: a client that reads slowly gets the newest state in one step, however much it missed; what is kept for it
 * is two images; one that does not read at all is given up; a quiet stream is kept alive.
 */
import { expect, test } from "bun:test";
import { BookStream, type StreamEnd } from "../../../src/admin/book-stream.ts";
import type { BookAnswer } from "../../../src/admin/contract.ts";
import { EventParser, type ServerEvent } from "../../../src/admin/page/event-parser.ts";
import { MemoryAppliance } from "../../support/admin-appliance.ts";
import { MarketFlow } from "../../support/market-flow.ts";

function market() {
  const appliance = new MemoryAppliance("itch");
  const flow = new MarketFlow(1, 9);
  for (const message of flow.opening()) appliance.channel().apply(message);
  return {
    step: async (count: number): Promise<BookAnswer> => {
      for (let i = 0; i < count; i++) appliance.channel().apply(flow.next());
      return (await appliance.book({ symbol: "ZAAA", levelMax: 5, tradeMax: 10 }))!;
    },
  };
}

function open() {
  const ends: StreamEnd[] = [];
  const stream = new BookStream((end) => ends.push(end));
  const reader = stream.body().getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  const events = async (): Promise<ServerEvent[]> => new EventParser().push(await read());
  return { ends, stream, reader, read, events };
}

test("ten thousand images while nobody reads are one update when somebody does", async () => {
  const { step } = market();
  const { stream, events } = open();
  stream.offer(await step(200));
  const [first] = await events();
  expect(first!.event).toBe("book");
  let newest: BookAnswer | undefined;
  for (let i = 0; i < 10_000; i++) {
    if (i % 100 === 0) newest = await step(10);
    stream.offer({ ...newest!, sequence: i });
  }
  const [update, ...more] = await events();
  expect(more).toEqual([]);
  expect(update!.event).toBe("update");
  expect(JSON.parse(update!.data).sequence).toBe(9_999);
});

test("images that nobody came for can be collected: one at most is kept besides the one that was sent", async () => {
  const { step } = market();
  const { stream, events } = open();
  stream.offer(await step(200));
  await events();
  const template = await step(10);
  const watched: WeakRef<BookAnswer>[] = [];
  for (let i = 0; i < 500; i++) {
    const image = structuredClone(template);
    watched.push(new WeakRef(image));
    stream.offer(image);
  }
  await new Promise((resolve) => setImmediate(resolve));
  Bun.gc(true);
  expect(watched.filter((image) => image.deref() !== undefined).length).toBeLessThan(20);
  await events();
});

test("a quiet stream is kept alive by a comment, a busy one is not", async () => {
  const { step } = market();
  const { stream, read } = open();
  stream.offer(await step(50));
  expect(await read()).toStartWith("event: book\n");
  const silence = read();
  stream.tick();
  stream.tick();
  expect(await silence).toBe(": keep-alive\n\n");
});

test("a client that has stopped reading is given up, and said to be", async () => {
  const { step } = market();
  const { stream, ends, events } = open();
  stream.offer(await step(50));
  await events();
  for (let tick = 0; tick < 10; tick++) {
    stream.offer(await step(1));
    stream.tick();
  }
  expect(ends).toEqual(["stalled"]);
});

test("a client that reads, however slowly, is kept", async () => {
  const { step } = market();
  const { stream, ends, events } = open();
  for (let round = 0; round < 20; round++) {
    stream.offer(await step(1));
    stream.tick();
    stream.tick();
    await events();
  }
  expect(ends).toEqual([]);
});

test("closing from either side ends it once", async () => {
  const here = open();
  here.stream.close();
  here.stream.close();
  expect((await here.reader.read()).done).toBeTrue();
  expect(here.ends).toEqual(["ended"]);
  const there = open();
  const pending = there.reader.read();
  await there.reader.cancel();
  await pending;
  expect(there.ends).toEqual(["ended"]);
});
