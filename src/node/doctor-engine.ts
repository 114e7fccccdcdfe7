/** The doctor on the engine that runs fathom: is its compiler on? Measured, not read from a flag. */
import { numberOfDFGCompiles } from "bun:jsc";
import { formatDuration } from "../core/units.ts";
import { clock } from "../io/clock.ts";
import { type Finding, ok, wants } from "./doctor-finding.ts";

export interface EngineFacts {
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
/** Interpreted it takes ten times as long on any machine of the last ten years. */
const TURN_NS_MAX = 8;

/** Takes a few milliseconds, or tens of them where nothing is compiled. */
export function engineFacts(env: Readonly<Record<string, string | undefined>>): EngineFacts {
  let sum = 0;
  for (let i = 0; i < WARM_CALLS; i++) sum ^= mix(TURNS, i);
  let bestNs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    const startNs = clock.monotonicNs();
    sum ^= mix(TURNS * 10, sum);
    bestNs = Math.min(bestNs, clock.monotonicNs() - startNs);
  }
  return {
    optimisedCount: numberOfDFGCompiles(mix),
    turnNs: bestNs / (TURNS * 10),
    variables: Object.keys(env).filter((name) => /^(BUN_)?JSC_/.test(name)),
  };
}

function mix(turns: number, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < turns; i++) h = (Math.imul(h ^ i, 0x85ebca6b) >>> 3) ^ h;
  return h;
}

export function engineFindings({ optimisedCount, turnNs, variables }: EngineFacts): Finding[] {
  const check = "jit";
  const set = variables.length > 0 ? `; set: ${variables.join(", ")}` : "";
  const found = `compiled ${optimisedCount > 0 ? "and optimised" : "not at all or little"}, ${formatTurn(turnNs)} a turn of a loop${set}`;
  if (optimisedCount > 0 && turnNs <= TURN_NS_MAX) return [ok(check, found)];
  const change =
    variables.length > 0
      ? "fathom runs ten times slower without the compiler; take these variables out of the environment"
      : "the compiler is off or starved; a sandbox that forbids executable memory does that, or a machine under load";
  const command = variables.length > 0 ? `unset ${variables.join(" ")}` : undefined;
  return [wants("degraded", check, found, change, command)];
}

function formatTurn(ns: number): string {
  return ns < 100 ? `${ns.toFixed(1)} ns` : formatDuration(ns);
}
