/**
 * The demo: the embedded exchange on a thread of its own, its feed on both lines with faults, and a whole node that
 * takes it. At the end the exchange's own tape is replayed and must give the same books.
 */
import type { ChannelView } from "../admin/contract.ts";
import { FathomError } from "../core/assert.ts";
import type { ExchangeReady, ExchangeSummary } from "../exchange/exchange.ts";
import { EXCHANGE_DEFAULTS, type ExchangeOptions } from "../exchange/exchange-options.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../io/private-file.ts";
import { every } from "../io/timer.ts";
import { openUdpUnicast } from "../io/udp-unicast.ts";
import type { BookPlan } from "./book-plan.ts";
import type { ExchangeEvent, ExchangeInit } from "./exchange-worker.ts";
import type { Log } from "./log.ts";
import { type ReplayResult, replay } from "./replay.ts";
import { Node } from "./run-node.ts";
import { type FlagSetting, resolveSettings } from "./settings.ts";
import { startWorker, type WorkerThread } from "./worker-thread.ts";

export interface DemoOptions {
  symbols: number;
  /** Messages a second. */
  rate: number;
  /** A whole day in so long; `undefined`: until stopped. */
  durationNs: number | undefined;
  seed: number;
  lossA: number;
  lossB: number;
  /** TCP port of page and API; 0: any free one. */
  port: number;
  shards: number | "auto";
  /** The node's own. */
  log: Log;
  /** The port is somebody else's: another one is taken. */
  onPortTaken: () => void;
}

export interface DemoResult {
  exchange: ExchangeSummary;
  channel: ChannelView;
  sequence: number;
  stateHash: string;
  orders: number;
  /** The exchange's own tape, replayed. A day without an end has none: it would grow without one too. */
  tape: ReplayResult | undefined;
  plan: BookPlan;
}

const LIVE_ORDERS = 20_000;
const LINGER_NS = 3e9;
const HEARTBEAT_NS = 250e6;
/** Minutes of messages for re-requests; a demo that is left running keeps its memory. */
const STORE_BYTES_MAX = 256 * 1024 * 1024;
const END_POLL_MS = 20;
const DUPLICATE_SHARE = 0.005;
const REORDER_SHARE = 0.002;

export class Demo {
  readonly node: Node;
  /** Where the page is, with the token that opens it. */
  readonly pageUrl: string;
  readonly #options: DemoOptions;
  readonly #exchange: DemoExchange;
  readonly #folder: TemporaryFolder;

  private constructor(options: DemoOptions, node: Node, exchange: DemoExchange, folder: TemporaryFolder) {
    this.#options = options;
    this.node = node;
    this.#exchange = exchange;
    this.#folder = folder;
    const { server, tokens } = node.admin;
    this.pageUrl = `${server.tcp!.url}/#token=${tokens[0]!.token}`;
  }

  /** Starts exchange and node; the first message goes out once the lines are joined. */
  static async start(options: DemoOptions): Promise<Demo> {
    const folder = makeTemporaryFolder("fathom-demo-");
    const exchange = new DemoExchange(exchangeOptions(options, tapePath(folder)));
    try {
      const ready = await exchange.ready;
      const node = await startNode(options, ready, folder.path);
      exchange.go();
      return new Demo(options, node, exchange, folder);
    } catch (error) {
      await exchange.stop();
      folder.remove();
      throw error;
    }
  }

