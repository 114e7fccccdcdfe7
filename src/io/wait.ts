/**
 * Waiting for sockets: poll(2) over a handful of descriptors. Blocks the calling thread, so only worker threads and
 * short tests use it, with a time-out of a millisecond or so.
 */
import { addressOf, asPointer, libc } from "./libc.ts";

const POLLIN = 1;
const FDS_MAX = 256;
/** struct pollfd: fd i32, events i16, revents i16. */
const pollfds = new Int32Array(new ArrayBuffer(FDS_MAX * 8));
const pollfdsAddress = addressOf(pollfds);

/**
 * Waits until one of the first `count` descriptors can be read (or has failed), at most `timeoutMs` (0: only looks).
 * Negative descriptors are skipped. Returns how many are ready; 0 after the time-out or a signal.
 */
export function waitReadable(fds: Int32Array, count: number, timeoutMs: number): number {
  const used = Math.min(count, FDS_MAX);
  for (let i = 0; i < used; i++) {
    pollfds[i * 2] = fds[i]!;
    pollfds[i * 2 + 1] = POLLIN;
  }
  const ready = libc().poll(asPointer(pollfdsAddress), used, timeoutMs);
  return Math.max(ready, 0);
}
