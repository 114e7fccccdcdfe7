/** Sizes of packet rings: what the kernel demands of them, for every packet size and room that settings allow. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { HEADERS_BYTES, V2, V3 } from "../../../src/io/packet-ring-layout.ts";
import { ringGeometry } from "../../../src/io/packet-ring-socket.ts";

const PAGE_BYTES = 4096;

test("every ring is one that the kernel takes, has room for its packets, and is about as large as asked", () => {
  const sizes = fc.record({
    version: fc.constantFrom(2 as const, 3 as const),
    packetBytesMax: fc.integer({ min: 1, max: 65_536 }),
    ringBytes: fc.integer({ min: 65_536, max: 2 ** 30 }),
  });
  fc.assert(
    fc.property(sizes, ({ version, packetBytesMax, ringBytes }) => {
      const { blockBytes, blockCount, frameBytes, frameCount } = ringGeometry(version, packetBytesMax, ringBytes);
      expect(blockBytes % PAGE_BYTES).toBe(0);
      expect(frameBytes % 16).toBe(0);
      expect(blockBytes % frameBytes).toBe(0);
      expect(frameCount).toBe((blockBytes / frameBytes) * blockCount);
      expect(frameCount).toBeGreaterThanOrEqual(4);
      const network = (version === 2 ? V2 : V3).networkOffset;
      const room = version === 2 ? frameBytes : blockBytes - 48;
      expect(room).toBeGreaterThanOrEqual(network + HEADERS_BYTES + packetBytesMax);
      const bytes = blockBytes * blockCount;
      expect(bytes).toBeGreaterThanOrEqual(ringBytes);
      expect(bytes).toBeLessThan(Math.max(ringBytes + blockBytes, 5 * blockBytes));
    }),
  );
});

test("blocks stay small for packets of an ordinary interface", () => {
  expect(ringGeometry(2, 1472, 32 << 20)).toEqual({
    blockBytes: 65_536,
    blockCount: 512,
    frameBytes: 2048,
    frameCount: 16_384,
  });
  expect(ringGeometry(3, 9216, 64 << 20)).toMatchObject({ blockBytes: 65_536, blockCount: 1024 });
});
