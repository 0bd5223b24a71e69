/** An x87 exception on its way to a program: as interrupt request 13 and ports F0h and F1h, on a board with a 80486. */
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../src/machine/machine.js';
import { machineWith, newMachine, runFor, word } from './small-guests.js';

const handler = 0x7d00;
const seen = 0x500;
const controlWord = 0x7e00;
const unmasked = { [controlWord]: word(0x340) };

const outAl = (value: number, port: number): number[] => [0xb0, value, 0xe6, port];
/** MOV [address], AX. */
const storeAx = (address: number): number[] => [0xa3, ...word(address)];
const fnstsw = [0xdf, 0xe0];
const fnclex = [0xdb, 0xe2];
const fld1 = [0xd9, 0xe8];
const endOfInterrupt = [...outAl(0x20, 0xa0), ...outAl(0x20, 0x20)];

/** Vector 75h to the handler, no request but 13 let through; everything unmasked; STI; 1 / 0. */
const divide = [
  ...[0xc7, 0x06, ...word(0x75 * 4), ...word(handler)],
  ...[0xc7, 0x06, ...word(0x75 * 4 + 2), ...word(0)],
  ...[...outAl(0xfb, 0x21), ...outAl(0xdf, 0xa1)],
  ...[0xdb, 0xe3, 0xd9, 0x2e, ...word(controlWord)], // fninit; fldcw
  ...[...fld1, 0xd9, 0xee], // fldz
  ...[0xfb, 0xde, 0xf9], // sti; fdivp
];
const halt = [0xfa, 0xf4]; // cli; hlt

const wordAt = (machine: Machine, address: number): number =>
  machine.readMemory(address, 2).reduceRight((value, byte) => value * 256 + byte, 0);

describe('an unmasked x87 exception', () => {
  test('interrupts as request 13 right after its instruction, and the handler can clear it', () => {
    const machine = machineWith(
      [...divide, 0x40, ...fld1, ...fnstsw, ...storeAx(seen + 2), ...halt], // inc ax; fld1; fnstsw ax; …
      {
        ...unmasked,
        [handler]: [...outAl(0, 0xf0), ...endOfInterrupt, ...fnstsw, ...storeAx(seen), ...fnclex, 0xcf],
      },
      '80486',
    );
    expect(runFor(machine, 10_000)).toEqual({ kind: 'halted' });
    expect(wordAt(machine, seen)).toBe(0xb084); // B, TOP 6, ES, ZE.
    expect(wordAt(machine, seen + 2)).toBe(0x2800); // TOP 5, nothing pending.
  });
  test('is ignored inside the handler once port F0h was written', () => {
    const machine = machineWith(
      [...divide, ...fld1, ...fnstsw, ...storeAx(seen), ...halt],
      { ...unmasked, [handler]: [...outAl(0, 0xf0), ...endOfInterrupt, ...fld1, 0xcf] },
      '80486',
    );
    expect(runFor(machine, 10_000)).toEqual({ kind: 'halted' });
    // Both loads were executed with the exception still there.
    expect(wordAt(machine, seen)).toBe(0xa084);
  });
  test('stops the processor at its next x87 instruction where the request leads nowhere', () => {
    const machine = machineWith([...outAl(0xff, 0xa1), ...divide.slice(20), 0xfa, ...fld1, ...halt], unmasked, '80486');
    const program = machine.processor().linear;
    expect(runFor(machine, 10_000)).toEqual({ kind: 'halted' });
    expect(machine.processor().linear).toBeGreaterThan(program);
    expect(machine.processor().code.slice(0, 2)).toEqual(Uint8Array.from(fld1));
  });
  test('is the same run when the machine is saved and loaded into another one at every cycle', () => {
    const guest = (): Machine =>
      machineWith(
        [...divide, ...fld1, ...halt],
        { ...unmasked, [handler]: [...outAl(0, 0xf0), ...endOfInterrupt, ...fld1, ...fnclex, 0xcf] },
        '80486',
      );
    const whole = guest();
    let pieces = guest();
    for (let step = 0; step < 60; step++) {
      runFor(whole, 1);
      const next = newMachine({ processor: '80486' });
      runFor(pieces, 1);
      next.load(pieces.save());
      pieces = next;
      expect(pieces.digest()).toEqual(whole.digest());
    }
  });
});

test('a board whose processor has no unit has no latch for its errors', () => {
  expect(Object.keys(newMachine().save().parts)).not.toContain('coprocessorError');
  expect(Object.keys(newMachine({ processor: '80486' }).save().parts)).toContain('coprocessorError');
});
