/**
 * The filter that the kernel runs on each packet before it copies it into a ring: a classic BPF program that lets
 * through only IPv4 UDP to one group and port (and from one source), cut after so many bytes. What it lets through is
 * checked again in full by `packet-ring-check.ts`; the filter is there so that other traffic costs no room.
 */
import { FathomError } from "../core/assert.ts";
import { addressOf, errnoText, type NativeBytes } from "./libc.ts";
import { PACKET_OTHER_HOST } from "./packet-ring-layout.ts";
import { SOL_SOCKET, setBytesOption } from "./sockets.ts";

const SO_ATTACH_FILTER = 26;

/** Instruction codes of classic BPF. */
const LOAD_BYTE = 0x30;
const LOAD_HALF = 0x28;
const LOAD_WORD = 0x20;
/** X ← 4 × (low nibble of the byte): the length of an IPv4 header. */
const LOAD_X_HEADER_BYTES = 0xb1;
/** A ← half word at X + k. */
const LOAD_HALF_AT_X = 0x48;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Places past the packet at which a load gives what the kernel knows about it. */
const ABOUT = 0xfffff000;
const ABOUT_PACKET_TYPE = ABOUT + 4;
const ABOUT_INTERFACE_INDEX = ABOUT + 8;

const INSTRUCTION_BYTES = 8;
const UDP = 17;

/** What a receiver takes. */
export interface DatagramFilter {
  /** Four bytes: the group, or this host's address. */
  group: Uint8Array;
  port: number;
  /** Four bytes; absent: any sender. */
  source?: Uint8Array | undefined;
  /** A ring is also shown what came by VLANs on its interface; those have numbers of their own. */
  interfaceIndex: number;
}

type Jump = "next" | "refuse";
/** Code, k, and where to go when the test holds and when it does not. */
type Instruction = [code: number, k: number, held?: Jump, failed?: Jump];

/**
 * The program for packets that begin at their IPv4 header. A fragmented datagram passes by its first fragment, the one
 * that has the ports, so that it can be counted; `bytesMax` is what is kept of a packet.
 */
export function datagramProgram(filter: DatagramFilter, bytesMax: number): Uint8Array {
  const word = (address: Uint8Array) => new DataView(address.buffer, address.byteOffset).getUint32(0);
  const source: Instruction[] = filter.source
    ? [
        [LOAD_WORD, 12],
        [JUMP_IF_EQUAL, word(filter.source), "next", "refuse"],
      ]
    : [];
  return assemble([
    [LOAD_WORD, ABOUT_INTERFACE_INDEX],
    [JUMP_IF_EQUAL, filter.interfaceIndex, "next", "refuse"],
    [LOAD_WORD, ABOUT_PACKET_TYPE],
    [JUMP_IF_AT_LEAST, PACKET_OTHER_HOST, "refuse", "next"],
    [LOAD_BYTE, 0],
    [AND, 0xf0],
    [JUMP_IF_EQUAL, 0x40, "next", "refuse"],
    [LOAD_BYTE, 9],
    [JUMP_IF_EQUAL, UDP, "next", "refuse"],
    [LOAD_WORD, 16],
    [JUMP_IF_EQUAL, word(filter.group), "next", "refuse"],
    ...source,
    [LOAD_HALF, 6],
    [JUMP_IF_ANY_BIT, 0x1fff, "refuse", "next"],
    [LOAD_X_HEADER_BYTES, 0],
    [LOAD_HALF_AT_X, 2],
    [JUMP_IF_EQUAL, filter.port, "next", "refuse"],
    [RETURN, bytesMax],
    [RETURN, 0],
  ]);
}

/** Lets nothing through: for a socket that only holds a membership or a port. */
export function refuseAllProgram(): Uint8Array {
  return assemble([[RETURN, 0]]);
}

/** The last instruction is where "refuse" leads. */
function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(new ArrayBuffer(instructions.length * INSTRUCTION_BYTES));
  const view = new DataView(bytes.buffer);
  for (const [i, [code, k, held, failed]] of instructions.entries()) {
    const skip = (jump: Jump | undefined) => (jump === "refuse" ? instructions.length - 2 - i : 0);
    view.setUint16(i * INSTRUCTION_BYTES, code, true);
    view.setUint8(i * INSTRUCTION_BYTES + 2, skip(held));
    view.setUint8(i * INSTRUCTION_BYTES + 3, skip(failed));
    view.setUint32(i * INSTRUCTION_BYTES + 4, k, true);
  }
  return bytes;
}

/**
 * Attaches the program to a socket; from then on the socket takes only what it lets through. Throws `filter-refused`.
 */
export function attachFilter(fd: number, program: Uint8Array): void {
  // struct sock_fprog: number of instructions @0, address of the first @8.
  const request: NativeBytes = new Uint8Array(new ArrayBuffer(16));
  const view = new DataView(request.buffer);
  view.setUint16(0, program.byteLength / INSTRUCTION_BYTES, true);
  view.setBigUint64(8, BigInt(addressOf(program)), true);
  const code = setBytesOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, request);
  if (code !== 0) throw new FathomError("filter-refused", `the kernel refused a packet filter: ${errnoText(code)}`);
}
