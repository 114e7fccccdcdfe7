/** The options about how books are laid out that `replay` and `run` share, and the plan they make. */
import { availableParallelism } from "node:os";
import { Option } from "commander";
import { SHARDS_MAX } from "../books/shard-map.ts";
import { type BookPlan, resolveShards } from "../node/book-plan.ts";
import { integerBetween, symbolList } from "./options.ts";

export interface BooksPlanOptions {
  shards: number;
  shardBy: "hash" | "range" | "table";
  symbols?: string[];
}

const RING_BYTES = 16 * 1024 * 1024;

/** `--shards`, `--shard-by`, `--symbols`. */
export function planOptions(): Option[] {
  return [
    new Option("--shards <n>", "book threads; 0 keeps the books on the reading thread")
      .default(0)
      .argParser(integerBetween(0, SHARDS_MAX)),
    new Option("--shard-by <rule>", "how an instrument finds its shard").choices(["hash", "range"]).default("hash"),
    new Option(
      "--symbols <list>",
      "only these: symbols or patterns with * and ?, ! takes out; separated by commas",
    ).argParser(symbolList),
  ];
}

export function planOf(options: BooksPlanOptions): BookPlan {
  return {
    shards: resolveShards(options.shards, availableParallelism()),
    shardBy: options.shardBy,
    ranges: [],
    table: {},
    symbols: options.symbols ?? ["*"],
    ringBytes: RING_BYTES,
  };
}
