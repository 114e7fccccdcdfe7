/** One book's changes as server-sent events. */
import { createRoute, z } from "@hono/zod-openapi";
import { NS_PER_MS } from "../../core/units.ts";
import { BookStream } from "../book-stream.ts";
import { BookUpdateSchema } from "../book-update.ts";
import type { ApplianceReader } from "../contract.ts";
import { ChannelParameter, integerParameter, optional, QueueParameter, SymbolPath, TRADES_MAX } from "../parameters.ts";
import { ProblemError, problemAnswers } from "../problem.ts";
import { type AdminApp, TOKEN_NEEDED } from "./answers.ts";
import { checkChannel, instrumentNotFound } from "./books.ts";

const INTERVAL_MS_DEFAULT = 16;
const INTERVAL_MS_MAX = 60_000;
const STREAM_LEVELS_MAX = 1_000;

export interface StreamOptions {
  /** Streams open at once; more are refused with `too-busy`. */
  streamCountMax: number;
  /** Of silence, before a comment is sent. */
  keepAliveMs: number;
  /** A repeating timer; returns what stops it. */
  every: (intervalMs: number, callback: () => void) => () => void;
}

const streamRoute = createRoute({
  method: "get",
  path: "/v1/books/{symbol}/stream",
  summary: "One book's changes as server-sent events",
  description:
    "First an event `book` (schema Book), then events `update` (schema BookUpdate) with what has changed since the " +
    "event before. Conflated: a slow client gets fewer, larger updates, and always the newest state. The event id is " +
    "the sequence.",
  security: TOKEN_NEEDED,
  request: {
    params: SymbolPath,
    query: z.strictObject({
      channel: ChannelParameter.optional(),
      levels: optional(integerParameter(1, STREAM_LEVELS_MAX, "Levels a side."), 20),
      queue: optional(QueueParameter, false),
      trades: optional(integerParameter(0, TRADES_MAX, "Trades in the first event, and kept since."), 50),
      interval_ms: optional(
        integerParameter(1, INTERVAL_MS_MAX, "At most one update in this time."),
        INTERVAL_MS_DEFAULT,
      ),
    }),
  },
  responses: {
    200: { description: "Events until either side ends it", content: { "text/event-stream": { schema: z.string() } } },
    ...problemAnswers(400, 401, 403, 404, 503),
  },
});

export function addStreamRoute(app: AdminApp, appliance: ApplianceReader, options: StreamOptions): void {
  let streamCount = 0;
  app.openAPIRegistry.register("BookUpdate", BookUpdateSchema);
  app.openapi(streamRoute, async (context) => {
    const { symbol } = context.req.valid("param");
    const { channel, levels, queue, trades, interval_ms } = context.req.valid("query");
    checkChannel(appliance, channel);
    if (streamCount >= options.streamCountMax) {
      throw new ProblemError("too-busy", `this node serves at most ${options.streamCountMax} streams at once`, {
        headers: { "retry-after": "5" },
      });
    }
    streamCount++;
    const stops: (() => void)[] = [() => streamCount--];
    const stream = new BookStream((end) => {
      for (const stop of stops.splice(0)) stop();
      if (end === "stalled") context.env.connection.hangUp();
    });
    const request = { symbol, channel, levelMax: levels, tradeMax: trades, queue, intervalNs: interval_ms * NS_PER_MS };
    const watch = await appliance
      .watch(request, (image) => stream.offer(image))
      .catch((error: unknown) => {
        stream.close();
        throw error;
      });
    if (!watch) {
      stream.close();
      throw instrumentNotFound(symbol, channel);
    }
    stops.push(
      () => watch.stop(),
      options.every(options.keepAliveMs, () => stream.tick()),
    );
    context.env.connection.holdOpen();
    endWithRequest(stream, context.req.raw);
    return context.body(stream.body(), 200, {
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no",
    });
  });
}

/** A client that has gone before the first event, or that asked for the head only, never reads the body. */
function endWithRequest(stream: BookStream, request: Request): void {
  if (request.signal.aborted || request.method === "HEAD") stream.close();
  else request.signal.addEventListener("abort", () => stream.close(), { once: true });
}
