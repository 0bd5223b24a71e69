import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { pit } from '../../../src/device/pit/pit.js';

const counterNames = ['counter0', 'counter1', 'counter2'] as const;

/** A timer whose outputs are recorded as level changes with their time in ticks. */
function bench(wired: readonly (0 | 1 | 2)[] = [0]) {
  const changes: string[] = [];
  const levels = new Map<string, boolean>();
  let now = 0;
  const line = (name: string) => (level: boolean) => {
    if (levels.get(name) !== level && levels.has(name)) changes.push(`${now} ${name} ${level ? 'high' : 'low'}`);
    levels.set(name, level);
  };
  const timer = createDevice(pit, {
    lines: { output0: line('output0'), output1: line('output1'), output2: line('output2') },
    board: { wired },
  });
  timer.input('gate2', true);
  function advance(ticks: number): void {
    for (let left = ticks; left > 0;) {
      const step = Math.min(left, timer.nextEdge());
      now += step;
      left -= step;
      timer.advance(step);
    }
  }
  function program(counter: 0 | 1 | 2, mode: number, count: number, bcd = 0): void {
    timer.write('control', (counter << 6) | 0x30 | (mode << 1) | bcd);
    timer.write(counterNames[counter], count & 0xff);
    timer.write(counterNames[counter], count >> 8);
    changes.length = 0;
  }
  function count(counter: 0 | 1 | 2): number {
    timer.write('control', counter << 6);
    return timer.read(counterNames[counter])! | (timer.read(counterNames[counter])! << 8);
  }
  return { timer, changes, advance, program, count };
}

describe('an output', () => {
  test('of mode 0 rises N + 1 pulses after the count is written, once', () => {
    const { changes, advance, program } = bench();
    program(0, 0, 5);
    advance(200_000);
    expect(changes).toEqual(['6 output0 high']);
  });

  test('of mode 1 is low for N pulses after each trigger, and a new trigger starts them again', () => {
    const { timer, changes, advance, program } = bench([2]);
    program(2, 1, 4);
    advance(3);
    expect(changes).toEqual([]);
    for (const level of [false, true]) timer.input('gate2', level);
    advance(3);
    for (const level of [false, true]) timer.input('gate2', level);
    advance(20);
    expect(changes).toEqual(['4 output2 low', '11 output2 high']);
  });

  test('of mode 2 is low for the last pulse of every N', () => {
    const { changes, advance, program } = bench();
    program(0, 2, 3);
    advance(8);
    expect(changes).toEqual(['3 output0 low', '4 output0 high', '6 output0 low', '7 output0 high']);
  });

  test('of mode 3 is high for (N + 1) / 2 and low for (N - 1) / 2 pulses when N is odd', () => {
    const { changes, advance, program } = bench();
    program(0, 3, 5);
    advance(11);
    expect(changes).toEqual(['4 output0 low', '6 output0 high', '9 output0 low', '11 output0 high']);
  });

  test('of mode 4 strobes low for one pulse, N + 1 pulses after the count is written', () => {
    const { changes, advance, program } = bench();
    program(0, 4, 3);
    advance(100_000);
    expect(changes).toEqual(['4 output0 low', '5 output0 high']);
  });

  test('of mode 5 strobes N + 1 pulses after a trigger', () => {
    const { timer, changes, advance, program } = bench([2]);
    program(2, 5, 3);
    advance(10);
    for (const level of [false, true]) timer.input('gate2', level);
    advance(100);
    expect(changes).toEqual(['14 output2 low', '15 output2 high']);
  });

  test('rises 18.2 times a second as the system tick: every 65536 pulses', () => {
    const { changes, advance, program } = bench();
    program(0, 2, 0);
    advance(3 * 65536 + 1);
    expect(changes.filter((change) => change.endsWith('high'))).toEqual([
      '65537 output0 high',
      '131073 output0 high',
      '196609 output0 high',
    ]);
  });

  test('of a counter that is not wired drives nothing and wakes nobody, but has a level', () => {
    const { timer, changes, advance, program } = bench([0]);
    program(2, 3, 4);
    program(0, 0, 0);
    expect(timer.nextEdge()).toBe(1); // The loading of counter 0.
    advance(1);
    expect(timer.nextEdge()).toBe(65536);
    expect(timer.operations.output(2)).toBe(true);
    advance(2);
    expect(timer.operations.output(2)).toBe(false);
    expect(changes).toEqual([]);
  });
});

