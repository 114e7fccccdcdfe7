/**
 * Canaries: a channel, or books, with one thing wrong each. The checker must find every one of them; a checker that
 * does not is itself broken.
 */
import type { Prng } from "../../src/core/prng.ts";
import { Quality } from "../../src/core/quality.ts";
import type { MessageSink } from "../../src/ingest/contract.ts";
import { SimBooks } from "./books.ts";
import type { SimHooks } from "./simulator.ts";

/** Passes everything on as it comes. */
class Relay implements MessageSink {
  constructor(
    readonly to: MessageSink,
    readonly prng: Prng,
  ) {}

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    this.to.message(bytes, view, offset, length, sequence, tsRecvNs);
  }

  batchEnd(): void {
    this.to.batchEnd();
  }

  reset(): void {
    this.to.reset();
  }

  snapshotBegin(): void {
    this.to.snapshotBegin();
  }

  snapshotEnd(nextSequence: number): void {
    this.to.snapshotEnd(nextSequence);
  }

  quality(quality: Quality): void {
    this.to.quality(quality);
  }
}

/** About one message of a run. */
const SELDOM = 1 / 5000;

class DropsOne extends Relay {
  override message(...given: Parameters<MessageSink["message"]>): void {
    if (given[4] === 0 || !this.prng.chance(SELDOM)) super.message(...given);
  }
}

class RepeatsOne extends Relay {
  override message(...given: Parameters<MessageSink["message"]>): void {
    super.message(...given);
    if (given[4] !== 0 && this.prng.chance(SELDOM)) super.message(...given);
  }
}

class ChangesAByte extends Relay {
  override message(...given: Parameters<MessageSink["message"]>): void {
    const [bytes, , offset, length, sequence] = given;
    const at = offset + length - 1;
    const isBad = sequence !== 0 && this.prng.chance(SELDOM);
    if (isBad) bytes[at]! ^= 1;
    super.message(...given);
    if (isBad) bytes[at]! ^= 1;
  }
}

/** Says ok of books that it should not trust. */
class HidesRecovering extends Relay {
  override quality(quality: Quality): void {
    super.quality(quality === Quality.recovering ? Quality.ok : quality);
  }
}

class HidesStale extends Relay {
  override quality(quality: Quality): void {
    super.quality(quality === Quality.stale ? Quality.ok : quality);
  }
}

class MissesSnapshotEnd extends Relay {
  override snapshotEnd(nextSequence: number): void {
    super.snapshotEnd(nextSequence + 1);
  }
}

class ForgetsReset extends Relay {
  override reset(): void {}
}

/** Books that miss a message now and then, and so are silently wrong. */
class ForgetfulBooks extends SimBooks {
  #prng: Prng | undefined;

  forget(prng: Prng): this {
    this.#prng = prng;
    return this;
  }

  override message(...given: Parameters<SimBooks["message"]>): void {
    if (!this.#prng?.chance(SELDOM)) super.message(...given);
  }
}

/** Tells the books a channel's quality, whatever it is, as ok: the hook of a relay that lies to the checker too. */
function relay(make: new (to: MessageSink, prng: Prng) => Relay): SimHooks {
  return { wrapChannel: (to, prng) => new make(to, prng) };
}

export interface Canary {
  name: string;
  hooks: SimHooks;
  /** What the checker must say. */
  finds: RegExp;
}

export const CANARIES: readonly Canary[] = [
  { name: "a message is dropped", hooks: relay(DropsOne), finds: /left out/ },
  { name: "a message is handed on twice", hooks: relay(RepeatsOne), finds: /again/ },
  { name: "a byte is changed", hooks: relay(ChangesAByte), finds: /not what was published/ },
  {
    name: "a gap is called ok",
    hooks: relay(HidesRecovering),
    finds: /ok with a gap|while ok|ok while|ok with messages|ok inside/,
  },
  { name: "silence is called ok", hooks: relay(HidesStale), finds: /not stale|ok before/ },
  {
    name: "the snapshot's end is off by one",
    hooks: { ...relay(MissesSnapshotEnd), plan: needsSnapshots },
    finds: /again|left out/,
  },
  {
    name: "books are not emptied before a snapshot",
    hooks: { ...relay(ForgetsReset), plan: needsSnapshots },
    finds: /not emptied/,
  },
  {
    name: "the number of a snapshot is taken for the last one in it",
    hooks: {
      plan: (plan) =>
        Object.assign(plan.channel, { glimpseSequenceIs: "last", join: "glimpse" }) && needsSnapshots(plan),
    },
    finds: /books are not those published|not whole|not stale|again|left out/,
  },
  {
    name: "books forget a message",
    hooks: { wrapBooks: (_, prng) => new ForgetfulBooks(0, false).forget(prng) },
    finds: /books are not those published/,
  },
];

function needsSnapshots(plan: { hasGlimpse: boolean; joinAfter: number; messages: number; isLenient: boolean }): void {
  plan.hasGlimpse = true;
  plan.isLenient = false;
  plan.joinAfter = Math.floor(plan.messages / 3);
}
