/** The firmware configuration by its document: items byte by byte, the directory of files, commands in memory. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDevice } from '../../../src/device/device.js';
import { firmwareConfiguration } from '../../../src/device/firmware-configuration/firmware-configuration.js';
import { itemKeys, numberItem, withFiles } from '../../../src/device/firmware-configuration/items.js';

const memoryBytes = 0x10000;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function made() {
  const memory = new Uint8Array(memoryBytes).fill(0xaa);
  const items = withFiles(new Map([[0, text('QEMU')]]), [
    { name: 'opt/second', bytes: text('two') },
    { name: 'etc/first', bytes: Uint8Array.of(1, 2, 3, 4, 5) },
  ]);
  const device = createDevice(firmwareConfiguration, {
    lines: {},
    board: {
      items,
      memoryBytes,
      memory: {
        read: (at, into) => into.set(memory.subarray(at, at + into.length)),
        write: (at, from) => memory.set(from, at),
      },
    },
  });
  const { select, readByte, writeAddress } = device.operations;
  const read = (key: number, count: number): number[] => {
    select(key);
    return Array.from({ length: count }, () => readByte());
  };
  /** Puts a command at 100h, starts it, and gives what is left in its control field. */
  const command = (control: number, length: number, address: number, high = 0): number => {
    const view = new DataView(memory.buffer);
    [control, length, high, address].forEach((word, index) => view.setUint32(0x100 + 4 * index, word));
    writeAddress(4, 0x0001_0000, 4); // 00000100h, big-endian.
    return view.getUint32(0x100);
  };
  return { device, memory, items, read, command };
}

describe('items by the ports', () => {
  test('come byte by byte from their start after each selection, and zeros behind their end', () => {
    const { read } = made();
    expect(read(0, 6)).toEqual([...text('QEMU'), 0, 0]);
    expect(read(0, 2)).toEqual([...text('QE')]);
    expect(read(0x1234, 2)).toEqual([0, 0]);
  });

  test('are the same with the bit that asks for writing', () => {
    expect(made().read(0x4000, 4)).toEqual([...text('QEMU')]);
  });

  test('hold a directory of files in the order of their names, big-endian', () => {
    const { read } = made();
    const directory = Uint8Array.from(read(itemKeys.fileDirectory, 4 + 2 * 64));
    const view = new DataView(directory.buffer);
    expect(view.getUint32(0)).toBe(2);
    const names = [4, 68].map((at) => ({
      size: view.getUint32(at),
      key: view.getUint16(at + 4),
      name: new TextDecoder().decode(directory.subarray(at + 8, directory.indexOf(0, at + 8))),
    }));
    expect(names).toEqual([
      { size: 5, key: 0x20, name: 'etc/first' },
      { size: 3, key: 0x21, name: 'opt/second' },
    ]);
    expect(read(0x21, 3)).toEqual([...text('two')]);
  });

  test('numbers are little-endian', () => {
    expect([...numberItem(0x8000_0001, 8)]).toEqual([1, 0, 0, 0x80, 0, 0, 0, 0]);
    expect([...numberItem(0x102, 2)]).toEqual([2, 1]);
  });
});

describe('commands in memory', () => {
  test('the address reads as a signature', () => {
    const { readAddress } = made().device.operations;
    expect(readAddress(0, 4)).toBe(0x554d4551);
    expect(readAddress(4, 4)).toBe(0x47464320);
    expect(readAddress(3, 1)).toBe(0x55);
  });

  test('select and copy, and leave zero when done', () => {
    const { command, memory } = made();
    expect(command(0x0020_000a, 8, 0x2000)).toBe(0);
    expect([...memory.subarray(0x2000, 0x2009)]).toEqual([1, 2, 3, 4, 5, 0, 0, 0, 0xaa]);
  });

  test('skip, and go on where the last one ended', () => {
    const { command, memory } = made();
    expect(command(0x0020_000c, 2, 0)).toBe(0);
    expect(command(0x02, 2, 0x2000)).toBe(0);
    expect([...memory.subarray(0x2000, 0x2003)]).toEqual([3, 4, 0xaa]);
  });

  test('that write, or copy to where no memory is, leave the error bit', () => {
    const { command } = made();
    expect(command(0x0020_0018, 1, 0x2000)).toBe(1);
    expect(command(0x0020_000a, 8, memoryBytes - 4)).toBe(1);
    expect(command(0x0020_000a, 0xffff_ffff, 0)).toBe(1);
    expect(command(0x0020_000a, 1, 0x2000, 1)).toBe(1);
  });

  test('beyond the memory are not done', () => {
    const { device, memory } = made();
    device.operations.writeAddress(4, 0xfeff_0000, 4); // 0000fffeh: its end has no place.
    device.operations.writeAddress(0, 0x0100_0000, 4);
    device.operations.writeAddress(4, 0x0001_0000, 4); // 1_00000100h.
    expect(memory.every((byte) => byte === 0xaa)).toBe(true);
    expect(device.operations.writeAddress(4, 0, 2)).toBe(false);
  });
});

test('both interfaces give what a cursor in the item gives, and saving and loading changes nothing', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('select' as const), key: fc.constantFrom(0, 0x19, 0x20, 0x21, 0x22) }),
    fc.record({ kind: fc.constant('byte' as const) }),
    fc.record({ kind: fc.constantFrom('copy' as const, 'skip' as const), length: fc.nat(9) }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let { device, memory, items, command } = made();
      let item: Uint8Array = items.get(0)!;
      let at = 0;
      const next = (): number => (at < item.length ? item[at++]! : 0);
      for (const each of steps) {
        if (each.kind === 'select') {
          device.operations.select(each.key);
          [item, at] = [items.get(each.key) ?? new Uint8Array(0), 0];
        } else if (each.kind === 'byte') {
          expect(device.operations.readByte()).toBe(next());
        } else {
          const wanted = Array.from({ length: each.length }, next);
          expect(command(each.kind === 'copy' ? 0x02 : 0x04, each.length, 0x3000)).toBe(0);
          if (each.kind === 'copy') expect([...memory.subarray(0x3000, 0x3000 + each.length)]).toEqual(wanted);
        }
        const again = made();
        again.device.load(device.save());
        ({ device, memory, items, command } = again);
      }
    }),
  );
});
