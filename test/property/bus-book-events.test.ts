/** Whoever listens to the events alone has the books: on every tape, good or bad, at the end of every batch. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { BookEvents, EVENT_KINDS_ALL, EVENT_KINDS_DEFAULT } from "../../src/books/book-events.ts";
import { FastBooks } from "../../src/books/builder.ts";
import type { BookEngine } from "../../src/books/contract.ts";
import { NaiveBooks } from "../../src/books/naive.ts";
import { EventReader } from "../../src/bus/event-reader.ts";
import { decodeEvent, type EventImage } from "../../src/bus/event-record.ts";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { Quality } from "../../src/core/quality.ts";
import { apply, applyAll } from "../support/books.ts";
import { anyMessage, OPENING } from "../support/books-arbitraries.ts";
import { makeRing } from "../support/event-records.ts";
import { EventsRig } from "../support/events-rig.ts";

const ENGINES: [name: string, make: () => BookEngine][] = [
  ["NaiveBooks", () => new NaiveBooks()],
  ["FastBooks", () => new FastBooks()],
  ["FastBooks, pools that must grow", () => new FastBooks({ orderCapacity: 2 })],
  ["FastBooks, hashed references", () => new FastBooks({ indexPageMax: 0 })],
];

/** What comes over a channel: messages, ends of batches, and what ingest says besides. */
const step = fc.oneof(
  { weight: 40, arbitrary: anyMessage.map((message) => ({ type: "message" as const, message })) },
  { weight: 8, arbitrary: fc.constant({ type: "batchEnd" as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...Object.values(Quality)).map((quality) => ({ type: "quality" as const, quality })),
  },
  { weight: 1, arbitrary: fc.constant({ type: "newSession" as const }) },
  {
    weight: 1,
    arbitrary: fc.array(anyMessage, { maxLength: 40 }).map((messages) => ({ type: "snapshot" as const, messages })),
  },
  { weight: 1, arbitrary: fc.constant({ type: "cut" as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const stream = fc.array(step, { minLength: 1, maxLength: 300, size: "max" });

/** Plays one step; how many cuts it made. */
function play(rig: EventsRig, one: Step): void {
  const { dispatcher } = rig;
  if (one.type === "message") rig.message(one.message);
  else if (one.type === "batchEnd") rig.batchEnd();
  else if (one.type === "quality") dispatcher.quality(one.quality);
  else if (one.type === "cut") dispatcher.cut({ id: 7, locates: null });
  else if (one.type === "newSession") {
    dispatcher.reset();
    rig.sequence = 0;
    for (const message of OPENING) rig.message(message);
  } else {
    const next = rig.sequence + 1;
    dispatcher.reset();
    dispatcher.snapshotBegin();
    for (const message of [...OPENING, ...one.messages]) rig.message(message, 0);
    dispatcher.snapshotEnd(next);
  }
}

function check(rig: EventsRig, hasLevels: boolean): void {
  for (const books of rig.rebuilt) {
    books.checkTops();
    if (hasLevels) books.checkLevels();
    expect(books.wrong).toBe("");
  }
  const [there, rebuilt] = rig.compare();
  expect(rebuilt).toEqual(there);
}

test.each([
  ["inline", 0, EVENT_KINDS_ALL],
  ["inline, without levels", 0, EVENT_KINDS_DEFAULT],
  ["one shard behind a ring", 1, EVENT_KINDS_ALL],
  ["three shards", 3, EVENT_KINDS_DEFAULT],
])("books rebuilt from events are the engine's, queues and all: %s", (_name, shards, kinds) => {
  fc.assert(
    fc.property(stream, (steps) => {
      const rig = new EventsRig({ shards, kinds });
      for (const message of OPENING) rig.message(message);
      for (const one of steps) {
        play(rig, one);
        if (one.type === "message") continue;
        // All but a message ends a batch.
        rig.turn();
        if (one.type === "batchEnd") check(rig, kinds === EVENT_KINDS_ALL);
      }
      rig.batchEnd();
      check(rig, kinds === EVENT_KINDS_ALL);
      const cuts = steps.filter(({ type }) => type === "cut").length;
      for (const books of rig.rebuilt) expect(books.barriers.map(({ id }) => id)).toEqual(Array(cuts).fill(7));
    }),
    { numRuns: 60 },
  );
});

/** All that an engine says about a tape, in several batches and sessions. */
function eventsOf(make: () => BookEngine, sessions: readonly (readonly Uint8Array[])[]): EventImage[] {
  const { ring } = makeRing("a SharedArrayBuffer", { capacityRecords: 16384 });
  const reader = new EventReader(ring, { name: "r", policy: "lossless-overrun" });
  const events = new BookEvents(new EventWriter(ring), EVENT_KINDS_ALL);
  const engine = make();
  engine.tell(events);
  const images: EventImage[] = [];
  let sequence = 0;
  const publish = () => {
    events.publish();
    for (let count = reader.poll(); count !== 0; count = reader.poll())
      for (let i = 0; i < count; i++) images.push(decodeEvent(reader.words, reader.doubles, i * 16));
  };
  for (const messages of sessions) {
    engine.reset();
    applyAll(engine, ...OPENING);
    for (const message of messages) {
      events.begin(++sequence, sequence * 10, sequence * 100);
      apply(engine, message);
      if (sequence % 10 === 0) publish();
    }
    publish();
  }
  return images;
}

test.each(ENGINES.slice(1))("%s says what the naive book says, word for word", (_name, make) => {
  const tape = fc.array(fc.array(anyMessage, { maxLength: 300, size: "max" }), { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(tape, (sessions) => {
      expect(eventsOf(make, sessions)).toEqual(eventsOf(() => new NaiveBooks(), sessions));
    }),
    { numRuns: 60 },
  );
});
