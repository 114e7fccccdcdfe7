/**
 * The trading day by message count: when it opens, halts, closes and ends, so that a day of any length has all of it.
 * What the time is at each of these is `virtual-day.ts`'s business.
 */
/** R, H, Y and L for each instrument. */
const PREAMBLE_PER_SYMBOL = 4;
/** S 'O', V, S 'S'. */
const PREAMBLE_FIXED = 3;
/** S 'E', S 'C'. */
export const FINAL_MESSAGES = 2;

const PRE_OPEN_SHARE = 0.08;
const OPEN_INDICATE_SHARE = 0.03;
const CLOSE_INDICATE_SHARE = 0.08;
const AFTER_HOURS_SHARE = 0.012;
/** What the closing cross may take: its Q messages and this share of the day in executions. */
const CLOSE_EXECUTIONS_SHARE = 0.004;
const AFTER_HOURS_MIN = 64;
/** A day cut short may have a halted instrument's orders to cross. */
const FINISH_ROOM = 2048;
/** The opening of an endless day is that of a bounded one so long. */
const ENDLESS_OPENING_MESSAGES = 400_000;
/** Its trading is planned in cycles of so many messages. */
export const CYCLE_MESSAGES = 2_000_000;

export interface DayPlan {
  /** Messages of the whole day; Infinity when it goes on until it is told to finish. */
  readonly messages: number;
  /** Counts of messages at which each part begins. */
  readonly openIndicate: number;
  readonly open: number;
  readonly closeIndicate: number;
  readonly close: number;
  readonly end: number;
}

/** The shortest day that so many instruments fit in. */
export function dayMessagesMin(symbols: number): number {
  return 2000 + symbols * 10;
}

/** Messages before the first quote. */
export function preambleMessages(symbols: number): number {
  return PREAMBLE_FIXED + symbols * PREAMBLE_PER_SYMBOL;
}

export function planDay(messages: number, symbols: number): DayPlan {
  const preamble = preambleMessages(symbols);
  const isEndless = !Number.isFinite(messages);
  const body = isEndless ? ENDLESS_OPENING_MESSAGES : messages - preamble - FINAL_MESSAGES;
  const open = preamble + Math.floor(body * PRE_OPEN_SHARE);
  const openIndicate = open - Math.floor(body * OPEN_INDICATE_SHARE);
  if (isEndless) return { messages, openIndicate, open, closeIndicate: Infinity, close: Infinity, end: Infinity };
  return { openIndicate, open, ...planClose(messages, symbols) };
}

function planClose(messages: number, symbols: number) {
  const afterHours = Math.max(Math.floor(messages * AFTER_HOURS_SHARE), AFTER_HOURS_MIN);
  const crosses = symbols + Math.floor(messages * CLOSE_EXECUTIONS_SHARE);
  const end = messages - FINAL_MESSAGES;
  const close = end - afterHours - crosses - 1;
  return { messages, closeIndicate: close - Math.floor(messages * CLOSE_INDICATE_SHARE), close, end };
}

/** The plan of a day that has been told to finish after `count` messages: it opens if it has not yet, and closes. */
export function planFinish(plan: DayPlan, count: number, symbols: number): DayPlan {
  const open =
    count < plan.open ? Math.min(plan.open, Math.max(count, preambleMessages(symbols)) + symbols) : plan.open;
  const close = Math.max(count, open + symbols) + symbols;
  const end = close + 1 + symbols * 8 + FINISH_ROOM;
  if (end >= plan.end) return plan;
  const openIndicate = Math.min(plan.openIndicate, open);
  return { openIndicate, open, closeIndicate: close - symbols, close, end, messages: end + FINAL_MESSAGES };
}
