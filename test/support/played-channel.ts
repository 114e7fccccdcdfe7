/** A channel without sockets, as captures use it: the receive stamps are its clock. */
import { Channel } from "../../src/ingest/channel.ts";
import type { ChannelOptions } from "../../src/ingest/options.ts";
import { RecordingSink } from "./net-recording-sink.ts";

const MS = 1e6;

/** Lines "a" and "b"; `give` hands a packet in at a time that never goes back. */
export function playedChannel(options: Partial<ChannelOptions> = {}) {
  const sink = new RecordingSink();
  const channel = new Channel({ name: "test", lines: [{ name: "a" }, { name: "b" }], ...options }, sink);
  let nowMs = 0;
  const give = (line: number, packet: Uint8Array, atMs = nowMs) => {
    nowMs = Math.max(nowMs, atMs);
    channel.packet(line, packet, new DataView(packet.buffer), 0, packet.length, atMs * MS);
  };
  const counts = () => {
    channel.publish();
    return channel.counters.toObject();
  };
  return { sink, channel, give, counts };
}
