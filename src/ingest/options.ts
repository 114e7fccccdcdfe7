/** A channel's settings: plain values that can be posted to a worker, each with its default in `CHANNEL_DEFAULTS`. */

/**
 * How a channel comes in when the session is already under way.
 * - `auto`: from the start if nothing was missed; else by GLIMPSE if there is one; else by re-requesting everything if
 *   there is a server; else `now`.
 * - `from-start`: everything from sequence 1, by re-request.
 * - `glimpse`: always a snapshot first.
 * - `now`: from whatever comes first; the books' truth stays in doubt, so the quality stays `recovering`.
 */
export type JoinPolicy = "auto" | "from-start" | "glimpse" | "now";

export interface RerequestServer {
  /** Dotted IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface GlimpseServer {
  /** Dotted IPv4 or "localhost". */
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

export interface ChannelSettings {
  readonly join: JoinPolicy;
  /** How long a hole may wait for the other line (or a packet out of order) before it is a gap. */
  readonly gapWaitNs: number;
  /** How long a gap is waited for when there is nobody to ask. */
  readonly gapGiveUpNs: number;
  /** A feed that is idle sends a heartbeat this often; twice that in silence is `stale`. */
  readonly heartbeatIntervalNs: number;
  /** Messages that can be held back behind a hole: a power of two. */
  readonly reorderMessagesMax: number;
  readonly reorderBytesMax: number;
  /** Batches taken from each line in one `doWork`. */
  readonly batchesPerWorkMax: number;
  /** Messages asked for in one re-request. */
  readonly requestMessagesMax: number;
  /** Re-requests under way at once. */
  readonly requestsOutstandingMax: number;
  readonly rerequestTimeoutNs: number;
  /** A server may answer with less than was asked: after this long without more, the rest is asked for. */
  readonly rerequestPartialWaitNs: number;
  /** Unanswered attempts after which a range is given up. */
  readonly rerequestAttemptsMax: number;
  readonly glimpseTimeoutNs: number;
  readonly glimpseBackoffMinNs: number;
  readonly glimpseBackoffMaxNs: number;
  /**
   * What the number in GLIMPSE's last message means: the `next` live message to apply (usual), or the `last` one that
   * is already in the snapshot.
   */
  readonly glimpseSequenceIs: "next" | "last";
  /**
   * What the session is that the GLIMPSE server names at login: the `feed`'s, so that a snapshot of another is refused;
   * or not known (`auto`): only of a server that has once named the feed's session it is then expected.
   */
  readonly glimpseSessionIs: "feed" | "auto";
  /** See `io/clock.ts`; only to give stamps out as seconds since 1970 in the metrics. */
  readonly epochBaseSeconds: number;
}

export interface ChannelOptions extends Partial<ChannelSettings> {
  readonly name: string;
  /** At most eight. */
  readonly lines: readonly { readonly name: string }[];
  readonly rerequestServers?: readonly RerequestServer[];
  readonly glimpse?: GlimpseServer | undefined;
}

export const CHANNEL_DEFAULTS: ChannelSettings = {
  join: "auto",
  gapWaitNs: 2e6,
  gapGiveUpNs: 500e6,
  heartbeatIntervalNs: 1e9,
  reorderMessagesMax: 1 << 20,
  reorderBytesMax: 64 * 1024 * 1024,
  batchesPerWorkMax: 4,
  requestMessagesMax: 1024,
  requestsOutstandingMax: 16,
  rerequestTimeoutNs: 50e6,
  rerequestPartialWaitNs: 1e6,
  rerequestAttemptsMax: 10,
  glimpseTimeoutNs: 5e9,
  glimpseBackoffMinNs: 100e6,
  glimpseBackoffMaxNs: 5e9,
  glimpseSequenceIs: "next",
  glimpseSessionIs: "auto",
  epochBaseSeconds: 0,
};

/** Fills in the defaults; keys given as undefined count as not given. */
export function channelSettings(options: ChannelOptions): ChannelSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...CHANNEL_DEFAULTS, ...given } as ChannelSettings;
}
