/**
 * The promise under every fault, for a few seeds; campaigns of any size by `bun test/sim/run.ts --seeds N`. And the rig
 * itself: the same seed gives the same run, and a channel that breaks the promise is caught.
 */
import { describe, expect, test } from "bun:test";
import { CANARIES } from "./broken.ts";
import { simulate } from "./simulator.ts";

const MESSAGES = 10_000;
const SEEDS = 40;
const CANARY_SEEDS_MAX = 40;
const TIMEOUT_MS = 60_000;

/** Seeds that broke a promise once, at 50,000 messages; what they are now is what is held. */
const FOUND = [9, 30, 78, 142, 175, 1011, 1064, 2813] as const;

describe("simulated days", () => {
  test(
    "keep every promise, and converge once everything has healed",
    () => {
      let comparisons = 0;
      for (let seed = 1; seed <= SEEDS; seed++) comparisons += simulate(seed, MESSAGES).comparisons;
      expect(comparisons).toBeGreaterThan(SEEDS / 2);
    },
    TIMEOUT_MS,
  );

  test(
    "the seeds that once found something find nothing now",
    () => {
      for (const seed of FOUND) expect(simulate(seed, 50_000).published).toBe(50_000);
    },
    TIMEOUT_MS,
  );

  test(
    "the same seed gives the same run, another gives another",
    () => {
      const hashes = [3, 8, 11, 30].map((seed) => simulate(seed, MESSAGES).traceHash);
      expect([3, 8, 11, 30].map((seed) => simulate(seed, MESSAGES).traceHash)).toEqual(hashes);
      expect(new Set(hashes).size).toBe(4);
    },
    TIMEOUT_MS,
  );

  test(
    "fast books, naive books and those of another shard count agree every 1000 messages, snapshots included",
    () => {
      let comparisons = 0;
      for (let seed = 1; seed <= 8; seed++) {
        const strict = {
          plan: (plan: { isStrict: boolean; checkpointShare: number }) => {
            plan.isStrict = true;
            plan.checkpointShare = 1;
          },
        };
        comparisons += simulate(seed, MESSAGES, strict).comparisons;
      }
      expect(comparisons).toBeGreaterThan(20);
    },
    TIMEOUT_MS,
  );
});

describe("canaries", () => {
  for (const { name, hooks, finds } of CANARIES)
    test(
      name,
      () => {
        let found = "";
        for (let seed = 1; seed <= CANARY_SEEDS_MAX && found === ""; seed++)
          try {
            simulate(seed, MESSAGES, hooks);
          } catch (error) {
            found = String(error);
          }
        expect(found).toMatch(finds);
      },
      TIMEOUT_MS,
    );
});
