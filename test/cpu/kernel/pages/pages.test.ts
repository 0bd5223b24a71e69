import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fastHash } from '../../../../src/base/digest.js';
import { createPageHasher } from '../../../../src/cpu/kernel/pages/pages.js';

const memory = new WebAssembly.Memory({ initial: 2 });
const hasher = createPageHasher(memory);
const [page, result] = [8192, 64];

test('a page in memory has the hash that its bytes have anywhere', () => {
  const bytes = fc.uint8Array({ minLength: 4096, maxLength: 4096 });
  fc.assert(
    fc.property(fc.oneof(fc.constant(new Uint8Array(4096)), bytes), (content) => {
      new Uint8Array(memory.buffer).set(content, page);
      hasher.hashPage(page, result);
      expect(new DataView(memory.buffer).getBigUint64(result, true)).toBe(fastHash(content));
    }),
    { numRuns: 50 },
  );
});

test('of several pages, those with a mark get their hash and lose it, and the others keep what they had', () => {
  const [hashes, first] = [512, 8192];
  const mark = fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }) },
  );
  const marked = fc.array(mark, { maxLength: 24, size: 'max' });
  fc.assert(
    fc.property(marked, fc.nat(255), (list, content) => {
      const u8 = new Uint8Array(memory.buffer);
      const marks = u8.length - list.length; // There is nothing behind them.
      u8.fill(0xaa, hashes, first);
      u8.set(list, marks);
      for (let at = 0; at < 24 * 4096; at++) u8[first + at] = (content + at * 13 + (at >> 12)) & 0xff;
      hasher.hashMarked(marks, list.length, first, hashes);
      for (let at = 0; at < 24; at++) {
        const start = first + at * 4096;
        const isMarked = (list[at] ?? 0) !== 0;
        const expected = isMarked ? fastHash(u8.slice(start, start + 4096)) : 0xaaaaaaaaaaaaaaaan;
        expect(new DataView(memory.buffer).getBigUint64(hashes + at * 8, true)).toBe(expected);
      }
      expect(u8.subarray(marks).every((mark) => mark === 0)).toBe(true);
    }),
  );
});
