import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { rtc } from '../../../src/device/rtc/rtc.js';
import { type Action, anyAdvance, testChipProperties } from '../chip-properties.js';

const second = 32_768;

function bench(asQemu = false) {
  const levels = { interrupt: false, nonMaskableInterruptMask: false };
  const ticksRestarted = { count: 0 };
  const chip = createDevice(rtc, {
    lines: {
      interrupt: (level) => (levels.interrupt = level),
      nonMaskableInterruptMask: (level) => (levels.nonMaskableInterruptMask = level),
    },
    board: { restartTick: () => void ticksRestarted.count++, asQemu },
  });
  const read = (at: number): number => {
    chip.write('index', at);
    return chip.read('data')!;
  };
  const write = (at: number, value: number): void => {
    chip.write('index', at);
    chip.write('data', value);
  };
  const time = (): string => [9, 8, 7, 6, 4, 2, 0].map((at) => read(at).toString(16).padStart(2, '0')).join(' ');
  return { chip, levels, ticksRestarted, read, write, time };
}

describe('the time', () => {
  test('shows the date given at power-on, and its century in byte 32h', () => {
    const { chip, time, read } = bench();
    chip.operations.setDate(Date.UTC(2026, 6, 4, 23, 59, 58) / 1000); // A Saturday.
    expect(time()).toBe('26 07 04 07 23 59 58');
    expect(read(0x32)).toBe(0x20);
  });

  test('agrees with the calendar for any date', () => {
    const { chip, time } = bench();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (unixSeconds) => {
        chip.operations.setDate(unixSeconds);
        const date = new Date(unixSeconds * 1000);
        const parts = [date.getUTCFullYear() % 100, date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCDay() + 1];
        const all = [...parts, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
        expect(time()).toBe(all.map((part) => String(part).padStart(2, '0')).join(' '));
      }),
    );
  });

  test('counts like the calendar from any date until 2099, in every format', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: Date.UTC(2099, 11, 1) / 1000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom(0, 2, 4, 6),
        (start, seconds, format) => {
          const [counted, expected] = [bench(), bench()];
          for (const { write } of [counted, expected]) write(0x0b, format);
          counted.chip.operations.setDate(start);
          counted.chip.advance(seconds * second);
          expected.chip.operations.setDate(start + seconds);
          expect(counted.time()).toBe(expected.time());
        },
      ),
      { numRuns: 60 },
    );
  });

  test('shows noon and midnight as 12 in the 12-hour format, with bit 7 for the afternoon', () => {
    const { chip, read, write } = bench();
    write(0x0b, 0x00);
    const hours = Array.from({ length: 24 }, (_, hour) => {
      chip.operations.setDate(hour * 3600);
      return read(4);
    });
    expect(hours.slice(0, 2)).toEqual([0x12, 0x01]);
    expect(hours.slice(11, 14)).toEqual([0x11, 0x92, 0x81]);
    chip.operations.setDate(86_399);
    chip.advance(second);
    expect([read(4), read(7)]).toEqual([0x12, 0x02]);
  });

  test('stands still while SET is high, and keeps its place in the second', () => {
    const { chip, time, write } = bench();
    chip.operations.setDate(0);
    chip.advance(second - 100);
    write(0x0b, 0x82);
    chip.advance(10 * second);
    expect(time()).toBe('70 01 01 05 00 00 00');
    write(0x0b, 0x02);
    chip.advance(100);
    expect(time()).toBe('70 01 01 05 00 00 01');
  });

  test('updates half a second after the countdown chain is released, to the tick', () => {
    const { chip, ticksRestarted, time, write } = bench();
    chip.operations.setDate(0);
    write(0x0a, 0x76);
    chip.advance(5 * second);
    expect(ticksRestarted.count).toBe(0);
    write(0x0a, 0x26);
    expect(ticksRestarted.count).toBe(1);
    chip.advance(second / 2 - 1);
    expect(time()).toBe('70 01 01 05 00 00 00');
    chip.advance(1);
    expect(time()).toBe('70 01 01 05 00 00 01');
  });

  test('sets UIP 244 microseconds before an update, which takes it away', () => {
    const { chip, read } = bench();
    chip.advance(second - 9);
    expect(read(0x0a)).toBe(0x26);
    chip.advance(1);
    expect(read(0x0a)).toBe(0xa6);
    chip.advance(7);
    expect(read(0x0a)).toBe(0xa6);
    chip.advance(1);
    expect(read(0x0a)).toBe(0x26);
  });
});

