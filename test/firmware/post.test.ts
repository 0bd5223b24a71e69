import { describe, expect, test } from 'vitest';
import { cycle } from '../../src/base/integers.js';
import type { Machine, MachineDescription } from '../../src/machine/machine.js';
import { bootAddress, newMachine } from '../machine/small-guests.js';

/** A machine whose firmware has just jumped to the boot sector. */
function started(changes: Partial<MachineDescription>): Machine {
  const machine = newMachine({ memoryBytes: 32 << 20, ...changes });
  machine.breakpoints = new Set([bootAddress]);
  expect(machine.run(cycle(100_000_000)).kind).toBe('breakpoint');
  return machine;
}

const dword = (machine: Machine, at: number): number =>
  new DataView(machine.readMemory(at, 4).buffer).getUint32(0, true);
const text = (machine: Machine, at: number, length: number): string =>
  new TextDecoder('latin1').decode(machine.readMemory(at, length));

/** The ACPI table of this name, found as a system finds it: from the root pointer in F0000h to FFFFFh. */
function table(machine: Machine, name: string): Uint8Array {
  let pointer = 0xf0000;
  while (text(machine, pointer, 8) !== 'RSD PTR ') pointer += 16;
  const root = dword(machine, pointer + 16);
  for (let entry = 36; entry < dword(machine, root + 4); entry += 4) {
    const at = dword(machine, root + entry);
    if (text(machine, at, 4) === name) return machine.readMemory(at, dword(machine, at + 4));
  }
  throw new Error(`there is no table ${name}`);
}

describe('after power-on', () => {
  test('the caches are on, which a reset leaves off from the 80486 on', () => {
    const off = 0x60000000;
    expect(newMachine({ processor: '80486' }).processor().registers.cr0! & off).toBe(off);
    expect(started({ processor: '80486' }).processor().registers.cr0! & off).toBe(0);
    expect(started({ board: 'i440fx', processor: 'pentium3' }).processor().registers.cr0! & off).toBe(0);
  });

  test('a board with PCI and no memory beyond the first MiB has its vectors, and no tables over them', () => {
    const machine = started({ board: 'i440fx', processor: 'pentium3', memoryBytes: 1 << 20 });
    const segments = Array.from({ length: 0x20 }, (_, vector) => dword(machine, vector * 4) >>> 16);
    expect(segments.filter((segment) => segment !== 0xf000 && segment !== 0xc000 && segment !== 0xe600)).toEqual([]);
    expect(dword(machine, 0xf000)).toBe(0);
  });

  test('ACPI tells the tick at input 2, and that what PCI may use is active-high and level-triggered', () => {
    const madt = table(started({ board: 'i440fx', processor: 'pentium3' }), 'APIC');
    const overrides: number[][] = [];
    for (let at = 44; at < madt.length; at += madt[at + 1]!)
      if (madt[at] === 2) overrides.push([...madt.subarray(at + 2, at + 10)]);
    expect(overrides).toEqual([
      [0, 0, 2, 0, 0, 0, 0, 0],
      ...[5, 9, 10, 11].map((irq) => [0, irq, irq, 0, 0, 0, 0x0d, 0]),
    ]);
  });
});
