/**
 * Memory that threads and processes share: a file under /dev/shm or a memfd, mapped here, as an `ArrayBuffer` that
 * Atomics accept. Whoever makes it decides who may write: a memfd is sealed once its maker has mapped it, and what is
 * handed out then can be read and never written, grown or cut. Cold, but for `copyBytes`.
 *
 * What always holds: the pages are there before anybody writes to them, so a full /dev/shm is an error at creation and
 * no signal later; after `close` the addresses are empty pages, so a view kept too long reads zeros and harms nobody.
 */
import { toArrayBuffer } from "bun:ffi";
import { closeSync, constants, fchmodSync, fstatSync, openSync, unlinkSync } from "node:fs";
import { FathomError } from "../core/assert.ts";
import { addressOf, asPointer, Errno, errno, errnoText, libc } from "./libc.ts";

/** Memory with a fixed address, whatever it is made of. */
export interface MemoryRegion {
  readonly buffer: ArrayBufferLike;
  readonly address: number;
  /** Other processes may have it mapped, not only other threads. */
  readonly isProcessShared: boolean;
  readonly isWritable: boolean;
}

/** The same interface for memory that only the threads of this process share. */
export function threadRegion(buffer: SharedArrayBuffer): MemoryRegion {
  return { buffer, address: addressOf(new Uint8Array(buffer)), isProcessShared: false, isWritable: true };
}

/** How far a memfd is closed for good. */
export type SealKind =
  /** Nobody can write to it but through mappings that are there already; its size is fixed. */
  | "read-only"
  /** Its size is fixed: nobody can make the others' mappings fault by cutting it. */
  | "size";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;
/** Above every address that a program can have; a failed mmap is 2^64 − 1. */
const ADDRESS_MAX = 2 ** 52;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_FUTURE_WRITE = 0x10;
const FILE_MODE = 0o600;

export class SharedMemory implements MemoryRegion {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  readonly byteLength: number;
  readonly isProcessShared = true;
  readonly isWritable: boolean;
  /** Where it lies; undefined for a memfd. */
  readonly path: string | undefined;
  #fd: number;
  #isClosed = false;

  /** For the functions below. Takes the descriptor over, and closes it when the mapping fails. */
  constructor(fd: number, path: string | undefined, byteLength: number, isWritable: boolean) {
    this.#fd = fd;
    this.path = path;
    this.byteLength = byteLength;
    this.isWritable = isWritable;
    const protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ;
    const flags = MAP_SHARED | MAP_POPULATE;
    this.address = Number(libc().mmap(asPointer(0), byteLength, protection, flags, fd, 0));
    if (this.address <= 0 || this.address > ADDRESS_MAX) {
      const error = failed(`map ${path ?? "a memfd"}`, errno());
      closeSync(fd);
      throw error;
    }
    this.buffer = toArrayBuffer(asPointer(this.address), 0, byteLength);
  }

  /** The descriptor, to hand to a child process; -1 once closed. */
  get fd(): number {
    return this.#fd;
  }

  /** Makes a new file of mode 0600. Throws `shared-memory-exists`, `shared-memory-full`, `shared-memory-failed`. */
  static createFile(path: string, byteLength: number): SharedMemory {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openFile(path, flags, FILE_MODE);
    try {
      // Whatever the process's umask says.
      fchmodSync(fd, FILE_MODE);
      reserve(fd, byteLength, path);
      return new SharedMemory(fd, path, byteLength, true);
    } catch (error) {
      unlinkSync(path);
      throw error;
    }
  }

  /** Makes a memfd: it has no path, and goes with its last user. Throws as `createFile` does. */
  static createAnonymous(name: string, byteLength: number): SharedMemory {
    const nameBytes = new TextEncoder().encode(`${name}\0`);
    const fd = libc().memfd_create(asPointer(addressOf(nameBytes)), MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) throw failed(`make the memfd ${name}`, errno());
    reserve(fd, byteLength, `the memfd ${name}`);
    return new SharedMemory(fd, undefined, byteLength, true);
  }

  /**
   * Maps what is there: a file by its path (`/proc/self/fd/3` too), or a descriptor that this process was given, which
   * is then the mapping's own. Throws `shared-memory-missing` or `shared-memory-failed`.
   */
  static open(place: string | number, options: { isWritable: boolean }): SharedMemory {
    const path = typeof place === "string" ? place : undefined;
    const access = options.isWritable ? constants.O_RDWR : constants.O_RDONLY;
    const fd = typeof place === "string" ? openFile(place, access) : place;
    const byteLength = fstatSync(fd).size;
    if (byteLength > 0) return new SharedMemory(fd, path, byteLength, options.isWritable);
    closeSync(fd);
    throw new FathomError("shared-memory-failed", `${path ?? `descriptor ${place}`} is empty`);
  }

  /** Seals a memfd for good. After `read-only` only this mapping writes. Throws `shared-memory-failed`. */
  seal(kind: SealKind): void {
    const size = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    const seals = kind === "read-only" ? size | F_SEAL_FUTURE_WRITE : size;
    if (libc().fcntl(this.#fd, F_ADD_SEALS, seals) !== 0) throw failed("seal the memory", errno());
  }

  /**
   * A new descriptor of the same memory that cannot write, to hand to a child process; the caller closes it. Without
   * the seal `read-only` its holder could open it for writing again, through /proc.
   */
  openReadOnly(): number {
    return openFile(`/proc/self/fd/${this.#fd}`, constants.O_RDONLY);
  }

  /** Takes the file's name away; those who have it mapped keep it. Nothing happens when it is gone already. */
  unlink(): void {
    if (this.path === undefined) return;
    try {
      unlinkSync(this.path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw failedWith(`remove ${this.path}`, cause);
    }
  }

  /** Closes the descriptor only; the mapping stays. */
  closeDescriptor(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Gives the memory back. Twice is once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    libc().mmap(asPointer(this.address), this.byteLength, PROT_READ | PROT_WRITE, flags, -1, 0);
    this.closeDescriptor();
  }
}

/** memcpy: a few nanoseconds and no object, where `TypedArray.set` would need a view for its source. Hot. */
export function copyBytes(targetAddress: number, sourceAddress: number, lengthBytes: number): void {
  libc().memcpy(asPointer(targetAddress), asPointer(sourceAddress), lengthBytes);
}

function openFile(path: string, flags: number, mode?: number): number {
  try {
    return openSync(path, flags, mode);
  } catch (cause) {
    throw failedWith(`open ${path}`, cause);
  }
}

/** Sets the size and takes the pages from the system; closes the descriptor when there are none. */
function reserve(fd: number, byteLength: number, what: string): void {
  if (libc().fallocate(fd, 0, 0, byteLength) === 0) return;
  const code = errno();
  closeSync(fd);
  throw failed(`reserve ${byteLength} bytes for ${what}`, code);
}

function failed(what: string, code: number): FathomError {
  if (code === Errno.ENOSPC || code === Errno.ENOMEM)
    return new FathomError("shared-memory-full", `cannot ${what}: ${errnoText(code)}`, {
      hint: "make /dev/shm larger (in a container: --shm-size), or the rings smaller",
    });
  return new FathomError("shared-memory-failed", `cannot ${what}: ${errnoText(code)}`);
}

const CODES: Readonly<Record<string, string>> = { ENOENT: "shared-memory-missing", EEXIST: "shared-memory-exists" };

function failedWith(what: string, cause: unknown): FathomError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new FathomError(CODES[code] ?? "shared-memory-failed", `cannot ${what}: ${message}`, { cause });
}
