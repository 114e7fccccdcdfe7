/**
 * The doctor's words: what was looked at, how it stands, what to change. A probe that cannot be made is `unknown` with
 * its reason, and never counts against the machine.
 *
 * | verdict | means |
 * |---|---|
 * | ok | as it should be for the settings in force |
 * | advice | works; changing it lowers latency or leaves more room |
 * | unknown | could not be asked here |
 * | degraded | runs, and can lose data, time or protection that the settings count on |
 * | bad | `fathom run` will not start or not hear its lines |
 */
export const VERDICTS = ["ok", "advice", "unknown", "degraded", "bad"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Finding {
  /** Stable, kebab-case, with the interface where it is about one: "rp-filter eth0". */
  readonly check: string;
  readonly verdict: Verdict;
  /** What was found, in one sentence. */
  readonly found: string;
  /** What to change and why; with every verdict but ok and unknown. */
  readonly change?: string;
  /** Exactly what to type, as root. */
  readonly command?: string;
  /** Exactly what to write, and where, where typing does not do. */
  readonly write?: { readonly text: string; readonly where: string };
}

export interface Section {
  readonly name: string;
  readonly findings: readonly Finding[];
}

/** The worst of them; unknown never counts. */
export function worstVerdict(findings: readonly Finding[]): Verdict {
  const rank = (verdict: Verdict) => (verdict === "unknown" ? 0 : VERDICTS.indexOf(verdict));
  return findings.reduce<Verdict>((worst, { verdict }) => (rank(verdict) > rank(worst) ? verdict : worst), "ok");
}

export function ok(check: string, found: string): Finding {
  return { check, verdict: "ok", found };
}

export function unknown(check: string, found: string): Finding {
  return { check, verdict: "unknown", found };
}

/** Where a change takes a line in a file instead of a command. */
export const KERNEL_COMMAND_LINE =
  "the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)";
export const SERVICE_UNIT = "the service's unit, below [Service]";

/** As `wants`, of a change that is written instead of typed. */
export function wantsWritten(
  verdict: "advice" | "degraded",
  check: string,
  found: string,
  change: string,
  write: { text: string; where: string },
): Finding {
  return { check, verdict, found, change, write };
}

/** A finding that asks for a change. */
export function wants(
  verdict: "advice" | "degraded" | "bad",
  check: string,
  found: string,
  change: string,
  command?: string,
): Finding {
  return command === undefined ? { check, verdict, found, change } : { check, verdict, found, change, command };
}
