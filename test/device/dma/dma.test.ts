import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { dma } from '../../../src/device/dma/dma.js';
import { type Action, anyAccess, testChipProperties } from '../chip-properties.js';

function bench() {
  const memory = new Uint8Array(0x1000000);
  const chip = createDevice(dma, {
    lines: {},
    board: {
      readMemory: (physical) => memory[physical]!,
      writeMemory: (physical, value) => {
        memory[physical] = value;
      },
    },
  });
  const names = new Map(Object.entries(chip.registers).map(([name, port]) => [port, name]));
  const out = (port: number, ...values: number[]): void => {
    for (const value of values) chip.write(names.get(port)!, value);
  };
  const read = (port: number): number => chip.read(names.get(port)!)!;
  return { chip, memory, out, read };
}

/** The cascade as a firmware sets it up, and channel 2 for the floppy disk: from 12FFFEh, `count` + 1 bytes. */
function programChannel2(out: (port: number, ...values: number[]) => void, mode: number, count: number): void {
  out(0xd6, 0xc0);
  out(0xd4, 0x00);
  out(0x0a, 0x06);
  out(0x0c, 0x00);
  out(0x04, 0xfe, 0xff);
  out(0x05, count & 0xff, count >> 8);
  out(0x0b, mode);
  out(0x81, 0x12);
  out(0x0a, 0x02);
}

describe('the registers', () => {
  test('of address and count are written and read a byte at a time, low before high', () => {
    const { out, read } = bench();
    out(0x0c, 0);
    out(0x02, 0x34, 0x12);
    out(0x03, 0x78, 0x56);
    expect([read(0x02), read(0x02), read(0x03), read(0x03)]).toEqual([0x34, 0x12, 0x78, 0x56]);
    read(0x02);
    expect(read(0x02)).toBe(0x12);
    out(0xd8, 0);
    out(0xc4, 0x34, 0x12);
    expect([read(0xc4), read(0xc4)]).toEqual([0x34, 0x12]);
  });

  test('show software and hardware requests in the status, until a master clear', () => {
    const { chip, out, read } = bench();
    out(0x09, 0x06);
    chip.operations.request(3, true);
    expect(read(0x08)).toBe(0xc0);
    out(0x0d, 0);
    expect(read(0x08)).toBe(0x80);
    chip.operations.request(3, false);
    expect(read(0x08)).toBe(0x00);
  });

  test('of the pages are sixteen bytes of memory', () => {
    const { out, read } = bench();
    for (let port = 0x80; port < 0x90; port++) out(port, port ^ 0x5a);
    for (let port = 0x80; port < 0x90; port++) expect(read(port)).toBe(port ^ 0x5a);
  });
});

