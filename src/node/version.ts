/**
 * What this build is. `build.ts` puts `FATHOM_BUILD` in place of the name below; run from source there is none.
 */
export interface BuildInfo {
  readonly version: string;
  /** Twelve digits of the git commit, with `-dirty` when the tree had changes; "unknown" without git. */
  readonly commit: string;
  /** "linux-x64", "linux-arm64", "linux-x64-baseline"; "source" when not compiled. */
  readonly target: string;
}

declare const FATHOM_BUILD: BuildInfo;

export const BUILD: BuildInfo =
  typeof FATHOM_BUILD === "undefined" ? { version: "0.0.0", commit: "unknown", target: "source" } : FATHOM_BUILD;

/** "fathom 0.1.0 (abc123, linux-x64, bun 1.4.5)". */
export function versionText(): string {
  return `fathom ${BUILD.version} (${BUILD.commit}, ${BUILD.target}, bun ${Bun.version})`;
}
