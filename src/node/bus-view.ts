/** The rings as the admin API shows them. Cold: looks at each when it is asked. */
import type { BusView, MessageRingView } from "../admin/perf-contract.ts";
import { discoverRings, inspectRing } from "../bus/bus-directory.ts";
import type { RingReport } from "../bus/event-ring.ts";
import { MessageRing } from "../bus/message-ring.ts";
import { FathomError } from "../core/assert.ts";
import { clock } from "../io/clock.ts";
import type { ChannelHost } from "./channel-host.ts";
import { epochNs } from "./channel-view.ts";

export function busView(hosts: readonly ChannelHost[]): BusView {
  return {
    nowNs: epochNs(clock.realtimeNs()),
    messageRings: hosts.flatMap((host) => [
      controlRing(host),
      ...host.perf.shards.map((_, shard) => shardRing(host, shard)),
    ]),
    eventRings: ownEventRings(),
  };
}

/** By which the main thread asks the ingest thread; a publish a record. */
function controlRing({ name, controlRing: ring, controlCount }: ChannelHost): MessageRingView {
  return {
    name: `${name}/control`,
    channel: name,
    writer: "main",
    reader: "ingest",
    capacityBytes: ring.capacityBytes,
    depthBytes: ring.depthBytes,
    depthBytesMax: undefined,
    recordCount: controlCount,
    recordsPerSecond: undefined,
    publishCount: controlCount,
    publishesPerSecond: undefined,
    writerWaitCount: 0,
  };
}

function shardRing(host: ChannelHost, shard: number): MessageRingView {
  const { ingest, shards } = host.perf;
  const { counters, rates } = shards[shard]!;
  const ring = MessageRing.attach(host.books.memory.shards[shard]!.ring!);
  return {
    name: `${host.name}/shard${shard}`,
    channel: host.name,
    writer: "ingest",
    reader: `shard${shard}`,
    capacityBytes: ring.capacityBytes,
    depthBytes: ring.depthBytes,
    depthBytesMax: Math.max(ring.depthBytes, counters.get("queue.ring.bytesMax")),
    recordCount: counters.get("stage.apply.count"),
    recordsPerSecond: rates.perSecond("stage.apply.count"),
    publishCount: ingest.counters.get(`ring.shard${shard}.publishes`),
    publishesPerSecond: ingest.rates.perSecond(`ring.shard${shard}.publishes`),
    writerWaitCount: ingest.counters.get(`ring.shard${shard}.waits`),
  };
}

/** Of this process. One that goes away while it is looked at is left out. */
function ownEventRings(): RingReport[] {
  return discoverRings()
    .filter((place) => place.pid === process.pid)
    .flatMap((place) => {
      try {
        return [inspectRing(place.path)];
      } catch (error) {
        if (error instanceof FathomError) return [];
        throw error;
      }
    });
}
