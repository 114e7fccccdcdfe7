/** The doctor on rights: capabilities, limits, cgroups, and the kernel's means to lock a strategy in. */
import { isWritable, readFact, readFactNumber } from "../io/machine-files.ts";
import {
  CAPABILITIES,
  type Capability,
  canUnshare,
  heldCapabilities,
  landlockAbi,
  parseLimit,
  seccompActions,
} from "../io/machine-rights.ts";
import { type Finding, KERNEL_COMMAND_LINE, ok, SERVICE_UNIT, unknown, wants, wantsWritten } from "./doctor-finding.ts";
import { gib } from "./doctor-memory.ts";
import type { Needs } from "./doctor-needs.ts";

export interface RightsFacts {
  readonly isRoot: boolean;
  readonly capabilities: readonly Capability[];
  readonly openFilesMax: number | undefined;
  readonly cgroup: CgroupFacts;
  readonly unshare: { readonly can: boolean | undefined; readonly reason: string };
  readonly landlockAbi: number;
  readonly seccompActions: readonly string[] | undefined;
  /** The binary, to give capabilities to. */
  readonly program: string;
}

export interface CgroupFacts {
  /** 2; 1: the old kind, or both with the controllers on the old one; 0: none. */
  readonly version: 0 | 1 | 2;
  readonly path: string;
  /** CPUs' worth of time; undefined: no limit, or not readable. */
  readonly cpuLimit: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** This user may make groups below its own. */
  readonly isDelegated: boolean | undefined;
}

const OPEN_FILES_MIN = 1024;
const LANDLOCK_ABI_WANTED = 4;
const CGROUP_ROOT = "/sys/fs/cgroup";

export async function rightsFacts(program: string): Promise<RightsFacts> {
  const unshare = await canUnshare();
  return {
    isRoot: process.getuid?.() === 0,
    capabilities: heldCapabilities(readFact("/proc/self/status").text ?? ""),
    openFilesMax: parseLimit(readFact("/proc/self/limits").text ?? "", "Max open files")?.soft,
    cgroup: cgroupFacts(),
    unshare,
    landlockAbi: landlockAbi(),
    seccompActions: seccompActions(),
    program,
  };
}

function cgroupFacts(): CgroupFacts {
  const controllers = readFact(`${CGROUP_ROOT}/cgroup.controllers`).text;
  const path = /^0::(.*)$/m.exec(readFact("/proc/self/cgroup").text ?? "")?.[1] ?? "";
  if (controllers === undefined) {
    const isOld = readFact(`${CGROUP_ROOT}/memory/cgroup.procs`).text !== undefined;
    const isHybrid = readFact(`${CGROUP_ROOT}/unified/cgroup.controllers`).text !== undefined;
    return {
      version: isOld || isHybrid ? 1 : 0,
      path,
      cpuLimit: oldCpuLimit(),
      memoryLimitBytes: readFactNumber(`${CGROUP_ROOT}/memory/memory.limit_in_bytes`),
      isDelegated: undefined,
    };
  }
  const folder = `${CGROUP_ROOT}${path === "/" ? "" : path}`;
  return {
    version: 2,
    path,
    cpuLimit: parseCpuMax(readFact(`${folder}/cpu.max`).text),
    memoryLimitBytes: readFactNumber(`${folder}/memory.max`),
    isDelegated: isWritable(`${folder}/cgroup.procs`),
  };
}

/** Of the group at the root, which in a container is its own. */
function oldCpuLimit(): number | undefined {
  const [quota, period] = ["quota", "period"].map((name) => readFact(`${CGROUP_ROOT}/cpu/cpu.cfs_${name}_us`).text);
  return parseCpuMax(`${quota} ${period}`);
}

/** "150000 100000" → 1.5; "max 100000": no limit. */
export function parseCpuMax(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? "").split(" ").map(Number);
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined;
}

export function rightsFindings(facts: RightsFacts, needs: Needs): Finding[] {
  return [
    capabilityFinding(facts, needs),
    filesFinding(facts),
    cgroupFinding(facts, needs),
    namespaceFinding(facts),
    landlockFinding(facts),
    seccompFinding(facts),
  ];
}

function capabilityFinding({ capabilities, isRoot, program }: RightsFacts, { needsPacketSocket }: Needs): Finding {
  const check = "capabilities";
  const wanted: Capability[] = ["net_raw", "net_admin", "sys_nice", "ipc_lock"];
  const missing = wanted.filter((name) => !capabilities.includes(name));
  const user = isRoot ? "root" : `user ${process.getuid?.() ?? "unknown"}`;
  const held = (Object.keys(CAPABILITIES) as Capability[]).filter((name) => capabilities.includes(name));
  const names = held.map((name) => `CAP_${name.toUpperCase()}`).join(", ");
  const found = `${user} with ${names || "none of those fathom can use"}`;
  if (missing.length === 0) return ok(check, found);
  const list = missing.map((name) => `cap_${name}`).join(",");
  const command = `setcap ${list}+ep ${program}`;
  if (needsPacketSocket && missing.includes("net_raw")) {
    return wants("bad", check, found, "channels.receive asks for a packet ring, which takes CAP_NET_RAW", command);
  }
  const change =
    "not needed, but packet rings (NET_RAW), big receive buffers (NET_ADMIN), priorities (SYS_NICE) and " +
    "locked memory (IPC_LOCK) are not to be had";
  return wants("advice", check, found, change, command);
}

