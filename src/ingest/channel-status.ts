/**
 * What a channel says of itself: its counters' values that are not counted as they happen, and its status for people.
 *
 */

import { Quality } from "../core/quality.ts";
import { formatCount, formatDuration } from "../core/units.ts";
import type { Arbiter } from "./arbiter.ts";
import type { BadPacketSample } from "./bad-packets.ts";
import { ChannelField } from "./counters.ts";
import type { GapRecord } from "./gap-log.ts";
import type { GlimpseClient } from "./glimpse-client.ts";
import type { RerequestClient } from "./rerequest-client.ts";

/** In the order of the counter `state`. */
export const CHANNEL_STATES = ["waiting", "settling", "snapshot", "live", "ended"] as const;
export type ChannelState = (typeof CHANNEL_STATES)[number];

/** Plain data, for postMessage. */
export interface ChannelStatus {
  name: string;
  /** "" before the first. */
  session: string;
  state: ChannelState;
  quality: Quality;
  /** Why it is not ok, in one sentence; "" when it is. */
  qualityReason: string;
  nextSequence: number;
  /** The time it was made, of the clock that drives `doWork` and that the gaps' times are of. */
  nowNs: number;
  /** Oldest first; those that are open, and the last that were closed. */
  gaps: GapRecord[];
  badPackets: BadPacketSample[];
  /** Why the last snapshot attempt failed; "" when the last one did not. */
  glimpseFailure: string;
}

export interface ChannelFacts {
  readonly state: number;
  readonly quality: Quality;
  readonly sessionCount: number;
  readonly arbiter: Arbiter;
  readonly rerequest: RerequestClient | undefined;
  readonly glimpse: GlimpseClient | undefined;
}

/** Writes the channel's own counters. */
export function publishChannel(values: Float64Array, facts: ChannelFacts): void {
  const { arbiter, rerequest, glimpse } = facts;
  values[ChannelField.state] = facts.state;
  values[ChannelField.quality] = facts.quality;
  values[ChannelField.nextSequence] = arbiter.nextSequence;
  values[ChannelField.messages] = arbiter.deliveredCount;
  values[ChannelField.snapshotMessages] = glimpse?.messageCount ?? 0;
  values[ChannelField.gapsOpened] = arbiter.gaps.openedCount;
  values[ChannelField.gapsRepaired] = arbiter.gaps.repairedCount;
  values[ChannelField.gapsLost] = arbiter.gaps.lostCount;
  values[ChannelField.messagesMissing] = arbiter.missing.total;
  values[ChannelField.messagesLost] = arbiter.lostCount;
  values[ChannelField.filledByLine] = arbiter.filledByLineCount;
  values[ChannelField.filledByRerequest] = arbiter.filledByRerequestCount;
  values[ChannelField.messagesDropped] = arbiter.droppedCount;
  values[ChannelField.requests] = rerequest?.requestCount ?? 0;
  values[ChannelField.requestsAnswered] = rerequest?.answeredCount ?? 0;
  values[ChannelField.requestsTimedOut] = rerequest?.timedOutCount ?? 0;
  values[ChannelField.messagesRequested] = rerequest?.messagesRequestedCount ?? 0;
  values[ChannelField.reorderMessages] = arbiter.store.count;
  values[ChannelField.reorderMessagesMax] = arbiter.store.countMax;
  values[ChannelField.reorderBytes] = arbiter.store.usedBytes;
  values[ChannelField.snapshotsStarted] = glimpse?.startedCount ?? 0;
  values[ChannelField.snapshots] = glimpse?.completedCount ?? 0;
  values[ChannelField.snapshotFailures] = glimpse?.failedCount ?? 0;
  values[ChannelField.sessions] = facts.sessionCount;
}

export interface QualityFacts {
  readonly quality: Quality;
  readonly state: ChannelState;
  readonly everHeard: boolean;
  readonly silenceNs: number;
  readonly inDoubt: boolean;
  readonly lostCount: number;
  readonly missingCount: number;
  readonly glimpseFailure: string;
}

/** Why the quality is what it is, in one sentence; "" when it is ok. */
export function qualityReason(facts: QualityFacts): string {
  if (facts.quality === Quality.ok) return "";
  if (facts.quality === Quality.closed) return "the session has ended";
  if (facts.quality === Quality.stale)
    return facts.everHeard
      ? `nothing heard on any line for ${formatDuration(facts.silenceNs)}`
      : "nothing has been heard on any line yet";
  if (facts.state === "settling") return "the first packets are being sorted";
  if (facts.state === "snapshot")
    return facts.glimpseFailure === ""
      ? "a snapshot is being taken"
      : `a snapshot is to be taken, but the last attempt failed (${facts.glimpseFailure})`;
  if (facts.missingCount > 0) return `${formatCount(facts.missingCount)} messages are missing and being asked for`;
  if (facts.inDoubt)
    return facts.lostCount > 0
      ? `${formatCount(facts.lostCount)} messages are lost for good`
      : "the session was joined late, without its beginning or a snapshot";
  return "messages held back behind a gap are being handed on";
}
