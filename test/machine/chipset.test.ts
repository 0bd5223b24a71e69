import { describe, expect, test } from 'vitest';
import { createMachine } from '../../src/machine/index.js';
import { description, images, powerOn, runFor } from './small-guests.js';

const board = { ...description, board: 'i440fx', processor: '80386' } as const;

describe('the i440fx board', () => {
  test('starts its firmware as the ISA board does', () => {
    const machine = createMachine(board, images, powerOn);
    machine.breakpoints = new Set([0x7c00]);
    expect(runFor(machine, 100_000_000)).toEqual({ kind: 'breakpoint', linear: 0x7c00 });
  });
  test('goes on from a saved state as it would have gone on anyway', () => {
    const machine = createMachine(board, images, powerOn);
    runFor(machine, 3_000_000);
    const saved = machine.save();
    runFor(machine, 3_000_000);
    const other = createMachine(board, images, powerOn);
    other.load(saved);
    runFor(other, 3_000_000);
    expect(other.digest()).toEqual(machine.digest());
  });
});
