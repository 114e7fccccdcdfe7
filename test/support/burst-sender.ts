/**
 * A publisher without an exchange behind it: the messages of a tape as MoldUDP64 packets on a market's two lines, at
 * whatever pace a test wants, and no servers to ask. What the kernel does not take at once is sent again, so that what
 * is missing at the other end was lost there.
 */
import { openUdpSender } from "../../src/io/udp-sender.ts";
import { MoldPacketWriter, sessionBytes, writeMoldEndOfSession } from "../../src/wire/moldudp64.ts";

const BATCH_DEFAULT = 16;
const END_REPEATS = 3;
const RETRY_MS = 1;

export class BurstSender {
  /** Messages sent so far, on each line. */
  sentCount = 0;
  readonly messageCount: number;
  readonly #senders;
  readonly #bytes: Uint8Array;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  /** Messages in all packets before the i-th. */
  readonly #before: number[] = [];
  readonly #session = sessionBytes("BURST");
  readonly #batchOffsets: Int32Array;
  readonly #batchLengths: Int32Array;
  #packet = 0;

  /** `lines`: group and port of each. `batch`: packets a line in one system call. */
  constructor(
    lines: readonly { group: string; port: number }[],
    messages: readonly Uint8Array[],
    batch = BATCH_DEFAULT,
  ) {
    this.messageCount = messages.length;
    this.#batchOffsets = new Int32Array(batch);
    this.#batchLengths = new Int32Array(batch);
    this.#senders = lines.map(({ group, port }) => openUdpSender({ address: group, port, interface: "lo" }));
    const packets: Uint8Array[] = [];
    const writer = new MoldPacketWriter();
    let sequence = 1;
    writer.begin(this.#session, sequence);
    const flush = () => {
      this.#before.push(sequence - 1 - writer.count);
      packets.push(writer.bytes.slice(0, writer.finish()));
      writer.begin(this.#session, sequence);
    };
    for (const message of messages) {
      if (!writer.fits(message.length)) flush();
      writer.append(message, 0, message.length);
      sequence++;
    }
    flush();
    this.#bytes = new Uint8Array(new ArrayBuffer(packets.reduce((total, packet) => total + packet.length, 0)));
    let at = 0;
    for (const packet of packets) {
      this.#bytes.set(packet, at);
      this.#offsets.push(at);
      this.#lengths.push(packet.length);
      at += packet.length;
    }
  }

  /** Sends up to message `end` at `rate` messages a second, giving the event loop a turn every few packets. */
  async sendTo(end: number, rate: number): Promise<void> {
    const startMs = performance.now();
    const first = this.sentCount;
    while (this.sentCount < Math.min(end, this.messageCount)) {
      const dueMs = startMs + ((this.sentCount - first) / rate) * 1000;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      else await new Promise((resolve) => setImmediate(resolve));
      await this.#sendBatch();
    }
  }

  async #sendBatch(): Promise<void> {
    const count = Math.min(this.#batchOffsets.length, this.#offsets.length - this.#packet);
    for (let i = 0; i < count; i++) {
      this.#batchOffsets[i] = this.#offsets[this.#packet + i]!;
      this.#batchLengths[i] = this.#lengths[this.#packet + i]!;
    }
    for (const sender of this.#senders) {
      for (let sent = 0; sent < count; ) {
        sent += sender.sendBatch(
          this.#bytes,
          this.#batchOffsets.subarray(sent),
          this.#batchLengths.subarray(sent),
          count - sent,
        );
        if (sent < count) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#packet += count;
    this.sentCount = this.#before[this.#packet] ?? this.messageCount;
  }

  /** Says on every line that the session is over. */
  end(): void {
    const bytes = new Uint8Array(new ArrayBuffer(20));
    writeMoldEndOfSession(new DataView(bytes.buffer), bytes, 0, this.#session, this.messageCount + 1);
    for (let i = 0; i < END_REPEATS; i++) for (const sender of this.#senders) sender.send(bytes, 0, bytes.length);
  }

  close(): void {
    for (const sender of this.#senders) sender.close();
  }
}
