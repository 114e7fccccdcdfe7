/** What the settings in force ask of a machine, in the doctor's terms. Pure. */
import { isMulticast, parseIpv4 } from "../io/sockets.ts";
import type { Settings } from "./settings.ts";

export interface JoinedLine {
  readonly channel: string;
  readonly line: string;
  readonly group: string;
  /** A multicast group, and not an address of this machine. */
  readonly isMulticast: boolean;
  readonly source: string | undefined;
  /** As the settings name it: a name or an address. */
  readonly interface: string;
}

export interface Needs {
  readonly lines: readonly JoinedLine[];
  readonly receiveBufferBytes: number;
  /** A channel asks for a packet ring by name. */
  readonly needsPacketSocket: boolean;
  readonly pinsThreads: boolean;
  /** CPUs that the settings name for pinned threads; with "auto" they are chosen at the start. */
  readonly pinnedCpus: readonly number[];
  /** Ingest and shard threads. */
  readonly hotThreadCount: number;
  readonly stateDir: string;
  readonly makesFiles: boolean;
}

/** `shards`: a channel's book threads, as `run` would have them here. */
export function needsOf(settings: Settings, shards: number): Needs {
  const { channels, runtime, node, admin } = settings;
  return {
    lines: channels.flatMap((channel) =>
      channel.lines.map((line) => ({
        channel: channel.name,
        line: line.name,
        group: line.group,
        isMulticast: isMulticast(parseIpv4(line.group)),
        source: line.source,
        interface: line.interface,
      })),
    ),
    receiveBufferBytes: Math.max(...channels.map((channel) => channel.receiveBufferBytes)),
    needsPacketSocket: channels.some((channel) => channel.receive.startsWith("packet-ring")),
    pinsThreads: runtime.pin.mode !== "off",
    pinnedCpus: [...runtime.pin.ingest, ...runtime.pin.shards],
    hotThreadCount: channels.length * (1 + shards),
    stateDir: node.stateDir,
    makesFiles: admin.listen !== null,
  };
}
