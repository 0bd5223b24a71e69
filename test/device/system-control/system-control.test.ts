import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { systemControl } from '../../../src/device/system-control/system-control.js';
import { type Action, anyAccess, anyAdvance, testChipProperties } from '../chip-properties.js';

function bench() {
  const seen: string[] = [];
  const line = (name: string) => (level: boolean) => void seen.push(`${name}=${level ? 1 : 0}`);
  const chip = createDevice(systemControl, {
    lines: { timer2Gate: line('gate'), speakerData: line('speaker'), a20: line('a20'), reset: line('reset') },
    board: undefined,
  });
  seen.length = 0;
  return { chip, seen };
}

test('port B drives the speaker and reads its four low bits back', () => {
  const { chip, seen } = bench();
  chip.write('portB', 0xff);
  expect(seen).toContain('gate=1');
  expect(seen).toContain('speaker=1');
  expect(chip.read('portB')).toBe(0x0f);
  chip.input('timer2Output', true);
  expect(chip.read('portB')).toBe(0x2f);
});

test('the refresh bit toggles 66,287 times a second', () => {
  const { chip } = bench();
  expect(Math.floor(systemControl.clock!.numerator / systemControl.clock!.denominator)).toBe(66_287);
  const bits = [1, 1, 1, 2].map((ticks) => {
    chip.advance(ticks);
    return chip.read('portB');
  });
  expect(bits).toEqual([0x10, 0x00, 0x10, 0x10]);
});

test('port A opens the A20 gate, and resets the processor once a rising bit 0', () => {
  const { chip, seen } = bench();
  chip.write('portA', 0x02);
  expect(seen).toContain('a20=1');
  expect(seen).not.toContain('reset=1');
  chip.write('portA', 0x03);
  chip.write('portA', 0x03);
  expect(seen.filter((each) => each.startsWith('reset'))).toEqual(['reset=1', 'reset=0']);
  expect(chip.read('portA')).toBe(0x03);
});

describe('any use', () => {
  const action: fc.Arbitrary<Action> = fc.oneof(
    anyAccess(['portA', 'portB']),
    fc.boolean().map((level): Action => ({ kind: 'input', line: 'timer2Output', level })),
    anyAdvance(100_000),
  );
  testChipProperties(
    (line) =>
      createDevice(systemControl, {
        lines: {
          timer2Gate: line('gate'),
          speakerData: line('speaker'),
          a20: line('a20'),
          reset: line('reset'),
        },
        board: undefined,
      }),
    action,
  );
});
