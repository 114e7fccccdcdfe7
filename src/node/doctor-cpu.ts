/** The doctor on the CPUs: how many, isolation, interrupts, governor, sibling threads, sleep states. */
import { listNames, readFact, readFactNumber } from "../io/machine-files.ts";
import { listCpus } from "../io/pin.ts";
import { formatCpuList, parseCpuList } from "../io/pin-cpu-set.ts";
import { type Finding, KERNEL_COMMAND_LINE, ok, unknown, wants, wantsWritten } from "./doctor-finding.ts";
import type { Needs } from "./doctor-needs.ts";

export interface CpuFacts {
  readonly online: readonly number[];
  readonly allowed: readonly number[];
  /** Undefined: not readable. */
  readonly isolated: readonly number[] | undefined;
  readonly tickless: readonly number[] | undefined;
  /** Of all CPUs, each once; empty: nothing here sets the frequency (most virtual machines). */
  readonly governors: readonly string[];
  readonly isSmtActive: boolean | undefined;
  /** The slowest sleep state that is not disabled. */
  readonly deepestSleep: { readonly name: string; readonly exitUs: number } | undefined;
  readonly interrupts: readonly InterruptFacts[];
}

/** An interface's interrupts, and the CPUs that they may come to. */
export interface InterruptFacts {
  readonly interface: string;
  readonly irqs: readonly number[];
  readonly cpus: readonly number[];
}

const CPU_FOLDER = "/sys/devices/system/cpu";
/** A CPU that wakes slower than this is felt in the latency of a quiet feed. */
const SLEEP_EXIT_US_MAX = 20;
/** With fewer CPUs none can be set aside for one thread. */
const CPUS_TO_ISOLATE = 4;

export function cpuFacts(interfaces: readonly string[]): CpuFacts {
  const { online, allowed } = listCpus();
  const smt = readFact(`${CPU_FOLDER}/smt/active`).text;
  return {
    online,
    allowed,
    isolated: cpuList(`${CPU_FOLDER}/isolated`),
    tickless: cpuList(`${CPU_FOLDER}/nohz_full`),
    governors: [
      ...new Set(online.flatMap((cpu) => readFact(`${CPU_FOLDER}/cpu${cpu}/cpufreq/scaling_governor`).text ?? [])),
    ],
    isSmtActive: smt === undefined ? undefined : smt === "1",
    deepestSleep: deepestSleep(online[0] ?? 0),
    interrupts: interfaces.flatMap(interruptFacts),
  };
}

function cpuList(path: string): number[] | undefined {
  const { text } = readFact(path);
  return text === undefined ? undefined : parseCpuList(text === "(null)" ? "" : text);
}

function deepestSleep(cpu: number): CpuFacts["deepestSleep"] {
  const folder = `${CPU_FOLDER}/cpu${cpu}/cpuidle`;
  const states = listNames(folder).flatMap((state) => {
    const exitUs = readFactNumber(`${folder}/${state}/latency`);
    if (exitUs === undefined || readFactNumber(`${folder}/${state}/disable`) === 1) return [];
    return [{ name: readFact(`${folder}/${state}/name`).text ?? state, exitUs }];
  });
  return states.sort((a, b) => b.exitUs - a.exitUs)[0];
}

/** Message-signalled interrupts of the card's device, or of the one above it (virtio). */
function interruptFacts(name: string): InterruptFacts[] {
  const device = `/sys/class/net/${name}/device`;
  const irqs = [`${device}/msi_irqs`, `${device}/../msi_irqs`].map(listNames).find((names) => names.length > 0) ?? [];
  const cpus = irqs.flatMap((irq) => {
    const { text } = readFact(`/proc/irq/${irq}/effective_affinity_list`);
    return parseCpuList(text ?? readFact(`/proc/irq/${irq}/smp_affinity_list`).text ?? "");
  });
  if (irqs.length === 0) return [];
  return [{ interface: name, irqs: irqs.map(Number), cpus: [...new Set(cpus)].sort((a, b) => a - b) }];
}

export function cpuFindings(facts: CpuFacts, needs: Needs): Finding[] {
  return [
    countFinding(facts, needs),
    isolationFinding(facts, needs),
    ...facts.interrupts.map((interrupts) => interruptFinding(interrupts, needs, facts.online)),
    governorFinding(facts),
    smtFinding(facts),
    sleepFinding(facts),
  ];
}

