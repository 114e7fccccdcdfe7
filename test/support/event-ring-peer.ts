/**
 * The other process of the ring tests: takes one order as JSON, does it, and prints what came of it as JSON. Says
 * "attached" first when it is a reader.
 */
import { openRing } from "../../src/bus/bus-directory.ts";
import type { EventReaderOptions } from "../../src/bus/event-reader.ts";
import { EventRing } from "../../src/bus/event-ring.ts";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { ReaderSlots } from "../../src/bus/reader-slots.ts";
import { type WaitKind, WaitStrategy } from "../../src/bus/wait-strategy.ts";
import { SharedMemory } from "../../src/io/shared-memory.ts";
import { CheckingReader, writeEvent } from "./event-records.ts";

export type PeerOrder =
  /** Reads up to event number `to`. `holdAt`: takes that one and then nothing more, until it is told to go on. */
  | { role: "read"; path: string; policy: EventReaderOptions["policy"]; to: number; wait: WaitKind; holdAt?: number }
  /** The same over inherited descriptors: 3 is the data, read-only, 4 a control region of its own. */
  | { role: "read-fds"; to: number }
  /** Comes and goes `rounds` times, reading a little in between. */
  | { role: "come-and-go"; path: string; policy: EventReaderOptions["policy"]; rounds: number }
  | { role: "write"; path: string; to: number; batch: number; blockTimeoutNs: number }
  /** Answers each event on `path` with one on `answers`. */
  | { role: "echo"; path: string; answers: string; to: number };

export interface PeerAnswer {
  next: number;
  wrong: string;
  lost: number;
  overruns: number;
  expelled: boolean;
}

const say = (what: string) => process.stdout.write(`${what}\n`);

function answer(checking: CheckingReader): PeerAnswer {
  const { next, wrong, isExpelled: expelled, reader } = checking;
  return { next, wrong, lost: reader.lostTotalCount, overruns: reader.overrunCount, expelled };
}

function readTo(checking: CheckingReader, wait: WaitKind, to: number): void {
  const strategy = new WaitStrategy(wait, { parkTimeoutNs: 30e9 });
  while (checking.next <= to && !checking.isExpelled) {
    if (checking.poll() === 0) strategy.idle(checking.reader);
    else strategy.reset();
  }
  checking.reader.release();
}

async function read(order: Extract<PeerOrder, { role: "read" }>): Promise<PeerAnswer> {
  const { ring, close } = openRing(order.path, "reader");
  const checking = new CheckingReader(ring, { name: "peer", policy: order.policy });
  say("attached");
  if (order.holdAt !== undefined) {
    readTo(checking, order.wait, order.holdAt);
    say("holding");
    for await (const _ of process.stdin) break;
  }
  readTo(checking, order.wait, order.to);
  checking.reader.detach();
  close();
  return answer(checking);
}

function readFds(to: number): PeerAnswer {
  const data = SharedMemory.open(3, { isWritable: false });
  const control = SharedMemory.open(4, { isWritable: true });
  const checking = new CheckingReader(EventRing.attach(data), {
    name: "sandboxed",
    policy: "lossless-overrun",
    slots: ReaderSlots.attach(control),
  });
  say("attached");
  readTo(checking, "park", to);
  return answer(checking);
}

function comeAndGo(order: Extract<PeerOrder, { role: "come-and-go" }>): PeerAnswer {
  const { ring, close } = openRing(order.path, "reader");
  const sum: PeerAnswer = { next: 0, wrong: "", lost: 0, overruns: 0, expelled: false };
  for (let round = 0; round < order.rounds; round++) {
    const from = round % 2 === 0 ? "newest" : "oldest";
    const checking = new CheckingReader(ring, { name: `round ${round}`, policy: order.policy, from });
    checking.next = checking.reader.position + 1;
    for (let polls = 0; polls < round % 7; polls++) checking.poll();
    checking.reader.detach();
    sum.lost += checking.reader.lostTotalCount;
    sum.wrong ||= checking.wrong;
    sum.expelled ||= checking.isExpelled;
  }
  close();
  return sum;
}

function write(order: Extract<PeerOrder, { role: "write" }>): PeerAnswer {
  const { ring, close } = openRing(order.path, "writer");
  const writer = new EventWriter(ring, { blockTimeoutNs: order.blockTimeoutNs });
  for (let n = 1; n <= order.to; n++) {
    writeEvent(writer, n);
    if (n % order.batch === 0) writer.publish();
  }
  writer.publish();
  close();
  return { next: order.to + 1, wrong: "", lost: 0, overruns: 0, expelled: false };
}

function echo(order: Extract<PeerOrder, { role: "echo" }>): PeerAnswer {
  const [asked, answers] = [openRing(order.path, "reader"), openRing(order.answers, "writer")];
  const checking = new CheckingReader(asked.ring, { name: "echo", policy: "lossless-block" });
  const writer = new EventWriter(answers.ring);
  say("attached");
  while (checking.next <= order.to) {
    const n = checking.next;
    if (checking.poll() === 0) checking.reader.park(30e9);
    for (let i = n; i < checking.next; i++) writeEvent(writer, i);
    writer.publish();
  }
  checking.reader.detach();
  return answer(checking);
}

if (import.meta.main) {
  const order = JSON.parse(process.argv[2]!) as PeerOrder;
  if (order.role === "read") say(JSON.stringify(await read(order)));
  else if (order.role === "read-fds") say(JSON.stringify(readFds(order.to)));
  else if (order.role === "come-and-go") say(JSON.stringify(comeAndGo(order)));
  else if (order.role === "write") say(JSON.stringify(write(order)));
  else say(JSON.stringify(echo(order)));
  process.exit(0);
}
