/**
 * Promises of the event stream: a whole book first, then updates that rebuild it exactly; a slow client costs its
 * neighbours nothing and little memory; one that goes, or never comes, leaves no watch behind.
 */
import { afterEach, expect, test } from "bun:test";
import type { Socket } from "bun";
import { BookUpdateSchema } from "../../src/admin/book-update.ts";
import { BookModel } from "../../src/admin/page/book-model.ts";
import { EventParser } from "../../src/admin/page/event-parser.ts";
import type { AdminServerOptions } from "../../src/admin/server.ts";
import { BookSchema, bookAnswerToJson } from "../../src/admin/views/book.ts";
import { Quality } from "../../src/core/quality.ts";
import { MemoryAppliance } from "../support/admin-appliance.ts";
import { startAdmin, type TestServer, TOKENS, until } from "../support/admin-server.ts";
import { MarketFlow } from "../support/market-flow.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Market {
  appliance: MemoryAppliance;
  server: TestServer;
  /** Applies so many messages of the flow and tells the watchers. */
  step(count: number): void;
}

async function market(options: Partial<AdminServerOptions> = {}): Promise<Market> {
  const appliance = new MemoryAppliance("itch");
  const flow = new MarketFlow(1, 11);
  for (const message of flow.opening()) appliance.channel().apply(message);
  const server = await startAdmin(appliance, options);
  stops.push(() => server.stop());
  const step = (count: number) => {
    for (let i = 0; i < count; i++) appliance.channel().apply(flow.next());
    appliance.publish();
  };
  step(300);
  return { appliance, server, step };
}

/** Events of a stream, one by one. */
async function* eventsOf(response: Response) {
  const parser = new EventParser();
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) yield* parser.push(chunk);
}

async function follow(response: Response) {
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const events = eventsOf(response);
  stops.push(() => events.return(undefined));
  const model = new BookModel();
  let count = 0;
  return {
    model,
    next: async () => {
      const { event, data } = (await events.next()).value!;
      const json = JSON.parse(data);
      expect(event).toBe(count++ === 0 ? "book" : "update");
      if (event === "book") {
        expect(BookSchema.parse(json)).toEqual(json);
        model.load(json);
      } else {
        expect(BookUpdateSchema.parse(json)).toEqual(json);
        model.update(json);
      }
      return json;
    },
  };
}

test.each(["tcp", "unix"] as const)("a whole book, then updates that rebuild it exactly (%s)", async (transport) => {
  const { appliance, server, step } = await market();
  const stream = await follow(await server[transport]("/v1/books/ZAAA/stream?levels=7&trades=20"));
  await stream.next();
  for (let round = 0; round < 60; round++) {
    step(1 + ((round * 7) % 40));
    await stream.next();
    const truth = bookAnswerToJson((await appliance.book({ symbol: "ZAAA", levelMax: 7, tradeMax: 20 }))!);
    const levels = (list: typeof stream.model.bids) => list.map(({ heat: _, ...level }) => level);
    expect(levels(stream.model.bids)).toEqual(truth.bids);
    expect(levels(stream.model.asks)).toEqual(truth.asks);
    expect(stream.model.trades.slice(-20)).toEqual(truth.trades!);
    expect(stream.model.facts).toMatchObject({ sequence: truth.sequence, instrument: truth.instrument });
  }
});

test("quality goes with every event and changes at once", async () => {
  const { appliance, server } = await market();
  const stream = await follow(await server.tcp("/v1/books/ZAAA/stream"));
  expect(await stream.next()).toMatchObject({ quality: "ok", quality_reason: "" });
  appliance.channel().setQuality(Quality.recovering, "12 messages are missing");
  appliance.publish();
  expect(await stream.next()).toMatchObject({
    quality: "recovering",
    quality_reason: "12 messages are missing",
    bids: [],
  });
});

