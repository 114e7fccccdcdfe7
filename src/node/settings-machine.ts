/**
 * Whether this machine can do what the settings ask of it: interfaces, receive buffers and paths, CPUs. Asks, and
 * changes nothing.
 */
import { FathomError } from "../core/assert.ts";
import { resolveInterface } from "../io/interfaces.ts";
import { listCpus } from "../io/pin.ts";
import { formatCpuList } from "../io/pin-cpu-set.ts";
import { availability } from "../io/receive-path.ts";
import { fileExists, readTextFile } from "../io/text-file.ts";
import { pinProblems } from "./runtime-plan.ts";
import { formatBytes } from "./settings-kinds.ts";
import type { Settings } from "./settings-schema.ts";

const RMEM_MAX_FILE = "/proc/sys/net/core/rmem_max";

/** One sentence for each thing that will not work here, or not as asked. Empty when all is well. */
export function machineFindings(settings: Settings): string[] {
  const findings: string[] = [];
  for (const [i, channel] of settings.channels.entries()) {
    for (const [j, line] of channel.lines.entries()) {
      try {
        resolveInterface(line.interface);
      } catch (error) {
        if (!(error instanceof FathomError)) throw error;
        findings.push(`channels.${i}.lines.${j}.interface: ${error.message}`);
      }
    }
    const finding = receiveBufferFinding(channel.receiveBufferBytes);
    if (finding !== undefined) findings.push(`channels.${i}.receive_buffer_bytes: ${finding}`);
    if (channel.receive === "auto") continue;
    const { isAvailable, reason } = availability(channel.receive);
    if (!isAvailable) findings.push(`channels.${i}.receive: ${channel.receive} cannot be had: ${reason}`);
  }
  for (const { key, found, expected } of pinProblems(settings.runtime.pin, listCpus().allowed, formatCpuList))
    findings.push(`${key}: found ${found}, expected ${expected}`);
  return findings;
}

function receiveBufferFinding(wantedBytes: number): string | undefined {
  // Root may pass the limit (SO_RCVBUFFORCE).
  if (process.getuid?.() === 0 || !fileExists(RMEM_MAX_FILE)) return undefined;
  const grantedBytes = Number(readTextFile(RMEM_MAX_FILE));
  if (grantedBytes >= wantedBytes) return undefined;
  return (
    `the kernel grants this user ${formatBytes(grantedBytes)} of ${formatBytes(wantedBytes)}; ` +
    `raise it with \`sysctl -w net.core.rmem_max=${wantedBytes}\``
  );
}
