/** Runs targets on inputs made by chance, in blocks: a block's number and the target's name make its inputs again. */
import { hex } from "../../src/core/bytes.ts";
import { Prng } from "../../src/core/prng.ts";
import { INPUT_BYTES_MAX, InputMaker, type Target } from "./target.ts";

export const BLOCK_INPUTS = 1000;

export class FuzzFailure extends Error {}

/** One block of a target's inputs. Throws `FuzzFailure` with the input that shows it. */
export function fuzzBlock(target: Target, block: number, maker = new InputMaker()): void {
  const prng = new Prng(block);
  for (let i = 0; i < BLOCK_INPUTS; i++) {
    const length = maker.make(target, prng);
    const offset = INPUT_BYTES_MAX - length;
    try {
      target.check(maker.bytes, maker.view, offset, length, prng);
    } catch (error) {
      const input = hex(maker.bytes, offset, length, INPUT_BYTES_MAX);
      throw new FuzzFailure(`${target.name}, block ${block}, input ${i}: ${error}\n${input}`, { cause: error });
    }
  }
}

/** So many inputs over all targets, by their weights; returns how many each got. */
export function fuzzAll(targets: readonly Target[], inputs: number, from: number): Map<string, number> {
  const weights = targets.reduce((sum, target) => sum + target.weight, 0);
  const maker = new InputMaker();
  const given = new Map<string, number>();
  for (const target of targets) {
    const blocks = Math.max(1, Math.ceil((inputs * target.weight) / weights / BLOCK_INPUTS));
    for (let block = from; block < from + blocks; block++) fuzzBlock(target, block, maker);
    given.set(target.name, blocks * BLOCK_INPUTS);
  }
  return given;
}
