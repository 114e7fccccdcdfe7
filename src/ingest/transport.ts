/**
 * What a channel needs of the world, as interfaces: the sockets of `io/` satisfy them, and so can a simulated network.
 * Everything is polled; nothing blocks and nothing throws.
 */

/** A line: datagrams that come in batches (`io/udp-receiver.ts`). */
export interface PacketReceiver {
  /** Takes what is there, at most a batch; returns how many packets. They are valid until the next call. */
  receive(): number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  packetOffset(index: number): number;
  packetLength(index: number): number;
  /** The packet was longer than what the receiver takes: only its beginning is there. */
  packetTruncated(index: number): boolean;
  /** Kernel receive stamp, ns since the epoch base. */
  packetStampNs(index: number): number;
  /** Packets that the kernel threw away, so far. */
  readonly dropCount: number;
  /** For `waitReadable`; negative when there is none. */
  readonly fd: number;
  close(): void;
}

/** Datagrams to and from servers (`io/udp-unicast.ts`). */
export interface Datagrams {
  /** The next datagram's length, or -1. It lies at the start of `bytes` until the next call. */
  receive(): number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly stampNs: number;
  readonly truncated: boolean;
  sendTo(bytes: Uint8Array, offset: number, length: number, address: string, port: number): boolean;
  readonly fd: number;
  close(): void;
}

/** A connection (`io/tcp.ts`). */
export interface ByteStream {
  readonly state: "connecting" | "open" | "closed";
  /** Why it is closed, when that was not in good order. */
  readonly error: string | undefined;
  /** Moves a connection attempt on. */
  poll(): "connecting" | "open" | "closed";
  /** Bytes taken; 0 when there is no room just now, -1 when closed. */
  send(bytes: Uint8Array, offset: number, length: number): number;
  /** Bytes received; 0 when there are none just now, -1 when closed. */
  receive(bytes: Uint8Array, offset: number, length: number): number;
  readonly fd: number;
  close(): void;
}

/** Whoever wants to know what a line's batches cost. The channel's batches end with the sink's `batchEnd`. */
export interface BatchMeter {
  /** A line is about to be asked for a batch. */
  receiving(): void;
  /** It brought so many packets, 0 for none, which lie in `bytes` until it is asked again. */
  received(packetCount: number, bytes: Uint8Array): void;
  /** All of them have been through arbitration. */
  arbitrated(): void;
}

/** Everything a channel is connected to. A capture has none of it. */
export interface ChannelTransports {
  /** One a line, in the order of `ChannelOptions.lines`. */
  readonly receivers: readonly PacketReceiver[];
  /** For re-requests and their answers; without it none are made. */
  readonly datagrams?: Datagrams | undefined;
  /** Opens the connection to the GLIMPSE server; without it there are no snapshots. */
  readonly connect?: ((host: string, port: number) => ByteStream) | undefined;
  readonly meter?: BatchMeter | undefined;
}
