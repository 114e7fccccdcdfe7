/**
 * The house rules as tables: what the checker holds the code to. Design section 3 in a form that a test can read.
 * A number may be lowered at any time; raising one is a decision.
 */

/** Limits in lines and letters. */
export interface Limits {
  fileLinesMax: number;
  functionLinesMax: number;
  lineLettersMax: number;
}

export const LIMITS: Limits = { fileLinesMax: 400, functionLinesMax: 80, lineLettersMax: 120 };

/**
 * Files and functions (`path` or `path#function`) that are over a limit today, with their size. They may shrink, and
 * then this number must follow; nothing may be added without a reason beside it.
 */
export const RATCHETS: Readonly<Record<string, number>> = {};

/** What stands at the top of the tree; the tools' own files included. */
export const TOP_LEVEL: readonly string[] = [
  ".ci",
  ".gitignore",
  ".npmrc",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "README.md",
  "RELIABILITY.md",
  "biome.json",
  "build.ts",
  "bunfig.toml",
  "config",
  "package-lock.json",
  "package.json",
  "plugins",
  "src",
  "test",
  "tsconfig.json",
];

export interface Room {
  /** Rooms that it may import from, besides itself; "*" is all. */
  readonly rooms: readonly string[];
  /** Rooms that it may import types from, besides those. */
  readonly types?: readonly string[];
  /** Packages that it may import. */
  readonly packages: readonly string[];
}

export const ROOMS: Readonly<Record<string, Room>> = {
  core: { rooms: [], packages: [] },
  io: { rooms: ["core"], packages: [] },
  wire: { rooms: ["core"], packages: [] },
  bus: { rooms: ["core", "io"], packages: [] },
  journal: { rooms: ["core", "io"], packages: [] },
  books: { rooms: ["core", "wire", "bus"], packages: [] },
  ingest: { rooms: ["core", "io", "wire", "bus"], packages: [] },
  signals: { rooms: ["core", "bus"], packages: [] },
  strategies: { rooms: ["core", "io", "bus", "books"], packages: ["zod"] },
  orders: { rooms: ["core", "io", "wire", "bus", "journal"], packages: [] },
  gateways: { rooms: ["core", "io", "bus", "books"], packages: [] },
  history: { rooms: ["core", "io", "wire", "bus", "journal", "books", "ingest"], packages: [] },
  reference: { rooms: ["core", "io"], packages: ["zod"] },
  cluster: { rooms: ["core", "io", "journal"], packages: [] },
  observe: { rooms: ["core", "io", "bus"], packages: [] },
  admin: { rooms: ["core"], types: ["*"], packages: ["hono", "@hono/zod-openapi", "zod"] },
  exchange: { rooms: ["core", "io", "wire"], packages: [] },
  node: { rooms: ["*"], packages: ["zod", "hono"] },
  cli: { rooms: ["*"], packages: ["commander"] },
};

/** A call or module that only some rooms may use. */
export interface Ban {
  /** Dotted name (`Date.now`), or a module (`node:fs`, with what lies under it). */
  readonly name: string;
  readonly rooms: readonly string[];
  readonly instead: string;
}

const CLOCK = "take nowNs as a parameter, or ask io/clock.ts in cold code";
const DISK = "go through io/disk.ts or io/text-file.ts";
const NET = "go through io/";

export const BANNED_NAMES: readonly Ban[] = [
  ...["Date.now", "new Date()", "performance.now", "process.hrtime", "Bun.nanoseconds"].map((name) => ({
    name,
    rooms: ["io"],
    instead: CLOCK,
  })),
  ...["setTimeout", "setInterval", "Bun.sleep", "Bun.sleepSync"].map((name) => ({
    name,
    rooms: ["io"],
    instead: CLOCK,
  })),
  { name: "Math.random", rooms: [], instead: "use core/prng.ts with a seed" },
  ...["Bun.file", "Bun.write", "Bun.mmap"].map((name) => ({ name, rooms: ["io"], instead: DISK })),
  ...["Bun.udpSocket", "Bun.listen", "Bun.connect"].map((name) => ({ name, rooms: ["io"], instead: NET })),
  { name: "Bun.serve", rooms: ["io", "node", "admin"], instead: NET },
  ...["Bun.spawn", "Bun.spawnSync"].map((name) => ({ name, rooms: ["io"], instead: NET })),
  { name: "new Worker()", rooms: ["node"], instead: "threads are started by node/worker-thread.ts" },
  { name: "fetch", rooms: ["io", "admin", "cli"], instead: NET },
  { name: "process.env", rooms: ["node", "cli"], instead: "take plain typed options; only node/ knows of settings" },
  { name: "console", rooms: [], instead: "cli/output.ts for data, node/log.ts for talk" },
];

