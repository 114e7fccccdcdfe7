/** The API's answers about costs: what the appliance says comes out, under the schemas that are documented. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { BusSchema } from "../../src/admin/views/bus.ts";
import { StatusSchema } from "../../src/admin/views/node.ts";
import { PerfSchema } from "../../src/admin/views/perf.ts";
import { BusDirectory } from "../../src/bus/bus-directory.ts";
import { FathomError } from "../../src/core/assert.ts";
import { busView } from "../../src/node/bus-view.ts";
import { MemoryAppliance } from "../support/admin-appliance.ts";
import { startAdmin, type TestServer } from "../support/admin-server.ts";

class BusyAppliance extends MemoryAppliance {
  override bus() {
    return { ...super.bus(), eventRings: busView([]).eventRings };
  }
}

const appliance = new BusyAppliance("itch");
let server: TestServer;
beforeAll(async () => {
  server = await startAdmin(appliance);
});
afterAll(() => server.stop());

const json = async (path: string) => (await server.unix(path)).json();

test("/v1/perf: threads with their stages, queues and bursts, and what is put off", async () => {
  const perf = PerfSchema.strict().parse(await json("/v1/perf"));
  const [thread] = perf.threads;
  expect(thread).toMatchObject({
    thread: "ingest",
    idle: "park",
    pinned_cpu: null,
    warm_up: { messages: 120_000 },
    stages: [{ stage: "receive", unit: "packet", ns_per_unit: 700 }],
    queues: [{ queue: "line.a", depth_max_bytes: 9216 }],
    bursts: { total: 3, burst_depth_max: 0.7, last_drain_ns: 5e6, drain_max_ns: 21e6 },
  });
  expect(perf.degradation[0]!.measures).toEqual([
    { measure: "history", meaning: "history is put off", threshold: 0.4, active: true, taken: 2 },
    { measure: "queries", meaning: "questions are put off", threshold: null, active: false, taken: 0 },
  ]);
  expect(StatusSchema.parse(await json("/v1/status")).degradation).toEqual([]);
});

test("/v1/bus: rings between threads, and this process's event rings as soon as there are any", async () => {
  const before = BusSchema.strict().parse(await json("/v1/bus"));
  expect(before.message_rings[0]).toMatchObject({ name: "itch/control", writer: "main", depth_max_bytes: null });
  expect(before.event_rings).toEqual([]);
  const directory = BusDirectory.open(`perf-${process.pid}`);
  try {
    const options = { channel: "itch", channelId: 1, shard: 0, capacityRecords: 64, epochBaseSeconds: 0 };
    directory.createRing({ name: "itch-0", ...options });
    const { event_rings } = BusSchema.parse(await json("/v1/bus"));
    expect(event_rings).toMatchObject([
      { name: "itch-0", channel: "itch", state: "open", writer_pid: process.pid, records: 0, readers: [] },
    ]);
  } finally {
    directory.close();
  }
  expect(BusSchema.parse(await json("/v1/bus")).event_rings).toEqual([]);
});

test("a question that is put off is answered 503, with when to ask again", async () => {
  appliance.failure = new FathomError("too-busy", "queues are filling");
  try {
    const response = await server.unix("/v1/snapshot");
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ type: "urn:fathom:problem:too-busy", detail: "queues are filling" });
  } finally {
    appliance.failure = undefined;
  }
});
