import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { parallel } from '../../../src/device/parallel/parallel.js';
import { anyAccess, anyAdvance, testChipProperties } from '../chip-properties.js';

function bench() {
  const printed: number[] = [];
  const levels: boolean[] = [];
  const chip = createDevice(parallel, {
    lines: { interrupt: (level) => void (levels.at(-1) !== level && levels.push(level)) },
    board: { print: (byte) => void printed.push(byte) },
  });
  const strobe = (byte: number, others = 0x0c): void => {
    chip.write('data', byte);
    chip.write('control', others | 1);
    chip.write('control', others);
  };
  return { chip, printed, levels, strobe };
}

describe('the standard port', () => {
  test('prints a byte with each strobe, busy until it is acknowledged', () => {
    const { chip, printed, strobe } = bench();
    chip.write('control', 0x0c);
    expect(chip.read('status')).toBe(0xde);
    strobe(0x41);
    expect(printed).toEqual([0x41]);
    expect(chip.read('status')).toBe(0x5e);
    strobe(0x42);
    expect(printed).toEqual([0x41]);
    chip.advance(20);
    expect(chip.read('status')).toBe(0x1e);
    chip.advance(5);
    expect(chip.read('status')).toBe(0xde);
    strobe(0x42);
    expect(printed).toEqual([0x41, 0x42]);
  });

  test('prints nothing while the printer is held in its reset', () => {
    const { chip, printed, strobe } = bench();
    strobe(0x41, 0x08);
    expect(printed).toEqual([]);
    strobe(0x41);
    chip.write('control', 0x08);
    expect(chip.read('status')! & 0x80).toBe(0x80);
  });

  test('interrupts when the acknowledgement ends, if it may', () => {
    const { chip, levels, strobe } = bench();
    strobe(1);
    chip.advance(30);
    expect(levels).toEqual([false]);
    chip.write('control', 0x1c);
    expect(levels).toEqual([false]);
    strobe(2, 0x1c);
    chip.advance(24);
    expect(levels).toEqual([false]);
    chip.advance(1);
    expect(levels).toEqual([false, true]);
    strobe(3, 0x1c);
    chip.advance(25);
    expect(levels).toEqual([false, true, false, true]);
    chip.write('control', 0x0c);
    expect(levels.at(-1)).toBe(false);
  });

  test('reads its registers back, and open lines when data come in', () => {
    const { chip } = bench();
    chip.write('data', 0x5a);
    chip.write('control', 0x2c);
    expect(chip.read('data')).toBe(0x5a);
    expect(chip.read('control')).toBe(0xec);
    chip.write('extendedControl', 0x20);
    expect(chip.read('data')).toBe(0xff);
  });
});

describe('the extended port', () => {
  test('is found by its control register', () => {
    const { chip } = bench();
    expect(chip.read('extendedControl')! & 3).toBe(1);
    chip.write('extendedControl', 0x34);
    expect(chip.read('extendedControl')).toBe(0x35);
  });

  test('prints its FIFO without strobes of the program', () => {
    const { chip, printed } = bench();
    chip.write('control', 0x0c);
    chip.write('extendedControl', 0x44);
    const text = [...'sixteen and one.'].map((letter) => letter.charCodeAt(0));
    for (const byte of text) chip.write('fifo', byte);
    expect(printed).toEqual(text.slice(0, 1));
    chip.advance(25 * 20);
    expect(printed).toEqual(text);
    expect(chip.read('extendedControl')).toBe(0x45);
  });

  test('lets a driver measure its FIFO', () => {
    const { chip, levels } = bench();
    chip.write('extendedControl', 0xd0);
    chip.write('extendedControl', 0xd4);
    let depth = 0;
    while ((chip.read('extendedControl')! & 2) === 0) {
      chip.write('fifo', 0xa0 + depth);
      depth++;
    }
    expect(depth).toBe(16);
    chip.write('extendedControl', 0xd0);
    for (let left = 0; left < 7; left++) {
      expect(chip.read('fifo')).toBe(0xa0 + left);
      expect(chip.read('extendedControl')! & 4).toBe(0);
    }
    chip.read('fifo');
    expect(chip.read('extendedControl')! & 4).toBe(4);
    expect(levels.at(-1)).toBe(true);
    chip.write('extendedControl', 0x34);
    expect(levels.at(-1)).toBe(false);
    expect(chip.read('extendedControl')).toBe(0x35);
  });

  test('shows its configuration', () => {
    const { chip } = bench();
    chip.write('extendedControl', 0xf4);
    expect([chip.read('fifo'), chip.read('configurationB')]).toEqual([0x94, 0x08]);
  });

  test('times out where the printer does not know the enhanced cycles', () => {
    const { chip } = bench();
    chip.write('extendedControl', 0x94);
    expect(chip.read('status')! & 1).toBe(0);
    expect(chip.read('eppData0')).toBe(0xff);
    expect(chip.read('status')! & 1).toBe(1);
    chip.write('status', 1);
    expect(chip.read('status')! & 1).toBe(0);
  });
});

describe('any use', () => {
  testChipProperties(
    (line) => createDevice(parallel, { lines: { interrupt: line('interrupt') }, board: { print: () => {} } }),
    fc.oneof(anyAccess(Object.keys(parallel.registers)), anyAdvance(200)),
  );
});