export const BANNED_MODULES: readonly Ban[] = [
  { name: "node:fs", rooms: ["io"], instead: DISK },
  { name: "node:net", rooms: ["io"], instead: NET },
  { name: "node:tls", rooms: ["io"], instead: NET },
  { name: "node:dgram", rooms: ["io"], instead: NET },
  { name: "node:http", rooms: ["io"], instead: NET },
  { name: "node:https", rooms: ["io"], instead: NET },
  { name: "node:child_process", rooms: ["io"], instead: NET },
  { name: "node:worker_threads", rooms: ["node"], instead: "threads are started by node/worker-thread.ts" },
  { name: "bun:ffi", rooms: ["io"], instead: "go through io/libc.ts" },
  { name: "bun:sqlite", rooms: ["reference"], instead: "the symbol cache is reference/'s" },
];

/** Code that runs in the browser, where the OS is the browser, or while building: nothing is banned there. */
export const OTHER_WORLDS = /^src\/admin\/page\/|\.macro\.ts$/;

/**
 * Files on the way of every message, from the wire to the book and the ring, and the functions in them that are not
 * on that way: they set up, or answer a question.
 */
export const HOT_FILES: Readonly<Record<string, readonly string[]>> = {
  "src/wire/itch50.ts": ["writeField"],
  "src/wire/itch50-write.ts": [],
  "src/wire/moldudp64.ts": [],
  "src/wire/soupbintcp.ts": [],
  "src/wire/udp-frame.ts": [],
  "src/bus/conflating-reader.ts": [],
  "src/bus/event-reader.ts": ["#claimSlot"],
  "src/bus/event-record.ts": ["decodeEvent"],
  "src/bus/event-writer.ts": [],
  "src/bus/memory-order.ts": [],
  "src/bus/message-ring.ts": [],
  "src/bus/wait-strategy.ts": ["parkAny"],
  "src/books/book-events.ts": [],
  "src/books/builder.ts": ["feed", "order"],
  "src/books/depth.ts": [],
  "src/books/dispatcher.ts": [],
  "src/books/fast-events.ts": [],
  "src/books/levels.ts": [],
  "src/books/message-events.ts": [],
  "src/books/order-index.ts": [],
  "src/books/trade-log.ts": ["images"],
  "src/ingest/arbiter.ts": [],
  "src/ingest/line-monitor.ts": [],
  "src/ingest/message-store.ts": [],
  "src/ingest/missing-ranges.ts": [],
  "src/io/packet-batch.ts": ["#pointer"],
  "src/node/held-messages.ts": [],
  "src/observe/burst-meter.ts": [],
  "src/observe/loop-meter.ts": [],
  "src/observe/stage-times.ts": [],
};

/** File names: kebab-case, with what the tools want to see after the dot. */
export const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.live)?(\.(test|macro|d))?\.[a-z0-9]+$/;

const TIMES = ["timeout", "interval", "delay", "duration", "deadline", "latency", "elapsed", "lifetime"];
const inWords = TIMES.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("|");

/** Numbers of time say their unit in their last word: `timeoutMs`, `RETRY_INTERVAL_NS`. These do not. */
export const UNITLESS_NAME = new RegExp(
  `^(${TIMES.join("|")})$|[a-z0-9](${inWords})$|(^|_)(${TIMES.join("|").toUpperCase()})$`,
);

/** What must not be in any tracked text: paths of the machine it was written on, hosts that packages came from. */
export const MACHINE_TRACES: readonly RegExp[] = [
  /(?<![\w.~])\/(work|root|Users)\//,
  /\bregistry\.[a-z0-9-]+\.[a-z]+/,
  /"resolved": "/,
  /\bshared\/(facts|spikes|design|style|hooks)\b/,
];
