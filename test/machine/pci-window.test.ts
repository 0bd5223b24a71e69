import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Width } from '../../src/device/device.js';
import { virtioNetIdentity } from '../../src/device/virtio/net.js';
import { PciBus } from '../../src/machine/pci-bus.js';

const widths = fc.constantFrom<Width>(1, 2, 4);

/** A virtio function whose ranges are never placed; range 4 is plain memory here. */
function bench() {
  const memory = new DataView(new ArrayBuffer(0x4000));
  const accesses: { readonly offset: number; readonly width: Width }[] = [];
  const bus = new PciBus({
    slots: [],
    placePorts: () => () => {},
    placeMemory: () => () => {},
    interrupt: () => {},
    message: () => {},
  });
  bus.attach({
    name: 'card',
    identity: virtioNetIdentity,
    place: { device: 4, function: 0 },
    regions: {
      4: {
        read(offset, width) {
          accesses.push({ offset, width });
          let value = 0;
          for (let at = 0; at < width; at++) value += memory.getUint8(offset + at) * 2 ** (8 * at);
          return value;
        },
        write(offset, value, width) {
          accesses.push({ offset, width });
          for (let at = 0; at < width; at++) memory.setUint8(offset + at, (value >>> (8 * at)) & 0xff);
          return true;
        },
      },
    },
  });
  bus.reset();
  const address = (register: number): unknown =>
    bus.address.write(0, (2 ** 31 + (4 << 11) + (register & 0xfc)) >>> 0, 4);
  function read(register: number, width: Width): number {
    address(register);
    return bus.data.read(register & 3, width)!;
  }
  function write(register: number, value: number, width: Width): void {
    address(register);
    bus.data.write(register & 3, value, width);
  }
  /** The capability that is a window: vendor specific, of type 5. */
  function capability(): number {
    let at = read(0x34, 1);
    while (at !== 0 && read(at + 3, 1) !== 5) at = read(at + 1, 1);
    return at;
  }
  const at = capability();
  function aim(range: number, offset: number, length: number): void {
    write(at + 4, range, 1);
    write(at + 8, offset, 4);
    write(at + 12, length, 4);
  }
  return { memory, accesses, read, write, aim, at, data: at + 16 };
}

test('software reaches registers in memory through configuration space alone', () => {
  fc.assert(
    fc.property(widths, fc.nat(0x0fff), fc.nat(0xffff_ffff), (width, place, value) => {
      const { accesses, aim, write, read, data, at } = bench();
      const offset = place * 4;
      aim(4, offset, width);
      write(data, value, width);
      const kept = width === 4 ? value : value % 2 ** (8 * width);
      expect(read(data, width)).toBe(kept);
      expect(read(at + 2, 1)).toBe(20);
      expect(accesses).toEqual([
        { offset, width },
        { offset, width },
      ]);
    }),
  );
});

test('a window that is set to no whole access in a range makes none', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), (range, offset, length) => {
      const bytes = range === 4 ? 0x4000 : range === 1 ? 0x1000 : 0; // Range 1 is the table of messages.
      const fits = [1, 2, 4].includes(length) && offset % length === 0 && offset + length <= bytes;
      fc.pre(!fits);
      const { accesses, aim, write, read, data } = bench();
      aim(range, offset, length);
      write(data, 0x1234_5678, 4);
      expect(read(data, 4)).toBe(0x1234_5678);
      expect(accesses).toEqual([]);
    }),
  );
});
