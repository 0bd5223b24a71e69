import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { hpet } from '../../../src/device/hpet/hpet.js';
import { type Action, anyAdvance, testChipProperties } from '../chip-properties.js';

function bench() {
  const seen: string[] = [];
  const chip = createDevice(hpet, {
    lines: {},
    board: {
      replaceLegacy: (replaced) => void seen.push(`legacy ${replaced}`),
      interrupt: (timer, { legacy, input }, level) =>
        void seen.push(`timer ${timer} ${legacy ? 'legacy' : input} ${level ? 1 : 0}`),
    },
  });
  seen.length = 0;
  const { readRegister, writeRegister } = chip.operations;
  return {
    chip,
    seen,
    read: (offset: number) => readRegister(offset, 4),
    write: (offset: number, value: number) => writeRegister(offset, value, 4),
  };
}

describe('high precision event timers', () => {
  test('count ticks of 69,841,279 femtoseconds while they are enabled', () => {
    const { chip, read, write } = bench();
    expect(read(4)).toBe(69_841_279);
    chip.advance(100);
    expect(read(0xf0)).toBe(0);
    write(0x10, 1);
    chip.advance(100);
    expect(read(0xf0)).toBe(100);
  });
  test('carry from the low half of the counter to the high one', () => {
    const { chip, read, write } = bench();
    write(0xf0, 0xffff_fffe);
    write(0xf4, 7);
    write(0x10, 1);
    chip.advance(3);
    expect([read(0xf4), read(0xf0)]).toEqual([8, 1]);
  });
  test('give an edge at the comparator, at the input that is chosen', () => {
    const { chip, seen, write } = bench();
    write(0x100, 0x0004 | (10 << 9));
    write(0x108, 500);
    write(0x10c, 0);
    write(0x10, 1);
    expect(chip.nextEdge()).toBe(500);
    seen.length = 0;
    chip.advance(500);
    expect(seen).toEqual(['timer 0 10 1', 'timer 0 10 0']);
  });
  test('repeat a periodic timer by the period that was written after the value', () => {
    const { chip, seen, write } = bench();
    write(0x120, 0x014c); // Periodic, 32 bits, interrupts, the next write sets the value.
    write(0x128, 50);
    write(0x128, 20);
    write(0x10, 1);
    seen.length = 0;
    chip.advance(95);
    expect(seen.filter((each) => each.endsWith(' 1'))).toHaveLength(3); // At 50, 70 and 90.
  });
  test('make up for the periods of a timer that interrupts nobody when they are looked at', () => {
    const { chip, seen, read, write } = bench();
    write(0x120, 0x0148); // Periodic, 32 bits, the next write sets the value.
    write(0x128, 50);
    write(0x128, 20);
    write(0x10, 1);
    seen.length = 0;
    expect(chip.nextEdge()).toBeGreaterThan(1_000_000);
    chip.advance(95);
    expect(read(0x128)).toBe(110);
    write(0x120, 0x010c);
    expect(chip.nextEdge()).toBe(15);
  });
  test('hold a level until its status bit is cleared', () => {
    const { chip, seen, read, write } = bench();
    write(0x140, 0x0006 | (9 << 9));
    write(0x148, 10);
    write(0x14c, 0);
    write(0x10, 1);
    seen.length = 0;
    chip.advance(10);
    expect(seen).toEqual(['timer 2 9 1']);
    expect(read(0x20)).toBe(4);
    write(0x20, 4);
    expect(seen).toEqual(['timer 2 9 1', 'timer 2 9 0']);
  });
  test('stand in for the legacy requests when they are told to', () => {
    const { chip, seen, write } = bench();
    write(0x10, 3);
    expect(seen).toEqual(['legacy true']);
    write(0x100, 0x0104);
    write(0x108, 5);
    chip.advance(5);
    expect(seen).toContain('timer 0 legacy 1');
  });
});

describe('any use of high precision event timers', () => {
  const offset = fc.oneof(
    fc.constantFrom(0, 4, 0x10, 0x20, 0xf0, 0xf4, 0x100, 0x108, 0x10c, 0x120, 0x128, 0x12c, 0x140, 0x148, 0x14c),
    fc.nat(0xff).map((index) => index * 4),
  );
  const value = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(300), fc.constantFrom(1, 3, 0x4c, 0x14c, 6));
  const operation = (name: string, args: fc.Arbitrary<unknown[]>): fc.Arbitrary<Action> =>
    fc.record({ kind: fc.constant('operation' as const), name: fc.constant(name), arguments: args });
  testChipProperties(
    (line) => {
      const lines = [line('timer0'), line('timer1'), line('timer2')];
      return createDevice(hpet, {
        lines: {},
        board: { replaceLegacy: () => {}, interrupt: (timer, _, level) => lines[timer]!(level) },
      }) as never;
    },
    fc.oneof(
      operation('readRegister', fc.tuple(offset, fc.constantFrom(1, 2, 4))),
      operation('writeRegister', fc.tuple(offset, value, fc.constantFrom(1, 2, 4, 4, 4))),
      anyAdvance(100_000),
    ),
  );
});
