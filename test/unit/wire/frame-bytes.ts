/** Builds link-layer frames for the tests, layer by layer, right or deliberately wrong. Big-endian throughout. */
import { ByteList, concat } from "./capture-file.ts";

export const SOURCE_IPV4 = [206, 200, 127, 138];
export const GROUP_IPV4 = [233, 54, 12, 111];
export const SOURCE_IPV6 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
export const GROUP_IPV6 = [0xff, 0x3e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34];

const net = () => new ByteList(false);

/** `length`: what the header claims. */
export function udp(payload: Uint8Array, length = 8 + payload.length): Uint8Array<ArrayBuffer> {
  return net().u16(49_653).u16(26_477).u16(length).u16(0).bytes(payload).done();
}

export interface Ipv4Options {
  /** A multiple of 4 bytes. */
  options?: number[];
  /** Flags and fragment offset. */
  fragment?: number;
  protocol?: number;
  totalBytes?: number;
  versionAndLength?: number;
}

export function ipv4(body: Uint8Array, o: Ipv4Options = {}): Uint8Array<ArrayBuffer> {
  const options = o.options ?? [];
  const headBytes = 20 + options.length;
  return net()
    .bytes([o.versionAndLength ?? 0x40 + headBytes / 4, 0])
    .u16(o.totalBytes ?? headBytes + body.length)
    .u16(0x79b8)
    .u16(o.fragment ?? 0x4000)
    .bytes([20, o.protocol ?? 17])
    .u16(0)
    .bytes(SOURCE_IPV4)
    .bytes(GROUP_IPV4)
    .bytes(options)
    .bytes(body)
    .done();
}

/** `body` begins with whatever `next` says. */
export function ipv6(body: Uint8Array, next = 17, payloadBytes = body.length): Uint8Array<ArrayBuffer> {
  return net()
    .bytes([0x60, 0, 0, 0])
    .u16(payloadBytes)
    .bytes([next, 64])
    .bytes(SOURCE_IPV6)
    .bytes(GROUP_IPV6)
    .bytes(body)
    .done();
}

/** An IPv6 extension header of `8 + 8 × more` bytes before `body`. */
export function extension(next: number, more: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(next, more), new Uint8Array(6 + 8 * more), body);
}

/** `tags`: VLAN EtherTypes, outermost first. */
export function ethernet(ethertype: number, body: Uint8Array, tags: number[] = []): Uint8Array<ArrayBuffer> {
  const frame = net().bytes([0x01, 0, 0x5e, 0x36, 0x0c, 0x6f, 2, 0, 0, 0, 0, 1]);
  for (const [i, tag] of tags.entries()) frame.u16(tag).u16(100 + i);
  return frame.u16(ethertype).bytes(body).done();
}

export function linuxCooked(ethertype: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return net().u16(0).u16(1).u16(6).bytes([2, 0, 0, 0, 0, 1, 0, 0]).u16(ethertype).bytes(body).done();
}

export function linuxCooked2(ethertype: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return net().u16(ethertype).u16(0).u32(3).u16(1).bytes([0, 6, 2, 0, 0, 0, 0, 1, 0, 0]).bytes(body).done();
}
