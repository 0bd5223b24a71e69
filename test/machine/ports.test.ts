import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.js';
import type { Width } from '../../src/device/device.js';
import { PortMap } from '../../src/machine/ports.js';

/** A chip of two registers that logs what reaches it. `off` answers nothing. */
function chip(log: string[]) {
  return {
    name: 'chip',
    registers: { data: 0, off: 1 },
    access: (register: 'data' | 'off') => ({
      read(width: Width) {
        log.push(`read ${register} ${width}`);
        return register === 'data' ? 2 ** (8 * width) - 2 : undefined;
      },
      write(value: number, width: Width) {
        log.push(`write ${register} ${value.toString(16)} ${width}`);
        return register === 'data';
      },
      readMany: () => 0,
      writeMany: () => 0,
    }),
  };
}

function connected(wide: readonly 'data'[] = []) {
  const log: string[] = [];
  const ports = new PortMap(() => 42);
  const clocked = {
    due: 0,
    changes: 0,
    sync: (at: number) => void log.push(`sync ${at}`),
    reschedule: () => void log.push('reschedule'),
    restartTick: () => {},
  };
  ports.connect(chip(log), 0x300, clocked, wide);
  return { ports, log };
}

describe('a port map', () => {
  test('brings a chip to the moment at hand before every access, and looks at its next edge after it', () => {
    const { ports, log } = connected();
    expect(ports.read(0x300, 1)).toBe(0xfe);
    ports.write(0x300, 0x55, 1);
    expect(log).toEqual(['sync 42', 'read data 1', 'reschedule', 'sync 42', 'write data 55 1', 'reschedule']);
  });

  test('answers for nobody with all ones, and counts the access by its port', () => {
    const { ports } = connected();
    expect([ports.read(0x500, 1), ports.read(0x500, 2), ports.read(0x500, 4)]).toEqual([0xff, 0xffff, 0xffffffff]);
    ports.write(0x500, 1, 1);
    expect([...ports.unknown]).toEqual([
      ['in 0x0500', 3],
      ['in 0x0501', 2],
      ['in 0x0502', 1],
      ['in 0x0503', 1],
      ['out 0x0500', 1],
    ]);
  });

  test('counts what a switched-off register leaves unanswered', () => {
    const { ports } = connected();
    expect(ports.read(0x301, 1)).toBe(0xff);
    ports.write(0x301, 0, 1);
    expect([...ports.unknown.keys()]).toEqual(['in 0x0301', 'out 0x0301']);
  });

  test('splits an access that is wider than the register into bytes, low byte first', () => {
    const { ports, log } = connected();
    expect(ports.read(0x300, 2)).toBe(0xfffe);
    ports.write(0x2ff, 0x12345678, 4);
    expect(log.filter((line) => /^(read|write)/.test(line))).toEqual([
      'read data 1',
      'read off 1',
      'write data 56 1',
      'write off 34 1',
    ]);
  });

  test('gives a wide access whole to a register that takes it', () => {
    const { ports, log } = connected(['data']);
    expect(ports.read(0x300, 4)).toBe(0xfffffffe);
    ports.write(0x300, 0x1234, 2);
    expect(log.filter((line) => /^(read|write)/.test(line))).toEqual(['read data 4', 'write data 1234 2']);
  });

  test('goes round at the end of the port space', () => {
    const { ports } = connected();
    expect(ports.read(0xffff, 2)).toBe(0xffff);
    expect([...ports.unknown.keys()]).toEqual(['in 0xffff', 'in 0x0000']);
  });

  test('takes no second register at a port', () => {
    const { ports } = connected();
    const clocked = { due: 0, changes: 0, sync: () => {}, reschedule: () => {}, restartTick: () => {} };
    expect(() => ports.connect(chip([]), 0x2ff, clocked)).toThrow(InvariantError);
  });
});
