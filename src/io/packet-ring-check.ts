/**
 * Hot. What the kernel's IPv4 and UDP receive code checks before it hands a datagram to a socket, done here for packets
 * that come by a memory-mapped ring, before that code has seen them. One per ring, used by the ring's thread alone.
 *
 * What always holds: a packet is taken only if a UDP socket joined to the same group, port and source would have been
 * given it. Two kinds that such a socket would get are refused and counted instead: fragments (the kernel puts them
 * together, a ring cannot), and packets with IP options, which no feed sends. Firewall rules and the reverse-path
 * filter do not apply to a ring, nor here.
 */
import {
  HEADERS_BYTES,
  IP_HEADER_BYTES,
  LINK,
  PACKET_OTHER_HOST,
  STATUS_CHECKSUM_NOT_READY,
  STATUS_CHECKSUM_VALID,
  UDP_HEADER_BYTES,
} from "./packet-ring-layout.ts";

/** IPv4, five words of header. */
const VERSION_AND_LENGTH = 0x45;
const UDP = 17;
/** The more-fragments bit and the offset, in the high half of the header's second word as loaded. */
const FRAGMENT_MASK = 0xff3f0000 | 0;
/** First bytes of addresses that nothing may come from: multicast; loopback by other interfaces. */
const MULTICAST_MASK = 0xf0;
const MULTICAST = 0xe0;
const LOOPBACK = 127;
/** 0.0.0.0 and 255.255.255.255. */
const NO_ADDRESS = 0;
const BROADCAST_ADDRESS = -1;

export interface DatagramCheckOptions {
  /** Four bytes. */
  group: Uint8Array;
  port: number;
  /** Four bytes; absent: any sender. */
  source?: Uint8Array | undefined;
  /** The interface that packets must have come by. */
  interfaceIndex: number;
  /** It is the loopback interface: only there may 127.0.0.0/8 send. */
  isLoopback: boolean;
  /** The longest datagram taken whole. */
  packetBytesMax: number;
}

export class DatagramCheck {
  /** Of the packet that `check` took last: its payload's length, cut to what is there and to `packetBytesMax`. */
  payloadBytes = 0;
  /** The datagram was longer than `payloadBytes`. */
  truncated = 0;
  /** Packets not taken, for whatever reason; fragments included. */
  refusedCount = 0;
  /** Datagrams not taken because they came in fragments. */
  fragmentedCount = 0;
  readonly #words: Int32Array;
  readonly #group: number;
  readonly #source: number;
  readonly #anySource: boolean;
  readonly #port: number;
  readonly #interfaceIndex: number;
  readonly #isLoopback: boolean;
  readonly #packetBytesMax: number;

  /** `words`: the memory that the packets lie in. */
  constructor(words: Int32Array, options: DatagramCheckOptions) {
    this.#words = words;
    this.#group = nativeWord(options.group);
    this.#source = options.source ? nativeWord(options.source) : 0;
    this.#anySource = options.source === undefined;
    this.#port = ((options.port & 0xff) << 8) | (options.port >>> 8);
    this.#interfaceIndex = options.interfaceIndex;
    this.#isLoopback = options.isLoopback;
    this.#packetBytesMax = options.packetBytesMax;
  }

