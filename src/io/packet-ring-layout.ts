/**
 * The kernel's layout of a memory-mapped packet ring (linux/if_packet.h), as byte offsets and bits. Only the
 * `packet-ring*` files use it. The same on linux x64 and arm64; all numbers are in the machine's order, little-endian.
 *
 * The ring's packets begin at the IPv4 header (the socket is SOCK_DGRAM), which lies on a 16-byte boundary:
 * ```
 * V2 frame  [ header 32 B | sockaddr_ll 20 B | pad → 80 | IPv4 header, UDP header, payload … ]
 * V3 packet [ header 48 B | sockaddr_ll 20 B | pad → 96 | IPv4 header, UDP header, payload … ]
 * ```
 */

export const AF_PACKET = 17;
export const ETH_P_IP = 0x0800;
export const SOL_PACKET = 263;
export const PACKET_RX_RING = 5;
export const PACKET_STATISTICS = 6;
export const PACKET_VERSION = 10;
export const PACKET_IGNORE_OUTGOING = 23;
export const TPACKET_V2 = 1;
export const TPACKET_V3 = 2;

/** Status words: whose the frame or block is, and what is to be known about it. */
export const STATUS_KERNEL = 0;
export const STATUS_USER = 1;
/** Packets have been thrown away since the statistics were last read. */
export const STATUS_LOSING = 4;
/** The sender is this host and left the UDP checksum to a network card that was never met. */
export const STATUS_CHECKSUM_NOT_READY = 8;
/** The network card has verified the UDP checksum. */
export const STATUS_CHECKSUM_VALID = 128;

/** struct tpacket2_hdr. */
export const V2 = {
  status: 0,
  wireBytes: 4,
  capturedBytes: 8,
  /** u16: where the IPv4 header begins. In the high half of the word at 12. */
  networkWord: 12,
  seconds: 16,
  nanoseconds: 20,
  link: 32,
  /** Where the IPv4 header begins: the header and sockaddr_ll up to the next 16 bytes, and 16 more. */
  networkOffset: 80,
} as const;

/** struct tpacket_block_desc. */
export const V3_BLOCK = { status: 8, packetCount: 12, firstOffset: 16 } as const;

/** struct tpacket3_hdr. */
export const V3 = {
  nextOffset: 0,
  seconds: 4,
  nanoseconds: 8,
  capturedBytes: 12,
  wireBytes: 16,
  status: 20,
  /** u16: where the IPv4 header begins. In the high half of the word at 24. */
  networkWord: 24,
  link: 48,
  networkOffset: 96,
} as const;

/** struct sockaddr_ll, at `link` of a packet. */
export const LINK = { interfaceIndex: 4, packetType: 10 } as const;
/** Packet types from here on are not for this host (another's unicast) or by it (outgoing). */
export const PACKET_OTHER_HOST = 3;

export const IP_HEADER_BYTES = 20;
export const UDP_HEADER_BYTES = 8;
/** What comes before a datagram's payload, with no IP options. */
export const HEADERS_BYTES = IP_HEADER_BYTES + UDP_HEADER_BYTES;
