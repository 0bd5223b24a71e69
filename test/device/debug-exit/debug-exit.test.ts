import fc from 'fast-check';
import { expect, test } from 'vitest';
import { debugExit, exitStatusOf } from '../../../src/device/debug-exit/debug-exit.js';
import { createDevice } from '../../../src/device/device.js';

test('a written value ends the run with twice itself and one', () => {
  const ends: number[] = [];
  const device = createDevice(debugExit, { lines: {}, board: { exit: (status) => ends.push(status) } });
  expect(device.operations.read()).toBe(0);
  for (const value of [0, 1, 0x10, 0x7fff_ffff, 0xffff_ffff]) device.operations.write(value);
  expect(ends).toEqual([1, 3, 0x21, 0xffff_ffff, 0xffff_ffff]);
});

test('no value gives the status of a run that nobody ended', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (value) => {
      const status = exitStatusOf(value);
      expect(status & 1).toBe(1);
      expect(status).toBeGreaterThan(0);
    }),
  );
});
