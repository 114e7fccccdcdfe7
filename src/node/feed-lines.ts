/** A channel's lines, joined by the receive path that the settings ask for. */
import { type OpenedReceiver, openReceiver, type PacketReceiver, type ReceivePath } from "../io/receive-path.ts";
import type { ChannelSettings } from "./settings.ts";

/** What a joined line turned out to be. */
export interface JoinedLine {
  readonly name: string;
  readonly receiveBufferBytes: number;
  readonly receivePath: ReceivePath;
  /** Why this path. */
  readonly receiveReason: string;
  /** What the path's kernel drops are counted by; false: they are not known. */
  readonly countsKernelDrops: boolean;
}

export interface FeedLines {
  readonly receivers: readonly PacketReceiver[];
  readonly joined: readonly JoinedLine[];
  /** The thread must give its event loop a turn between calls. */
  readonly needsEventLoop: boolean;
}

/** Joins every line, or none. Throws what the sockets throw (`group-join-failed`, `port-in-use`, …). */
export function joinLines(settings: ChannelSettings): FeedLines {
  const opened: OpenedReceiver[] = [];
  try {
    for (const { group, port, interface: on, source } of settings.lines) {
      opened.push(
        openReceiver({
          path: settings.receive,
          group,
          port,
          interface: on,
          ...(source === undefined ? {} : { source }),
          receiveBufferBytes: settings.receiveBufferBytes,
        }),
      );
    }
  } catch (error) {
    for (const { receiver } of opened) receiver.close();
    throw error;
  }
  return {
    receivers: opened.map(({ receiver }) => receiver),
    joined: opened.map(({ receiver, path, reason, countsKernelDrops }, i) => ({
      name: settings.lines[i]!.name,
      receiveBufferBytes: receiver.receiveBufferBytes,
      receivePath: path,
      receiveReason: reason,
      countsKernelDrops,
    })),
    needsEventLoop: opened.some(({ needsEventLoop }) => needsEventLoop),
  };
}