describe('the interrupts', () => {
  test('come with an update, and reading register C takes them away', () => {
    const { chip, levels, read, write } = bench();
    write(0x0b, 0x12);
    expect(chip.nextEdge()).toBe(second);
    chip.advance(second - 1);
    expect(levels.interrupt).toBe(false);
    chip.advance(1);
    expect(levels.interrupt).toBe(true);
    expect(chip.nextEdge()).toBe(Infinity);
    expect(read(0x0c)).toBe(0xd0);
    expect(levels.interrupt).toBe(false);
    expect(read(0x0c)).toBe(0x00);
  });

  test('come at the selected rate, half a period before UIP', () => {
    const { chip, read, write } = bench();
    write(0x0b, 0x42);
    const period = 32;
    expect(chip.nextEdge()).toBe(period - ((8 + period / 2) % period));
    let interrupts = 0;
    for (let tick = 0; tick < second; tick++) {
      chip.advance(1);
      if (read(0x0c) & 0x80) interrupts++;
    }
    expect(interrupts).toBe(1024);
  });

  test('come when time and alarm agree, and FFh in an alarm byte agrees with anything', () => {
    const { chip, levels, read, write } = bench();
    chip.operations.setDate(0);
    write(0x01, 0x30);
    write(0x03, 0xff);
    write(0x05, 0xff);
    write(0x0b, 0x22);
    chip.advance(30 * second - 1);
    expect(levels.interrupt).toBe(false);
    chip.advance(1);
    expect(levels.interrupt).toBe(true);
    expect(read(0x0c) & 0x20).toBe(0x20);
    chip.advance(60 * second);
    expect(levels.interrupt).toBe(true);
  });

  test('come at once when a flag is set before its enable', () => {
    const { chip, levels, write } = bench();
    chip.advance(second);
    write(0x0b, 0x42);
    expect(levels.interrupt).toBe(true);
    chip.input('reset', true);
    expect(levels.interrupt).toBe(false);
  });
});

test('128 bytes of memory are kept, and bit 7 of the index masks the non-maskable interrupt', () => {
  const { chip, levels, read } = bench();
  expect(levels.nonMaskableInterruptMask).toBe(true);
  for (let at = 0x0e; at < 128; at++) chip.operations.presetMemory(at, at);
  for (let at = 0x0e; at < 128; at++) expect(read(at)).toBe(at);
  expect(levels.nonMaskableInterruptMask).toBe(false);
  chip.write('index', 0x8f);
  expect(levels.nonMaskableInterruptMask).toBe(true);
  expect(chip.read('data')).toBe(0x0f);
});

describe('a periodic interrupt whose rate is changed', () => {
  /** Ticks to the interrupt after a rate of 16 Hz has given way to one of 2 Hz, `later` ticks after one of the first. */
  function firstPeriod(asQemu: boolean, later: number): number {
    const { chip, levels, read, write } = bench(asQemu);
    write(0x0a, 0x2c);
    write(0x0b, 0x42);
    chip.advance(chip.nextEdge());
    read(0x0c);
    chip.advance(later);
    write(0x0a, 0x2f);
    const ticks = chip.nextEdge();
    chip.advance(ticks - 1);
    expect(levels.interrupt).toBe(false);
    chip.advance(1);
    expect(levels.interrupt).toBe(true);
    read(0x0c);
    if (asQemu) expect(chip.nextEdge()).toBe(second / 2);
    return ticks;
  }
  test('goes on at the next edge of its tap, which no change of rate moves', () => {
    for (const later of [0, 1, 777]) expect((second / 2 - firstPeriod(false, later)) % 2048).toBe(1024 + later);
  });
  test('begins a whole period where the clock has the ways of QEMU', () => {
    for (const later of [0, 1, 777]) expect(firstPeriod(true, later)).toBe(second / 2);
  });
});

describe.each([false, true])('any use (as QEMU: %s)', (asQemu) => {
  const index = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 10, 11, 11, 12, 12, 13, 0x32);
  const byte = fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.constantFrom(0x26, 0x2f, 0x23, 0x72, 0x42, 0x12, 0x22));
  const runs = (valueA: number, valueB: number): Action[] => [
    { kind: 'write', register: 'index', value: 0x0a },
    { kind: 'write', register: 'data', value: valueA },
    { kind: 'write', register: 'index', value: 0x0b },
    { kind: 'write', register: 'data', value: valueB },
    { kind: 'write', register: 'index', value: 0x0c },
    { kind: 'read', register: 'data' },
  ];
  const action: fc.Arbitrary<Action | Action[]> = fc.oneof(
    fc.tuple(fc.constantFrom(0x20, 0x26, 0x2f), fc.constantFrom(0x02, 0x12, 0x32, 0x52)).map((both) => runs(...both)),
    index.map((value): Action => ({ kind: 'write', register: 'index', value })),
    byte.map((value): Action => ({ kind: 'write', register: 'data', value })),
    fc.constant<Action>({ kind: 'read', register: 'data' }),
    fc.boolean().map((level): Action => ({ kind: 'input', line: 'reset', level })),
    fc.constant<Action>({ kind: 'operation', name: 'setDate', arguments: [951_782_399] }),
    anyAdvance(200_000),
  );
  testChipProperties(
    (line) =>
      createDevice(rtc, {
        lines: { interrupt: line('interrupt'), nonMaskableInterruptMask: line('nonMaskableInterruptMask') },
        board: { restartTick() {}, asQemu },
      }),
    action,
  );
});
