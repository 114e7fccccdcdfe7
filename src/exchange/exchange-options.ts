/**
 * What an embedded exchange can be told, and what is so when it is not. Plain typed options: flags are read in `cli/`.
 */
import { NS_PER_S } from "../core/units.ts";
import type { FilePlayerOptions } from "./file-player.ts";
import type { GlimpseOptions } from "./glimpse-server.ts";
import type { LineFaults } from "./line-output.ts";
import type { RerequestOptions } from "./rerequest-server.ts";
import type { SyntheticSourceOptions } from "./synthetic-source.ts";

export interface LineOptions extends LineFaults {
  /** "a", "b". */
  readonly name: string;
  /** Multicast group, or a unicast address. */
  readonly group: string;
  readonly port: number;
  readonly interface?: string;
  /** Routers a packet may pass; 0 stays on this host. */
  readonly ttl?: number;
}

export interface ServerAddress {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface ExchangeOptions {
  readonly source: ({ kind: "synthetic" } & SyntheticSourceOptions) | ({ kind: "file" } & FilePlayerOptions);
  readonly lines: readonly LineOptions[];
  /** Seeds the lines' faults; default 1. */
  readonly faultSeed?: number;
  /** Up to 10 characters; default: one that no earlier run had. */
  readonly session?: string;
  readonly payloadBytesMax?: number;
  readonly heartbeatNs?: number;
  /** None when left out. */
  readonly rerequest?: ServerAddress & RerequestOptions;
  readonly glimpse?: ServerAddress & GlimpseOptions;
  readonly storeBytesMax?: number;
  /** How long the servers stay up, and the end of session is repeated, after the last message. */
  readonly lingerNs?: number;
  /** Also writes what is published to this BinaryFILE. */
  readonly alsoToFile?: string;
}

export const EXCHANGE_DEFAULTS = {
  lines: [
    { name: "a", group: "239.192.77.1", port: 26_400, interface: "lo", ttl: 0 },
    { name: "b", group: "239.192.77.2", port: 26_401, interface: "lo", ttl: 0 },
  ],
  rerequest: { address: "127.0.0.1", port: 26_410 },
  glimpse: { address: "127.0.0.1", port: 26_420 },
  storeBytesMax: 2 * 1024 ** 3,
  lingerNs: 5 * NS_PER_S,
  rate: 20_000,
  symbols: 500,
  seed: 1,
} as const;

/** Live orders a day of so many messages rises to when nothing else is asked for: what its mix gives by itself. */
export function defaultLive(messages: number): number {
  return Number.isFinite(messages) ? Math.min(400_000, Math.round(messages * 0.04)) : 40_000;
}
