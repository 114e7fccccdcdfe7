/**
 * Every key that fathom's configuration knows: its kind, its default, and what it means. The file is TOML with
 * snake_case keys; what the rest of fathom sees is `Settings`, camelCase and in base units, made by `normalise`.
 */
import { z } from "zod";
import { RECEIVE_PATHS } from "../io/receive-path.ts";
import { LOG_FORMATS, LOG_LEVELS } from "./log.ts";
import { optional, required, secret, setting } from "./settings-field.ts";
import {
  autoOr,
  boolean,
  bytes,
  choice,
  durationNs,
  durationNsOrOff,
  endpoint,
  endpointOrOff,
  integer,
  ipv4,
  listOf,
  pins,
  port,
  shareOrOff,
  tableOf,
  text,
} from "./settings-kinds.ts";

const name = text("a name of letters, digits, - and _ (at most 32)", /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/);
const path = text("a path that begins with /", /^\//);
const pathOrOff = text('a path that begins with /, or "" for off', /^(\/.*)?$/);
const symbol = text("a symbol");
const symbols = (what: string) => listOf(symbol, what);

/** Paths that depend on who runs fathom and where. */
export interface Places {
  readonly hostName: string;
  readonly stateDir: string;
  readonly tokenFile: string;
  readonly adminSocket: string;
}

const GLIMPSE_SCHEMA = z.strictObject({
  address: required(endpoint, "Where the snapshot server listens (SoupBinTCP)."),
  username: required(text("at most 6 characters", /^.{0,6}$/), "Login name, at most 6 characters."),
  password: secret(text("at most 10 characters", /^.{0,10}$/), "Login password, at most 10 characters. Never shown."),
  next_sequence_rule: setting(
    choice("from", "after"),
    "from",
    'What the snapshot\'s sequence G means: "from" applies live messages from G on, "after" from G + 1.',
  ),
});

const LINE_SCHEMA = z.strictObject({
  name: required(choice("a", "b"), "Which of the channel's two lines this is."),
  group: required(ipv4, "The line's multicast group, or a unicast address of this machine."),
  port: required(port, "The line's UDP port."),
  interface: required(text("an interface's name or IPv4 address", /^\S+$/), "The interface to join the group on."),
  source: optional(ipv4, "Only packets from this sender (a source-specific join). Any sender when left out."),
});

const CHANNEL_SCHEMA = z.strictObject({
  name: required(name, "The channel's name, in the API, metrics and logs."),
  feed: setting(choice("itch50"), "itch50", "The feed's protocol: Nasdaq TotalView-ITCH 5.0 over MoldUDP64."),
  join: setting(
    choice("auto", "from-start", "glimpse", "now"),
    "auto",
    'How to come in late. "from-start": re-request all; "glimpse": a snapshot, then the live feed; "now": live only, ' +
      'books in doubt. "auto": glimpse where there is one, else from-start where there is a re-request server, ' +
      "else now.",
  ),
  heartbeat_interval: setting(durationNs, "1s", "How often the publisher sends when it has nothing to say."),
  gap_wait: setting(durationNs, "2ms", "How long a gap may wait for the other line before it is re-requested."),
  rerequest: setting(
    listOf(endpoint, `re-request servers, each ${endpoint.expected}`),
    [],
    "Re-request servers (MoldUDP64), tried in turn.",
  ),
  rerequest_timeout: setting(durationNs, "50ms", "How long to wait for an answer before asking again."),
  rerequest_retries_max: setting(integer(0, 1000), 5, "How often a gap is asked for again before a snapshot is taken."),
  reorder_buffer_bytes: setting(bytes(65_536, 2 ** 30), "16MiB", "Room for messages that wait behind a gap."),
  receive_buffer_bytes: setting(bytes(65_536, 2 ** 30), "32MiB", "The kernel's receive buffer, for each line."),
  receive: setting(
    choice(...RECEIVE_PATHS, "auto"),
    "recvmmsg",
    'How datagrams are received. "recvmmsg": ordinary sockets, no rights needed; "packet-ring-v2": lowest latency, ' +
      '"packet-ring-v3": lowest CPU, both by CAP_NET_RAW; "bun-socket": the last resort. "auto": a ring where the ' +
      "process may have one.",
  ),
  glimpse: GLIMPSE_SCHEMA.optional().describe("The snapshot server. None when left out."),
  lines: z.array(LINE_SCHEMA).min(1).max(2).describe("Line A, and line B where there is one."),
});

const RUNTIME_SCHEMA = z.strictObject({
  idle: setting(
    choice("auto", "park", "spin", "adaptive"),
    "auto",
    'What an ingest or shard thread does with nothing to do. "park": sleeps until something comes; "spin": never ' +
      'sleeps; "adaptive": spins for spin_time, then sleeps. Never more spinning threads than spare cores. "auto": ' +
      "adaptive with three cores or more, else park.",
  ),
  spin_time: setting(durationNs, "50us", "How long an adaptive thread spins after the last work before it sleeps."),
  pin: setting(
    pins,
    "off",
    "Gives hot threads a CPU of their own: ingest one a channel, shards one a shard, in the order of the channels. " +
      'All other threads keep away from it. "auto" takes the highest CPUs where there are enough.',
  ),
  warm_up: setting(
    durationNsOrOff,
    "300ms",
    "Before its lines are joined each thread runs synthetic traffic, at most so long, so that the first real message " +
      'meets compiled code. "off": none.',
  ),
});

const DEGRADATION_SCHEMA = z.strictObject({
  history: setting(shareOrOff, "40%", "How full a queue may be before history queries are refused."),
  statistics: setting(shareOrOff, "50%", "The same, before status and statistics come less often."),
  watches: setting(shareOrOff, "60%", "The same, before watched books are conflated over longer intervals."),
  queries: setting(shareOrOff, "75%", "The same, before the API refuses questions about books. Books go on always."),
  hold: setting(
    durationNs,
    "1s",
    "How long the queues must stay below half of a measure's share before it is taken back.",
  ),
});

const CLOCK_SCHEMA = z.strictObject({
  error_bound_max: setting(durationNs, "1ms", "How far from UTC the clock may be, at the most."),
  require_disciplined: setting(
    boolean,
    false,
    "Not ready unless the clock is kept to a reference and known to be within error_bound_max.",
  ),
  interval: setting(durationNs, "4s", "How often the clock's quality is asked for (kernel, chrony, ptp4l)."),
  ptp_socket: setting(path, "/var/run/ptp4l", "Where ptp4l takes questions."),
  chrony: setting(
    text('an address, a socket\'s path, or ""', /^\S*$/),
    "",
    'Where chronyd takes questions. "": where chronyc looks by itself.',
  ),
});

/** The channel of the embedded exchange, in force when the configuration names none. */
export const DEFAULT_CHANNEL = {
  name: "demo",
  rerequest: ["127.0.0.1:26410"],
  glimpse: { address: "127.0.0.1:26420", username: "fathom", password: "fathom" },
  lines: [
    { name: "a", group: "239.192.77.1", port: 26_400, interface: "lo" },
    { name: "b", group: "239.192.77.2", port: 26_401, interface: "lo" },
  ],
} as const;

/** The schema of a whole configuration file. */
export function makeFileSchema(places: Places) {
  return z.strictObject({
    node: z
      .strictObject({
        name: setting(name, places.hostName, "This node's name, in the API, metrics and logs. By default the host's."),
        state_dir: setting(path, places.stateDir, "Where fathom keeps what must outlive it."),
        log_level: setting(choice(...LOG_LEVELS), "info", "The least that is logged. Changeable while running."),
        log_format: setting(choice(...LOG_FORMATS), "text", "Log lines for people, or one JSON object a line."),
      })
      .prefault({}),
    admin: z
      .strictObject({
        socket: setting(pathOrOff, places.adminSocket, 'The admin API\'s unix socket, mode 0600. "" turns it off.'),
        listen: setting(endpointOrOff, "127.0.0.1:8470", "The admin API's and page's TCP address. \"\" turns it off."),
        token_file: setting(
          path,
          places.tokenFile,
          "Bearer tokens for TCP; made at first start, mode 0600. By default in state_dir.",
        ),
        allow_remote: setting(boolean, false, "Let admin.listen be an address that other machines can reach."),
        allowed_hosts: setting(
          listOf(text("a host name"), "host names"),
          [],
          "Host headers that are taken besides the address itself, against DNS rebinding.",
        ),
      })
      .prefault({}),
    books: z
      .strictObject({
        shards: setting(
          autoOr(integer(0, 64)),
          "auto",
          'Book threads a channel; 0 keeps the books on the ingest thread (lowest latency). "auto" fits the cores.',
        ),
        shard_by: setting(choice("hash", "range", "table"), "hash", "How an instrument finds its shard."),
        ranges: setting(
          symbols("symbols, ascending"),
          [],
          'With shard_by = "range": the last symbol of each shard but the last one.',
        ),
        table: setting(
          tableOf(integer(0, 63, "a shard"), "shards by symbol, such as { AAPL = 0 }"),
          {},
          'With shard_by = "table": the shard of each symbol; the others go by hash.',
        ),
        symbols: setting(
          symbols('symbols or patterns, such as ["AAPL", "Z*", "!ZZ?"]'),
          ["*"],
          "Which instruments to keep books of: * and ? stand for letters, ! takes out again. The rest is skipped.",
        ),
        ring_bytes: setting(bytes(65_536, 2 ** 30, { powerOfTwo: true }), "16MiB", "The ring before each shard."),
      })
      .prefault({}),
    runtime: RUNTIME_SCHEMA.prefault({}),
    degradation: DEGRADATION_SCHEMA.prefault({}),
    clock: CLOCK_SCHEMA.prefault({}),
    channels: z.array(CHANNEL_SCHEMA).min(1),
  });
}

export type FileSchema = ReturnType<typeof makeFileSchema>;

/** Makes the parsed file into what fathom uses. */
export function normalise(file: z.output<FileSchema>) {
  const { node, admin, books, runtime, degradation, clock } = file;
  return {
    node: { name: node.name, stateDir: node.state_dir, logLevel: node.log_level, logFormat: node.log_format },
    admin: {
      socket: admin.socket,
      /** `null`: no TCP. */
      listen: admin.listen,
      tokenFile: admin.token_file,
      allowRemote: admin.allow_remote,
      allowedHosts: admin.allowed_hosts,
    },
    books: {
      shards: books.shards,
      shardBy: books.shard_by,
      ranges: books.ranges,
      table: books.table,
      symbols: books.symbols,
      ringBytes: books.ring_bytes,
    },
    runtime: { idle: runtime.idle, spinNs: runtime.spin_time, pin: runtime.pin, warmUpNs: runtime.warm_up },
    degradation: {
      /** How full a queue may be before each measure is taken, in their order; Infinity: never. */
      shares: {
        history: degradation.history,
        statistics: degradation.statistics,
        watches: degradation.watches,
        queries: degradation.queries,
      },
      holdNs: degradation.hold,
    },
    clock: {
      errorBoundMaxNs: clock.error_bound_max,
      requireDisciplined: clock.require_disciplined,
      intervalNs: clock.interval,
      ptpSocket: clock.ptp_socket,
      /** "": where chronyc looks by itself. */
      chronyAddress: clock.chrony,
    },
    channels: file.channels.map(normaliseChannel),
  };
}

function normaliseChannel(channel: z.output<typeof CHANNEL_SCHEMA>) {
  return {
    name: channel.name,
    feed: channel.feed,
    join: channel.join,
    heartbeatIntervalNs: channel.heartbeat_interval,
    gapWaitNs: channel.gap_wait,
    rerequest: channel.rerequest,
    rerequestTimeoutNs: channel.rerequest_timeout,
    rerequestRetriesMax: channel.rerequest_retries_max,
    reorderBufferBytes: channel.reorder_buffer_bytes,
    receiveBufferBytes: channel.receive_buffer_bytes,
    receive: channel.receive,
    glimpse: channel.glimpse && {
      address: channel.glimpse.address.address,
      port: channel.glimpse.address.port,
      username: channel.glimpse.username,
      password: channel.glimpse.password,
      nextSequenceRule: channel.glimpse.next_sequence_rule,
    },
    lines: channel.lines.map((line) => ({
      name: line.name,
      group: line.group,
      port: line.port,
      interface: line.interface,
      /** `undefined`: any sender. */
      source: line.source,
    })),
  };
}

/** What is in force, in base units. */
export type Settings = ReturnType<typeof normalise>;
export type NodeSettings = Settings["node"];
export type AdminSettings = Settings["admin"];
export type BooksSettings = Settings["books"];
export type RuntimeSettings = Settings["runtime"];
export type DegradationSettings = Settings["degradation"];
export type ClockSettings = Settings["clock"];
export type ChannelSettings = Settings["channels"][number];
export type LineSettings = ChannelSettings["lines"][number];
