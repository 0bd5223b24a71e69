import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fastHash } from '../../../../src/base/digest.js';
import { createPageHasher } from '../../../../src/cpu/kernel/pages/pages.js';

const memory = new WebAssembly.Memory({ initial: 1 });
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
