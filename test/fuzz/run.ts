/**
 * The fuzzer from the command line:
 *
 *     bun test/fuzz/run.ts --inputs 10M [--from 1] [--target channel]
 *
 * `--from`: the first block of 1000 inputs; another one gives other inputs. Exit 1 at the first thing that does not
 * hold.
 */
import { parseArgs } from "node:util";
import { FuzzFailure, fuzzAll } from "./fuzzer.ts";
import { makeTargets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1M" },
    from: { type: "string", default: "1" },
    target: { type: "string" },
  },
});
const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(values.inputs);
if (!match) throw new Error(`not a number: ${values.inputs}`);
const inputs = Number(match[1]) * { "": 1, k: 1e3, M: 1e6 }[match[2] as "" | "k" | "M"];
let total = 0;
let failures = 0;
const chosen = makeTargets().filter((target) => values.target === undefined || target.name === values.target);
const weights = chosen.reduce((sum, target) => sum + target.weight, 0);
for (const target of chosen) {
  const began = performance.now();
  try {
    const given = fuzzAll([target], (inputs * target.weight) / weights, Number(values.from)).get(target.name)!;
    const seconds = (performance.now() - began) / 1000;
    total += given;
    console.log(`${target.name}: ${given.toLocaleString("en")} inputs in ${seconds.toFixed(1)} s`);
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    failures++;
    console.log(`FAILED ${error.message}`);
    console.log(error.cause);
  }
}
console.log(
  `${total.toLocaleString("en")} inputs, ${failures === 0 ? "everything held" : `${failures} targets FAILED`}`,
);
process.exit(failures === 0 ? 0 : 1);
