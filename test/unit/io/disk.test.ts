/** Files in chunks: plain, gzip, Zstandard; whole, cut and damaged; and the writer. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { FathomError } from "../../../src/core/assert.ts";
import { Prng } from "../../../src/core/prng.ts";
import { openAppender, openFileSource } from "../../../src/io/disk.ts";

const folder = mkdtempSync(join(tmpdir(), "fathom-disk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compressible, but not very: it has the length and the variety of a feed. */
const CONTENT = (() => {
  const random = new Prng(7);
  return Uint8Array.from({ length: 3_000_000 }, () => random.below(32));
})();

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function read(path: string) {
  const file = openFileSource(path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file) chunks.push(chunk.slice());
  return { file, bytes: Buffer.concat(chunks), chunks };
}

const checksummed = (bytes: Uint8Array) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

const KINDS = [
  { name: "gzip", compress: (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes)) },
  { name: "zstd", compress: (bytes: Uint8Array) => new Uint8Array(zstdCompressSync(bytes)) },
  { name: "zstd", compress: (bytes: Uint8Array) => new Uint8Array(checksummed(bytes)) },
] as const;

describe("plain files", () => {
  test("come in chunks, whole, with progress", async () => {
    const big = new Uint8Array(9_000_001).map((_, i) => i & 0xff);
    const { file, bytes, chunks } = await read(write("plain.bin", big));
    expect(bytes.equals(big)).toBe(true);
    expect(file.compression).toBe("none");
    expect([file.sizeBytes, file.bytesRead]).toEqual([big.length, big.length]);
    expect(file.cut).toBeUndefined();
    expect(chunks[0]!.length).toBeGreaterThanOrEqual(1 << 20);
  });

  test("may be empty or tiny", async () => {
    expect((await read(write("empty", new Uint8Array(0)))).bytes.length).toBe(0);
    expect([...(await read(write("tiny", new Uint8Array([0x1f])))).bytes]).toEqual([0x1f]);
  });

  test("a loop that is left early closes the file", async () => {
    const file = openFileSource(write("early.bin", CONTENT));
    for await (const _ of file) break;
    file.close();
    expect(file.bytesRead).toBe(CONTENT.length);
  });

  test("what cannot be opened says why", () => {
    const code = (path: string) => {
      try {
        openFileSource(path);
      } catch (error) {
        return (error as FathomError).code;
      }
      return "";
    };
    expect(code(join(folder, "none"))).toBe("file-not-found");
    expect(code(folder)).toBe("file-unreadable");
  });
});

for (const [i, { name, compress }] of KINDS.entries())
  describe(`${name}${i === 2 ? " with checksum" : ""}`, () => {
    const whole = compress(CONTENT);

    test("is told by its first bytes and decoded whole", async () => {
      const { file, bytes } = await read(write("whole", whole));
      expect(bytes.equals(CONTENT)).toBe(true);
      expect(file.compression).toBe(name);
      expect([file.sizeBytes, file.bytesRead]).toEqual([whole.length, whole.length]);
      expect(file.cut).toBeUndefined();
    });

    test("may be several, one after the other", async () => {
      const { file, bytes } = await read(write("two", Buffer.concat([whole, compress(new Uint8Array([1, 2, 3]))])));
      expect(bytes.length).toBe(CONTENT.length + 3);
      expect(file.cut).toBeUndefined();
    });

    test("cut anywhere: what could be decoded comes, then the cut is told", async () => {
      for (const keep of [whole.length - 1, whole.length - 9, whole.length >> 1, 100_000, 20, 5]) {
        const { file, bytes } = await read(write("cut", whole.subarray(0, keep)));
        expect(bytes.equals(CONTENT.subarray(0, bytes.length))).toBe(true);
        expect(file.cut).toEqual({ compressedOffset: keep, reason: "unexpected end of file" });
        // All but the block that was cut: 128 KiB in Zstandard, less in gzip.
        if (keep > 100_000) expect(bytes.length).toBeGreaterThan((keep / whole.length) * CONTENT.length - 300_000);
      }
    });
  });

test("a damaged gzip file yields what came before the damage, and is told", async () => {
  const bad = new Uint8Array(gzipSync(CONTENT));
  bad.fill(0xff, bad.length >> 1, (bad.length >> 1) + 64);
  const { file, bytes } = await read(write("bad.gz", bad));
  expect(file.cut?.reason).toBeTruthy();
  expect(bytes.length).toBeGreaterThan(1_000_000);
  expect(bytes.subarray(0, 1_000_000).equals(CONTENT.subarray(0, 1_000_000))).toBe(true);
});

test("a damaged Zstandard file with a checksum is told", async () => {
  const bad = new Uint8Array(checksummed(CONTENT));
  bad[bad.length >> 1]! ^= 0xff;
  const { file } = await read(write("bad.zst", bad));
  expect(file.cut?.reason).toBeTruthy();
});

describe("the writer", () => {
  test("writes what it is given, short and long, in order", async () => {
    const path = join(folder, "out.bin");
    const out = openAppender(path);
    const parts = [1, 40, 127, 128, 5000, 1 << 20, (1 << 20) + 1, 3];
    const expected: number[] = [];
    for (const [i, length] of parts.entries()) {
      const bytes = new Uint8Array(length + 2).fill(i + 1);
      out.write(bytes, 1, length);
      expected.push(length);
    }
    out.close();
    out.close();
    const { bytes } = await read(path);
    expect(bytes.length).toBe(expected.reduce((sum, length) => sum + length, 0));
    expect(out.bytesWritten).toBe(bytes.length);
    let at = 0;
    for (const [i, length] of expected.entries()) {
      expect(bytes.subarray(at, at + length).every((byte) => byte === i + 1)).toBe(true);
      at += length;
    }
  });

  test("begins anew, or goes on with `keep`", async () => {
    const path = join(folder, "again.bin");
    for (const keep of [false, true, true]) {
      const out = openAppender(path, { keep });
      out.write(new Uint8Array([1, 2]), 0, 2);
      out.close();
    }
    expect((await read(path)).bytes.length).toBe(6);
    openAppender(path).close();
    expect((await read(path)).bytes.length).toBe(0);
  });

  test("a disk that is full is an error that says so", () => {
    const out = openAppender("/dev/full");
    expect(() => {
      out.write(new Uint8Array(2 << 20), 0, 2 << 20);
    }).toThrow(/cannot write \/dev\/full: .*ENOSPC|no space/i);
    out.close();
    expect(() => openAppender(join(folder, "none", "x"))).toThrow(FathomError);
  });
});