function filesFinding({ openFilesMax }: RightsFacts): Finding {
  const check = "open-files";
  if (openFilesMax === undefined) return unknown(check, "the kernel does not say how many files may be open");
  const found = openFilesMax === Number.POSITIVE_INFINITY ? "without limit" : `${openFilesMax} may be open`;
  if (openFilesMax >= OPEN_FILES_MIN) return ok(check, found);
  return wants("degraded", check, found, "each client, line and ring takes some", "ulimit -n 65536");
}

function cgroupFinding({ cgroup }: RightsFacts, { hotThreadCount }: Needs): Finding {
  const check = "cgroup";
  const { version, cpuLimit, memoryLimitBytes, isDelegated, path } = cgroup;
  const limits = [
    cpuLimit === undefined ? "no CPU limit" : `${cpuLimit} CPUs`,
    memoryLimitBytes === undefined || memoryLimitBytes > 2 ** 60 ? "no memory limit" : gib(memoryLimitBytes),
  ].join(", ");
  if (version === 1 && cpuLimit !== undefined && cpuLimit <= hotThreadCount) {
    const change = "the kernel stops all threads for the rest of each period when it is used up";
    const command = `echo -1 > ${CGROUP_ROOT}/cpu/cpu.cfs_quota_us`;
    return wants("degraded", check, `the old kind (v1), ${limits}`, change, command);
  }
  if (version !== 2) {
    const found = version === 0 ? "no cgroups" : `the old kind (v1), ${limits}`;
    const change = "a strategy's memory and CPU cannot be bounded; the new kind (v2) can, after a restart";
    const text = "systemd.unified_cgroup_hierarchy=1";
    return wantsWritten("advice", check, found, change, { text, where: KERNEL_COMMAND_LINE });
  }
  const found = `v2, ${path}: ${limits}${isDelegated === false ? "; this user may make none below it" : ""}`;
  if (cpuLimit !== undefined && cpuLimit <= hotThreadCount) {
    const change = "the kernel stops all threads for the rest of each period when it is used up";
    return wants("degraded", check, found, change, `echo max > ${CGROUP_ROOT}${path}/cpu.max`);
  }
  if (isDelegated === false) {
    const change = "a strategy's memory and CPU cannot be bounded";
    return wantsWritten("advice", check, found, change, { text: "Delegate=yes", where: SERVICE_UNIT });
  }
  return ok(check, found);
}

function namespaceFinding({ unshare, isRoot }: RightsFacts): Finding {
  const check = "namespaces";
  if (unshare.can === undefined) return unknown(check, unshare.reason);
  if (unshare.can) return ok(check, "a child can have its own network, mounts and processes");
  const change = "a strategy cannot be cut off from network and files";
  if (isRoot) {
    const inContainer = `${change}; this root may not make namespaces, as in most containers`;
    const write = { text: "--cap-add SYS_ADMIN", where: "the container's command" };
    return wantsWritten("advice", check, unshare.reason, inContainer, write);
  }
  const command = "sysctl -w user.max_user_namespaces=16384 kernel.apparmor_restrict_unprivileged_userns=0";
  return wants("advice", check, unshare.reason, change, command);
}

function landlockFinding({ landlockAbi: abi }: RightsFacts): Finding {
  const check = "landlock";
  if (abi >= LANDLOCK_ABI_WANTED) return ok(check, `version ${abi}`);
  const found = abi === 0 ? "this kernel has it not, or off" : `version ${abi}, without rules for TCP (version 4)`;
  const change = "a strategy's files are guarded by namespaces alone; start the kernel with it, 6.7 or newer";
  const text = "lsm=landlock,lockdown,yama,integrity,apparmor";
  return wantsWritten("advice", check, found, change, { text, where: KERNEL_COMMAND_LINE });
}

function seccompFinding({ seccompActions: actions }: RightsFacts): Finding {
  const check = "seccomp";
  if (actions?.includes("kill_process")) return ok(check, `filters can be set (${actions.length} actions)`);
  const change = "a strategy's system calls cannot be limited; take a kernel with CONFIG_SECCOMP_FILTER";
  return wants("advice", check, "the kernel does not say that it has filters", change, "uname -r");
}
