import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coprocessorError } from '../../../src/device/coprocessor-error/coprocessor-error.js';
import { createDevice } from '../../../src/device/device.js';
import { type Action, anyAccess, testChipProperties } from '../chip-properties.js';

function bench() {
  const levels = { interrupt: false, ignoreError: false };
  const chip = createDevice(coprocessorError, {
    lines: {
      interrupt: (level) => void (levels.interrupt = level),
      ignoreError: (level) => void (levels.ignoreError = level),
    },
    board: undefined,
  });
  return { chip, levels };
}

test('a rising error requests an interrupt, which a write to port F0h drops', () => {
  const { chip, levels } = bench();
  chip.input('error', true);
  expect(levels).toEqual({ interrupt: true, ignoreError: false });
  chip.write('clear', 0);
  expect(levels).toEqual({ interrupt: false, ignoreError: true });
});
test('the processor ignores the error until the error is gone', () => {
  const { chip, levels } = bench();
  chip.input('error', true);
  chip.write('clear', 0xff);
  chip.input('error', false);
  expect(levels).toEqual({ interrupt: false, ignoreError: false });
  chip.input('error', true);
  expect(levels).toEqual({ interrupt: true, ignoreError: false });
});
test('the request outlives the error', () => {
  const { chip, levels } = bench();
  chip.input('error', true);
  chip.input('error', false);
  expect(levels.interrupt).toBe(true);
});
test('without an error a write has no effect on what the processor ignores', () => {
  const { chip, levels } = bench();
  chip.write('clear', 0);
  expect(levels).toEqual({ interrupt: false, ignoreError: false });
});

describe('any use', () => {
  testChipProperties(
    (line) =>
      createDevice(coprocessorError, {
        lines: { interrupt: line('interrupt'), ignoreError: line('ignoreError') },
        board: undefined,
      }),
    fc.oneof(
      anyAccess(['clear', 'reset']),
      fc.boolean().map((level): Action => ({ kind: 'input', line: 'error', level })),
    ),
  );
});
