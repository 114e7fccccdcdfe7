/**
 * A line's receiver on Bun's own UDP socket: the last resort, for systems on which the C library cannot be called. It
 * costs twice what `recvmmsg` costs, and gives less:
 *
 * - Datagrams arrive by callbacks, so the thread must give its event loop a turn between calls of `receive` (`await`
 *   something); a loop that never returns receives nothing. There is no descriptor to wait for.
 * - Stamps are of the callback, not of the kernel. What the kernel drops is not known: `dropCount` is only what this
 *   buffer had no room for.
 * - A port has one receiver a host, and the kernel's buffer has the system's default size. Groups that other programs
 *   joined on another interface are heard too, if they have the same address and port.
 *
 * Calls nothing of `libc.ts` that could fail where there is none.
 */
import { networkInterfaces } from "node:os";
import { FathomError } from "../core/assert.ts";
import { clock } from "./clock.ts";
import { isMulticast, parseIpv4 } from "./sockets.ts";
import type { UdpReceiverOptions } from "./udp-receiver.ts";

const BATCH_DEFAULT = 64;
const PACKET_BYTES_DEFAULT = 9216;
const MS_PER_DAY = 86_400_000;
const NS_PER_MS = 1e6;

type Handler = Bun.udp.SocketHandler<"uint8array">;
type Socket = Bun.udp.Socket<"uint8array">;

export class BunReceiver {
  /** Slots of equal size, used in turn. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** There is nothing to wait for. */
  readonly fd = -1;
  readonly localPort: number;
  /** The room of the slots. */
  readonly receiveBufferBytes: number;
  /** Datagrams for which no slot was free; the kernel's own drops are not known. */
  dropCount = 0;
  readonly #socket: Socket;
  readonly #batch: number;
  readonly #slotBytes: number;
  readonly #slotCount: number;
  readonly #lengths: Int32Array;
  readonly #truncated: Uint8Array;
  readonly #stampsNs: Float64Array;
  readonly #nowNs = realtimeReader();
  /** The first slot of the batch, the batch's length, and the slots in use from the first on. */
  #first = 0;
  #batchCount = 0;
  #usedCount = 0;
  #closed = false;

  /** Throws `bad-address`, `interface-not-found`, `port-in-use`, `bind-failed` or `group-join-failed`. */
  constructor(options: UdpReceiverOptions) {
    this.#batch = options.batch ?? BATCH_DEFAULT;
    this.#slotBytes = Math.ceil((options.packetBytesMax ?? PACKET_BYTES_DEFAULT) / 64) * 64;
    this.#slotCount = Math.max(this.#batch * 2, Math.floor(options.receiveBufferBytes / this.#slotBytes));
    this.receiveBufferBytes = this.#slotCount * this.#slotBytes;
    this.bytes = new Uint8Array(new ArrayBuffer(this.receiveBufferBytes));
    this.view = new DataView(this.bytes.buffer);
    this.#lengths = new Int32Array(this.#slotCount);
    this.#truncated = new Uint8Array(this.#slotCount);
    this.#stampsNs = new Float64Array(this.#slotCount);
    this.#socket = openSocket(options, { data: (_, data) => this.#store(data) });
    this.localPort = this.#socket.port;
  }

  #store(data: Uint8Array): void {
    if (this.#usedCount === this.#slotCount) {
      this.dropCount++;
      return;
    }
    const slot = (this.#first + this.#usedCount) % this.#slotCount;
    const length = Math.min(data.byteLength, this.#slotBytes);
    this.bytes.set(length === data.byteLength ? data : data.subarray(0, length), slot * this.#slotBytes);
    this.#lengths[slot] = length;
    this.#truncated[slot] = length < data.byteLength ? 1 : 0;
    this.#stampsNs[slot] = this.#nowNs();
    this.#usedCount++;
  }

  /** Gives the last batch's slots back and takes what the callbacks have stored since, at most a batch. */
  receive(): number {
    if (this.#closed) return 0;
    this.#first = (this.#first + this.#batchCount) % this.#slotCount;
    this.#usedCount -= this.#batchCount;
    this.#batchCount = Math.min(this.#usedCount, this.#batch);
    return this.#batchCount;
  }

  #slot(i: number): number {
    return (this.#first + i) % this.#slotCount;
  }

  packetOffset(i: number): number {
    return this.#slot(i) * this.#slotBytes;
  }

  packetLength(i: number): number {
    return this.#lengths[this.#slot(i)]!;
  }

  packetTruncated(i: number): boolean {
    return this.#truncated[this.#slot(i)] !== 0;
  }

  /** When the callback ran, ns since the epoch base. */
  packetStampNs(i: number): number {
    return this.#stampsNs[this.#slot(i)]!;
  }

  /** The slots in use. */
  queueBytes(): number {
    return this.#usedCount * this.#slotBytes;
  }

  /** Leaves the group and gives the port back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}

function openSocket(options: UdpReceiverOptions, handler: Handler): Socket {
  const isGroup = isMulticast(parseIpv4(options.group));
  if (options.source !== undefined) parseIpv4(options.source);
  const address = isGroup ? interfaceAddress(options.interface) : "";
  const socket = bindSocket(options, handler);
  if (!isGroup) return socket;
  try {
    if (options.source === undefined) socket.addMembership(options.group, address);
    else socket.addSourceSpecificMembership(options.source, options.group, address);
    return socket;
  } catch (cause) {
    socket.close();
    const from = options.source === undefined ? "" : ` from ${options.source}`;
    const what = `cannot join ${options.group}:${options.port}${from} on ${options.interface}`;
    throw new FathomError("group-join-failed", `${what}: ${(cause as Error).message}`, {
      cause,
      hint: `check the group address and that ${options.interface} is up and carries it`,
    });
  }
}

function bindSocket(options: UdpReceiverOptions, handler: Handler): Socket {
  const where = `${options.group}:${options.port}`;
  try {
    // An address needs no look-up, so the socket is there at once.
    const opened = Bun.peek(
      Bun.udpSocket({ hostname: options.group, port: options.port, binaryType: "uint8array", socket: handler }),
    );
    if (!(opened instanceof Promise)) return opened;
    opened.then((late) => late.close());
    throw new Error("the socket did not open at once");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === "EADDRINUSE" ? "port-in-use" : "bind-failed";
    throw new FathomError(code, `cannot receive ${where} by Bun's socket: ${(cause as Error).message}`, {
      cause,
      hint: `this receive path does not share a port with others; find who holds it with "ss -lunp"`,
    });
  }
}

/** Bun takes an interface by its address only. */
function interfaceAddress(nameOrAddress: string): string {
  const known: string[] = [];
  for (const [name, entries] of Object.entries(networkInterfaces()))
    for (const entry of entries ?? []) {
      if (entry.family !== "IPv4") continue;
      if (name === nameOrAddress || entry.address === nameOrAddress) return entry.address;
      known.push(`${name} (${entry.address})`);
    }
  throw new FathomError(
    "interface-not-found",
    `no network interface "${nameOrAddress}" with an IPv4 address; there are: ${known.join(", ")}`,
    { hint: "give one of these names, or its IPv4 address" },
  );
}

/** The process's clock, or where the C library is missing one of the engine's with the same base. */
function realtimeReader(): () => number {
  try {
    clock.realtimeNs();
    return () => clock.realtimeNs();
  } catch {
    const startMs = performance.timeOrigin;
    const sinceBaseMs = startMs - (Date.now() - (Date.now() % MS_PER_DAY));
    return () => Math.round((sinceBaseMs + performance.now()) * NS_PER_MS);
  }
}
