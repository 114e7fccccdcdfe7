/**
 * One-way latency over an event ring: spinning between threads and between processes, parked between processes; beside
 * the same ring and a bare futex in C. Plain functions for other suites; run as a program it alternates them and prints
 * one JSON object with medians and spreads.
 *
 *     bun test/bench/bus-latency.ts [spin|park] [RUNS]
 *
 * A stamp is taken just before a record is published, and again when the reader has it: the clock (20 ns by FFI) is in.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusDirectory, openRing } from "../../src/bus/bus-directory.ts";
import { EventReader } from "../../src/bus/event-reader.ts";
import { EventDouble, EventWord } from "../../src/bus/event-record.ts";
import { EventRing, type ThreadRingMemory } from "../../src/bus/event-ring.ts";
import { EventWriter } from "../../src/bus/event-writer.ts";
import { type WaitKind, WaitStrategy } from "../../src/bus/wait-strategy.ts";
import { clock } from "../../src/io/clock.ts";
import { FutexWait, futexWait, futexWake } from "../../src/io/futex.ts";
import { SharedMemory } from "../../src/io/shared-memory.ts";
import { waitReadable } from "../../src/io/wait.ts";

/** Nanoseconds. */
export interface Latency {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

export interface Pace {
  /** Records that are counted. As many as `warm` come before, closer together: the engine compiles meanwhile. */
  count: number;
  warm: number;
  gapNs: number;
}

const WARM_GAP_NS = 20_000;
const SPIN: Pace = { count: 30_000, warm: 15_000, gapNs: 20_000 };
const PARK: Pace = { count: 3000, warm: 20_000, gapNs: 200_000 };
const RING = {
  ...{ name: "latency", channel: "bench", channelId: 0, shard: 0 },
  ...{ capacityRecords: 4096, epochBaseSeconds: 0 },
};

type Order =
  | ({ role: "ring"; path: string; wait: WaitKind } & Pace)
  | ({ role: "futex"; path: string } & Pace)
  | ({ role: "thread"; memory: ThreadRingMemory } & Pace);

function percentiles(samples: Float64Array): Latency {
  samples.sort();
  const at = (ratio: number) => samples[Math.min(samples.length - 1, Math.floor(samples.length * ratio))]!;
  return { count: samples.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

/** The writing side: a record every `gapNs`, stamped when it goes. */
function sendPaced(ring: EventRing, { count, warm, gapNs }: Pace): void {
  const writer = new EventWriter(ring);
  const { words, doubles } = writer;
  let next = clock.monotonicNs() + 1e6;
  for (let i = 0; i < count + warm; i++) {
    let nowNs = clock.monotonicNs();
    while (nowNs < next) nowNs = clock.monotonicNs();
    const gap = i < warm ? WARM_GAP_NS : gapNs;
    next = Math.max(next, nowNs) + gap;
    const at = writer.claim();
    const double = at >>> 1;
    doubles[double + EventDouble.sequence] = i;
    doubles[double + EventDouble.tsEventNs] = i;
    for (let word = EventWord.head; word <= EventWord.shares; word++) words[at + word] = i;
    doubles[double + EventDouble.amount] = i;
    doubles[double + EventDouble.tsRecvNs] = clock.monotonicNs();
    writer.commit();
    writer.publish();
  }
}

/** The reading side. */
function receive(ring: EventRing, wait: WaitKind, { count, warm }: Pace): Latency {
  const reader = new EventReader(ring, { name: "latency", policy: "lossless-overrun" });
  const strategy = new WaitStrategy(wait, { parkTimeoutNs: 1e9 });
  const samples = new Float64Array(count);
  let received = 0;
  let kept = 0;
  while (received < count + warm) {
    const polled = reader.poll();
    if (polled === 0) {
      strategy.idle(reader);
      continue;
    }
    const nowNs = clock.monotonicNs();
    strategy.reset();
    if (polled < 0) throw new Error("the reader was overrun");
    // A parked reader is measured by its wake-ups, as the bare futex is: by the newest of what it finds.
    const first = wait === "park" ? polled - 1 : 0;
    received += polled;
    if (received <= warm) continue;
    for (let i = first; i < polled && kept < count; i++)
      samples[kept++] = nowNs - reader.doubles[i * 8 + EventDouble.tsRecvNs]!;
  }
  reader.detach();
  return percentiles(samples.subarray(0, kept));
}

const NO_FDS = new Int32Array(1);

function awaitReader(ring: EventRing): void {
  while (ring.report().readers.length === 0) waitReadable(NO_FDS, 0, 1);
}

async function output(child: Bun.Subprocess<"ignore", "pipe", "inherit">): Promise<Latency> {
  const text = await new Response(child.stdout).text();
  await child.exited;
  return JSON.parse(text) as Latency;
}

function spawnPeer(order: Order) {
  return Bun.spawn([process.execPath, import.meta.path, "peer", JSON.stringify(order)], { stdout: "pipe" });
}

/** Writer here, reader in another process. */
export async function ringBetweenProcesses(wait: WaitKind, pace: Pace): Promise<Latency> {
  const directory = BusDirectory.open("bench");
  try {
    const { ring, path } = directory.createRing(RING);
    const child = spawnPeer({ role: "ring", path, wait, ...pace });
    awaitReader(ring);
    sendPaced(ring, pace);
    return await output(child);
  } finally {
    directory.close();
  }
}

/** Writer here, reader in a worker of this process. */
export async function ringBetweenThreads(pace: Pace): Promise<Latency> {
  const ring = EventRing.createForThreads(RING);
  const worker = new Worker(import.meta.url, { argv: ["thread"] } as WorkerOptions);
  const { promise, resolve } = Promise.withResolvers<Latency>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.postMessage({ role: "thread", memory: ring.threadMemory, ...pace });
  awaitReader(ring);
  sendPaced(ring, pace);
  const latency = await promise;
  worker.terminate();
  return latency;
}

/** A bare futex by FFI: word, stamp, and whether the other sleeps, as in `c/futex-wake.c`. */
export async function futexBetweenProcesses(pace: Pace): Promise<Latency> {
  const folder = mkdtempSync("/dev/shm/fathom-bench-");
  const memory = SharedMemory.createFile(join(folder, "word"), 4096);
  try {
    const [words, doubles] = [new Int32Array(memory.buffer), new Float64Array(memory.buffer)];
    const child = spawnPeer({ role: "futex", path: memory.path!, ...pace });
    while (Atomics.load(words, 16) === 0) waitReadable(NO_FDS, 0, 1);
    let next = clock.monotonicNs() + 1e6;
    for (let i = 1; i <= pace.count + pace.warm; i++) {
      let nowNs = clock.monotonicNs();
      while (nowNs < next) nowNs = clock.monotonicNs();
      next = Math.max(next, nowNs) + (i < pace.warm ? WARM_GAP_NS : pace.gapNs);
      doubles[1] = clock.monotonicNs();
      Atomics.store(words, 0, i);
      if (Atomics.load(words, 16) !== 0) futexWake(memory.address, false);
    }
    return await output(child);
  } finally {
    memory.close();
    rmSync(folder, { recursive: true });
  }
}

function sleepOnFutex(path: string, { count, warm }: Pace): Latency {
  const memory = SharedMemory.open(path, { isWritable: true });
  const [words, doubles] = [new Int32Array(memory.buffer), new Float64Array(memory.buffer)];
  const samples = new Float64Array(count);
  let kept = 0;
  for (let seen = 0; seen < count + warm; ) {
    Atomics.store(words, 16, 1);
    while (Atomics.load(words, 0) === seen)
      if (futexWait(memory.address, seen, 1e9, false) === FutexWait.changed) break;
    const nowNs = clock.monotonicNs();
    Atomics.store(words, 16, 0);
    seen = Atomics.load(words, 0);
    if (seen > warm) samples[kept++] = nowNs - doubles[1]!;
  }
  return percentiles(samples.subarray(0, kept));
}

/** Compiles a C program of `c/` into the folder; undefined where there is no compiler. */
function compile(name: string, folder: string): string | undefined {
  const program = join(folder, name);
  const source = join(import.meta.dir, "c", `${name}.c`);
  if (Bun.which("gcc") === null) return undefined;
  return Bun.spawnSync(["gcc", "-O2", "-o", program, source]).exitCode === 0 ? program : undefined;
}

async function runC(program: string, { count, gapNs }: Pace): Promise<Latency> {
  return output(Bun.spawn([program, `${count}`, `${gapNs}`], { stdout: "pipe" }));
}

type Case = [name: string, run: () => Promise<Latency>];

function cases(suite: "spin" | "park", folder: string): Case[] {
  if (suite === "spin") {
    const c = compile("ring", folder);
    return [
      ["ring, processes", () => ringBetweenProcesses("spin", SPIN)],
      ...(c ? [["ring in C, processes", () => runC(c, SPIN)] as Case] : []),
      ["ring, threads", () => ringBetweenThreads(SPIN)],
    ];
  }
  const c = compile("futex-wake", folder);
  return [
    ["ring, parked", () => ringBetweenProcesses("park", PARK)],
    ...(c ? [["bare futex in C", () => runC(c, PARK)] as Case] : []),
    ["bare futex by FFI", () => futexBetweenProcesses(PARK)],
  ];
}

const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Alternating runs of all cases of a suite: medians of each percentile, with the lowest and highest. */
export async function latencySuite(suite: "spin" | "park", runs: number) {
  const folder = mkdtempSync(join(tmpdir(), "bus-latency-"));
  try {
    const all = cases(suite, folder);
    const results = all.map(() => [] as Latency[]);
    for (let run = 0; run < runs; run++)
      for (const [i, [, measure]] of all.entries()) results[i]!.push(await measure());
    return Object.fromEntries(
      all.map(([name], i) => {
        const of = (key: "p50" | "p99" | "p999" | "max") => {
          const values = results[i]!.map((latency) => Math.round(latency[key]));
          return { median: middle(values), min: Math.min(...values), max: Math.max(...values) };
        };
        return [name, { p50: of("p50"), p99: of("p99"), p999: of("p999"), max: of("max") }];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (!Bun.isMainThread) {
  self.onmessage = ({ data }: MessageEvent<Extract<Order, { role: "thread" }>>) => {
    postMessage(receive(EventRing.attachThread(data.memory), "spin", data));
  };
} else if (import.meta.main && process.argv[2] === "peer") {
  const order = JSON.parse(process.argv[3]!) as Order;
  if (order.role === "futex") process.stdout.write(JSON.stringify(sleepOnFutex(order.path, order)));
  else if (order.role === "ring") {
    const { ring } = openRing(order.path, "reader");
    process.stdout.write(JSON.stringify(receive(ring, order.wait, order)));
  }
} else if (import.meta.main) {
  const suites = process.argv[2] ? [process.argv[2] as "spin" | "park"] : (["spin", "park"] as const);
  for (const suite of suites) {
    const result = await latencySuite(suite, Number(process.argv[3] ?? 3));
    process.stdout.write(`${JSON.stringify({ suite, unit: "ns", cases: result }, undefined, 2)}\n`);
  }
}
