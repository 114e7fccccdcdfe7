/** A hot file by its name, with everything that a hot file may not have. */
import { clock } from "../bus/clock.ts";

export async function wait(values: number[]): Promise<number> { // canary: hot-file
  await Promise.resolve(); // canary: hot-file
  const big = 1n; // canary: hot-file
  const wide = BigInt(2); // canary: hot-file
  const copy = [...values]; // canary: hot-file
  if (copy.length === 0) throw new Error(`${big} ${wide}`); // canary: hot-file
  return clock.monotonicNs(); // canary: hot-file
}

export function loop(values: number[]): void {
  const once = () => 1;
  for (const value of values) {
    values.map((other) => other + value + once()); // canary: hot-file
  }
}
