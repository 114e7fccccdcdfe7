/** What all parts of a simulated world share: the time, and the sessions that an exchange lives through. */
import { sessionBytes } from "../../src/wire/moldudp64.ts";
import { type Packing, type Tape, tapeOf } from "./tape.ts";

/** The simulated time; only the simulator moves it. */
export class SimClock {
  /** Any start that is not 0 will do. */
  nowNs = 1e12;
}

/** One life of the exchange: a session from its first message to its end, or to its sudden death. */
export interface EpisodePlan {
  session: string;
  tape: number;
  /** Messages published in it. */
  messages: number;
  /** The first message's sequence is this + 1. */
  base: number;
  /** By line: how the tape is cut into packets. */
  cuts: readonly number[];
  /** How it comes to its end. */
  end: "end-of-session" | "crash";
  /** Quiet time between its end and what follows. */
  downNs: number;
  /** Same session as the one before: it must be seen to have begun anew before it speaks. */
  isRestart: boolean;
}

let serials = 0;

export class Episode {
  /** Unlike any other of this process. */
  readonly serial = ++serials;
  readonly session10: Uint8Array;
  readonly tape: Tape;
  readonly packings: readonly Packing[];
  /** Messages published so far. */
  published = 0;
  /** What the channel has handed on ends before this sequence (told by the checker). */
  frontSequence = 0;
  /** When a line last spoke of the front to the channel, and the highest sequence that any spoke of. */
  heardNs = Number.NEGATIVE_INFINITY;
  highSequence = 0;

  constructor(
    readonly index: number,
    readonly plan: EpisodePlan,
    tapeMessages: number,
  ) {
    this.session10 = sessionBytes(plan.session);
    this.tape = tapeOf(plan.tape, tapeMessages);
    this.packings = plan.cuts.map((cut) => this.tape.packing(cut));
  }

  get nextSequence(): number {
    return this.plan.base + 1 + this.published;
  }
}

/** A promise that was not kept. */
export class SimFailure extends Error {}
