/** What a worker can be; which one this is came as an argument. */
import { AssertionError } from "../core/assert.ts";
import { serveExchange } from "./exchange-worker.ts";
import { serveIngest } from "./ingest-worker.ts";
import { serveShard } from "./shard-worker.ts";

/** The role in this worker's arguments (`role=ingest`). */
export function workerRole(): string {
  return process.argv.find((argument) => argument.startsWith("role="))?.slice("role=".length) ?? "";
}

export function runWorkerRole(role: string): void {
  if (role === "ingest") serveIngest();
  else if (role === "shard") serveShard();
  else if (role === "exchange") serveExchange();
  else throw new AssertionError(`no worker has the role "${role}"`);
}
