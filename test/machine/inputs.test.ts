/** What reaches the guest through the one door for inputs, and what the door refuses. */
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import type { InputEvent } from '../../src/machine/machine.js';
import { diskMedium, floppyMedium, machineWith, newMachine, runFor } from './small-guests.js';

/** jmp $ */
const forever = [0xeb, 0xfe];

/** Stores every byte that the keyboard gives: enables it, then polls port 64h and reads port 60h into 500h and on. */
const keyLogger = [
  ...[0xb0, 0xff, 0xe6, 0x21, 0xe6, 0xa1], // mov al, 0ffh; out 21h, al; out 0a1h, al
  ...[0xb0, 0xae, 0xe6, 0x64], // mov al, 0aeh; out 64h, al
  ...[0xbf, 0x00, 0x05], // mov di, 500h
  ...[0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa], // wait: in al, 64h; test al, 1; jz wait
  ...[0xe4, 0x60, 0xaa], // in al, 60h; stosb
  ...[0xeb, 0xf5], // jmp wait
];

/** Lights Scroll Lock and Caps Lock: waits for the keyboard to acknowledge the command. */
const lightKeeper = [
  ...[0xb0, 0xff, 0xe6, 0x21, 0xe6, 0xa1], // mov al, 0ffh; out 21h, al; out 0a1h, al
  ...[0xb0, 0xed, 0xe6, 0x60], // mov al, 0edh; out 60h, al
  ...[0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa], // wait: in al, 64h; test al, 1; jz wait
  ...[0xe4, 0x60, 0xb0, 0x05, 0xe6, 0x60], // in al, 60h; mov al, 5; out 60h, al
  ...[0xeb, 0xfe], // jmp $
];

/** Echoes serial port 0, one more than each byte: 115,200 bits a second, eight of them a byte. */
const serialEcho = [
  ...[0xba, 0xfb, 0x03, 0xb0, 0x83, 0xee], // mov dx, 3fbh; mov al, 83h; out dx, al
  ...[0xba, 0xf8, 0x03, 0xb0, 0x01, 0xee], // mov dx, 3f8h; mov al, 1; out dx, al
  ...[0x42, 0x30, 0xc0, 0xee], // inc dx; xor al, al; out dx, al
  ...[0xba, 0xfb, 0x03, 0xb0, 0x03, 0xee], // mov dx, 3fbh; mov al, 3; out dx, al
  ...[0xba, 0xfd, 0x03], // wait: mov dx, 3fdh
  ...[0xec, 0xa8, 0x01, 0x74, 0xfb], // in al, dx; test al, 1; jz back
  ...[0xba, 0xf8, 0x03, 0xec, 0x40, 0xee], // mov dx, 3f8h; in al, dx; inc ax; out dx, al
  ...[0xeb, 0xf0], // jmp wait
];

describe('an input', () => {
  test('of a key reaches the guest as the scan codes of its making and breaking', () => {
    const machine = machineWith(keyLogger);
    runFor(machine, 1_000_000);
    for (const key of [0x1e, 0xe048]) {
      machine.input({ kind: 'key', key, pressed: true });
      runFor(machine, 1_000_000);
      machine.input({ kind: 'key', key, pressed: false });
      runFor(machine, 1_000_000);
    }
    expect([...machine.readMemory(0x500, 7)]).toEqual([0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8, 0]);
  });

  test('on a serial line reaches the guest at the rate of the line, and what it sends is observed with its cycle', () => {
    const machine = machineWith(serialEcho);
    const sent: { byte: number; cycle: number; port: number }[] = [];
    machine.onSerial = (output) => void sent.push(output);
    runFor(machine, 10_000);
    const { cycle: at } = machine;
    machine.input({ kind: 'serial', port: 0, data: Uint8Array.of(0x61, 0x62, 0x63) });
    runFor(machine, 100_000);
    expect(sent.map(({ port, byte }) => [port, byte])).toEqual([
      [0, 0x62],
      [0, 0x63],
      [0, 0x64],
    ]);
    // A start bit, eight bits and a stop bit at 115,200 bits a second: 4340 cycles each way and a few to echo.
    expect(sent[0]!.cycle - at).toBeGreaterThan(4340);
    expect(sent[1]!.cycle - sent[0]!.cycle).toBeGreaterThan(4300);
    expect(sent[1]!.cycle - sent[0]!.cycle).toBeLessThan(4400);
  });

  test('of the reset button restarts the processor and keeps memory, time and disk', () => {
    const machine = machineWith([0xc6, 0x06, 0, 5, 0x77, ...forever]); // mov byte [500h], 77h
    runFor(machine, 100);
    const { cycle: at } = machine;
    machine.input({ kind: 'reset' });
    expect(machine.processor()).toMatchObject({ mode: 'real', linear: 0xffff_fff0 });
    expect(machine.readMemory(0x500, 1)[0]).toBe(0x77);
    expect(machine.cycle).toBe(at);
  });

  test('that cuts the power ends the machine for good', () => {
    const machine = machineWith(forever);
    machine.input({ kind: 'powerCut' });
    const { cycle: at } = machine;
    expect(runFor(machine, 1000)).toEqual({ kind: 'powerOff' });
    expect(machine.cycle).toBe(at);
  });

  test('that changes a floppy takes the medium out of its drive and puts another in', () => {
    const machine = newMachine({ media: { disk0: diskMedium, floppyA: floppyMedium } });
    const before = machine.save();
    machine.input({ kind: 'media', drive: 'floppyA' });
    const out = machine.save();
    machine.input({ kind: 'media', drive: 'floppyA', medium: floppyMedium });
    const inAgain = machine.save();
    expect(machine.diff(before, out).map(({ part }) => part)).toContain('floppyA');
    expect(machine.diff(before, inAgain).every(({ part }) => part === 'floppy')).toBe(true);
  });

  const impossible: Readonly<Record<string, InputEvent>> = {
    'a key that no keyboard has': { kind: 'key', key: 0x1234, pressed: true },
    'a serial port that is not there': { kind: 'serial', port: 4, data: Uint8Array.of(1) },
    'more serial bytes than the line holds': { kind: 'serial', port: 0, data: new Uint8Array(1 << 20) },
    'another disk in a fixed drive': { kind: 'media', drive: 'disk0', medium: diskMedium },
    'a floppy whose image is not at hand': {
      kind: 'media',
      drive: 'floppyA',
      medium: { ...floppyMedium, sha256: 'f'.repeat(64) },
    },
  };
  for (const [what, event] of Object.entries(impossible)) {
    test(`${what} is refused with the next step, and nothing is changed`, () => {
      const machine = newMachine({ media: { disk0: diskMedium, floppyA: floppyMedium } });
      const before = machine.digest();
      const refused = (): void => machine.input(event);
      expect(refused).toThrow(UserError);
      expect(refused).toThrow(/\.$/);
      expect(machine.digest()).toEqual(before);
    });
  }
});

describe("the keyboard's indicators", () => {
  test('tell what the guest lights, also where a saved machine goes on', () => {
    const machine = machineWith(lightKeeper);
    expect(machine.keyboardLights()).toEqual({ scrollLock: false, numLock: false, capsLock: false });
    runFor(machine, 1_000_000);
    const lit = { scrollLock: true, numLock: false, capsLock: true };
    expect(machine.keyboardLights()).toEqual(lit);
    const other = machineWith(forever);
    other.load(machine.save());
    expect(other.keyboardLights()).toEqual(lit);
  });
});
