/** A process with a bus directory and one ring in it: says "ready", and closes when its input ends. */
import { BusDirectory } from "../../src/bus/bus-directory.ts";
import { ringOptions } from "./event-records.ts";

const [base, node] = process.argv.slice(2) as [string, string];
const directory = BusDirectory.open(node, base);
directory.createRing(ringOptions());
process.stdout.write("ready\n");
for await (const _ of process.stdin) {
  // Nothing is said to it.
}
directory.close();
