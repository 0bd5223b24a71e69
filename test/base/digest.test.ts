import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import xxhash from 'xxhash-wasm';
import { fastHash, pageHashes, sha256Hex, streamHash } from '../../src/base/digest.js';

afterEach(() => vi.restoreAllMocks());

test('XXH64 gives the published values', () => {
  expect(fastHash(new Uint8Array())).toBe(0xef46db3751d8e999n);
  expect(fastHash(new TextEncoder().encode('abc'))).toBe(0x44bc2cf5ad770999n);
});

test('long bytes have the hash that the library gives them in one piece, whole and in pieces of any length', async () => {
  const { h64Raw } = await xxhash();
  const data = Uint8Array.from({ length: 300_000 }, (_, at) => (at * at) % 251);
  fc.assert(
    fc.property(fc.nat(data.length), fc.nat(data.length), (length, cut) => {
      const whole = data.subarray(0, length);
      expect(fastHash(whole)).toBe(h64Raw(whole));
      expect(streamHash().update(whole.subarray(0, cut)).update(whole.subarray(cut)).digest()).toBe(h64Raw(whole));
    }),
    { numRuns: 20 },
  );
});

test("nothing that is hashed grows the library's memory", () => {
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  const data = new Uint8Array(1 << 20);
  fastHash(data);
  streamHash().update(data).digest();
  pageHashes(data);
  expect(grow).not.toHaveBeenCalled();
});

test('SHA-256 is what every other program computes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      expect(sha256Hex(data)).toBe(createHash('sha256').update(data).digest('hex'));
    }),
  );
});

test('pages are hashed one by one, the last one as long as it is', () => {
  const memory = Uint8Array.from({ length: 4096 * 2 + 10 }, (_, at) => at % 251);
  const hashes = pageHashes(memory);
  expect(hashes).toHaveLength(3 * 8);
  const view = new DataView(hashes.buffer);
  for (let page = 0; page < 3; page++) {
    const expected = fastHash(memory.slice(page * 4096, (page + 1) * 4096));
    expect(view.getBigUint64(page * 8, true)).toBe(expected);
  }
});

test('one changed bit changes the hash of its page and of no other', () => {
  const memory = new Uint8Array(4096 * 4);
  const before = pageHashes(memory);
  memory[4096 * 2 + 17]! ^= 1;
  const after = pageHashes(memory);
  const changed = [0, 1, 2, 3].filter((page) =>
    after.subarray(page * 8, page * 8 + 8).some((byte, at) => byte !== before[page * 8 + at]),
  );
  expect(changed).toEqual([2]);
});
