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
  /** Exactly what to type, as root unless it says otherwise. */
  readonly command?: string;
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
