import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import { firstCycle } from '../../src/replay/search.js';

test('a search finds the exact cycle from which something holds, in few looks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 45 }),
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (low, length, where) => {
        const wanted = low + 1 + Math.floor(where * (length - 1));
        let looks = 0;
        const found = firstCycle([], cycle(low), cycle(low + length), (at) => {
          expect(at > low && at < low + length).toBe(true);
          if (++looks > 8 * 15) throw new Error('too many looks');
          return at >= wanted;
        });
        expect(found).toBe(wanted);
      },
    ),
    { numRuns: 1000 },
  );
});
