/** How often regions tell of a place. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Tellings } from '../../../../src/cpu/engine/compiler/tellings.js';

const pace = 100;

test('what is told for the first time is not frequent, and nor is what was told long ago', () => {
  const tellings = new Tellings();
  expect(tellings.take(8, 0, pace)).toEqual({ isFrequent: false, tellings: 1 });
  expect(tellings.take(8, pace, pace)).toEqual({ isFrequent: true, tellings: 2 });
  expect(tellings.take(8, 2 * pace + 1, pace)).toEqual({ isFrequent: false, tellings: 3 });
});

test('each record is counted by itself, until all are forgotten', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 })), (records) => {
      const tellings = new Tellings();
      const counts = [0, 0, 0, 0, 0];
      for (const at of records) expect(tellings.take(at, 0, pace).tellings).toBe(++counts[at]!);
      tellings.forget();
      expect(tellings.take(0, 0, pace)).toEqual({ isFrequent: false, tellings: 1 });
    }),
  );
});
