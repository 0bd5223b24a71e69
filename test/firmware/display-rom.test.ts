import { describe, expect, test } from 'vitest';
import { createMachine } from '../../src/machine/index.js';
import { description, images, powerOn, runFor } from '../machine/small-guests.js';

const start = 0xc0000;

describe("the header of the display's ROM", () => {
  test.each(['vga', 'vbe'] as const)(
    'is what programs look for that run the BIOS of the display "%s" themselves',
    (display) => {
      const machine = createMachine(
        { ...description, board: 'i440fx', processor: 'pentium', display },
        images,
        powerOn,
      );
      machine.breakpoints = new Set([0x7c00]);
      expect(runFor(machine, 100_000_000)).toEqual({ kind: 'breakpoint', linear: 0x7c00 });
      const rom = Buffer.from(machine.readMemory(start, 512));
      expect(rom.readUInt16LE(0)).toBe(0xaa55);
      expect(rom[2]).toBe(1);
      expect(rom.reduce((sum, byte) => sum + byte) & 0xff).toBe(0);
      expect(rom.toString('latin1', 0x1e, 0x21)).toBe('IBM');
      const data = rom.readUInt16LE(0x18);
      const function_ =
        data === 0 ? undefined : rom.toString('latin1', data, data + 4) + rom.readUInt32LE(data + 4).toString(16);
      expect(function_).toBe(display === 'vbe' ? 'PCIR11111234' : undefined);
    },
  );
});
