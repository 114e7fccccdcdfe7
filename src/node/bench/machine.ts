/** Which machine a number is of: a benchmark without it says nothing. Cold. */
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileExists, readTextFile } from "../../io/text-file.ts";
import { BUILD } from "../version.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly architecture: string;
  /** What the kernel does with 2 MiB pages: "always", "madvise" or "never". */
  readonly hugePages: string;
  readonly bun: string;
  readonly fathom: string;
  readonly commit: string;
  /** "gcc (Debian 12.2.0) 12.2.0, -O2", or why there is none. */
  readonly compiler: string;
  /** Before the first run: above 0 somebody else is at work here. */
  readonly loadAverage: number;
}

const HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled";

export function describeMachine(compiler: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    architecture: process.arch,
    hugePages: hugePages(),
    bun: Bun.version,
    fathom: BUILD.version,
    commit: BUILD.commit,
    compiler,
    loadAverage: loadavg()[0] ?? 0,
  };
}

function hugePages(): string {
  if (!fileExists(HUGE_PAGES)) return "unknown";
  return /\[(\w+)\]/.exec(readTextFile(HUGE_PAGES))?.[1] ?? "unknown";
}
