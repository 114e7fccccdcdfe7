/**
 * Simulated TCP between the channel and the GLIMPSE server: ordered bytes with a delay, a bandwidth and a window; it
 * can refuse, hang, and be cut after so many bytes. The ends have the shapes of `io/tcp.ts`.
 */
import type { ByteStream } from "../../src/ingest/transport.ts";
import type { SimClock } from "./world.ts";

export interface StreamFaults {
  /** What becomes of a connection: it opens, is refused, or stays "connecting". */
  connect: "open" | "refuse" | "hang";
  delayNs: number;
  bytesPerSecond: number;
  windowBytes: number;
  /** Bytes to the client after which the connection breaks; Infinity: never. */
  cutAfterBytes: number;
}

interface Piece {
  dueNs: number;
  bytes: Uint8Array;
  at: number;
}

/** One way. */
class Pipe {
  bufferedBytes = 0;
  totalBytes = 0;
  isClosed = false;
  #pieces: Piece[] = [];
  #dueNs = 0;
  readonly #clock: SimClock;
  readonly #faults: StreamFaults;

  constructor(clock: SimClock, faults: StreamFaults) {
    this.#clock = clock;
    this.#faults = faults;
  }

  put(bytes: Uint8Array, offset: number, length: number): number {
    const taken = Math.min(length, this.#faults.windowBytes - this.bufferedBytes);
    if (taken <= 0) return 0;
    const { nowNs } = this.#clock;
    this.#dueNs = Math.max(this.#dueNs, nowNs + this.#faults.delayNs) + (taken / this.#faults.bytesPerSecond) * 1e9;
    this.#pieces.push({ dueNs: this.#dueNs, bytes: bytes.slice(offset, offset + taken), at: 0 });
    this.bufferedBytes += taken;
    return taken;
  }

  take(bytes: Uint8Array, offset: number, length: number): number {
    let taken = 0;
    let used = 0;
    for (const piece of this.#pieces) {
      if (piece.dueNs > this.#clock.nowNs || taken === length) break;
      const count = Math.min(length - taken, piece.bytes.length - piece.at);
      bytes.set(piece.bytes.subarray(piece.at, piece.at + count), offset + taken);
      piece.at += count;
      taken += count;
      if (piece.at === piece.bytes.length) used++;
    }
    if (used > 0) this.#pieces.splice(0, used);
    this.bufferedBytes -= taken;
    this.totalBytes += taken;
    return taken;
  }
}

export class SimStream implements ByteStream {
  state: "connecting" | "open" | "closed" = "connecting";
  error: string | undefined;
  readonly fd = -1;
  readonly peer = "10.0.0.2:9";
  readonly #in: Pipe;
  readonly #out: Pipe;
  readonly #clock: SimClock;
  readonly #faults: StreamFaults;
  readonly #openNs: number;

  constructor(clock: SimClock, faults: StreamFaults, incoming: Pipe, outgoing: Pipe) {
    this.#clock = clock;
    this.#faults = faults;
    this.#in = incoming;
    this.#out = outgoing;
    this.#openNs = clock.nowNs + faults.delayNs * 2;
  }

  poll(): "connecting" | "open" | "closed" {
    if (this.state === "connecting" && this.#clock.nowNs >= this.#openNs) {
      if (this.#faults.connect === "open") this.state = "open";
      else if (this.#faults.connect === "refuse") this.#fail("connection refused");
    }
    return this.state;
  }

  #fail(error: string): void {
    this.error = error;
    this.close();
  }

  send(bytes: Uint8Array, offset: number, length: number): number {
    if (this.poll() !== "open") return this.state === "closed" ? -1 : 0;
    if (this.#out.isClosed) {
      this.#fail("connection reset by peer");
      return -1;
    }
    return this.#out.put(bytes, offset, length);
  }

  receive(bytes: Uint8Array, offset: number, length: number): number {
    if (this.poll() !== "open") return this.state === "closed" ? -1 : 0;
    if (this.#in.totalBytes >= this.#faults.cutAfterBytes) {
      this.#fail("connection reset by peer");
      return -1;
    }
    const taken = this.#in.take(bytes, offset, Math.min(length, this.#faults.cutAfterBytes - this.#in.totalBytes));
    if (taken > 0) return taken;
    if (!this.#in.isClosed || this.#in.bufferedBytes > 0) return 0;
    this.close();
    return -1;
  }

  close(): void {
    this.state = "closed";
    this.#in.isClosed = true;
    this.#out.isClosed = true;
  }
}

/** Where the GLIMPSE server listens. */
export class SimListener {
  readonly fd = -1;
  readonly localPort = 9;
  #waiting: SimStream[] = [];
  readonly #clock: SimClock;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** The client's end of a new connection. */
  connect(faults: StreamFaults): SimStream {
    const toClient = new Pipe(this.#clock, faults);
    const toServer = new Pipe(this.#clock, { ...faults, cutAfterBytes: Number.POSITIVE_INFINITY });
    const client = new SimStream(this.#clock, faults, toClient, toServer);
    const limitless = { ...faults, cutAfterBytes: Number.POSITIVE_INFINITY };
    if (faults.connect === "open") this.#waiting.push(new SimStream(this.#clock, limitless, toServer, toClient));
    return client;
  }

  accept(): SimStream | undefined {
    const next = this.#waiting[0];
    if (next?.poll() !== "open") return undefined;
    return this.#waiting.shift();
  }

  close(): void {
    for (const stream of this.#waiting) stream.close();
    this.#waiting = [];
  }
}
