import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.js';
import { seededRandom } from '../../src/base/random.js';

test('equal seeds give equal sequences, on every computer the same', () => {
  const random = seededRandom(1);
  expect(Array.from({ length: 4 }, () => random.next())).toEqual([2693262067, 11749833, 2265367787, 4213581821]);
});

test('a seed counts by its lowest 32 bits', () => {
  expect(seededRandom(2 ** 32 + 5).next()).toBe(seededRandom(5).next());
});

test('numbers below a bound reach every value and none beyond', () => {
  const random = seededRandom(7);
  const seen = new Set(Array.from({ length: 1000 }, () => random.below(7)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(random.below(1)).toBe(0);
  expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
});

test('a bound that no number is below is our mistake', () => {
  expect(() => seededRandom(1).below(0)).toThrow(InvariantError);
  expect(() => seededRandom(1).below(2 ** 32 + 1)).toThrow(InvariantError);
});