  /**
   * Whether to take the packet whose IPv4 header is at byte `at` (a multiple of four) and its sockaddr_ll at `link`.
   * `capturedBytes` of `wireBytes` are there, counted from the IPv4 header. Its payload then begins at
   * `at + HEADERS_BYTES`.
   */
  check(at: number, link: number, capturedBytes: number, wireBytes: number, status: number): boolean {
    if (capturedBytes < HEADERS_BYTES || !this.#isHeaderOurs(at >> 2) || !this.#isLinkOurs(link >> 2)) {
      this.refusedCount++;
      return false;
    }
    const words = this.#words;
    const first = words[at >> 2]!;
    const totalBytes = ((first >>> 8) & 0xff00) | (first >>> 24);
    const lengthAndSum = words[(at >> 2) + 6]!;
    const udpBytes = ((lengthAndSum & 0xff) << 8) | ((lengthAndSum >>> 8) & 0xff);
    if (udpBytes < UDP_HEADER_BYTES || udpBytes > totalBytes - IP_HEADER_BYTES || totalBytes > wireBytes) {
      this.refusedCount++;
      return false;
    }
    const isWhole = udpBytes <= capturedBytes - IP_HEADER_BYTES;
    const isChecked = (status & (STATUS_CHECKSUM_VALID | STATUS_CHECKSUM_NOT_READY)) !== 0;
    // A checksum of zero says that the sender made none. One over bytes that are not here cannot be checked.
    if (!isChecked && isWhole && lengthAndSum >>> 16 !== 0 && !this.#isChecksumRight(at >> 2, udpBytes)) {
      this.refusedCount++;
      return false;
    }
    const payloadBytes = udpBytes - UDP_HEADER_BYTES;
    const bytesMax = Math.min(this.#packetBytesMax, capturedBytes - HEADERS_BYTES);
    this.payloadBytes = Math.min(payloadBytes, bytesMax);
    this.truncated = payloadBytes > bytesMax ? 1 : 0;
    return true;
  }

  /** The IPv4 header, and the ports. */
  #isHeaderOurs(word: number): boolean {
    const words = this.#words;
    const first = words[word]!;
    const fragment = words[word + 1]!;
    const protocol = words[word + 2]!;
    const source = words[word + 3]!;
    const group = words[word + 4]!;
    if ((first & 0xff) !== VERSION_AND_LENGTH || ((protocol >>> 8) & 0xff) !== UDP) return false;
    if (group !== this.#group || words[word + 5]! >>> 16 !== this.#port) return false;
    if (!this.#anySource && source !== this.#source) return false;
    if ((fragment & FRAGMENT_MASK) !== 0) {
      this.fragmentedCount++;
      return false;
    }
    if (!this.#isSender(source)) return false;
    // Ten half words of at most 16 bits: no overflow.
    const low = (first & 0xffff) + (fragment & 0xffff) + (protocol & 0xffff) + (source & 0xffff) + (group & 0xffff);
    const high = (first >>> 16) + (fragment >>> 16) + (protocol >>> 16) + (source >>> 16) + (group >>> 16);
    return isOnes(low + high);
  }

  #isSender(source: number): boolean {
    const first = source & 0xff;
    if ((first & MULTICAST_MASK) === MULTICAST || source === NO_ADDRESS || source === BROADCAST_ADDRESS) return false;
    return first !== LOOPBACK || this.#isLoopback;
  }

  /** By our interface (and not by a VLAN on it), and for this host. */
  #isLinkOurs(word: number): boolean {
    const words = this.#words;
    if (words[word + (LINK.interfaceIndex >> 2)] !== this.#interfaceIndex) return false;
    return ((words[word + (LINK.packetType >> 2)]! >>> 16) & 0xff) < PACKET_OTHER_HOST;
  }

  /** The ones' complement sum over pseudo header, UDP header and payload; it is the same in either byte order. */
  #isChecksumRight(word: number, udpBytes: number): boolean {
    const words = this.#words;
    const source = words[word + 3]!;
    const group = words[word + 4]!;
    const start = word + (IP_HEADER_BYTES >> 2);
    const end = start + (udpBytes >> 2);
    // At most 16 Ki words: each sum stays below 2^31.
    let low = (source & 0xffff) + (group & 0xffff) + (UDP << 8);
    let high = (source >>> 16) + (group >>> 16) + (words[start + 1]! & 0xffff);
    for (let i = start; i < end; i++) {
      const value = words[i]!;
      low += value & 0xffff;
      high += value >>> 16;
    }
    const rest = udpBytes & 3;
    if (rest !== 0) {
      const value = words[end]! & ((1 << (rest * 8)) - 1);
      low += value & 0xffff;
      high += value >>> 16;
    }
    return isOnes(fold(low) + fold(high));
  }
}

function fold(sum: number): number {
  return (sum & 0xffff) + (sum >>> 16);
}

/** Whether a sum, carries added back, is all ones: what the right checksum makes it. */
function isOnes(sum: number): boolean {
  return fold(fold(sum)) === 0xffff;
}

/** Four address bytes as the word that a 32-bit load of them gives. */
function nativeWord(address: Uint8Array): number {
  return address[0]! | (address[1]! << 8) | (address[2]! << 16) | (address[3]! << 24);
}