  /** Resolves when the exchange's day is over, by itself or after `endDay`. Throws when a worker has failed. */
  async finished(): Promise<DemoResult> {
    const { node } = this;
    // Once everything has come there is nobody left for whom the exchange would have to stay up.
    const cancel = every(END_POLL_MS, () => {
      if (node.appliance.channels()[0]!.state === "ended") this.#exchange.requestStop();
    });
    const exchange = await Promise.race([this.#exchange.summary, node.appliance.failed]).finally(cancel);
    await this.#booksComplete(exchange.nextSequence);
    const [{ answer }] = (await node.hashes()) as [Awaited<ReturnType<Node["hashes"]>>[number]];
    const plan = { ...node.plan, shards: 0 };
    const isBounded = this.#options.durationNs !== undefined;
    const tape = isBounded ? await replay({ files: [tapePath(this.#folder)], plan }) : undefined;
    const channel = node.appliance.channels()[0]!;
    const { sequence, stateHash, orderCount: orders } = answer;
    return { exchange, channel, sequence, stateHash, orders, tape, plan: node.plan };
  }

  /** Ends the exchange's day early but in order: closing cross, end of session. */
  endDay(): void {
    this.#exchange.requestStop();
  }

  async close(): Promise<void> {
    await this.#exchange.stop();
    await this.node.stop();
    this.#folder.remove();
  }

  /** The last messages may still be under repair when the exchange has gone quiet. */
  #booksComplete(nextSequence: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const isOver = () => {
      const channel = this.node.appliance.channels()[0]!;
      return channel.state === "ended" || channel.nextSequence >= nextSequence;
    };
    let polls = 0;
    const cancel = every(END_POLL_MS, () => {
      if (!isOver() && ++polls * END_POLL_MS * 1e6 < LINGER_NS) return;
      cancel();
      resolve();
    });
    return promise;
  }

  get options(): DemoOptions {
    return this.#options;
  }
}

/** The exchange's worker. */
class DemoExchange {
  readonly ready: Promise<ExchangeReady>;
  readonly summary: Promise<ExchangeSummary>;
  readonly #worker: WorkerThread;
  readonly #stopWord = new Int32Array(new SharedArrayBuffer(4));
  readonly #goWord = new Int32Array(new SharedArrayBuffer(4));

  constructor(options: ExchangeOptions) {
    const ready = Promise.withResolvers<ExchangeReady>();
    const summary = Promise.withResolvers<ExchangeSummary>();
    this.ready = ready.promise;
    this.summary = summary.promise;
    summary.promise.catch(() => {});
    const fail = (error: FathomError) => {
      ready.reject(error);
      summary.reject(error);
    };
    const take = (event: ExchangeEvent) => {
      if (event.type === "exchange-ready") ready.resolve(event.ready);
      else summary.resolve(event.summary);
    };
    const init: ExchangeInit = {
      options,
      stop: this.#stopWord.buffer as SharedArrayBuffer,
      go: this.#goWord.buffer as SharedArrayBuffer,
    };
    this.#worker = startWorker<ExchangeInit, ExchangeEvent>("exchange", init, take, fail);
  }

  go(): void {
    Atomics.store(this.#goWord, 0, 1);
    Atomics.notify(this.#goWord, 0);
  }

  requestStop(): void {
    Atomics.store(this.#stopWord, 0, 1);
  }

  async stop(): Promise<void> {
    this.requestStop();
    this.go();
    await this.#worker.stopped;
  }
}

function tapePath(folder: TemporaryFolder): string {
  return `${folder.path}/tape.itch`;
}

function exchangeOptions(options: DemoOptions, tape: string): ExchangeOptions {
  const { durationNs, rate, symbols, seed, lossA, lossB } = options;
  const messages = durationNs === undefined ? Number.POSITIVE_INFINITY : Math.round((durationNs / 1e9) * rate);
  const faults = { duplicate: DUPLICATE_SHARE, reorder: REORDER_SHARE };
  const [lineA, lineB] = EXCHANGE_DEFAULTS.lines;
  return {
    source: { kind: "synthetic", seed, symbols, messages, live: LIVE_ORDERS, rate, syntheticTime: false },
    lines: [
      { ...lineA, port: freePort(), loss: lossA, ...faults },
      { ...lineB, port: freePort(), loss: lossB, ...faults },
    ],
    rerequest: { address: "127.0.0.1", port: 0 },
    glimpse: { address: "127.0.0.1", port: 0 },
    heartbeatNs: HEARTBEAT_NS,
    lingerNs: LINGER_NS,
    storeBytesMax: STORE_BYTES_MAX,
    ...(durationNs === undefined ? {} : { alsoToFile: tape }),
  };
}

/** A UDP port that nobody has: two demos on one host must not hear each other. */
function freePort(): number {
  const socket = openUdpUnicast({ address: "127.0.0.1", port: 0 });
  socket.close();
  return socket.localPort;
}

async function startNode(options: DemoOptions, ready: ExchangeReady, folder: string): Promise<Node> {
  const at = (server: { address: string; port: number }) => `${server.address}:${server.port}`;
  const channel = {
    name: "demo",
    heartbeat_interval: `${HEARTBEAT_NS / 1e6}ms`,
    rerequest: [at(ready.rerequest!)],
    glimpse: { address: at(ready.glimpse!), username: "", password: "" },
    lines: ready.lines.map(({ name, group, port }) => ({ name, group, port, interface: "lo" })),
  };
  const flag = (key: string, value: unknown): FlagSetting => ({ key, value, flag: "fathom demo" });
  const flags = [
    flag("node.name", "demo"),
    flag("node.state_dir", folder),
    flag("admin.socket", `${folder}/admin.sock`),
    flag("books.shards", options.shards),
    flag("channels", [channel]),
  ];
  // Nothing of the machine's own settings: the demo is the same everywhere.
  const start = (port: number) => {
    const listen = flag("admin.listen", `127.0.0.1:${port}`);
    return Node.start(resolveSettings({ file: null, env: {}, flags: [...flags, listen] }), options.log);
  };
  try {
    return await start(options.port);
  } catch (error) {
    if (!(error instanceof FathomError && error.code === "port-in-use" && options.port !== 0)) throw error;
    options.onPortTaken();
    return await start(0);
  }
}
