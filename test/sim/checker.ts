/**
 * The promise, as a `MessageSink` between the channel and its books: it knows what was published and what has been
 * heard, and throws `SimFailure` at the first thing that is not as promised.
 *
 * What it holds the channel to:
 * 1. each sequence once, in order, with the bytes that were published;
 * 2. whenever quality is ok, the books are those of a run without losses at the same sequence;
 * 3. silence makes the quality stale within two heartbeat intervals; a gap makes it not ok once it has been waited for;
 * 4. what is left out (given up, joined late) leaves the quality not ok from before the first message behind it, until
 *    a snapshot or a new session; books that are being filled are never ok.
 */
import { FastBooks } from "../../src/books/builder.ts";
import { StateHash } from "../../src/core/hash.ts";
import type { Prng } from "../../src/core/prng.ts";
import { Quality, qualityName } from "../../src/core/quality.ts";
import type { Channel } from "../../src/ingest/channel.ts";
import type { MessageSink } from "../../src/ingest/contract.ts";
import type { SimBooks } from "./books.ts";
import { CHECKPOINT_MESSAGES, referenceOf } from "./tape.ts";
import { type Episode, type SimClock, SimFailure } from "./world.ts";

export interface CheckerOptions {
  clock: SimClock;
  books: SimBooks;
  prng: Prng;
  /** Share of the checkpoints at which the books are hashed. */
  checkpointShare: number;
  /** Share of the duty cycles after which the books are held against a shadow fed without loss; 0: never. */
  shadowShare: number;
  heartbeatNs: number;
  gapWaitNs: number;
  /** Bits flip unseen: contents cannot be held against anything. */
  isLenient: boolean;
  /** Something lies between the channel and this, and may tell it another quality. */
  isCanary: boolean;
  trace: ((line: string) => void) | undefined;
}

export class Checker implements MessageSink {
  /** Everything that was told, folded. */
  readonly hash = new StateHash();
  episode: Episode | undefined;
  /** Something has been left out since the last snapshot or session. */
  isLossy = false;
  /** Every message of the session has been handed on. */
  isWhole = true;
  inSnapshot = false;
  messageCount = 0;
  comparedCount = 0;
  snapshotCount = 0;
  channel: Channel | undefined;
  /** Episodes that have begun, in order. */
  readonly episodes: Episode[] = [];
  /** Whom a snapshot in progress comes from. */
  snapshotOf: Episode | undefined;
  #expected = -1;
  #quality: Quality = Quality.stale;
  #isResetting = false;
  /** Since when something beyond the front has been known, the front not moving. */
  #stuckNs = -1;
  #stuckSequence = -1;
  #shadow: { episode: Episode; count: number; engine: FastBooks } | undefined;
  readonly #o: CheckerOptions;

  constructor(options: CheckerOptions) {
    this.#o = options;
  }

