/** Instruments, books, orders, and many books at one sequence. */
import { createRoute, z } from "@hono/zod-openapi";
import type { ApplianceReader } from "../contract.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import {
  ChannelParameter,
  integerParameter,
  LevelsParameter,
  levelMaxOf,
  listParameter,
  optional,
  PAGE_ROWS_MAX,
  QueueParameter,
  SYMBOLS_MAX,
  SymbolPath,
  TRADES_MAX,
} from "../parameters.ts";
import { ProblemError, problemAnswers } from "../problem.ts";
import {
  BookSchema,
  bookAnswerToJson,
  InstrumentsSchema,
  instrumentRowToJson,
  OrderSchema,
  orderToJson,
  SnapshotSchema,
  snapshotToJson,
} from "../views/book.ts";
import { type AdminApp, jsonAnswer, TOKEN_NEEDED } from "./answers.ts";

const U64_MAX = 2n ** 64n - 1n;

const instrumentsRoute = createRoute({
  method: "get",
  path: "/v1/instruments",
  summary: "Instruments, ascending by symbol, in pages",
  security: TOKEN_NEEDED,
  request: {
    query: z.strictObject({
      channel: ChannelParameter.optional(),
      search: z.string().max(32).optional().openapi({ description: "Part of the symbol, upper or lower case." }),
      symbols: listParameter(SYMBOLS_MAX, "Only these, with commas between them.").optional(),
      cursor: z
        .string()
        .transform(decodeCursor)
        .refine((cursor) => cursor !== undefined, { error: "expected the next_cursor of another page" })
        .optional()
        .openapi({ type: "string", description: "The `next_cursor` of the page before." }),
      limit: optional(integerParameter(1, PAGE_ROWS_MAX, "Rows a page."), 100),
    }),
  },
  responses: { 200: jsonAnswer(InstrumentsSchema, "A page"), ...problemAnswers(400, 401, 403, 404, 503) },
});

const bookRoute = createRoute({
  method: "get",
  path: "/v1/books/{symbol}",
  summary: "One instrument's book",
  security: TOKEN_NEEDED,
  request: {
    params: SymbolPath,
    query: z.strictObject({
      channel: ChannelParameter.optional(),
      levels: optional(LevelsParameter, 10),
      queue: optional(QueueParameter, false),
      trades: optional(integerParameter(0, TRADES_MAX, "The most recent trades, how many."), 0),
    }),
  },
  responses: { 200: jsonAnswer(BookSchema, "The book"), ...problemAnswers(400, 401, 403, 404, 503) },
});

const orderRoute = createRoute({
  method: "get",
  path: "/v1/books/{symbol}/orders/{order_ref}",
  summary: "One order of a book",
  security: TOKEN_NEEDED,
  request: {
    params: SymbolPath.extend({
      order_ref: z
        .string()
        .refine((text) => /^\d{1,20}$/.test(text) && BigInt(text) <= U64_MAX, {
          error: "expected an order reference: a whole number of at most 64 bits",
        })
        .openapi({ param: { name: "order_ref", in: "path" } }),
    }),
    query: z.strictObject({ channel: ChannelParameter.optional() }),
  },
  responses: { 200: jsonAnswer(OrderSchema, "The order"), ...problemAnswers(400, 401, 403, 404, 503) },
});

const snapshotRoute = createRoute({
  method: "get",
  path: "/v1/snapshot",
  summary: "Many books of a channel at one sequence, across shards",
  security: TOKEN_NEEDED,
  request: {
    query: z.strictObject({
      channel: ChannelParameter.optional(),
      symbols: listParameter(SYMBOLS_MAX, "Only these, with commas between them.").optional(),
      pattern: listParameter(SYMBOLS_MAX, "Globs with * and ?; ! excludes; with commas between them.").optional(),
      levels: optional(LevelsParameter, 10),
      queue: optional(QueueParameter, false),
    }),
  },
  responses: { 200: jsonAnswer(SnapshotSchema, "All of it at `sequence`"), ...problemAnswers(400, 401, 403, 404, 503) },
});

/** Also used by the stream: the same words for the same problem. */
export function instrumentNotFound(symbol: string, channel: string | undefined): ProblemError {
  const where = channel === undefined ? "" : ` on channel "${channel}"`;
  return new ProblemError("instrument-not-found", `there is no instrument "${symbol}"${where}`);
}

/** Throws when a channel is named that does not exist: otherwise it would look like an instrument that does not. */
export function checkChannel(appliance: ApplianceReader, channel: string | undefined): void {
  if (channel === undefined || appliance.channels().some((view) => view.name === channel)) return;
  throw new ProblemError("channel-not-found", `there is no channel "${channel}"`);
}

export function addBookRoutes(app: AdminApp, appliance: ApplianceReader): void {
  app.openapi(instrumentsRoute, async (context) => {
    const { channel, search, symbols, cursor, limit } = context.req.valid("query");
    checkChannel(appliance, channel);
    const page = await appliance.instruments({ channel, search, symbols, limit, after: cursor });
    const last = page.more ? page.rows.at(-1) : undefined;
    const next_cursor = last ? encodeCursor({ symbol: last.image.instrument.symbol, channel: last.channel }) : null;
    return context.json({ instruments: page.rows.map(instrumentRowToJson), total: page.total, next_cursor }, 200);
  });
  app.openapi(bookRoute, async (context) => {
    const { symbol } = context.req.valid("param");
    const { channel, levels, queue, trades } = context.req.valid("query");
    checkChannel(appliance, channel);
    const request = { symbol, channel, levelMax: levelMaxOf(levels), queue, tradeMax: trades > 0 ? trades : undefined };
    const answer = await appliance.book(request);
    if (!answer) throw instrumentNotFound(symbol, channel);
    return context.json(bookAnswerToJson(answer), 200);
  });
  app.openapi(orderRoute, async (context) => {
    const { symbol, order_ref } = context.req.valid("param");
    const { channel } = context.req.valid("query");
    checkChannel(appliance, channel);
    const answer = await appliance.order({ symbol, channel, orderReference: BigInt(order_ref) });
    if (!answer) throw instrumentNotFound(symbol, channel);
    if (!answer.order) throw new ProblemError("order-not-found", `"${symbol}" has no order ${order_ref} now`);
    return context.json(orderToJson(answer, answer.order), 200);
  });
  app.openapi(snapshotRoute, async (context) => {
    const { channel, symbols, pattern, levels, queue } = context.req.valid("query");
    checkChannel(appliance, channel);
    const answer = await appliance.snapshot({ channel, symbols, pattern, levelMax: levelMaxOf(levels), queue });
    return context.json(snapshotToJson(answer), 200);
  });
}
