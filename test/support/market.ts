/**
 * A market of real processes: `fathom exchange` and `fathom run` on groups and ports of their own, and the admin API as
 * a client sees it. Everything that was started is ended, and its folder removed, by `close`.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openUdpUnicast } from "../../src/io/udp-unicast.ts";
import { type StartedFathom, startFathom } from "./binary.ts";
import { uniqueGroup } from "./net-await.ts";

const HEARTBEAT_MS = 100;
const WAIT_TIMEOUT_MS = 30_000;
const POLL_MS = 5;

export interface NodeOptions {
  shards?: number;
  join?: "auto" | "from-start" | "glimpse" | "now";
  /** Whether the node knows the exchange's servers; both by default. */
  rerequest?: boolean;
  glimpse?: boolean;
  /** More of the settings file, by section. */
  books?: string;
  flags?: readonly string[];
}

/** A channel's line as `/v1/channels` has it, as far as the tests look at it. */
export interface LineJson {
  name: string;
  quality: string;
  packets: number;
  messages: number;
  heartbeats: number;
  won: number;
  duplicates: number;
  lost: number;
  bad_packets: Record<string, number>;
  receive_buffer_bytes: number;
  lead_mean_ns: number;
  last_packet_at: string | null;
}

export interface ChannelJson {
  name: string;
  session: string;
  state: string;
  quality: string;
  quality_reason: string;
  next_sequence: number;
  messages: number;
  instruments: number;
  orders: number;
  gaps: { opened: number; repaired: number; abandoned: number; lost_messages: number; open: number };
  recent_gaps: { first_sequence: number; messages: number; state: string; repaired_by: string }[];
  requests: { sent: number; answered: number };
  snapshots: { started: number; completed: number; failed: number };
  lines: LineJson[];
  bad_messages: { total: number; by_kind: Record<string, number>; first_offenders: { kind: string }[] };
}

/** A channel in the summary that `run --json` ends with. */
export interface ChannelSummary extends ChannelJson {
  books_sequence: number;
  state_hash: string;
  session_hash: string;
}

/** Resolves when `condition` gives something; rejects, saying `what`, when it does not for long. */
export async function eventually<T>(what: string, condition: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + WAIT_TIMEOUT_MS;
  for (;;) {
    const found = await condition();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export class Market {
  readonly folder = mkdtempSync(join(tmpdir(), "fathom-market-"));
  readonly groups = [uniqueGroup(), uniqueGroup()] as const;
  readonly ports = [freePort(), freePort()] as const;
  readonly #rerequestPort = freePort();
  readonly #glimpsePort = freePort();
  readonly #started: StartedFathom[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  start(args: readonly string[], env: Record<string, string> = {}): StartedFathom {
    const started = startFathom(args, { cwd: this.folder, env });
    this.#started.push(started);
    return started;
  }

  /** Flags that put an exchange on this market's groups and ports. */
  exchangeFlags(): string[] {
    const [a, b] = this.groups.map((group, i) => `${group}:${this.ports[i]}`);
    const servers = ["--rerequest", `127.0.0.1:${this.#rerequestPort}`, "--glimpse", `127.0.0.1:${this.#glimpsePort}`];
    return ["--line-a", a!, "--line-b", b!, ...servers, "--heartbeat", `${HEARTBEAT_MS}ms`, "--linger", "10s"];
  }

  /** Starts an exchange. It lingers until it is stopped, so that nobody comes too late for its servers. */
  exchange(...flags: string[]): StartedFathom {
    return this.start(["exchange", ...this.exchangeFlags(), "--json", ...flags]);
  }

  /** Writes a settings file for a node of this market; returns its path. */
  settingsFile(name: string, options: NodeOptions = {}): string {
    const { shards = 0, join: policy = "auto", rerequest = true, glimpse = true, books = "" } = options;
    const glimpseTable = `[channels.glimpse]
address = "127.0.0.1:${this.#glimpsePort}"
username = "test"
password = "test"
`;
    const line = (i: number) => `[[channels.lines]]
name = "${"ab"[i]}"
group = "${this.groups[i]}"
port = ${this.ports[i]}
interface = "lo"
`;
    const text = `[node]
name = "${name}"
state_dir = "${this.path(name)}"
[admin]
listen = "127.0.0.1:0"
socket = "${this.path(name)}/admin.sock"
[books]
shards = ${shards}
${books}
[[channels]]
name = "main"
join = "${policy}"
heartbeat_interval = "${HEARTBEAT_MS}ms"
rerequest_timeout = "500ms"
rerequest = [${rerequest ? `"127.0.0.1:${this.#rerequestPort}"` : ""}]
${glimpse ? glimpseTable : ""}${line(0)}${line(1)}`;
    const path = this.path(`${name}.toml`);
    writeFileSync(path, text);
    return path;
  }

  /** Starts `fathom run --json`; resolves when its lines are joined and its API listens. */
  async node(name: string, options: NodeOptions = {}): Promise<RunningNode> {
    const config = this.settingsFile(name, options);
    const started = this.start(["run", "--config", config, "--json", ...(options.flags ?? [])]);
    const [line] = await started.until(/^\{"ready":true.*\n/m);
    return new RunningNode(started, JSON.parse(line) as { url: string; socket: string });
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((started) => started.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A running `fathom run`, and its admin API over the unix socket. */
export class RunningNode {
  readonly started: StartedFathom;
  readonly url: string;
  readonly socket: string;

  constructor(started: StartedFathom, ready: { url: string; socket: string }) {
    this.started = started;
    this.url = ready.url;
    this.socket = ready.socket;
  }

  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://localhost${path}`, { ...init, unix: this.socket });
  }

  /** An answer that must be 200, as JSON. */
  async get<T>(path: string): Promise<T> {
    const response = await this.request(path);
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async channel(): Promise<ChannelJson> {
    return (await this.get<{ channels: ChannelJson[] }>("/v1/channels")).channels[0]!;
  }

  /** The channel, once it is as it should be. */
  untilChannel(what: string, isSo: (channel: ChannelJson) => boolean): Promise<ChannelJson> {
    return eventually(what, async () => {
      const channel = await this.channel();
      return isSo(channel) && channel;
    });
  }

  /** Its summary, once it has ended by itself (`--until-end`, `--for`) with 0. */
  async summary(): Promise<ChannelSummary> {
    const exitCode = await this.started.ended;
    if (exitCode !== 0) throw new Error(`run ended with ${exitCode}: ${this.started.stderr()}`);
    const last = this.started.stdout().trimEnd().split("\n").at(-1)!;
    return (JSON.parse(last) as { channels: ChannelSummary[] }).channels[0]!;
  }
}

/** A port that no UDP socket has, and as a rule no TCP socket either. */
export function freePort(): number {
  const socket = openUdpUnicast({ address: "127.0.0.1", port: 0 });
  socket.close();
  return socket.localPort;
}
