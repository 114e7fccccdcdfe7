/**
 * The parts that all sockets of `io/` share: opening, options, IPv4 addresses, and errors that say which address, which
 * port and why. IPv4 only. Everything is close-on-exec, so a child process never holds a feed's port.
 */
import { FathomError } from "../core/assert.ts";
import { addressOf, asPointer, Errno, errno, errnoText, libc } from "./libc.ts";

export const AF_INET = 2;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_TIMESTAMPNS = 35;
export const SO_RXQ_OVFL = 40;
export const SO_MEMINFO = 55;

export const IPPROTO_IP = 0;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const MCAST_JOIN_SOURCE_GROUP = 46;
export const IP_MULTICAST_ALL = 49;

export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

export const SOCKADDR_BYTES = 16;

const optionValue = new Int32Array(new ArrayBuffer(8));
const optionAddress = addressOf(optionValue);

/** Opens a non-blocking IPv4 socket. Throws `socket-failed`. */
export function openSocket(type: number): number {
  const fd = libc().socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new FathomError("socket-failed", `cannot open a socket: ${errnoText(errno())}`);
  return fd;
}

/** Sets an integer option. Returns 0, or the error number. */
export function setIntOption(fd: number, level: number, option: number, value: number): number {
  optionValue[0] = value;
  return libc().setsockopt(fd, level, option, asPointer(optionAddress), 4) === 0 ? 0 : errno();
}

/** Sets an option that is a structure. Returns 0, or the error number. */
export function setBytesOption(fd: number, level: number, option: number, value: Uint8Array): number {
  const result = libc().setsockopt(fd, level, option, asPointer(addressOf(value)), value.byteLength);
  return result === 0 ? 0 : errno();
}

/** Reads an integer option; -1 when it cannot be read. */
export function getIntOption(fd: number, level: number, option: number): number {
  optionValue[1] = 4;
  const result = libc().getsockopt(fd, level, option, asPointer(optionAddress), asPointer(optionAddress + 4));
  return result === 0 ? optionValue[0]! : -1;
}

/**
 * Asks for a buffer, past the system's limit where this process may. Returns what the kernel granted in the unit it was
 * asked in (the kernel itself doubles the figure for its bookkeeping).
 */
export function sizeBuffer(fd: number, forced: number, plain: number, bytes: number): number {
  if (setIntOption(fd, SOL_SOCKET, forced, bytes) !== 0) setIntOption(fd, SOL_SOCKET, plain, bytes);
  return Math.floor(getIntOption(fd, SOL_SOCKET, plain) / 2);
}

/** SO_MEMINFO's words, and their length in bytes at the end. The first: memory of what waits to be received. */
const memoryWords = new Uint32Array(new ArrayBuffer(64));
const memoryAddress = addressOf(memoryWords);
const MEMORY_BYTES_MAX = 60;

/** Memory that datagrams waiting on a socket take, in the unit of `sizeBuffer`; 0 when it cannot be read. */
export function receiveQueueBytes(fd: number): number {
  memoryWords[MEMORY_BYTES_MAX >> 2] = MEMORY_BYTES_MAX;
  const lengthAddress = asPointer(memoryAddress + MEMORY_BYTES_MAX);
  const result = libc().getsockopt(fd, SOL_SOCKET, SO_MEMINFO, asPointer(memoryAddress), lengthAddress);
  return result === 0 ? memoryWords[0]! / 2 : 0;
}

/** "239.1.2.3" → four bytes. Throws `bad-address`. */
export function parseIpv4(text: string): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(4));
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
  if (!valid)
    throw new FathomError("bad-address", `"${text}" is not an IPv4 address`, { hint: "write it as 239.1.2.3" });
  for (let i = 0; i < 4; i++) bytes[i] = Number(parts[i]);
  return bytes;
}

export function formatIpv4(bytes: Uint8Array, offset: number): string {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

export function isMulticast(address: Uint8Array): boolean {
  return (address[0]! & 0xf0) === 0xe0;
}

/** struct sockaddr_in: family (little-endian), port and address (big-endian), eight bytes of nothing. */
export function socketAddress(address: string, port: number): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new FathomError("bad-address", `${port} is not a port number`, { hint: "ports are 0 to 65535" });
  const bytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES));
  bytes[0] = AF_INET;
  bytes[2] = port >>> 8;
  bytes[3] = port & 0xff;
  bytes.set(parseIpv4(address), 4);
  return bytes;
}

/** The port that the socket is bound to (the one that port 0 became). */
export function boundPort(fd: number): number {
  const bytes = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES + 4));
  bytes[SOCKADDR_BYTES] = SOCKADDR_BYTES;
  const address = addressOf(bytes);
  if (libc().getsockname(fd, asPointer(address), asPointer(address + SOCKADDR_BYTES)) !== 0) return 0;
  return bytes[2]! * 256 + bytes[3]!;
}

/** Binds, or closes the socket and throws `port-in-use`, `address-not-local` or `bind-failed`. */
export function bindOrClose(fd: number, address: string, port: number, what: string): void {
  if (libc().bind(fd, asPointer(addressOf(socketAddress(address, port))), SOCKADDR_BYTES) === 0) return;
  const code = errno();
  libc().close(fd);
  const where = `${address}:${port}`;
  if (code === Errno.EADDRINUSE)
    throw new FathomError("port-in-use", `${what}: ${where} is in use by another socket (EADDRINUSE)`, {
      hint: `find who holds it with "ss -lunpt", or choose another port`,
    });
  if (code === Errno.EADDRNOTAVAIL)
    throw new FathomError("address-not-local", `${what}: no interface of this machine has ${address}`, {
      hint: `choose an address that "ip addr" shows`,
    });
  if (code === Errno.EACCES)
    throw new FathomError("port-not-allowed", `${what}: binding ${where} is not permitted (EACCES)`, {
      hint: "ports below 1024 need a capability (CAP_NET_BIND_SERVICE)",
    });
  throw new FathomError("bind-failed", `${what}: cannot bind ${where}: ${errnoText(code)}`);
}
