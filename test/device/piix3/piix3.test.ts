import { expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { piix3, routeOf } from '../../../src/device/piix3/piix3.js';

function bench() {
  const resets: boolean[] = [];
  const levels: number[] = [];
  const chip = createDevice(piix3, {
    lines: {},
    board: { edgeLevel: (value) => void levels.push(value), reset: (hard) => void resets.push(hard) },
  });
  return { chip, resets, levels };
}

test('a route control register leads to its request unless bit 7 disables it or the request is reserved', () => {
  expect([0x0b, 0x8b, 0x0a, 0x02, 0x08, 0x0d, 0x00].map(routeOf)).toEqual([
    11,
    undefined,
    10,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
test('the edge/level registers keep requests 0, 1, 2, 8 and 13 edge-triggered', () => {
  const { chip, levels } = bench();
  chip.write('edgeLevelLow', 0xff);
  chip.write('edgeLevelHigh', 0xff);
  expect(levels.at(-1)).toBe(0xdef8);
  expect([chip.read('edgeLevelLow'), chip.read('edgeLevelHigh')]).toEqual([0xf8, 0xde]);
});
test('the rising edge of bit 2 of the reset control resets, hard where bit 1 is set', () => {
  const { chip, resets } = bench();
  for (const value of [0x02, 0x06, 0x06, 0x00, 0x04]) chip.write('resetControl', value);
  expect(resets).toEqual([true, false]);
});
