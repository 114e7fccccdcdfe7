/**
 * The clock in the form that a regulator asks for: what the machine's stamps are traceable to, how far they can be from
 * it, how fine they are, and where they are applied. Says what this machine can know, and what the operator must add.
 *
 * Source: Commission Delegated Regulation (EU) 2017/574 (RTS 25): article 1 (reference), articles 2 and 3 with tables 1
 * and 2 of the annex (accuracy and granularity), article 4 (traceability).
 */
import { hostname, release } from "node:os";
import { clock, epochNsText } from "../io/clock.ts";
import { isInBound } from "../observe/clock-quality.ts";
import type { ClockFacts } from "./doctor-clock.ts";
import type { Settings } from "./settings.ts";
import { BUILD } from "./version.ts";

/** One kind of business of the annex's tables. */
export interface ClockRequirement {
  readonly activity: string;
  readonly divergenceMaxNs: number;
  readonly granularityMaxNs: number;
}

export const RTS25_REQUIREMENTS: readonly ClockRequirement[] = [
  {
    activity: "high-frequency algorithmic trading; venues with a gateway-to-gateway latency of 1 ms or less",
    divergenceMaxNs: 100e3,
    granularityMaxNs: 1e3,
  },
  {
    activity: "any other electronic trading; venues with a gateway-to-gateway latency above 1 ms",
    divergenceMaxNs: 1e6,
    granularityMaxNs: 1e6,
  },
  {
    activity: "voice trading, requests for quotes with a human, negotiated trades",
    divergenceMaxNs: 1e9,
    granularityMaxNs: 1e9,
  },
];

export interface RequirementAnswer extends ClockRequirement {
  readonly isMet: boolean;
}

export interface ClockReport {
  readonly measuredAtNs: string;
  readonly measuredAt: string;
  readonly system: { readonly host: string; readonly node: string; readonly kernel: string; readonly fathom: string };
  readonly reference: { readonly source: string; readonly name: string; readonly disciplined: boolean };
  readonly traceability: string;
  readonly divergence: { readonly estimateNs: number | null; readonly maxNs: number | null; readonly how: string };
  readonly granularity: { readonly recordedNs: number; readonly clockStepNs: number; readonly clockSource: string };
  readonly stampingPoints: readonly { readonly channel: string; readonly point: string }[];
  readonly requirements: readonly RequirementAnswer[];
  /** Within `clock.error_bound_max`, and kept. */
  readonly isInBound: boolean;
  /** What no machine can say of itself. */
  readonly operatorMustAdd: readonly string[];
}

/** Stamps are recorded in whole nanoseconds. */
const RECORDED_NS = 1;

export function clockReport(facts: ClockFacts, settings: Settings): ClockReport {
  const { quality, resolution } = facts;
  const granularityNs = Math.max(RECORDED_NS, Math.min(resolution.stepNs, 1e9));
  const { checkedAtNs, errorBoundNs } = quality;
  const iso = new Date((clock.epochBaseSeconds + checkedAtNs / 1e9) * 1000).toISOString();
  return {
    measuredAtNs: epochNsText(checkedAtNs),
    measuredAt: iso,
    system: {
      host: hostname(),
      node: settings.node.name,
      kernel: `Linux ${release()}, ${process.arch}`,
      fathom: `${BUILD.version} (${BUILD.commit})`,
    },
    reference: { source: quality.source, name: quality.reference, disciplined: quality.disciplined },
    traceability: traceability(facts),
    divergence: {
      estimateNs: quality.offsetNs === null ? null : Math.round(quality.offsetNs),
      maxNs: errorBoundNs === null ? null : Math.ceil(errorBoundNs),
      how: quality.how,
    },
    granularity: { recordedNs: RECORDED_NS, clockStepNs: resolution.stepNs, clockSource: resolution.clockSource },
    stampingPoints: settings.channels.map(({ name, receive }) => ({ channel: name, point: STAMPING_POINTS[receive] })),
    requirements: RTS25_REQUIREMENTS.map((requirement) => ({
      ...requirement,
      isMet: isMet(requirement, errorBoundNs, granularityNs),
    })),
    isInBound: isInBound(quality, settings.clock),
    operatorMustAdd: OPERATOR_MUST_ADD,
  };
}

/** A divergence that nothing bounds meets no requirement. */
export function isMet(requirement: ClockRequirement, divergenceNs: number | null, granularityNs: number): boolean {
  return (
    divergenceNs !== null &&
    divergenceNs <= requirement.divergenceMaxNs &&
    granularityNs <= requirement.granularityMaxNs
  );
}

function traceability({ quality }: ClockFacts): string {
  const { source, reference, disciplined } = quality;
  if (!disciplined) return "None: nothing keeps this machine's clock to UTC.";
  switch (source) {
    case "chrony":
      return (
        `System clock, kept by chronyd over NTP or a reference clock, to ${reference}. From there to ` +
        `UTC: by that reference's own documents.`
      );
    case "ptp":
      return `System clock, kept by linuxptp, to ${reference}. From there to UTC: by that grandmaster's own documents.`;
    default:
      return (
        "System clock, kept by a daemon that the kernel knows of and that does not say its reference. " +
        "Its configuration must document the way to UTC."
      );
  }
}

const SOCKET_POINT =
  "by the kernel's network stack when the datagram comes in (SO_TIMESTAMPNS), before it is queued to the socket";
const RING_POINT = "by the kernel when the frame is put into the packet ring";
const STAMPING_POINTS: Readonly<Record<Settings["channels"][number]["receive"], string>> = {
  recvmmsg: SOCKET_POINT,
  "packet-ring-v2": RING_POINT,
  "packet-ring-v3": RING_POINT,
  "bun-socket": "by fathom when the event loop hands it the datagram",
  auto: `${RING_POINT}, or, without the right to one, ${SOCKET_POINT}`,
};

const OPERATOR_MUST_ADD: readonly string[] = [
  "that the reference is traceable to UTC of a timing centre in the BIPM's annual report, or to a satellite " +
    "system with the offset accounted for (article 1)",
  "the design and specification of the way from that reference to this machine (article 4)",
  "the yearly review, with these reports of the year (article 4)",
];
