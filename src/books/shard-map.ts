/** Which shard keeps an instrument: a pure function of its symbol, so that every run and every replica agrees. */
import { hashText32 } from "../core/hash.ts";

export interface ShardMapOptions {
  by: "hash" | "range" | "table";
  /** At least 1. */
  shards: number;
  /** `range`: the last symbol of each shard but the last one, ascending. Missing bounds split the alphabet evenly. */
  ranges?: readonly string[];
  /** `table`: shard by symbol; symbols that are not in it go by hash. */
  table?: Readonly<Record<string, number>>;
}

export const SHARDS_MAX = 64;

export function makeShardMap(options: ShardMapOptions): (symbol: string) => number {
  const { by, shards } = options;
  const byHash = (symbol: string) => hashText32(symbol) % shards;
  if (shards <= 1) return () => 0;
  if (by === "hash") return byHash;
  if (by === "table") {
    const table = new Map(Object.entries(options.table ?? {}));
    return (symbol) => Math.min(table.get(symbol) ?? byHash(symbol), shards - 1);
  }
  const bounds = options.ranges?.length ? options.ranges : evenBounds(shards);
  return (symbol) => {
    const shard = bounds.findIndex((bound) => symbol <= bound);
    return shard < 0 || shard >= shards ? shards - 1 : shard;
  };
}

/** Splits by the first two letters, A to Z. */
function evenBounds(shards: number): string[] {
  const bounds: string[] = [];
  for (let shard = 1; shard < shards; shard++) {
    const point = Math.floor((shard * 676) / shards) - 1;
    bounds.push(String.fromCharCode(65 + Math.floor(point / 26), 65 + (point % 26)).padEnd(8, "Z"));
  }
  return bounds;
}