describe('a transfer', () => {
  test('from a device fills memory, stays inside its 64 KiB page, and masks its channel at the terminal count', () => {
    const { chip, memory, out, read } = bench();
    programChannel2(out, 0x46, 3);
    const counts = [1, 2, 3, 4].map((value) => chip.operations.fromDevice(2, value)?.terminalCount);
    expect(counts).toEqual([false, false, false, true]);
    expect([memory[0x12fffe], memory[0x12ffff], memory[0x120000], memory[0x120001]]).toEqual([1, 2, 3, 4]);
    expect(chip.operations.fromDevice(2, 5)).toBeUndefined();
    expect(read(0x08)).toBe(0x04);
    expect(read(0x08)).toBe(0x00);
    expect([read(0x05), read(0x05)]).toEqual([0xff, 0xff]);
  });

  test('to a device reads memory, downwards when told so', () => {
    const { chip, memory, out } = bench();
    memory.set([7, 8], 0x12fffd);
    programChannel2(out, 0x6a, 0x1ff);
    expect(chip.operations.toDevice(2)).toEqual({ value: 8, terminalCount: false });
    expect(chip.operations.toDevice(2)).toEqual({ value: 7, terminalCount: false });
  });

  test('starts over by itself when it autoinitializes', () => {
    const { chip, memory, out } = bench();
    programChannel2(out, 0x56, 0);
    expect(chip.operations.fromDevice(2, 1)).toEqual({ terminalCount: true });
    expect(chip.operations.fromDevice(2, 2)).toEqual({ terminalCount: true });
    expect(memory[0x12fffe]).toBe(2);
  });

  test('that verifies counts, and touches no memory', () => {
    const { chip, memory, out } = bench();
    programChannel2(out, 0x42, 0);
    expect(chip.operations.fromDevice(2, 9)).toEqual({ terminalCount: true });
    expect(memory[0x12fffe]).toBe(0);
  });

  test('of words goes to even addresses of a 128 KiB page', () => {
    const { chip, memory, out } = bench();
    out(0xd8, 0);
    out(0xc4, 0x00, 0x80);
    out(0xc6, 0x01, 0x00);
    out(0xd6, 0x45);
    out(0x8b, 0x13);
    out(0xd4, 0x01);
    expect(chip.operations.fromDevice(5, 0xbeef)).toEqual({ terminalCount: false });
    expect([memory[0x130000], memory[0x130001]]).toEqual([0xef, 0xbe]);
    out(0xd6, 0x49);
    expect(chip.operations.toDevice(5)).toEqual({ value: 0, terminalCount: true });
  });

  test('does not happen while masked, disabled, of the wrong direction, or without the cascade', () => {
    const { chip, out } = bench();
    const refused = (prepare: (port: number, ...values: number[]) => void): boolean => {
      programChannel2(out, 0x46, 100);
      out(0x08, 0x00);
      prepare(0x80);
      return chip.operations.fromDevice(2, 0) === undefined;
    };
    expect(refused(() => undefined)).toBe(false);
    expect(refused(() => out(0x0f, 0x04))).toBe(true);
    expect(refused(() => out(0x08, 0x04))).toBe(true);
    expect(refused(() => out(0x0b, 0x4a))).toBe(true);
    expect(refused(() => out(0x0b, 0xc6))).toBe(true);
    expect(refused(() => out(0xd4, 0x04))).toBe(true);
    expect(refused(() => out(0xd6, 0x40))).toBe(true);
  });

  test('moves count + 1 bytes to consecutive addresses, for any address and count', () => {
    const address = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(
        address,
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 0, max: 0xff }),
        (start, count, page) => {
          const { chip, memory, out, read } = bench();
          programChannel2(out, 0x46, count);
          out(0x0c, 0);
          out(0x04, start & 0xff, start >> 8);
          out(0x81, page);
          let units = 0;
          for (let done = false; !done; units++) done = chip.operations.fromDevice(2, (units % 251) + 1)!.terminalCount;
          expect(units).toBe(count + 1);
          const at = (unit: number): number => page * 0x10000 + ((start + unit) & 0xffff);
          expect([memory[at(0)], memory[at(count)]]).toEqual([1, (count % 251) + 1]);
          expect(read(0x04) | (read(0x04) << 8)).toBe((start + count + 1) & 0xffff);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('any use', () => {
  const channel = fc.constantFrom(0, 1, 2, 3, 5, 6, 7);
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 4, arbitrary: anyAccess(Object.keys(dma.registers)) },
    channel.map((of): Action => ({ kind: 'operation', name: 'toDevice', arguments: [of] })),
    fc
      .tuple(channel, fc.integer({ min: 0, max: 0xffff }))
      .map((args): Action => ({ kind: 'operation', name: 'fromDevice', arguments: args })),
    fc.tuple(channel, fc.boolean()).map((args): Action => ({ kind: 'operation', name: 'request', arguments: args })),
  );
  testChipProperties(
    () =>
      createDevice(dma, {
        lines: {},
        board: { readMemory: (physical) => (physical * 7) & 0xff, writeMemory: () => undefined },
      }),
    action,
  );
});
