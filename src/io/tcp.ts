/**
 * TCP without callbacks: streams and listeners that a duty cycle polls. Nothing blocks and nothing throws after
 * opening; a stream that fails goes to `closed` and says why in `error`. IPv4; the host is a dotted address or
 * "localhost".
 */
import { FathomError } from "../core/assert.ts";
import { addressOf, asPointer, Errno, errno, errnoText, type Libc, libc, type NativeBytes } from "./libc.ts";
import {
  bindOrClose,
  boundPort,
  formatIpv4,
  getIntOption,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  openSocket,
  SO_ERROR,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOCKADDR_BYTES,
  SOL_SOCKET,
  setIntOption,
  socketAddress,
  TCP_NODELAY,
} from "./sockets.ts";

export type TcpState = "connecting" | "open" | "closed";

const FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
const POLLOUT = 4;
const POLLERR_OR_HUP = 0x18;
const BACKLOG = 128;

/** struct pollfd, one for all streams of this thread: it is used within a call only. */
const pollfd = new Int32Array(new ArrayBuffer(8));
const pollfdAddress = addressOf(pollfd);

export class TcpStream {
  readonly fd: number;
  /** "127.0.0.1:5000", the other side. */
  readonly peer: string;
  #state: TcpState;
  #error: string | undefined;
  readonly #libc: Libc = libc();
  #source: NativeBytes | undefined;
  #sourceAddress = 0;

  constructor(fd: number, peer: string, state: TcpState, error?: string) {
    this.fd = fd;
    this.peer = peer;
    this.#state = state;
    this.#error = error;
  }

  get state(): TcpState {
    return this.#state;
  }

  /** Why it closed: absent while it is not closed, and after an orderly end. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Looks how the connection attempt is going. Call it until the state is no longer "connecting". */
  poll(): TcpState {
    if (this.#state !== "connecting") return this.#state;
    pollfd[0] = this.fd;
    pollfd[1] = POLLOUT;
    if (this.#libc.poll(asPointer(pollfdAddress), 1, 0) <= 0) return this.#state;
    const code = getIntOption(this.fd, SOL_SOCKET, SO_ERROR);
    if (code !== 0) this.#fail(code);
    else if (((pollfd[1]! >> 16) & POLLERR_OR_HUP) === 0) this.#state = "open";
    else this.#fail(Errno.ECONNREFUSED);
    return this.#state;
  }

  #locate(bytes: Uint8Array): number {
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceAddress = addressOf(bytes);
    }
    return this.#sourceAddress;
  }

  /** Bytes taken by the kernel: 0 when it has no room just now (or is still connecting), -1 when closed. */
  send(bytes: Uint8Array, offset: number, length: number): number {
    if (this.poll() !== "open") return this.#state === "closed" ? -1 : 0;
    if (length === 0) return 0;
    const sent = this.#libc.send(this.fd, asPointer(this.#locate(bytes) + offset), length, FLAGS);
    if (sent >= 0) return sent;
    const code = errno();
    if (code === Errno.EAGAIN || code === Errno.EINTR || code === Errno.ENOBUFS) return 0;
    this.#fail(code);
    return -1;
  }

  /** Bytes written to `bytes` at `offset`: 0 when nothing is there just now, -1 when closed (then `state` is too). */
  receive(bytes: Uint8Array, offset: number, length: number): number {
    if (this.poll() !== "open") return this.#state === "closed" ? -1 : 0;
    if (length === 0) return 0;
    const received = this.#libc.recv(this.fd, asPointer(this.#locate(bytes) + offset), length, MSG_DONTWAIT);
    if (received > 0) return received;
    if (received === 0) {
      this.close();
      return -1;
    }
    const code = errno();
    if (code === Errno.EAGAIN || code === Errno.EINTR) return 0;
    this.#fail(code);
    return -1;
  }

  #fail(code: number): void {
    this.#error = errnoText(code);
    this.close();
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#source = undefined;
    this.#libc.close(this.fd);
  }
}

/** Starts connecting. An immediate refusal is a stream already closed with its `error`; throws only `bad-address`. */
export function connectTcp(host: string, port: number): TcpStream {
  const address = socketAddress(host === "localhost" ? "127.0.0.1" : host, port);
  const peer = `${host}:${port}`;
  const fd = openSocket(SOCK_STREAM);
  setIntOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (libc().connect(fd, asPointer(addressOf(address)), SOCKADDR_BYTES) === 0) return new TcpStream(fd, peer, "open");
  const code = errno();
  if (code === Errno.EINPROGRESS || code === Errno.EINTR) return new TcpStream(fd, peer, "connecting");
  libc().close(fd);
  return new TcpStream(-1, peer, "closed", errnoText(code));
}

export class TcpListener {
  readonly fd: number;
  readonly localPort: number;
  readonly #peer = new Uint8Array(new ArrayBuffer(SOCKADDR_BYTES + 4));
  #closed = false;

  constructor(fd: number) {
    this.fd = fd;
    this.localPort = boundPort(fd);
  }

  /** The next connection that has come in, if any. */
  accept(): TcpStream | undefined {
    if (this.#closed) return undefined;
    this.#peer[SOCKADDR_BYTES] = SOCKADDR_BYTES;
    const address = addressOf(this.#peer);
    const length = asPointer(address + SOCKADDR_BYTES);
    const fd = libc().accept4(this.fd, asPointer(address), length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return undefined;
    setIntOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    const port = this.#peer[2]! * 256 + this.#peer[3]!;
    return new TcpStream(fd, `${formatIpv4(this.#peer, 4)}:${port}`, "open");
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    libc().close(this.fd);
  }
}

/** Listens. Throws `port-in-use`, `address-not-local`, `bad-address` or `listen-failed`. Port 0: see `localPort`. */
export function listenTcp(options: { address: string; port: number }): TcpListener {
  const fd = openSocket(SOCK_STREAM);
  // A restart must not wait for the old connections' TIME_WAIT; two live listeners still exclude each other.
  setIntOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  bindOrClose(fd, options.address === "localhost" ? "127.0.0.1" : options.address, options.port, "a TCP listener");
  if (libc().listen(fd, BACKLOG) !== 0) {
    const code = errno();
    libc().close(fd);
    const codeName = code === Errno.EADDRINUSE ? "port-in-use" : "listen-failed";
    throw new FathomError(codeName, `cannot listen on ${options.address}:${options.port}: ${errnoText(code)}`);
  }
  return new TcpListener(fd);
}