describe('a count', () => {
  test('reads back by both bytes, held by the latch while it goes on', () => {
    const { timer, advance, program } = bench();
    program(0, 2, 0x1234);
    advance(1);
    timer.write('control', 0x00);
    advance(0x100);
    expect([timer.read('counter0'), timer.read('counter0')]).toEqual([0x34, 0x12]);
    expect([timer.read('counter0'), timer.read('counter0')]).toEqual([0x34, 0x11]);
  });

  test('in BCD counts from 9999 after 0', () => {
    const { advance, program, count } = bench();
    program(0, 0, 0x0002, 1);
    advance(1);
    expect(count(0)).toBe(0x0002);
    advance(3);
    expect(count(0)).toBe(0x9999);
  });

  test('stands while the gate is low, and starts again when it rises in mode 2', () => {
    const { timer, advance, program, count } = bench();
    program(2, 2, 100);
    advance(11);
    timer.input('gate2', false);
    advance(50);
    expect(count(2)).toBe(90);
    timer.input('gate2', true);
    advance(1);
    expect(count(2)).toBe(100);
  });

  test('of 1, which modes 2 and 3 do not allow, keeps the output high and costs no wake-ups', () => {
    const { timer, changes, advance, program } = bench();
    for (const mode of [2, 3]) {
      program(0, mode, 1);
      advance(1000);
      expect(changes).toEqual([]);
      expect(timer.nextEdge()).toBe(Infinity);
    }
  });
});

test('read-back gives the status before the count, with output, null count, and the word as written', () => {
  const { timer, advance, program } = bench();
  program(1, 7, 10);
  timer.write('control', 0xc4);
  expect(timer.read('counter1')).toBe(0xc0 | 0x30 | (7 << 1));
  advance(6);
  expect([timer.read('counter1'), timer.read('counter1')]).toEqual([10, 0]); // Latched while the count waited for its load.
  timer.write('control', 0xe4);
  expect(timer.read('counter1')).toBe(0x30 | (7 << 1));
});

test('a count that waits for its pulse reads back already, as a bus is no faster than a pulse', () => {
  const { timer, advance, program } = bench();
  const read = (): number => timer.read('counter1')! | (timer.read('counter1')! << 8);
  program(1, 0, 0xffff); // Linux calibrates so, and expects to read FFxxh.
  expect(read()).toBe(0xffff);
  advance(1);
  expect(read()).toBe(0xffff);
  advance(1);
  expect(read()).toBe(0xfffe);
  program(1, 2, 1000);
  advance(11);
  program(1, 3, 77);
  expect(read()).toBe(76);
  timer.write('control', 0x70); // Without a count nothing waits.
  expect(read()).toBe(990);
});

test('the period of a wave is known while the gate lets it out', () => {
  const chip = createDevice(pit, {
    lines: { output0: () => {}, output1: () => {}, output2: () => {} },
    board: { wired: [] },
  });
  chip.write('control', 0xb6);
  chip.input('gate2', true);
  expect(chip.operations.period(2)).toBeUndefined();
  chip.write('counter2', 0xa9);
  chip.write('counter2', 0x04);
  expect(chip.operations.period(2)).toBe(0x4a9);
  chip.input('gate2', false);
  expect(chip.operations.period(2)).toBeUndefined();
  chip.input('gate2', true);
  chip.write('control', 0xb0);
  expect(chip.operations.period(2)).toBeUndefined();
});
