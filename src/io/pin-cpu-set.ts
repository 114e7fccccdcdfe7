/**
 * Sets of CPUs as the kernel has them: which exist, which a thread may run on, and the text form "0-3,8". Only `pin.ts`
 * and tests call it. Works by sched_getaffinity(2), so what a container or a cpuset forbids is not in a set.
 */

import { addressOf, asPointer, libc } from "./libc.ts";
import { readTextFile } from "./text-file.ts";

/** Room for 8192 CPUs, more than any kernel is built for. */
const MASK_BYTES = 1024;

/** "0-3,8" → 0, 1, 2, 3, 8. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(",")) {
    const [first, last = first] = part.split("-").map(Number);
    if (part === "" || first === undefined || last === undefined) continue;
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** 0, 1, 2, 3, 8 → "0-3,8". */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: string[] = [];
  for (let i = 0; i < cpus.length; ) {
    let end = i;
    while (cpus[end + 1] === cpus[end]! + 1) end++;
    ranges.push(end === i ? `${cpus[i]}` : `${cpus[i]}-${cpus[end]}`);
    i = end + 1;
  }
  return ranges.join(",");
}

/** The CPUs that are running. */
export function onlineCpus(): number[] {
  return parseCpuList(readTextFile("/sys/devices/system/cpu/online"));
}

/**
 * The CPUs that the kernel would let the calling thread run on, whatever it runs on now: those online that no cpuset
 * forbids. Asks for all, sees what was granted, and goes back.
 */
export function permittedCpus(): number[] {
  const before = threadCpus(0);
  setThreadCpus(0, onlineCpus());
  const permitted = threadCpus(0);
  setThreadCpus(0, before);
  return permitted;
}

/** The CPUs that a thread may run on, ascending; 0: the calling thread. Empty when there is no such thread any more. */
export function threadCpus(threadId: number): number[] {
  const mask = new Uint8Array(new ArrayBuffer(MASK_BYTES));
  if (libc().sched_getaffinity(threadId, MASK_BYTES, asPointer(addressOf(mask))) < 0) return [];
  const cpus: number[] = [];
  for (let cpu = 0; cpu < MASK_BYTES * 8; cpu++) if ((mask[cpu >> 3]! & (1 << (cpu & 7))) !== 0) cpus.push(cpu);
  return cpus;
}

/** Says where a thread may run; 0: the calling thread. False: the thread is gone, or the kernel refuses. */
export function setThreadCpus(threadId: number, cpus: readonly number[]): boolean {
  const mask = new Uint8Array(new ArrayBuffer(MASK_BYTES));
  for (const cpu of cpus) mask[cpu >> 3]! |= 1 << (cpu & 7);
  return libc().sched_setaffinity(threadId, MASK_BYTES, asPointer(addressOf(mask))) === 0;
}