test("a quiet stream outlives the listener's idle time-out on keep-alives", async () => {
  const { server, step } = await market({ idleTimeoutSeconds: 1, keepAliveMs: 50 });
  const response = await server.tcp("/v1/books/ZAAA/stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  stops.push(() => reader.cancel());
  let text = "";
  // Past four seconds: Bun closes what it holds for idle after two.
  while (text.split(": keep-alive").length < 60) text += (await reader.read()).value;
  expect(text.match(/^event: /gm)).toEqual(["event: "]);
  step(5);
  while (!text.includes("event: update")) text += (await reader.read()).value;
});

/** A client that sends its request and reads nothing until told to. */
async function slowClient(server: TestServer, query: string) {
  let received = "";
  let closed = false;
  const socket: Socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.server.tcp!.port,
    socket: {
      data: (_, bytes) => {
        received += new TextDecoder().decode(bytes);
      },
      close: () => {
        closed = true;
      },
    },
  });
  stops.push(() => socket.terminate());
  const head = ["Host: localhost", `Authorization: Bearer ${TOKENS.read}`];
  socket.write(`GET /v1/books/ZAAA/stream?${query} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`);
  return { socket, received: () => received, closed: () => closed };
}

test("a client that does not read is conflated and then gets the newest state; its neighbour sees all", async () => {
  const { appliance, server, step } = await market();
  const slow = await slowClient(server, "levels=1000&queue=true&trades=256&interval_ms=1");
  const neighbour = await follow(await server.tcp("/v1/books/ZAAA/stream?levels=5&trades=0"));
  await neighbour.next();
  await until(() => slow.received().includes("event: book"), "the slow client's first event");
  slow.socket.pause();
  let offered = 0;
  for (let round = 0; round < 4_000; round++) {
    step(40);
    const { sequence } = await neighbour.next();
    expect(sequence).toBe(appliance.channel().sequence);
    offered++;
  }
  slow.socket.resume();
  const sequence = appliance.channel().sequence;
  await until(() => slow.received().includes(`"sequence":${sequence},`), "the newest state at the slow client");
  const got = slow.received().match(/^event: update/gm)!.length;
  // The kernel's buffers hold some; everything after that was one update.
  expect(got).toBeLessThan(offered / 2);
});

test("a client that has stopped for good is given up: its watch ends and its connection is cut", async () => {
  const { appliance, server, step } = await market({ keepAliveMs: 20 });
  const slow = await slowClient(server, "levels=1000&queue=true&trades=256&interval_ms=1");
  await until(() => slow.received().includes("event: book"), "the first event");
  slow.socket.pause();
  const before = process.memoryUsage.rss();
  while (appliance.watcherCount > 0) {
    step(40);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  await until(() => server.server.pendingCount() === 0, "the connection to be cut");
});

test("a client that goes, before or after the first event, leaves no watch behind", async () => {
  const { appliance, server } = await market();
  const controller = new AbortController();
  const response = await server.tcp("/v1/books/ZAAA/stream", { signal: controller.signal });
  await response.body!.getReader().read();
  expect(appliance.watcherCount).toBe(1);
  controller.abort();
  await until(() => appliance.watcherCount === 0, "the watch to be stopped");
  const slow = await slowClient(server, "levels=5");
  slow.socket.terminate();
  const head = await server.tcp("/v1/books/ZAAA/stream", { method: "HEAD" });
  expect(head.status).toBe(200);
  await until(() => appliance.watcherCount === 0, "no watch to be left");
});

test("streams are counted: one too many is refused, and welcome when another has gone", async () => {
  const { appliance, server } = await market({ streamCountMax: 2 });
  const open = () => server.tcp("/v1/books/ZAAA/stream");
  const first = await open();
  const second = await open();
  const refused = await open();
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ type: "urn:fathom:problem:too-busy" });
  for (let i = 0; i < 5; i++) expect((await server.tcp("/v1/books/NONE/stream")).status).toBe(503);
  await first.body!.cancel();
  await until(() => appliance.watcherCount === 1, "the first stream to end");
  for (let i = 0; i < 5; i++) expect((await server.tcp("/v1/books/NONE/stream")).status).toBe(404);
  const third = await open();
  expect(third.status).toBe(200);
  await second.body!.cancel();
  await third.body!.cancel();
});
