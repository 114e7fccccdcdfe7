/**
 * The C library by FFI: the sockets, poll and clock calls that Bun's own API lacks. Opened once a thread, on first use,
 * from the main thread or any worker (also of a compiled binary). Only files in `io/` may call it.
 *
 * What always holds: every constant here is the same on linux x64 and arm64; every address handed to the library comes
 * from `addressOf`, so the storage behind it does not move; `errno` is read straight after the call that set it.
 */
import { dlopen, type Pointer, ptr, read } from "bun:ffi";
import { FathomError } from "../core/assert.ts";

/** Memory that the C library may be given. */
export type NativeBytes = Uint8Array | Int32Array | Uint32Array | Float64Array;

function open() {
  return dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
    connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
    listen: { args: ["i32", "i32"], returns: "i32" },
    accept4: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
    send: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i32" },
    sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
    recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
    recvmmsg: { args: ["i32", "ptr", "u32", "i32", "ptr"], returns: "i32" },
    poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
    clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
    clock_getres: { args: ["i32", "ptr"], returns: "i32" },
    adjtimex: { args: ["ptr"], returns: "i32" },
    if_nametoindex: { args: ["ptr"], returns: "u32" },
    ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
    mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "ptr" },
    memcpy: { args: ["ptr", "ptr", "u64"], returns: "void" },
    memfd_create: { args: ["ptr", "u32"], returns: "i32" },
    fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
    fcntl: { args: ["i32", "i32", "i64"], returns: "i32" },
    flock: { args: ["i32", "i32"], returns: "i32" },
    sched_yield: { args: [], returns: "i32" },
    // Declared for futex(2), the one call that glibc has no function for; its answer fits 32 bits.
    syscall: { args: ["i64", "ptr", "i32", "i32", "ptr", "ptr", "i32"], returns: "i32" },
    gettid: { args: [], returns: "i32" },
    sched_getaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
    sched_setaffinity: { args: ["i32", "u64", "ptr"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
}
export type Libc = ReturnType<typeof open>;

let opened: Libc | undefined;

/** The library's calls. Throws `libc-missing` on a system without glibc. */
export function libc(): Libc {
  if (opened) return opened;
  try {
    opened = open();
  } catch (cause) {
    throw new FathomError("libc-missing", "cannot open libc.so.6, the GNU C library", {
      cause,
      hint: "run fathom on Linux with glibc (Debian, Ubuntu, RHEL), and without BUN_JSC_useJIT=0",
    });
  }
  return opened;
}

/**
 * The address of a view's first byte. Asking for `.buffer` first makes the engine give the view its final storage:
 * the address then holds for as long as the caller keeps the view.
 */
export function addressOf(view: NativeBytes): number {
  return view.buffer.byteLength === 0 ? 0 : (ptr(view) as number);
}

/** A number as the pointer type that `bun:ffi` wants; costs nothing at run time. */
export function asPointer(address: number): Pointer {
  return address as Pointer;
}

/** The error number of this thread's last failed call. */
export function errno(): number {
  return read.i32(libc().__errno_location()!, 0);
}

export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENODEV: 19,
  EINVAL: 22,
  EMFILE: 24,
  ENOSPC: 28,
  EPIPE: 32,
  EPROTO: 71,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
} as const;

const SENTENCES: Readonly<Record<keyof typeof Errno, string>> = {
  EPERM: "this process is not allowed to do that",
  ENOENT: "there is no such file",
  EINTR: "the call was interrupted",
  EBADF: "the socket is closed",
  EAGAIN: "nothing to do just now",
  ENOMEM: "the kernel has no memory for it",
  EACCES: "permission denied",
  ENODEV: "there is no such interface",
  EINVAL: "the kernel refused an argument",
  EMFILE: "this process has too many open files",
  ENOSPC: "no space is left on the device",
  EPIPE: "the other side has closed the connection",
  EPROTO: "protocol error",
  EMSGSIZE: "the datagram is too long",
  EADDRINUSE: "the address and port are in use by another socket",
  EADDRNOTAVAIL: "no interface of this machine has that address",
  ENETDOWN: "the network is down",
  ENETUNREACH: "there is no route to that network",
  ECONNABORTED: "the connection was aborted",
  ECONNRESET: "the other side reset the connection",
  ENOBUFS: "the kernel's limit is reached (net.ipv4.igmp_max_memberships, or buffer space)",
  ENOTCONN: "the socket is not connected",
  ETIMEDOUT: "the other side did not answer in time",
  ECONNREFUSED: "nobody listens there",
  EHOSTUNREACH: "there is no route to that host",
  EALREADY: "the call is already under way",
  EINPROGRESS: "the call is under way",
};

/** 111 → "ECONNREFUSED". Numbers that have no name here: "errno 7". */
export function errnoName(code: number): string {
  for (const [name, value] of Object.entries(Errno)) if (value === code) return name;
  return `errno ${code}`;
}

/** 111 → "ECONNREFUSED: nobody listens there". */
export function errnoText(code: number): string {
  const name = errnoName(code);
  const sentence = SENTENCES[name as keyof typeof Errno];
  return sentence ? `${name}: ${sentence}` : name;
}
