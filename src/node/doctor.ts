/**
 * `fathom doctor`: looks this machine over for the settings in force. Each section's facts are gathered by one function
 * and judged by a pure one; nothing is changed, but for a file of 10 KiB that is written and taken away again to
 * measure the disk.
 */

import { availableParallelism } from "node:os";
import { FathomError } from "../core/assert.ts";
import { measureClock } from "../io/clock-resolution.ts";
import { findProgram } from "../io/command.ts";
import { resolveInterface } from "../io/interfaces.ts";
import { lookAtClock } from "../observe/clock-monitor.ts";
import { judgeClock } from "../observe/clock-quality.ts";
import { resolveShards } from "./book-plan.ts";
import { type ClockFacts, clockFindings } from "./doctor-clock.ts";
import { cpuFacts, cpuFindings } from "./doctor-cpu.ts";
import { diskFacts, diskFindings } from "./doctor-disk.ts";
import { engineFacts, engineFindings } from "./doctor-engine.ts";
import { type Finding, type Section, unknown, type Verdict, worstVerdict } from "./doctor-finding.ts";
import { memoryFacts, memoryFindings } from "./doctor-memory.ts";
import { type Needs, needsOf } from "./doctor-needs.ts";
import { networkFindings } from "./doctor-network.ts";
import { receiveFacts, receiveFindings } from "./doctor-receive.ts";
import { rightsFacts, rightsFindings } from "./doctor-rights.ts";
import type { Settings } from "./settings.ts";

export interface Diagnosis {
  readonly verdict: Verdict;
  readonly sections: readonly Section[];
}

/** Sections that say nothing true when the C library cannot be called. */
const NEED_LIBC: ReadonlySet<string> = new Set(["network", "cpu", "disk", "clock", "rights"]);

/** Looks at everything. Takes a second or two; throws only for bugs. */
export async function diagnose(
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Diagnosis> {
  const needs = needsOf(settings, resolveShards(settings.books.shards, availableParallelism()));
  const sections: Section[] = [];
  const add = async (name: string, look: () => Finding[] | Promise<Finding[]>) => {
    const isBlind = !engine.hasLibc && NEED_LIBC.has(name);
    const findings = isBlind ? [unknown(name, "not looked at: see engine")] : await guarded(name, look);
    sections.push({ name, findings });
  };
  // Before the rest: the less this process has done, the cleaner the measurement.
  const engine = engineFacts(env);
  await add("network", () => networkFindings(needs));
  await add("receive", () => receiveFindings(receiveFacts(), needs));
  await add("cpu", () => cpuFindings(cpuFacts(interfaceNames(needs)), needs));
  await add("memory", () => memoryFindings(memoryFacts()));
  await add("disk", () => diskFindings(diskFacts(needs), needs));
  await add("clock", async () => clockFindings(await clockFacts(settings), settings.clock));
  await add("engine", () => engineFindings(engine));
  await add("rights", async () => rightsFindings(await rightsFacts(process.execPath), needs));
  return { verdict: worstVerdict(sections.flatMap(({ findings }) => findings)), sections };
}

/** What is known of the clock now. */
export async function clockFacts(settings: Settings): Promise<ClockFacts> {
  return {
    quality: judgeClock(await lookAtClock(settings.clock)),
    resolution: measureClock(),
    hasChrony: findProgram("chronyc") !== null,
  };
}

/** What the world keeps a probe from (no C library, no /proc) is an answer; a bug is not. */
async function guarded(name: string, look: () => Finding[] | Promise<Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof FathomError) return [unknown(name, error.message)];
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return [unknown(name, `this section could not be looked at: ${code}`)];
  }
}

function interfaceNames(needs: Needs): string[] {
  const names = needs.lines.flatMap((line) => {
    try {
      return resolveInterface(line.interface).name;
    } catch {
      return [];
    }
  });
  return [...new Set(names)];
}
