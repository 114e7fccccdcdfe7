/**
 * Simulated datagrams between the channel and its re-request servers: each way loses, delays and repeats. The two ends
 * have the shapes of `io/udp-unicast.ts`, so that the channel and the exchange's own server run on them unchanged.
 */
import type { Prng } from "../../src/core/prng.ts";
import type { Datagrams } from "../../src/ingest/transport.ts";
import { TimeQueue } from "./time-queue.ts";
import type { SimClock } from "./world.ts";

export interface PathFaults {
  loss: number;
  duplicate: number;
  delayNs: number;
  jitterNs: number;
}

const EMPTY = new Uint8Array(new ArrayBuffer(0));
const EMPTY_VIEW = new DataView(EMPTY.buffer);

/** One way: datagrams in, datagrams out when they are due. */
class Path {
  readonly #clock: SimClock;
  readonly #prng: Prng;
  readonly #queue = new TimeQueue();
  readonly #datagrams: (Uint8Array<ArrayBuffer> | undefined)[] = [];
  bytes: Uint8Array<ArrayBuffer> = EMPTY;
  view: DataView = EMPTY_VIEW;

  constructor(clock: SimClock, prng: Prng) {
    this.#clock = clock;
    this.#prng = prng;
  }

  send(bytes: Uint8Array, offset: number, length: number, faults: PathFaults): void {
    const prng = this.#prng;
    if (faults.loss > 0 && prng.chance(faults.loss)) return;
    const copies = faults.duplicate > 0 && prng.chance(faults.duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const dueNs = this.#clock.nowNs + faults.delayNs + prng.float() * faults.jitterNs;
      this.#queue.push(dueNs, this.#datagrams.length);
      this.#datagrams.push(Uint8Array.from(bytes.subarray(offset, offset + length)));
    }
  }

  receive(): number {
    if (this.#queue.nextNs > this.#clock.nowNs) return -1;
    const index = this.#queue.pop();
    this.bytes = this.#datagrams[index]!;
    this.view = new DataView(this.bytes.buffer);
    this.#datagrams[index] = undefined;
    if (this.#queue.count === 0) this.#datagrams.length = 0;
    return this.bytes.length;
  }
}

/** The server's end. It is one client's, whose address never changes. */
export class SimServerSocket {
  readonly fd = -1;
  readonly truncated = false;
  readonly peerAddress = "10.0.0.1";
  readonly peerPort = 40_000;
  readonly requests: Path;
  /** While not, what comes is lost. */
  isUp = true;
  readonly #net: SimDatagrams;

  constructor(
    net: SimDatagrams,
    readonly localPort: number,
    clock: SimClock,
    prng: Prng,
  ) {
    this.#net = net;
    this.requests = new Path(clock, prng);
  }

  get bytes(): Uint8Array {
    return this.requests.bytes;
  }

  get view(): DataView {
    return this.requests.view;
  }

  receive(): number {
    for (;;) {
      const length = this.requests.receive();
      if (length < 0 || this.isUp) return length;
    }
  }

  reply(bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.isUp) this.#net.answers.send(bytes, offset, length, this.#net.faults);
    return true;
  }

  close(): void {
    this.isUp = false;
  }
}

/** The channel's end. */
export class SimDatagrams implements Datagrams {
  readonly truncated = false;
  readonly fd = -1;
  readonly answers: Path;
  faults: PathFaults;
  readonly servers: SimServerSocket[] = [];
  readonly #clock: SimClock;
  readonly #prng: Prng;

  constructor(clock: SimClock, prng: Prng, faults: PathFaults) {
    this.#clock = clock;
    this.#prng = prng;
    this.faults = faults;
    this.answers = new Path(clock, prng);
  }

  /** A server at `port`; the one that was there before is gone. */
  listen(port: number): SimServerSocket {
    const socket = new SimServerSocket(this, port, this.#clock, this.#prng);
    this.servers[port] = socket;
    return socket;
  }

  get stampNs(): number {
    return this.#clock.nowNs;
  }

  get bytes(): Uint8Array {
    return this.answers.bytes;
  }

  get view(): DataView {
    return this.answers.view;
  }

  receive(): number {
    return this.answers.receive();
  }

  sendTo(bytes: Uint8Array, offset: number, length: number, _address: string, port: number): boolean {
    this.servers[port]?.requests.send(bytes, offset, length, this.faults);
    return true;
  }

  close(): void {
    this.servers.length = 0;
  }
}
