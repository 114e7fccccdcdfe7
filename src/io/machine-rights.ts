/**
 * What this process may do on this machine: capabilities, limits, and whether the kernel has the means to lock a child
 * in (namespaces, Landlock, seccomp). Asks, and changes nothing. Cold.
 *
 * Source: capabilities(7), proc(5), landlock_create_ruleset(2), user_namespaces(7).
 */
import { runCommand } from "./command.ts";
import { libc } from "./libc.ts";
import { readFact } from "./machine-files.ts";

/** Bits of CAP_… that fathom has a use for. */
export const CAPABILITIES = { net_admin: 12, net_raw: 13, ipc_lock: 14, sys_nice: 23, sys_time: 25 } as const;
export type Capability = keyof typeof CAPABILITIES;

const SYS_LANDLOCK_CREATE_RULESET = 444n;
/** LANDLOCK_CREATE_RULESET_VERSION: returns the version instead of a rule set. */
const LANDLOCK_VERSION_FLAG = 1;
const UNSHARE_TIMEOUT_MS = 2_000;

/** Those of the effective capabilities that fathom has a use for, from /proc/self/status. */
export function heldCapabilities(status: string): Capability[] {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (hex === undefined) return [];
  const bits = BigInt(`0x${hex}`);
  return (Object.keys(CAPABILITIES) as Capability[]).filter((name) => (bits >> BigInt(CAPABILITIES[name])) & 1n);
}

/** A limit of /proc/self/limits ("Max open files"): soft and hard, Infinity for none; undefined when not listed. */
export function parseLimit(limits: string, name: string): { soft: number; hard: number } | undefined {
  const line = limits.split("\n").find((text) => text.startsWith(`${name} `));
  const values = line?.slice(name.length).trim().split(/\s+/);
  if (!values || values.length < 2) return undefined;
  const number = (text: string) => (text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text));
  return { soft: number(values[0]!), hard: number(values[1]!) };
}

/** Landlock's ABI version; 0: the kernel was built or started without it. */
export function landlockAbi(): number {
  const version = libc().syscall(SYS_LANDLOCK_CREATE_RULESET, null, 0, LANDLOCK_VERSION_FLAG, null, null, 0);
  return version > 0 ? version : 0;
}

/** Whether a child could be given namespaces of its own, tried with one that ends at once. */
export async function canUnshare(): Promise<{ can: boolean | undefined; reason: string }> {
  const isRoot = process.getuid?.() === 0;
  const own = isRoot ? [] : ["--user", "--map-root-user"];
  const command = ["unshare", ...own, "--net", "--mount", "--pid", "--ipc", "--fork", "true"];
  const { end, exitStatus, stderr } = await runCommand(command, { timeoutMs: UNSHARE_TIMEOUT_MS });
  if (end === "absent") return { can: undefined, reason: "the program unshare (util-linux) is not here to try it" };
  if (end !== "done") return { can: undefined, reason: "unshare did not end in time" };
  return exitStatus === 0 ? { can: true, reason: "" } : { can: false, reason: stderr.trim() || "unshare failed" };
}

/** The actions that the kernel's seccomp knows; undefined: it has none, or does not say. */
export function seccompActions(): string[] | undefined {
  return readFact("/proc/sys/kernel/seccomp/actions_avail").text?.split(" ");
}
