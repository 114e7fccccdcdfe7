/** Needs to judge a machine by, and a finding in one line, for the tests of the doctor's verdicts. */
import type { Finding } from "../../src/node/doctor-finding.ts";
import type { Needs } from "../../src/node/doctor-needs.ts";

export const LINE = {
  channel: "itch",
  line: "a",
  group: "239.1.2.3",
  isMulticast: true,
  source: undefined,
  interface: "eth0",
};
export const NEEDS: Needs = {
  lines: [LINE],
  receiveBufferBytes: 33_554_432,
  needsPacketSocket: false,
  pinsThreads: false,
  pinnedCpus: [],
  hotThreadCount: 2,
  stateDir: "/var/lib/fathom",
  makesFiles: true,
};

/** "verdict check: what to type or write" of the finding about `check`. */
export function verdictOf(findings: readonly Finding[], check: string): string {
  const finding = findings.find((candidate) => candidate.check === check);
  if (finding === undefined) return "no such finding";
  const act = finding.command ?? finding.write?.text;
  return act === undefined ? finding.verdict : `${finding.verdict}: ${act}`;
}

/** Facts and needs that differ from the good ones, and the line that is to come of them. */
export type Row<F> = [what: string, check: string, changes: Partial<F>, needs: Partial<Needs>, expected: string];
