/**
 * Reading words that another thread or process writes. `Atomics.load` would do, but the engine compiles it to a locked
 * read-modify-write: it takes the cache line away from the writer at every look, and kills the process on memory that
 * is mapped read-only. So such words are read plainly, behind a `fence` on memory of this thread's own.
 *
 * Always holds: a plain read after `fence` is made anew, after everything before the fence; neither the compiler (it
 * must take the fence to change any typed array) nor the machine moves it in front. Hot.
 */

/** This thread's own: each worker has its copy of this module. Alone on its cache line. */
const own = new Int32Array(new SharedArrayBuffer(128));

export function fence(): void {
  Atomics.add(own, 16, 0);
}

/** Whether the machine may reorder two plain loads: not on x86. Where it may, a fence must stand between them. */
export const REORDERS_LOADS = process.arch !== "x64";
