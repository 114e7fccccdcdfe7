/**
 * Whether the process that left something behind is still there. A number alone does not say, because it is given out
 * again: its start time goes with it. A process that has ended and is not reaped yet is dead. Cold.
 */
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Start of the process in clock ticks since boot, from /proc; 0: not known. */
  readonly startTicks: number;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 };
}

export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  if (pid <= 0) return false;
  const stat = readStat(pid);
  if (stat === undefined) return canBeSignalled(pid);
  if (stat.state === "Z" || stat.state === "X") return false;
  return startTicks === 0 || stat.startTicks === startTicks;
}

/** From /proc/PID/stat. The command's name comes second, in brackets, and may itself hold any letter. */
function readStat(pid: number): { state: string; startTicks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, startTicks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

/** Where /proc hides other users' processes (hidepid), the kernel still says whether there is one to be signalled. */
function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
