/**
 * The simulator from the command line:
 *
 *     bun test/sim/run.ts --seed 7 [--messages 50k] [--trace]      one seed, as often as one likes
 *     bun test/sim/run.ts --seeds 500 [--from 1] [--messages 50k]  a campaign; every 25th seed runs twice
 *
 * Exit 1 when a promise was not kept; the seed that shows it is printed.
 */
import { parseArgs } from "node:util";
import { planOf } from "./plan.ts";
import { type SimResult, simulate } from "./simulator.ts";
import { SimFailure } from "./world.ts";

const FAILURES_MAX = 20;

function amount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
  if (!match) throw new Error(`not a number: ${text}`);
  return Math.floor(Number(match[1]) * { "": 1, k: 1e3, M: 1e6 }[match[2] as "" | "k" | "M"]);
}

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    messages: { type: "string", default: "50k" },
    trace: { type: "boolean", default: false },
    every: { type: "string", default: "25" },
  },
});
const messages = amount(values.messages);

function one(seed: number): SimResult {
  const trace = values.trace ? (line: string) => console.log(line) : undefined;
  if (values.trace) console.log(JSON.stringify(planOf(seed, messages), null, 1));
  return simulate(seed, messages, trace ? { trace } : {});
}

/** Runs a seed, and says what it showed; undefined when a promise was not kept. */
function attempt(seed: number, twice: boolean): SimResult | undefined {
  try {
    const result = one(seed);
    if (twice && simulate(seed, messages).traceHash !== result.traceHash)
      throw new SimFailure(`seed ${seed}: two runs of it differ`);
    return result;
  } catch (error) {
    console.log(`FAILED ${error instanceof Error ? error.message : error}`);
    const cause = error instanceof Error ? error.cause : undefined;
    if (!(cause instanceof SimFailure) || values.seed) console.log(cause ?? error);
    return undefined;
  }
}

function campaign(): number {
  const from = amount(values.from);
  const count = amount(values.seeds);
  const every = amount(values.every);
  const began = performance.now();
  const ends: Record<string, number> = {};
  let published = 0;
  let comparisons = 0;
  let snapshots = 0;
  let failures = 0;
  for (let seed = from; seed < from + count && failures < FAILURES_MAX; seed++) {
    const result = attempt(seed, every > 0 && seed % every === 0);
    if (!result) {
      failures++;
      continue;
    }
    published += result.published;
    comparisons += result.comparisons;
    snapshots += result.snapshots;
    const end = `${result.quality}${result.isLossy ? " with losses" : ""}`;
    ends[end] = (ends[end] ?? 0) + 1;
  }
  const seconds = (performance.now() - began) / 1000;
  const rate = Math.round(published / seconds).toLocaleString("en");
  console.log(
    `${count} seeds from ${from}: ${published.toLocaleString("en")} messages in ${seconds.toFixed(1)} s (${rate}/s)`,
  );
  console.log(`${comparisons} comparisons of the books, ${snapshots} snapshots; at the end: ${JSON.stringify(ends)}`);
  console.log(failures === 0 ? "every promise was kept" : `${failures} seeds FAILED`);
  return failures === 0 ? 0 : 1;
}

if (values.seed) {
  const result = attempt(amount(values.seed), true);
  if (result) console.log(JSON.stringify(result));
  process.exit(result ? 0 : 1);
}
process.exit(campaign());
