import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { powerManagement } from '../../../src/device/power-management/power-management.js';
import { type Action, anyAdvance, testChipProperties } from '../chip-properties.js';

function bench() {
  const seen: string[] = [];
  const chip = createDevice(powerManagement, {
    lines: { interrupt: (level) => void seen.push(`interrupt=${level ? 1 : 0}`) },
    board: { powerOff: () => void seen.push('off') },
  });
  seen.length = 0;
  const { readRegister, writeRegister } = chip.operations;
  return {
    chip,
    seen,
    read: (offset: number, width: 1 | 2 | 4 = 2) => readRegister(offset, width),
    write: (offset: number, value: number, width: 1 | 2 | 4 = 2) => writeRegister(offset, value, width),
  };
}

describe('power management', () => {
  test('counts its timer of 24 bits at a quarter of the oscillator and sets its status when bit 23 changes', () => {
    const { chip, read, write } = bench();
    chip.advance(2 ** 23 - 1);
    expect(read(8, 4)).toBe(2 ** 23 - 1);
    expect(read(0) & 1).toBe(0);
    chip.advance(1);
    expect(read(0) & 1).toBe(1);
    write(0, 1);
    expect(read(0) & 1).toBe(0);
    chip.advance(2 ** 23);
    expect([read(8, 4), read(0) & 1]).toEqual([0, 1]);
  });
  test('asks for the system control interrupt where the event and the interrupt are enabled', () => {
    const { chip, seen, write } = bench();
    chip.operations.powerButton();
    write(2, 0x0100);
    expect(seen).not.toContain('interrupt=1');
    write(4, 1);
    expect(seen.at(-1)).toBe('interrupt=1');
    write(0, 0x0100);
    expect(seen.at(-1)).toBe('interrupt=0');
  });
  test('changes to ACPI and back when the command port is told so, and keeps what was written there', () => {
    const { chip, read } = bench();
    const { writeCommand, readCommand } = chip.operations;
    writeCommand(0, 0xf1);
    expect(read(4) & 1).toBe(1);
    writeCommand(1, 0x5a);
    writeCommand(0, 0xf0);
    expect([read(4) & 1, readCommand(0), readCommand(1)]).toEqual([0, 0xf0, 0x5a]);
  });
  test('switches off for sleep type 0 with sleep enabled, and only then', () => {
    const { seen, write } = bench();
    write(4, 0x0001);
    write(4, 0x3401 & ~0x1c00 & ~0x2000);
    expect(seen).not.toContain('off');
    write(4, 0x2001);
    expect(seen).toContain('off');
  });
  test('wakes from another sleep at an enabled event', () => {
    const { chip, read, write } = bench();
    write(2, 0x0200);
    write(4, 0x2000 | (5 << 10));
    expect(read(0) & 0x8000).toBe(0);
    chip.operations.sleepButton();
    expect(read(0) & 0x8200).toBe(0x8200);
  });
  test('ends a transaction on its SMBus with a device error', () => {
    const { chip } = bench();
    chip.operations.writeBus(2, 0x48);
    expect(chip.operations.readBus(0)).toBe(0x04);
    chip.operations.writeBus(0, 0x04);
    expect(chip.operations.readBus(0)).toBe(0);
  });
});

describe('any use of power management', () => {
  const operation = (name: string, args: fc.Arbitrary<unknown[]>): fc.Arbitrary<Action> =>
    fc.record({ kind: fc.constant('operation' as const), name: fc.constant(name), arguments: args });
  const register = fc.oneof(
    fc.constantFrom(0, 2, 4, 8),
    fc.nat(15).map((index) => index * 4),
  );
  testChipProperties(
    (line) =>
      createDevice(powerManagement, {
        lines: { interrupt: line('interrupt') },
        board: { powerOff: () => {} },
      }) as never,
    fc.oneof(
      operation('readRegister', fc.tuple(register, fc.constantFrom(1, 2, 4))),
      operation('writeRegister', fc.tuple(register, fc.nat(0xffff), fc.constantFrom(1, 2, 4))),
      operation('powerButton', fc.constant([])),
      operation('readBus', fc.tuple(fc.nat(15))),
      operation('writeBus', fc.tuple(fc.nat(15), fc.nat(255))),
      anyAdvance(20_000_000),
    ),
  );
});
