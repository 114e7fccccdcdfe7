/**
 * Asks the re-request servers for what is missing: a bounded number of requests at once, each over a window of one
 * hole. A server may answer with one packet or with many, with all that was asked or with its beginning: what is left
 * of a window is asked for again. Without any answer the next server is tried, until the budget of attempts is spent.
 * Answers come back through the channel like packets of a line. Owned by a channel; no allocation.
 */
import { MOLD_COUNT_MAX, MOLD_HEADER_BYTES, writeMoldRequest } from "../wire/moldudp64.ts";
import type { MissingRanges } from "./missing-ranges.ts";
import type { ChannelSettings, RerequestServer } from "./options.ts";
import type { Datagrams } from "./transport.ts";

export class RerequestClient {
  requestCount = 0;
  answeredCount = 0;
  timedOutCount = 0;
  messagesRequestedCount = 0;
  /** When anything last came back; -1: never. */
  answeredNs = -1;
  readonly #datagrams: Datagrams;
  readonly #servers: readonly RerequestServer[];
  readonly #settings: ChannelSettings;
  readonly #messagesMax: number;
  /** By window: [first, end), when it was first asked for, last asked for, last got nearer; attempts without answer. */
  readonly #first: Float64Array;
  readonly #end: Float64Array;
  readonly #beganNs: Float64Array;
  readonly #sentNs: Float64Array;
  readonly #progressNs: Float64Array;
  readonly #attempts: Int32Array;
  #count = 0;
  #server = 0;
  readonly #packet = new Uint8Array(new ArrayBuffer(MOLD_HEADER_BYTES));
  readonly #view = new DataView(this.#packet.buffer);

  constructor(datagrams: Datagrams, servers: readonly RerequestServer[], settings: ChannelSettings) {
    this.#datagrams = datagrams;
    this.#servers = servers;
    this.#settings = settings;
    this.#messagesMax = Math.min(settings.requestMessagesMax, MOLD_COUNT_MAX);
    const windows = settings.requestsOutstandingMax;
    this.#first = new Float64Array(windows);
    this.#end = new Float64Array(windows);
    this.#beganNs = new Float64Array(windows);
    this.#sentNs = new Float64Array(windows);
    this.#progressNs = new Float64Array(windows);
    this.#attempts = new Int32Array(windows);
  }

  /** Requests under way. */
  get outstanding(): number {
    return this.#count;
  }

  /** Forgets what was asked for: the holes are gone, or are those of another session. */
  reset(): void {
    this.#count = 0;
  }

  /** An answer has come (whatever was in it). */
  answered(nowNs: number): void {
    this.answeredNs = nowNs;
  }

  /**
   * Looks after the requests under way and makes new ones for the gaps among `missing`. Returns how many were sent.
   */
  drive(missing: MissingRanges, session10: Uint8Array, nowNs: number): number {
    const before = this.requestCount;
    for (let i = this.#count - 1; i >= 0; i--) this.#tend(i, missing, session10, nowNs);
    for (let i = 0; i < missing.count && this.#count < this.#first.length; i++)
      if (missing.gap[i]! >= 0) this.#cover(missing.first[i]!, missing.end[i]!, session10, nowNs);
    return this.requestCount - before;
  }

  #tend(i: number, missing: MissingRanges, session10: Uint8Array, nowNs: number): void {
    const first = missing.firstMissing(this.#first[i]!, this.#end[i]!);
    // Counted once a request, and only when it was an answer that brought it on, not a line.
    const isNews = this.#progressNs[i]! < this.#sentNs[i]! && this.answeredNs >= this.#sentNs[i]!;
    if (first > this.#first[i]! && isNews) this.answeredCount++;
    if (first >= this.#end[i]!) {
      this.#remove(i);
      return;
    }
    if (first > this.#first[i]!) {
      this.#first[i] = first;
      this.#progressNs[i] = nowNs;
      this.#attempts[i] = 0;
    }
    if (this.#progressNs[i]! >= this.#sentNs[i]!) {
      if (nowNs - this.#progressNs[i]! >= this.#settings.rerequestPartialWaitNs) this.#send(i, session10, nowNs);
    } else if (nowNs - this.#sentNs[i]! >= this.#settings.rerequestTimeoutNs && !this.#spent(i)) {
      this.timedOutCount++;
      this.#attempts[i]!++;
      this.#server = (this.#server + 1) % this.#servers.length;
      if (!this.#spent(i)) this.#send(i, session10, nowNs);
    }
  }

  #spent(i: number): boolean {
    return this.#attempts[i]! >= this.#settings.rerequestAttemptsMax;
  }

  /** Makes windows for what of [first, end) is not being asked for yet. */
  #cover(first: number, end: number, session10: Uint8Array, nowNs: number): void {
    let at = first;
    while (at < end && this.#count < this.#first.length) {
      let next = end;
      let covered = -1;
      for (let i = 0; i < this.#count; i++) {
        if (this.#first[i]! <= at && at < this.#end[i]!) covered = i;
        else if (this.#first[i]! > at && this.#first[i]! < next) next = this.#first[i]!;
      }
      if (covered >= 0) {
        at = this.#end[covered]!;
        continue;
      }
      const windowEnd = Math.min(next, at + this.#messagesMax);
      const i = this.#count++;
      this.#first[i] = at;
      this.#end[i] = windowEnd;
      this.#beganNs[i] = nowNs;
      this.#progressNs[i] = -1;
      this.#attempts[i] = 0;
      this.#send(i, session10, nowNs);
      at = windowEnd;
    }
  }

  #send(i: number, session10: Uint8Array, nowNs: number): void {
    const count = this.#end[i]! - this.#first[i]!;
    const server = this.#servers[this.#server]!;
    writeMoldRequest(this.#view, this.#packet, 0, session10, this.#first[i]!, count);
    this.#datagrams.sendTo(this.#packet, 0, MOLD_HEADER_BYTES, server.address, server.port);
    this.#sentNs[i] = nowNs;
    this.requestCount++;
    this.messagesRequestedCount += count;
  }

  #remove(i: number): void {
    const last = --this.#count;
    this.#first[i] = this.#first[last]!;
    this.#end[i] = this.#end[last]!;
    this.#beganNs[i] = this.#beganNs[last]!;
    this.#sentNs[i] = this.#sentNs[last]!;
    this.#progressNs[i] = this.#progressNs[last]!;
    this.#attempts[i] = this.#attempts[last]!;
  }

  /**
   * Whether `sequence`, the first that is missing, has been asked for until the budget was spent. Returns where to go
   * on behind what cannot be had, or -1. With servers that have answered nothing at all in the meantime there is no
   * hope for the rest of the hole, `rangeEnd`, either.
   */
  givenUp(sequence: number, rangeEnd: number): number {
    for (let i = 0; i < this.#count; i++) {
      if (this.#first[i]! > sequence || this.#end[i]! <= sequence || !this.#spent(i)) continue;
      return this.answeredNs >= this.#beganNs[i]! ? Math.min(this.#end[i]!, rangeEnd) : rangeEnd;
    }
    return -1;
  }
}
