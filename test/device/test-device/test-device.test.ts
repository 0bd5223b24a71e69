import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDevice, type Width } from '../../../src/device/device.js';
import { testDevice, testDeviceSizes } from '../../../src/device/test-device/test-device.js';

function made() {
  const levels = new Map<number, boolean>();
  const board = { line: (line: number, level: boolean) => void levels.set(line, level) };
  return { device: createDevice(testDevice, { lines: {}, board }), levels };
}

test('a line is up while the last value written for it was not zero, and down after a reset', () => {
  const { device, levels } = made();
  device.operations.writeLine(5, 1);
  device.operations.writeLine(23, 0x80);
  expect([levels.get(5), levels.get(23), levels.get(6)]).toEqual([true, true, false]);
  device.operations.writeLine(5, 0);
  expect(levels.get(5)).toBe(false);
  device.reset();
  expect(levels.get(23)).toBe(false);
});

const width = fc.constantFrom<Width>(1, 2, 4);
const access = fc.record({ width, value: fc.nat(0xffff_ffff), at: fc.nat(0xffff) });

test('ports and memory keep what was written in any width, and it survives saving and loading', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 40 }), (accesses) => {
      const { device } = made();
      const ports = new Uint8Array(4);
      const memory = new Uint8Array(testDeviceSizes.memoryBytes);
      const write = (bytes: Uint8Array, at: number, value: number, count: Width): void => {
        for (let index = 0; index < count; index++) bytes[at + index] = Math.floor(value / 256 ** index) & 0xff;
      };
      const cut = (value: number, count: Width): number => value % 256 ** count;
      for (const { width: count, value, at } of accesses) {
        const port = (at % 4) & ~(count - 1);
        const place = Math.min(at, memory.length - count);
        device.operations.writePort(port, cut(value, count), count);
        device.operations.writeMemory(place, cut(value, count), count);
        write(ports, port, value, count);
        write(memory, place, value, count);
        const again = made().device;
        again.load(device.save());
        const read = (bytes: Uint8Array, from: number): number =>
          [...bytes.subarray(from, from + count)].reduceRight((sum, byte) => sum * 256 + byte, 0);
        expect(again.operations.readPort(port, count)).toBe(read(ports, port));
        expect(again.operations.readMemory(place, count)).toBe(read(memory, place));
      }
    }),
    { numRuns: 50 },
  );
});
