/**
 * What a network interface says of itself: sysfs and the ethtool ioctls that need no rights and change nothing. What a
 * driver does not answer is undefined. Cold.
 *
 * Source: netdevice(7); linux/ethtool.h, linux/if.h.
 */
import { addressOf, asPointer, libc } from "./libc.ts";
import { readFact } from "./machine-files.ts";
import { openSocket, SOCK_DGRAM } from "./sockets.ts";

const SIOCETHTOOL = 0x8946;
const GET_DRIVER_INFO = 0x03;
const GET_COALESCE = 0x0e;
const GET_RING = 0x10;
const GET_GRO = 0x2b;
const GET_FLAGS = 0x25;
const GET_CHANNELS = 0x3c;
const GET_TIMESTAMP_INFO = 0x41;
const FLAG_LRO = 1 << 15;
const IFF_UP = 1 << 0;
const IFF_LOOPBACK = 1 << 3;
const IFF_RUNNING = 1 << 6;
const IFF_MULTICAST = 1 << 12;
/** SOF_TIMESTAMPING_RX_HARDWARE and _RAW_HARDWARE, both of which a hardware stamp takes. */
const HARDWARE_STAMPING = (1 << 2) | (1 << 6);
/** Bit of HWTSTAMP_FILTER_ALL: every packet can be stamped, not PTP's own only. */
const FILTER_ALL = 1 << 1;
const NAME_BYTES = 16;
const REQUEST_BYTES = 40;

export interface NetworkCard {
  readonly name: string;
  readonly isUp: boolean;
  readonly isRunning: boolean;
  readonly isLoopback: boolean;
  readonly takesMulticast: boolean;
  readonly mtuBytes: number | undefined;
  readonly speedMbps: number | undefined;
  readonly driver: string | undefined;
  readonly isVirtual: boolean;
  readonly ring: { readonly rx: number; readonly rxMax: number } | undefined;
  readonly queueCount: number | undefined;
  readonly gro: boolean | undefined;
  readonly lro: boolean | undefined;
  readonly coalesceUs: number | undefined;
  readonly isCoalesceAdaptive: boolean | undefined;
  readonly stamps: CardStamps | undefined;
  /** Packets that the card or its driver threw away since it came up. */
  readonly drops: { readonly rxDropped: number; readonly rxMissed: number; readonly rxErrors: number };
}

export interface CardStamps {
  /** Each packet that comes in can carry the card's own stamp. */
  readonly hardwareReceive: boolean;
  /** N of /dev/ptpN, the card's clock; undefined: it has none. */
  readonly clockIndex: number | undefined;
}

/** Undefined when there is no such interface. */
export function readNetworkCard(name: string): NetworkCard | undefined {
  const folder = `/sys/class/net/${name}`;
  const flagsText = readFact(`${folder}/flags`);
  if (/[/\s]/.test(name) || flagsText.text === undefined) return undefined;
  const flags = Number(flagsText.text);
  const number = (file: string) => factNumber(`${folder}/${file}`);
  const ask = new EthtoolRequest(name);
  try {
    const ring = ask.words(GET_RING, 9);
    const coalesce = ask.words(GET_COALESCE, 24);
    const channels = ask.words(GET_CHANNELS, 9);
    const lroFlags = ask.words(GET_FLAGS, 2);
    const gro = ask.words(GET_GRO, 2);
    const speed = number("speed");
    return {
      name,
      isUp: (flags & IFF_UP) !== 0,
      isRunning: (flags & IFF_RUNNING) !== 0 || readFact(`${folder}/carrier`).text === "1",
      isLoopback: (flags & IFF_LOOPBACK) !== 0,
      takesMulticast: (flags & IFF_MULTICAST) !== 0,
      mtuBytes: number("mtu"),
      speedMbps: speed !== undefined && speed > 0 ? speed : undefined,
      driver: ask.driver(),
      isVirtual: readFact(`${folder}/device/uevent`).text === undefined,
      ring: ring && ring[1]! > 0 ? { rx: ring[5]!, rxMax: ring[1]! } : undefined,
      queueCount: channels ? channels[5]! + channels[8]! || undefined : undefined,
      gro: gro && gro[1] !== 0,
      lro: lroFlags && (lroFlags[1]! & FLAG_LRO) !== 0,
      coalesceUs: coalesce?.[1],
      isCoalesceAdaptive: coalesce && coalesce[11] !== 0,
      stamps: cardStamps(ask.words(GET_TIMESTAMP_INFO, 11)),
      drops: {
        rxDropped: number("statistics/rx_dropped") ?? 0,
        rxMissed: number("statistics/rx_missed_errors") ?? 0,
        rxErrors: number("statistics/rx_errors") ?? 0,
      },
    };
  } finally {
    ask.close();
  }
}

/** struct ethtool_ts_info as words: command, stamping, clock index, transmit types (4), receive filters (4). */
function cardStamps(words: Uint32Array | undefined): CardStamps | undefined {
  if (!words) return undefined;
  const index = words[2]! | 0;
  const isHardware = (words[1]! & HARDWARE_STAMPING) === HARDWARE_STAMPING;
  return {
    hardwareReceive: isHardware && (words[7]! & FILTER_ALL) !== 0,
    clockIndex: index >= 0 ? index : undefined,
  };
}

function factNumber(path: string): number | undefined {
  const { text } = readFact(path);
  const value = text === undefined || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** One interface's ethtool questions, on one socket. */
class EthtoolRequest {
  readonly #fd = openSocket(SOCK_DGRAM);
  readonly #request = new Uint8Array(new ArrayBuffer(REQUEST_BYTES));
  readonly #data = new Uint32Array(new ArrayBuffer(256));

  constructor(name: string) {
    for (let i = 0; i < Math.min(name.length, NAME_BYTES - 1); i++) this.#request[i] = name.charCodeAt(i);
    const dataAddress = addressOf(this.#data);
    new DataView(this.#request.buffer).setBigUint64(NAME_BYTES, BigInt(dataAddress), true);
  }

  /** The structure that the driver filled, the command first; undefined: it does not answer this. */
  words(command: number, count: number): Uint32Array | undefined {
    this.#data.fill(0);
    this.#data[0] = command;
    const result = libc().ioctl(this.#fd, SIOCETHTOOL, asPointer(addressOf(this.#request)));
    return result === 0 ? this.#data.slice(0, count) : undefined;
  }

  /** The driver's name: 32 bytes after the command. */
  driver(): string | undefined {
    if (!this.words(GET_DRIVER_INFO, 1)) return undefined;
    const bytes = new Uint8Array(this.#data.buffer, 4, 32);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(bytes.slice(0, end < 0 ? 32 : end)) || undefined;
  }

  close(): void {
    libc().close(this.#fd);
  }
}