function countFinding({ online, allowed }: CpuFacts, { hotThreadCount }: Needs): Finding {
  const fewer = allowed.length < online.length ? ` of ${online.length}` : "";
  const threads = `${hotThreadCount} hot thread${hotThreadCount === 1 ? "" : "s"}`;
  const found = `${allowed.length}${fewer} CPUs (${formatCpuList(allowed)}) for ${threads} and the main one`;
  if (allowed.length > hotThreadCount) return ok("cpus", found);
  const change = "threads take turns, and a queue grows while its reader waits; give more CPUs, or lower books.shards";
  return wants("degraded", "cpus", found, change, "fathom check --set books.shards=0");
}

function isolationFinding({ isolated, tickless, allowed }: CpuFacts, { pinsThreads, pinnedCpus }: Needs): Finding {
  const check = "isolation";
  if (isolated === undefined) return unknown(check, "the kernel does not say which CPUs are isolated");
  const shown = (cpus: readonly number[] | undefined) => (cpus?.length ? formatCpuList(cpus) : "none");
  const found = `isolated: ${shown(isolated)}; without a tick (nohz_full): ${shown(tickless)}`;
  const exposed = pinnedCpus.filter((cpu) => !isolated.includes(cpu));
  if (allowed.length < CPUS_TO_ISOLATE) return ok(check, `${found}; too few CPUs to set any aside`);
  if (pinsThreads ? isolated.length > 0 && exposed.length === 0 : isolated.length > 0) return ok(check, found);
  const cpus = formatCpuList(pinnedCpus.length > 0 ? pinnedCpus : allowed.slice(-1));
  const change = pinsThreads
    ? "other programs and the kernel's own work interrupt the pinned threads; it takes a restart"
    : "a CPU that the kernel leaves alone, with runtime.pin on it, is never interrupted; it takes a restart";
  const text = `isolcpus=${cpus} nohz_full=${cpus} rcu_nocbs=${cpus}`;
  return wantsWritten("advice", check, found, change, { text, where: KERNEL_COMMAND_LINE });
}

function interruptFinding(
  { interface: name, irqs, cpus }: InterruptFacts,
  { pinnedCpus }: Needs,
  others: readonly number[],
): Finding {
  const check = `irqs ${name}`;
  const found =
    `interrupts ${formatCpuList([...irqs].sort((a, b) => a - b))} come to CPU ` +
    `${formatCpuList(cpus) || "(unknown)"}`;
  const shared = cpus.filter((cpu) => pinnedCpus.includes(cpu));
  if (shared.length === 0) return ok(check, found);
  const change = `a hot thread is pinned to CPU ${formatCpuList(shared)}; move the interrupts, and stop irqbalance`;
  const free = formatCpuList(others.filter((cpu) => !pinnedCpus.includes(cpu)));
  const irqPattern = `{${irqs.join(",")}}`;
  const command = `for f in /proc/irq/${irqPattern}/smp_affinity_list; do echo ${free} > $f; done`;
  return wants("advice", check, found, change, command);
}

function governorFinding({ governors }: CpuFacts): Finding {
  const check = "governor";
  if (governors.length === 0)
    return ok(check, "none: the frequency is not set from here (a virtual machine's host does)");
  const found = governors.join(", ");
  if (governors.every((governor) => governor === "performance")) return ok(check, found);
  const change = "a CPU that slows down when idle is slow for the first packets of a burst";
  return wants("degraded", check, found, change, "cpupower frequency-set -g performance");
}

function smtFinding({ isSmtActive }: CpuFacts): Finding {
  const check = "smt";
  if (isSmtActive === undefined) return unknown(check, "the kernel does not say whether CPUs share cores");
  if (!isSmtActive) return ok(check, "off: no two CPUs share a core");
  const change = "what runs on a hot thread's sibling takes of its core; switch it off, or leave siblings idle";
  return wants("advice", check, "on: CPUs share cores in pairs", change, `echo off > ${CPU_FOLDER}/smt/control`);
}

function sleepFinding({ deepestSleep: state }: CpuFacts): Finding {
  const check = "sleep-states";
  if (state === undefined) return unknown(check, "the kernel does not say how deeply CPUs sleep");
  const found = `the deepest in use is ${state.name}, ${state.exitUs} µs to wake`;
  if (state.exitUs <= SLEEP_EXIT_US_MAX) return ok(check, found);
  const change = "the first packet after a quiet moment waits that long";
  return wants("advice", check, found, change, `cpupower idle-set -D ${SLEEP_EXIT_US_MAX}`);
}