  #fail(what: string): never {
    throw new SimFailure(`${what} (at ${this.#o.clock.nowNs} ns, quality ${qualityName(this.#quality)})`);
  }

  /** A reset that no snapshot followed: a new session. */
  #settleReset(): void {
    if (!this.#isResetting) return;
    this.#isResetting = false;
    this.#joinEpisode();
  }

  #joinEpisode(): void {
    const session = this.channel!.session;
    // Of several lives of that name, the one that was heard last.
    this.episode = undefined;
    for (const episode of this.episodes)
      if (episode.plan.session === session && episode.heardNs >= (this.episode?.heardNs ?? Number.NEGATIVE_INFINITY))
        this.episode = episode;
    if (!this.episode && !this.#o.isLenient) this.#fail(`the channel follows a session that never was: ${session}`);
    this.#expected = -1;
    this.isLossy = false;
    this.isWhole = true;
    this.inSnapshot = false;
    // What came before the channel followed it was kept aside, or not.
    if (this.episode) this.episode.highSequence = 0;
    this.#stuckNs = -1;
    this.#o.trace?.(`session ${session}, episode ${this.episode?.index}`);
  }

  message(bytes: Uint8Array, view: DataView, offset: number, length: number, sequence: number, tsRecvNs: number): void {
    this.messageCount++;
    this.#settleReset();
    if (sequence === 0) {
      if (!this.inSnapshot) this.#fail("a snapshot's message outside a snapshot");
    } else if (!this.#o.isLenient) this.#live(view, offset, length, sequence);
    this.#o.books.message(bytes, view, offset, length, sequence, tsRecvNs);
    if (sequence !== 0 && (sequence - this.#base) % CHECKPOINT_MESSAGES === 0) this.#checkpoint(sequence);
  }

  get #base(): number {
    return this.episode?.plan.base ?? 0;
  }

  #live(view: DataView, offset: number, length: number, sequence: number): void {
    if (this.inSnapshot) this.#fail(`live message ${sequence} inside a snapshot`);
    if (!this.episode) this.#joinEpisode();
    const episode = this.episode!;
    const index = sequence - episode.plan.base - 1;
    if (sequence !== this.#expected) this.#jump(sequence, index);
    if (index < 0 || index >= episode.published) this.#fail(`message ${sequence} was never published`);
    const { tape } = episode;
    const at = tape.offsets[index]! + 2;
    if (length !== tape.offsets[index + 1]! - at) this.#fail(`message ${sequence} has not the length it had`);
    for (let i = 0; i < length; i++)
      if (view.getUint8(offset + i) !== tape.bytes[at + i]) this.#fail(`message ${sequence} is not what was published`);
    this.#expected = sequence + 1;
    this.hash.u32(index);
  }

  #jump(sequence: number, index: number): void {
    const isFirst = this.#expected < 0;
    if (!isFirst && sequence < this.#expected) this.#fail(`message ${sequence} again, ${this.#expected} was due`);
    if (isFirst && index === 0) return;
    this.#o.trace?.(`left out: [${this.#expected}, ${sequence})`);
    this.isLossy = true;
    this.isWhole = false;
    if (this.#quality === Quality.ok) this.#fail(`ok while [${this.#expected}, ${sequence}) was left out`);
  }

  #checkpoint(sequence: number): void {
    if (this.isLossy || this.#o.isLenient || !this.#o.prng.chance(this.#o.checkpointShare)) return;
    this.compare(sequence - this.#base);
  }

  /** Holds the books against the reference after `count` messages of the episode. */
  compare(count: number): void {
    const reference = this.episode!.tape.referenceAt(count);
    if (!reference) return;
    this.comparedCount++;
    const hashes = this.#o.books.hashes();
    if (hashes.state !== reference.state) this.#fail(`after ${count} messages the books are not those published`);
    if (this.isWhole && hashes.session !== reference.session)
      this.#fail(`after ${count} messages the books' session is not the one published`);
  }

  batchEnd(): void {
    this.#settleReset();
    this.#o.books.batchEnd();
  }

  reset(): void {
    this.#settleReset();
    this.#isResetting = true;
    this.#o.trace?.("books are emptied");
    if (this.#quality === Quality.ok) this.#fail("the books are emptied while ok");
    this.#o.books.reset();
  }

  snapshotBegin(): void {
    if (!this.#isResetting) this.#fail("a snapshot into books that were not emptied");
    this.#isResetting = false;
    if (!this.episode) this.#joinEpisode();
    this.inSnapshot = true;
    this.snapshotCount++;
    this.#o.trace?.("snapshot begins");
    this.#o.books.snapshotBegin();
  }

  snapshotEnd(nextSequence: number): void {
    if (!this.inSnapshot) this.#fail("the end of a snapshot that did not begin");
    this.inSnapshot = false;
    this.isLossy = false;
    this.isWhole = false;
    this.#expected = nextSequence;
    this.hash.u53(nextSequence);
    const from = this.snapshotOf!;
    this.#o.trace?.(`snapshot up to ${nextSequence} of episode ${from.index}`);
    if (from !== this.episode) {
      // Restarted under its old name: the snapshot is how the channel learns of it.
      if (from.plan.session === this.episode!.plan.session) this.episode = from;
      else this.#fail(`books of session ${from.plan.session} in session ${this.episode!.plan.session}`);
    }
    this.#o.books.snapshotEnd(nextSequence);
  }

  quality(quality: Quality): void {
    this.#settleReset();
    this.#quality = quality;
    this.hash.u32(quality);
    this.hash.u53(this.#o.clock.nowNs);
    this.#o.trace?.(`quality ${qualityName(quality)}`);
    this.#o.books.quality(quality);
  }

  /** After each duty cycle of the channel. */
  check(): void {
    this.#settleReset();
    const quality = this.#quality;
    if (!this.#o.isLenient) this.#checkQuality(quality);
    if (!this.#o.isCanary && quality !== this.channel!.quality)
      this.#fail("the books were not told the channel's quality");
  }

  #checkQuality(quality: Quality): void {
    if (quality === Quality.ok && this.isLossy) this.#fail("ok with messages left out");
    if (quality === Quality.ok && this.inSnapshot) this.#fail("ok inside a snapshot");
    if (!this.episode && this.channel!.session !== "") this.#joinEpisode();
    const { episode } = this;
    if (!episode) {
      if (quality === Quality.ok) this.#fail("ok before the first session");
      return;
    }
    const { nowNs } = this.#o.clock;
    this.#noteLoss(episode, quality);
    if (this.#expected >= 0) episode.frontSequence = this.#expected;
    if (nowNs - episode.heardNs > 2 * this.#o.heartbeatNs && quality < Quality.stale)
      this.#fail(`not stale ${nowNs - episode.heardNs} ns after the front was last heard of`);
    this.#checkGap(episode, nowNs);
    if (this.#o.shadowShare > 0 && quality === Quality.ok && this.#o.prng.chance(this.#o.shadowShare)) this.#shadowed();
  }

  /** The channel has gone on without handing on what it left out: nothing has come behind it yet. */
  #noteLoss(episode: Episode, quality: Quality): void {
    const { nextSequence, state } = this.channel!;
    const handedOn = this.#expected < 0 ? episode.plan.base + 1 : this.#expected;
    if (this.isLossy || this.inSnapshot || (state !== "live" && state !== "ended") || nextSequence <= handedOn) return;
    this.isLossy = true;
    this.isWhole = false;
    if (quality === Quality.ok) this.#fail(`ok, but [${handedOn}, ${nextSequence}) was left out`);
  }

  #checkGap(episode: Episode, nowNs: number): void {
    const sequence = this.#expected;
    if (episode.highSequence <= sequence || sequence < 0) {
      this.#stuckNs = -1;
      return;
    }
    if (this.#stuckNs < 0 || sequence !== this.#stuckSequence) {
      this.#stuckNs = nowNs;
      this.#stuckSequence = sequence;
    } else if (nowNs - this.#stuckNs > this.#o.gapWaitNs && this.#quality === Quality.ok)
      this.#fail(`ok with a gap at ${sequence} while ${episode.highSequence} is known of`);
  }

  /** At any sequence, not only at a checkpoint: against a book that is fed up to here without loss. */
  #shadowed(): void {
    const episode = this.episode!;
    const count = this.#expected - episode.plan.base - 1;
    if (this.#expected < 0) return;
    if (this.#shadow?.episode !== episode || this.#shadow.count > count)
      this.#shadow = { episode, count: 0, engine: new FastBooks() };
    episode.tape.play(this.#shadow.engine, this.#shadow.count, count);
    this.#shadow.count = count;
    this.comparedCount++;
    this.#o.books.batchEnd();
    const answer = this.#o.books.rig.cut({ locates: null, hash: true });
    if (answer.sequence !== this.#expected - 1) this.#fail(`a cut at ${answer.sequence}, not ${this.#expected - 1}`);
    if (answer.quality !== this.#quality) this.#fail("a cut of another quality");
    const reference = referenceOf(this.#shadow.engine);
    if (answer.stateHash !== reference.state) this.#fail(`at ${answer.sequence} the books are not those published`);
    if (this.isWhole && answer.sessionHash !== reference.session) this.#fail("the books' session is another");
  }

  get nextSequence(): number {
    return this.#expected;
  }
}
