/** How fast the disk below a folder makes small writes last: a journal waits for this. Leaves nothing behind. Cold. */
import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { clock } from "./clock.ts";

const WRITE_BYTES = 512;

export interface SyncSpeed {
  /** How many writes there were time for. */
  readonly writeCount: number;
  readonly medianNs: number;
  readonly maxNs: number;
}

/**
 * Writes 512 bytes and waits for the disk (fdatasync), `countMax` times or until `budgetNs` is over. A reason in words
 * when the folder cannot be written to.
 */
export function measureSync(folder: string, countMax = 20, budgetNs = 2e9): SyncSpeed | string {
  const path = join(folder, `.fathom-doctor-${process.pid}`);
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
  try {
    const bytes = new Uint8Array(WRITE_BYTES);
    const timesNs: number[] = [];
    const beganNs = clock.monotonicNs();
    while (timesNs.length < countMax && clock.monotonicNs() - beganNs < budgetNs) {
      const startNs = clock.monotonicNs();
      writeSync(fd, bytes);
      fdatasyncSync(fd);
      timesNs.push(clock.monotonicNs() - startNs);
    }
    timesNs.sort((a, b) => a - b);
    return { writeCount: timesNs.length, medianNs: timesNs[timesNs.length >> 1]!, maxNs: timesNs.at(-1)! };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  } finally {
    closeSync(fd);
    unlinkSync(path);
  }
}
