/** The doctor on the clock: who keeps it, how near to UTC it is, and what it is read from. */
import { formatDuration } from "../core/units.ts";
import type { ClockResolution } from "../io/clock-resolution.ts";
import type { ClockQuality } from "../observe/clock-quality.ts";
import { type Finding, ok, unknown, wants } from "./doctor-finding.ts";
import type { ClockSettings } from "./settings.ts";

export interface ClockFacts {
  readonly quality: ClockQuality;
  readonly resolution: ClockResolution;
  /** chronyc is here, so that chronyd only has to be started. */
  readonly hasChrony: boolean;
}

const FINE_SOURCES = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"];
const SLOW_READING_NS = 1_000;

export function clockFindings(facts: ClockFacts, settings: ClockSettings): Finding[] {
  return [disciplineFinding(facts), boundFinding(facts, settings), sourceFinding(facts)];
}

function disciplineFinding({ quality, hasChrony }: ClockFacts): Finding {
  const check = "discipline";
  if (quality.disciplined) {
    const reference = quality.reference === "" ? "a daemon that only the kernel knows" : quality.reference;
    return ok(check, `kept by ${quality.source}, to ${reference}`);
  }
  const change =
    "stamps cannot be compared with another machine's, and nothing says how wrong they are; keep the clock to a server";
  const command = hasChrony ? "systemctl enable --now chrony && chronyc sources" : "apt-get install chrony";
  return wants("degraded", check, `nothing keeps the clock: ${quality.how}`, change, command);
}

function boundFinding({ quality }: ClockFacts, { errorBoundMaxNs }: ClockSettings): Finding {
  const check = "error-bound";
  const allowed = `${formatDuration(errorBoundMaxNs)} allowed by clock.error_bound_max`;
  const { errorBoundNs, offsetNs } = quality;
  if (errorBoundNs === null) return unknown(check, `none can be given; ${allowed}`);
  const offset =
    offsetNs === null ? "" : `, estimated ${formatDuration(offsetNs)} ${offsetNs < 0 ? "behind" : "ahead"}`;
  const found =
    `within ${formatDuration(errorBoundNs)} of ` + `UTC${offset.replace("estimated -", "estimated ")}; ${allowed}`;
  if (errorBoundNs <= errorBoundMaxNs) return ok(check, found);
  const change = "stamps are further from UTC than the settings allow; use a nearer server, or PTP";
  return wants("degraded", check, found, change, "chronyc sourcestats -v");
}

function sourceFinding({ resolution }: ClockFacts): Finding {
  const check = "clock-source";
  const { clockSource, clockSourcesPossible, stepNs, costNs } = resolution;
  const step = `steps of ${formatDuration(stepNs)}, ${formatDuration(costNs)} to read`;
  const found = `${clockSource || "unknown"}: ${step}`;
  if (FINE_SOURCES.includes(clockSource) || (clockSource === "" && costNs < SLOW_READING_NS)) return ok(check, found);
  const better = FINE_SOURCES.find((source) => clockSourcesPossible.includes(source));
  const change = "each stamp costs more than a packet does; use the CPU's own counter";
  const file = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  const command = better ? `echo ${better} > ${file}` : "dmesg | grep -i clocksource";
  return wants("degraded", check, found, change, command);
}
