/**
 * The Descriptor of an event ring's memory. Two regions, so that readers can be given the first one read-only:
 *
 *     data      [ header 4096 bytes | capacity × 64-byte records ]         written by the writer alone
 *     control   [ header 256 bytes | slots of 192 bytes, one a reader ]    written by readers, each its slot
 *
 *     data header, bytes                                control header, bytes
 *       0  u32 magic, magic, version, header bytes        0  u32 magic, magic, version, slots
 *      16  u32 record bytes, capacity, writer's pid      64  u32 asleep: bit i = the reader in slot i is parked
 *      28  u32 state                                    128  u32 blocking: bit i = slot i may hold the writer back
 *      32  f64 writer's start ticks, epoch base          256  slots
 *          seconds, created (real time)                slot
 *      56  u32 channel number, shard                      0  u32 position (low), state     f64 position, heartbeat,
 *      64  text channel's name, 64 bytes                     overruns, lost, records
 *     128  text ring's name, 64 bytes                    64  u32 pid, policy, awaited      f64 start ticks, attached
 *     192  f64 first position                           128  text reader's name, 64 bytes
 *     256  u32 head, half-laps, limit
 *     320  f64 heartbeat, blocked, blocked ns, expelled, wakes
 *
 * Positions count records from 0 and never wrap in a double; their low 32 bits are what Atomics work on. `head`:
 * records before it are published. `limit`: the writer may be writing records before it, so a record at `p` is whole as
 * long as limit - p <= capacity. `half-laps`: head / 2^31, stored after head; its lowest bit against head's highest
 * tells whether it is behind. Words of one cache line have one writer.
 */
export const MAGIC_DATA = 0x4d485446;
export const MAGIC_CONTROL = 0x43485446;
export const MAGIC_SECOND = 0x474e4952;

/** Words (32 bits) of the data header. */
export const DataWord = {
  magic: 0,
  magicSecond: 1,
  version: 2,
  headerBytes: 3,
  recordBytes: 4,
  capacity: 5,
  writerPid: 6,
  state: 7,
  channelId: 14,
  shard: 15,
  head: 64,
  halfLaps: 65,
  limit: 66,
} as const;
/** Doubles of the data header. */
export const DataDouble = {
  writerStartTicks: 4,
  epochBaseSeconds: 5,
  createdNs: 6,
  firstPosition: 24,
  heartbeatNs: 40,
  blockedCount: 41,
  blockedNs: 42,
  expelledCount: 43,
  wakeCount: 44,
} as const;
export const CHANNEL_NAME_BYTE = 64;
export const RING_NAME_BYTE = 128;
export const NAME_BYTES = 64;
export const DATA_HEADER_BYTES = 4096;
export const RECORD_FIRST_WORD = DATA_HEADER_BYTES >>> 2;

export const RingState = { forming: 0, open: 1, closed: 2 } as const;

export const ControlWord = { magic: 0, magicSecond: 1, version: 2, slots: 3, asleep: 16, blocking: 32 } as const;
export const CONTROL_HEADER_BYTES = 256;
export const SLOT_BYTES = 192;
/** Words of a slot, from its first. */
export const SlotWord = { position: 0, state: 1, pid: 16, policy: 17, awaited: 18 } as const;
/** Doubles of a slot, from its first. */
export const SlotDouble = {
  position: 1,
  heartbeatNs: 2,
  overrunCount: 3,
  lostCount: 4,
  recordCount: 5,
  startTicks: 10,
  attachedNs: 11,
} as const;
export const SLOT_NAME_BYTE = 128;
/** A bit of a 32-bit mask each. */
export const SLOT_COUNT_MAX = 32;

/**
 * The lowest two bits of a slot's state; above them is how often it has been attached, so that what was decided about
 * one reader never falls on the next one.
 */
export const SlotState = { free: 0, attached: 1, expelled: 2 } as const;
export const SLOT_STATE_MASK = 3;

/** 2^31: what one half-lap counts. */
export const HALF_LAP = 2147483648;

export const CAPACITY_MIN = 64;
export const CAPACITY_MAX = 2 ** 24;

/** Bytes of the data region. */
export function dataBytes(capacityRecords: number, recordBytes: number): number {
  return DATA_HEADER_BYTES + capacityRecords * recordBytes;
}

/** Bytes of a control region. */
export function controlBytes(slotCount: number): number {
  return CONTROL_HEADER_BYTES + slotCount * SLOT_BYTES;
}

/** UTF-8, cut at `NAME_BYTES`, padded with zeros. */
export function writeName(bytes: Uint8Array, at: number, name: string): void {
  bytes.fill(0, at, at + NAME_BYTES);
  // encodeInto refuses shared memory, and never cuts a letter in two.
  const own = new Uint8Array(NAME_BYTES);
  new TextEncoder().encodeInto(name, own);
  bytes.set(own, at);
}

export function readName(bytes: Uint8Array, at: number): string {
  const own = bytes.slice(at, at + NAME_BYTES);
  const end = own.indexOf(0);
  return new TextDecoder().decode(end < 0 ? own : own.subarray(0, end));
}
