/** The doctor on the engine that runs fathom: is its compiler on? Measured, not read from a flag. */
import { numberOfDFGCompiles } from "bun:jsc";
import { FathomError } from "../core/assert.ts";
import { formatDuration } from "../core/units.ts";
import { clock } from "../io/clock.ts";
import { type Finding, ok, wants } from "./doctor-finding.ts";

export interface EngineFacts {
  /** The C library can be called, which takes the compiler. */
  readonly hasLibc: boolean;
  /** How often the optimising compiler has compiled the measured loop. */
  readonly optimisedCount: number;
  /** Of a loop of integer arithmetic, per turn. */
  readonly turnNs: number;
  /** BUN_JSC_… and JSC_… variables that are set. */
  readonly variables: readonly string[];
}

const WARM_CALLS = 400;
const TURNS = 2_000;
const TRIES = 5;
/** What the engine answers instead of a count when there is no optimising compiler. */
const NO_COMPILER = 1_000_000;
/** Interpreted it takes ten times as long on any machine of the last ten years. */
const TURN_NS_MAX = 8;

/** Takes a few milliseconds, or tens of them where nothing is compiled. */
export function engineFacts(env: Readonly<Record<string, string | undefined>>): EngineFacts {
  const variables = Object.keys(env).filter((name) => /^(BUN_)?JSC_/.test(name));
  if (!hasLibc()) return { hasLibc: false, optimisedCount: 0, turnNs: 0, variables };
  let sum = 0;
  for (let i = 0; i < WARM_CALLS; i++) sum ^= mix(TURNS, i);
  let bestNs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    const startNs = clock.monotonicNs();
    sum ^= mix(TURNS * 10, sum);
    bestNs = Math.min(bestNs, clock.monotonicNs() - startNs);
  }
  const compiles = numberOfDFGCompiles(mix);
  const optimisedCount = compiles >= NO_COMPILER ? 0 : compiles;
  return { hasLibc: true, optimisedCount, turnNs: bestNs / (TURNS * 10), variables };
}

function hasLibc(): boolean {
  try {
    clock.monotonicNs();
    return true;
  } catch (error) {
    if (error instanceof FathomError) return false;
    throw error;
  }
}

function mix(turns: number, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < turns; i++) h = (Math.imul(h ^ i, 0x85ebca6b) >>> 3) ^ h;
  return h;
}

export function engineFindings({ hasLibc, optimisedCount, turnNs, variables }: EngineFacts): Finding[] {
  const check = "jit";
  const unset = variables.length > 0 ? `unset ${variables.join(" ")}` : undefined;
  if (!hasLibc) {
    const change =
      "without the engine's compiler, or without glibc, no line can be received; most of this page is unknown";
    return [wants("bad", check, "the C library cannot be called", change, unset)];
  }
  const set = variables.length > 0 ? `; set: ${variables.join(", ")}` : "";
  const found =
    `compiled ${optimisedCount > 0 ? "and optimised" : "not at all or little"}, ` +
    `${formatTurn(turnNs)} a turn of a loop${set}`;
  if (optimisedCount > 0 && turnNs <= TURN_NS_MAX) return [ok(check, found)];
  const change =
    variables.length > 0
      ? "fathom runs ten times slower without the compiler; take these variables out of the environment"
      : "the compiler is off or starved; a sandbox that forbids executable memory does that, or a machine under load";
  return [wants("degraded", check, found, change, unset)];
}

function formatTurn(ns: number): string {
  return ns < 100 ? `${ns.toFixed(1)} ns` : formatDuration(ns);
}
